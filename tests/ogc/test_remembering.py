"""What a process remembers is bounded, and true as long as its name is."""

from app.ogc import remembering
from app.ogc.remembering import Remembered


def test_the_least_used_body_is_forgotten_first() -> None:
    held = Remembered(most_bytes=10)
    for tag in ("a", "b"):
        held.keep(tag, b"12345")
    assert held.body("a") == b"12345"
    held.keep("c", b"12345")
    assert (held.body("a"), held.body("b"), held.body("c")) == (b"12345", None, b"12345")
    held.keep("a", b"1")
    held.keep("d", b"1234")
    assert held.body("c") == b"12345"


def test_what_is_too_large_is_not_kept() -> None:
    held = Remembered()
    held.keep("a", b"x" * (remembering.LARGEST + 1))
    assert held.body("a") is None


def test_a_fact_is_found_once_and_without_a_name_each_time() -> None:
    held, found = Remembered(), iter(range(10))
    assert [held.fact("n", lambda: next(found)) for _ in range(3)] == [0, 0, 0]
    assert [held.fact(None, lambda: next(found)) for _ in range(2)] == [1, 2]
    for i in range(remembering.MOST_NUMBERS):
        held.fact(f"other {i}", lambda: 0)
    assert held.fact("n", lambda: next(found)) == 3
