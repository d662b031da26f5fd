"""Errors as problem details: one status for every class, and fields named without what stood in them."""

import inspect

import pytest

from app.core import errors
from app.core.errors import FieldProblem, LagesbildError
from app.edge.problems import MOST_PROBLEMS, STATUS, of_error, of_validation


def test_every_error_has_a_status() -> None:
    classes = {
        c
        for _, c in inspect.getmembers(errors, inspect.isclass)
        if issubclass(c, LagesbildError) and c is not LagesbildError
    }
    assert len(classes) > 5
    assert set(STATUS) == classes


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (("body", "category"), "category"),
        (("query", "state", 0), "state.0"),
        (("body", "position", "(degrees)", "lon"), "position.lon"),
        (("header", "Idempotency-Key"), "Idempotency-Key"),
        (("body", "19890314"), "?"),
        (("body", "Anna Andersson"), "?"),
        (("body", "x" * 41), "?"),
        (("body",), ""),
    ],
)
def test_a_field_is_named_in_the_senders_words_unless_they_are_content(
    place: tuple[int | str, ...], field: str
) -> None:
    (found,) = of_validation([{"loc": place, "type": "string_type", "msg": "Input should be a valid string"}])
    assert found == FieldProblem(field, "string-type", "Input should be a valid string")


def test_of_very_many_problems_some_are_told_and_all_are_counted() -> None:
    many = (FieldProblem("a", "b", "c"),) * (MOST_PROBLEMS + 1)
    answer = of_error(errors.InvalidError("wrong", many))
    assert answer.body.count(b'"code"') == MOST_PROBLEMS
    assert f'"error_count":{MOST_PROBLEMS + 1}'.encode() in answer.body


def test_who_is_to_try_again_is_told_when() -> None:
    assert of_error(errors.BusyError("wait")).headers["Retry-After"] == "2"
