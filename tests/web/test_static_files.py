"""Static files: kept for good by their content's version."""

import gzip

import pytest
from fastapi import Request, Response

from app.core.errors import NotFoundError, SetupError
from app.web import static_files


def _get(path: str, *, version: str | None = None, accepts: str = "identity") -> Response:
    request = Request({"type": "http", "headers": [(b"accept-encoding", accepts.encode())]})
    return static_files.static_file(version or static_files.version(), path, request)


def test_a_file_at_its_present_address_may_be_kept_for_good() -> None:
    answer = _get("map.js")
    assert static_files.address("map.js") == f"/static/{static_files.version()}/map.js"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_address_of_an_older_version_still_works_but_is_not_kept() -> None:
    answer = _get("app.css", version="0123456789ab")
    assert answer.body == _get("app.css").body
    assert answer.headers["cache-control"] == "no-cache"


def test_text_is_sent_packed_to_those_who_take_it_and_fonts_never_are() -> None:
    plain, packed = _get("app.css"), _get("app.css", accepts="br, gzip")
    assert gzip.decompress(packed.body) == plain.body
    assert (packed.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    font = "vendor/@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2"
    assert "content-encoding" not in _get(font, accepts="gzip").headers


@pytest.mark.parametrize("path", ["no.css", "../render.py", "vendor/../../render.py", "/etc/hostname", ""])
def test_nothing_else_can_be_reached(path: str) -> None:
    with pytest.raises(NotFoundError):
        _get(path)


def test_a_page_that_names_a_missing_file_is_an_error() -> None:
    with pytest.raises(SetupError, match=r"no static file nothing\.css"):
        static_files.address("nothing.css")


def test_style_sheets_stay_small() -> None:
    ours = sum(len((static_files.STATIC / name).read_bytes()) for name in ("app.css", "map.css"))
    assert ours < 17_000
