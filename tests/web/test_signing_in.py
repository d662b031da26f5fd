"""Where signing in leads."""

import pytest

from app.web.signing_in import own_path


@pytest.mark.parametrize("wanted", ["/karta", "/karta?plats=1&lang=en"])
def test_signing_in_leads_back_to_the_view_that_was_asked_for(wanted: str) -> None:
    assert own_path(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    ["", "karta", "//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "/a\r\nb"],
)
def test_signing_in_never_leads_to_another_server(wanted: str) -> None:
    assert own_path(wanted) == "/karta"
