"""JSON bodies: one meaning for the same bytes, or an error that says what is wrong."""

import json
from contextlib import suppress
from typing import Any

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from app.core.errors import InvalidError
from app.edge.bodies import MOST_MEMBERS, check_headers, parsed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_what_was_written_is_read(value: Any) -> None:
    assert parsed(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(InvalidError):  # and nothing else
        parsed(body)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not-json"),
        (b"{} {}", "not-json"),
        (b"\xff", "not-utf-8"),
        (b"[" * 10_000, "too-deep"),
        (b"9" * 10_000, "number-too-long"),
        (b'{"a": {"b": 1, "b": 1}}', "doubled-name"),
        (json.dumps(dict.fromkeys(map(str, range(MOST_MEMBERS + 1)))).encode(), "too-many-members"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_is_refused_with_its_reason(body: bytes, code: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parsed(body)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_an_object_may_have_many_members_and_a_list_more() -> None:
    many = dict.fromkeys(map(str, range(MOST_MEMBERS)))
    assert parsed(json.dumps([many] * 300).encode()) == [many] * 300


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/geo+json", "application/vnd.x+json"],
)
def test_json_by_any_of_its_names_is_taken(media_type: str) -> None:
    check_headers(Headers({"content-type": media_type, "content-encoding": "identity"}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/json"},
        {"content-type": "application/jsonp"},
        {"content-type": "application/json", "content-encoding": "deflate"},
    ],
    ids=str,
)
def test_anything_else_is_not(headers: dict[str, str]) -> None:
    with pytest.raises(HTTPException) as caught:
        check_headers(Headers(headers))
    assert caught.value.status_code == 415
