"""Named queries: a file is split at its headings."""

from app.store.queries import sections


def test_a_file_is_split_at_its_headings() -> None:
    assert sections("-- The file's note.\n\n-- one --\n-- Why.\nSELECT 1\n\n-- two --\nSELECT 2 -- so --\n") == {
        "one": "-- Why.\nSELECT 1",
        "two": "SELECT 2 -- so --",
    }


def test_a_file_without_headings_has_no_queries() -> None:
    assert sections("-- Only a note.\nSELECT 1\n") == {}
