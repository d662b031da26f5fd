"""Who may do what, said a second time and independently: the table below, and what scope follows from it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest

from app.core.disclosure import Precision
from app.core.errors import ForbiddenError
from app.core.permissions import (
    OPENS,
    POLICY,
    WRITES,
    Actor,
    Collection,
    Given,
    May,
    Role,
    Scope,
    Token,
    check_may,
    check_own_organisation,
    narrowed,
    scope_of,
    system_actor,
)

# fmt: off
EXPECTED = """
                      reporter external_reporter coordinator police analyst leadership map_client auditor admin
REPORT_INCIDENTS      yes      yes               yes         yes    -       -          -          -       -
READ_OWN_INCIDENTS    yes      yes               yes         yes    -       -          -          -       -
CORRECT_OWN_INCIDENTS yes      yes               yes         yes    -       -          -          -       -
READ_INCIDENTS        -        -                 yes         yes    yes     -          -          -       -
READ_COARSE_INCIDENTS yes      -                 -           -      -       -          -          -       -
READ_SHARED_INCIDENTS -        -                 yes         yes    -       -          -          -       -
READ_TEXTS            yes      yes               yes         yes    yes     -          -          -       -
REVIEW_INCIDENTS      -        -                 yes         yes    -       -          -          -       -
IMPORT_FILES          -        -                 yes         yes    -       -          -          -       -
RUN_ANALYSES          -        -                 yes         -      yes     -          -          -       -
ADOPT_ANALYSES        -        -                 yes         -      yes     -          -          -       -
READ_ANALYSES         -        -                 yes         yes    yes     yes        -          -       -
READ_HOTSPOTS         yes      yes               yes         yes    yes     yes        yes        -       -
READ_SHARING          -        -                 yes         yes    -       -          -          yes     yes
ADMINISTER            -        -                 -           -      -       -          -          -       yes
READ_AUDIT            -        -                 -           -      -       -          -          yes     -
READ_RETENTION        -        -                 yes         yes    -       -          -          yes     -
SET_RETENTION         -        -                 yes         yes    -       -          -          -       -
"""
# fmt: on

Matrix = dict[tuple[Role, May], bool]
OWN, GIVER, ACCOUNT = UUID(int=1), UUID(int=2), UUID(int=3)
GIVEN = Given(hotspots=(GIVER,), incidents=(GIVER,), rules="x", police_area="lpo")
MATRIX_SIZE = 9 * 18


def expected() -> Matrix:
    """The table above."""
    heading, *rows = EXPECTED.strip().splitlines()
    roles = [Role(name) for name in heading.split()]
    cells = [(May[name], answers) for name, *answers in map(str.split, rows)]
    return {(role, may): answer == "yes" for may, answers in cells for role, answer in zip(roles, answers, strict=True)}


def allowed(policy: Mapping[Role, frozenset[May]]) -> Matrix:
    """The table that a policy says."""
    return {(role, may): may in policy[role] for role, may in product(Role, May)}


def actor(role: Role, scope: Scope | None = None) -> Actor:
    """Somebody of an organisation."""
    return Actor(
        id=ACCOUNT,
        name="Någon",
        role=role,
        organisation_id=OWN,
        organisation="lindesta-kommun",
        organisation_name="Lindesta kommun",
        scope=scope or scope_of(role, ACCOUNT, OWN),
    )


def test_the_policy_is_the_table() -> None:
    assert len(expected()) == MATRIX_SIZE
    assert allowed(POLICY) == expected()


def test_every_single_change_of_the_policy_would_be_noticed() -> None:
    changes = list(product(Role, May))
    for role, may in changes:
        changed = POLICY | {role: POLICY[role] ^ {may}}
        assert allowed(changed) != expected(), f"{role} × {may}"
    assert len(changes) == MATRIX_SIZE


@pytest.mark.parametrize(("role", "may"), sorted(expected()))
def test_an_actor_may_what_the_table_says(role: Role, may: May) -> None:
    if expected()[role, may]:
        check_may(actor(role), may)
        return
    with pytest.raises(ForbiddenError, match=rf"Någon \({role}\) may not {may}"):
        check_may(actor(role), may)


def test_administrators_and_auditors_see_no_content() -> None:
    for role in (Role.ADMIN, Role.AUDITOR):
        scope = scope_of(role, ACCOUNT, OWN, GIVEN)
        assert (scope.readable, scope.hotspots, scope.writes, scope.police_area) == ((), (), (), None)
        assert not scope.texts


def test_nobody_else_administers() -> None:
    assert [role for role in Role if scope_of(role, ACCOUNT, OWN).administers] == [Role.ADMIN]


def test_those_who_may_only_read_their_own_reports_are_held_to_their_account() -> None:
    for role in Role:
        scope = scope_of(role, ACCOUNT, OWN)
        reads_all = expected()[role, May.READ_INCIDENTS]
        reads_some = reads_all or expected()[role, May.READ_OWN_INCIDENTS]
        assert scope.incidents == ((OWN,) if reads_some else ())
        assert scope.reporter == (None if reads_all else ACCOUNT)


def test_only_roles_that_change_something_have_a_scope_to_write_in() -> None:
    writers = {role for role in Role if scope_of(role, ACCOUNT, OWN).writes == (OWN,)}
    assert writers == {Role.REPORTER, Role.EXTERNAL_REPORTER, Role.COORDINATOR, Role.POLICE, Role.ANALYST}
    assert {role for role, may in expected() if may in WRITES and expected()[role, may]} == writers


def test_shared_hot_spots_are_seen_by_those_who_see_hot_spots_and_never_written() -> None:
    for role in Role:
        scope = scope_of(role, ACCOUNT, OWN, GIVEN)
        reads = expected()[role, May.READ_HOTSPOTS]
        assert scope.hotspots == ((OWN, GIVER) if reads else ())
        assert scope.police_area == ("lpo" if reads else None)
        assert GIVER not in scope.incidents + scope.coarse + scope.writes


def test_what_others_give_is_read_by_those_who_work_with_them() -> None:
    readers = {role for role in Role if scope_of(role, ACCOUNT, OWN, GIVEN).shared == (GIVER,)}
    assert readers == {Role.COORDINATOR, Role.POLICE}
    assert all(scope_of(role, ACCOUNT, OWN, GIVEN).shared == () for role in set(Role) - readers)


def test_reporters_read_the_reports_of_their_colleagues_coarsened() -> None:
    assert [role for role in Role if scope_of(role, ACCOUNT, OWN).coarse] == [Role.REPORTER]
    assert scope_of(Role.REPORTER, ACCOUNT, OWN, GIVEN).readable == (OWN,)


def test_a_limit_of_precision_stands_in_the_scope() -> None:
    assert scope_of(Role.MAP_CLIENT, ACCOUNT, OWN, precision=Precision.AREA).precision is Precision.AREA
    assert scope_of(Role.MAP_CLIENT, ACCOUNT, OWN).precision is Precision.EXACT


@pytest.mark.parametrize("organisation", [None, "lindesta-kommun"])
def test_reports_are_made_for_the_own_organisation(organisation: str | None) -> None:
    check_own_organisation(actor(Role.REPORTER), organisation)


@pytest.mark.parametrize("organisation", ["hyttfors-kommun", "", "Lindesta-kommun"])
def test_reports_for_another_organisation_are_refused(organisation: str) -> None:
    with pytest.raises(ForbiddenError, match="may not report for another organisation than lindesta-kommun"):
        check_own_organisation(actor(Role.REPORTER), organisation)


def test_the_service_itself_works_for_one_organisation_with_the_incidents_it_is_given() -> None:
    worker = system_actor("analysis", OWN, slug="lindesta-kommun", uses=(GIVER,))
    assert worker.scope == Scope(incidents=(OWN,), shared=(GIVER,), hotspots=(OWN,), writes=(OWN,))
    assert (worker.role, worker.organisation, worker.id) == (Role.COORDINATOR, "lindesta-kommun", UUID(int=0))


def test_the_installer_administers() -> None:
    installer = system_actor("installation", UUID(int=0), administers=True)
    assert installer.may(May.ADMINISTER)
    assert installer.scope.administers
    assert not installer.may(May.REVIEW_INCIDENTS)


def test_a_changed_role_is_a_changed_actor() -> None:
    assert replace(actor(Role.REPORTER), role=Role.COORDINATOR).may(May.REVIEW_INCIDENTS)


def test_a_token_for_a_collection_opens_that_of_what_its_role_may() -> None:
    def opened(role: Role, *collections: Collection) -> set[May]:
        narrow = replace(actor(role), token=Token(collections=collections))
        return {may for may in May if narrow.may(may)}

    assert opened(Role.COORDINATOR) == set(POLICY[Role.COORDINATOR])
    assert opened(Role.COORDINATOR, Collection.HOTSPOTS) == {May.READ_HOTSPOTS}
    assert opened(Role.MAP_CLIENT, Collection.INCIDENTS) == set()
    assert opened(Role.ADMIN, *Collection) == set()  # no narrowed token administers
    for role in Role:
        for collection in Collection:
            assert opened(role, collection) <= POLICY[role] & OPENS[collection]
    assert set(OPENS) == set(Collection)


def test_the_scope_repeats_what_a_token_is_narrowed_to() -> None:
    given = Given(hotspots=(GIVER,), incidents=(GIVER,), police_area="lpo", rules="r")
    whole = scope_of(Role.COORDINATOR, ACCOUNT, OWN, given)
    assert narrowed(whole, Token()) == whole
    hotspots = Scope(hotspots=(OWN, GIVER), police_area="lpo", rules="r")
    assert narrowed(whole, Token(collections=(Collection.HOTSPOTS,))) == hotspots
    incidents = Scope(incidents=(OWN,), shared=(GIVER,), writes=(OWN,), texts=True, rules="r")
    assert narrowed(whole, Token(collections=(Collection.INCIDENTS,))) == incidents
    analyses = Scope(hotspots=(OWN, GIVER), writes=(OWN,), rules="r")
    assert narrowed(whole, Token(collections=(Collection.ANALYSES,))) == analyses
    admin = scope_of(Role.ADMIN, ACCOUNT, OWN)
    assert not narrowed(admin, Token(collections=tuple(Collection))).administers
    assert narrowed(admin, Token()).administers


def test_a_token_for_hot_spots_shows_a_reporter_no_more_than_the_role_does() -> None:
    whole = scope_of(Role.REPORTER, ACCOUNT, OWN)
    assert (whole.coarse, whole.precision) == ((OWN,), Precision.EXACT)
    only_hotspots = narrowed(whole, Token(collections=(Collection.HOTSPOTS,)))
    assert (only_hotspots.coarse, only_hotspots.precision) == ((), Precision.SNAPPED)
    assert not only_hotspots.sees_hotspots_exactly
    assert narrowed(whole, Token(collections=(Collection.INCIDENTS,))).coarse == (OWN,)
    by_area = scope_of(Role.REPORTER, ACCOUNT, OWN, precision=Precision.AREA)
    assert narrowed(by_area, Token(collections=(Collection.HOTSPOTS,))).precision is Precision.AREA


def test_a_scope_is_told_in_short_without_naming_anybody() -> None:
    assert scope_of(Role.COORDINATOR, ACCOUNT, OWN, GIVEN).short() == "incidents 1, shared 1, hot spots 2, writes 1"
    assert scope_of(Role.REPORTER, ACCOUNT, OWN, precision=Precision.AREA).short() == (
        "incidents 1, coarse 1, hot spots 1, writes 1, own reports only, at most area"
    )
    assert (scope_of(Role.AUDITOR, ACCOUNT, OWN).short(), scope_of(Role.ADMIN, ACCOUNT, OWN).short()) == (
        "audits",
        "administers",
    )
    assert Scope().short() == "nothing"
    assert scope_of(Role.AUDITOR, ACCOUNT, OWN).audits == (OWN,)
