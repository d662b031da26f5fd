"""Errors: a title, a stable code, a sentence, and never a value."""

import re

import pytest

from app.core import errors
from app.core.errors import FieldProblem, InvalidError, LagesbildError

CODES = {
    "InvalidError": "invalid",
    "NotSignedInError": "not-signed-in",
    "ForbiddenError": "forbidden",
    "NotFoundError": "not-found",
    "ConflictError": "conflict",
    "IdempotencyError": "idempotency-key-reused",
    "TransitionError": "invalid-transition",
    "TooLargeError": "too-large",
    "BusyError": "busy",
    "SetupError": "setup",
}  # clients match on these: they do not change


def kinds() -> list[type[LagesbildError]]:
    """Every error class of ours in core.errors."""
    return [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, LagesbildError) and kind is not LagesbildError
    ]


def test_the_codes_that_clients_match_on_do_not_change() -> None:
    assert {name: CODES[name] for name in CODES} == {
        kind.__name__: kind.code for kind in kinds() if kind.__name__ in CODES
    }


def test_every_kind_has_its_own_code_and_a_title() -> None:
    codes = [kind.code for kind in kinds()]
    assert len(codes) == len(set(codes)) >= len(CODES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    for kind in kinds():
        title = (kind.__doc__ or "").splitlines()[0]
        assert title.endswith(".")
        assert title != LagesbildError.__doc__


def test_an_error_carries_its_sentence_and_its_problems() -> None:
    problem = FieldProblem("category", "unknown-category", "Use one of the category codes.")
    error = InvalidError("The report is not valid.", (problem,))
    assert (str(error), error.message, error.problems) == (
        "The report is not valid.",
        "The report is not valid.",
        (problem,),
    )
    assert LagesbildError("x").problems == ()


@pytest.mark.parametrize(
    ("field", "prefix", "expected"),
    [
        ("position.lon", "17", "17.position.lon"),
        ("", "17", "17"),
        ("x", "features.3.properties", "features.3.properties.x"),
    ],
)
def test_a_problem_is_named_from_a_higher_level(field: str, prefix: str, expected: str) -> None:
    assert FieldProblem(field, "c", "m").under(prefix) == FieldProblem(expected, "c", "m")
