"""What a request is counted against."""

from app.core.limits import Allowance, Kind, Limits, allowances

LIMITS = Limits(sign_ins=10, writes=20, reads=30)


def counted(kind: Kind, who: str | None, limits: Limits = LIMITS) -> list[tuple[str, int, float]]:
    return [(a.whose, a.most, a.span.total_seconds()) for a in allowances(limits, kind, "10.0.0.1", who)]


def test_an_account_and_its_address_are_counted_apart() -> None:
    assert counted(Kind.WRITE, "anna") == [("write of anna", 20, 60), ("write at 10.0.0.1", 100, 60)]
    assert counted(Kind.READ, "anna") == [("read of anna", 30, 60), ("read at 10.0.0.1", 150, 60)]


def test_guesses_at_a_name_are_counted_by_minute_and_place_and_by_hour() -> None:
    assert counted(Kind.SIGN_IN, "anna") == [
        ("sign-in of anna at 10.0.0.1", 10, 60),
        ("sign-in of anna", 100, 3600),
        ("sign-in at 10.0.0.1", 50, 60),
    ]


def test_somebody_unknown_is_counted_by_address() -> None:
    assert counted(Kind.SIGN_IN, None) == [("sign-in at 10.0.0.1", 50, 60)]


def test_nothing_is_counted_where_there_is_no_limit() -> None:
    none = Limits(sign_ins=0, writes=0, reads=0)
    assert [counted(kind, "anna", none) for kind in Kind] == [[], [], []]
    assert isinstance(next(allowances(LIMITS, Kind.READ, "", None)), Allowance)
