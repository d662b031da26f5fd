"""Who gets packed answers."""

import gzip

import pytest
from fastapi import Request

from app.web.packing import pack, takes_gzip


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("br", False),
        ("", False),
    ],
)
def test_only_those_who_take_gzip_get_it(accepted: str, *, is_packed: bool) -> None:
    request = Request({"type": "http", "headers": [(b"accept-encoding", accepted.encode())]})
    assert takes_gzip(request) is is_packed


def test_the_same_content_is_packed_to_the_same_bytes() -> None:
    assert pack(b"place") == pack(b"place")
    assert gzip.decompress(pack(b"place")) == b"place"
