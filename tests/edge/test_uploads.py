"""What files that are sent may be called."""

import pytest

from app.edge.uploads import NAME_MAX_CHARS, cleaned


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rapporter.csv", "rapporter.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Kerstin\\vakt november.xlsx", "vakt november.xlsx"),
        ("vakt\x07\u202e.csv", "vakt.csv"),
        ("..", ""),
        ("", ""),
        ("x" * 300 + ".csv", ("x" * 300 + ".csv")[-NAME_MAX_CHARS:]),
    ],
)
def test_a_name_is_a_name_and_no_path(name: str, expected: str) -> None:
    assert cleaned(name) == expected
