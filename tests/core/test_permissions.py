"""Who may do what, said a second time and independently: the table below, and what scope follows from it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest

from app.core.errors import ForbiddenError
from app.core.permissions import (
    POLICY,
    WRITES,
    Actor,
    May,
    Role,
    Scope,
    check_may,
    check_own_organisation,
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
REVIEW_INCIDENTS      -        -                 yes         yes    -       -          -          -       -
IMPORT_FILES          -        -                 yes         yes    -       -          -          -       -
RUN_ANALYSES          -        -                 yes         -      yes     -          -          -       -
ADOPT_ANALYSES        -        -                 yes         -      yes     -          -          -       -
READ_ANALYSES         -        -                 yes         yes    yes     yes        -          -       -
READ_HOTSPOTS         yes      yes               yes         yes    yes     yes        yes        -       -
ADMINISTER            -        -                 -           -      -       -          -          -       yes
"""
# fmt: on

Matrix = dict[tuple[Role, May], bool]
OWN, GIVER, ACCOUNT = UUID(int=1), UUID(int=2), UUID(int=3)
MATRIX_SIZE = 9 * 11


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
        scope = scope_of(role, ACCOUNT, OWN, (GIVER,))
        assert (scope.incidents, scope.hotspots, scope.writes) == ((), (), ())


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
        scope = scope_of(role, ACCOUNT, OWN, (GIVER,))
        assert scope.hotspots == ((OWN, GIVER) if expected()[role, May.READ_HOTSPOTS] else ())
        assert GIVER not in scope.incidents + scope.writes


@pytest.mark.parametrize("organisation", [None, "lindesta-kommun"])
def test_reports_are_made_for_the_own_organisation(organisation: str | None) -> None:
    check_own_organisation(actor(Role.REPORTER), organisation)


@pytest.mark.parametrize("organisation", ["hyttfors-kommun", "", "Lindesta-kommun"])
def test_reports_for_another_organisation_are_refused(organisation: str) -> None:
    with pytest.raises(ForbiddenError, match="may not report for another organisation than lindesta-kommun"):
        check_own_organisation(actor(Role.REPORTER), organisation)


def test_the_service_itself_works_for_one_organisation_with_the_incidents_it_is_given() -> None:
    worker = system_actor("analysis", OWN, slug="lindesta-kommun", uses=(GIVER,))
    assert worker.scope == Scope(incidents=(OWN, GIVER), hotspots=(OWN,), writes=(OWN,))
    assert (worker.role, worker.organisation, worker.id) == (Role.COORDINATOR, "lindesta-kommun", UUID(int=0))


def test_the_installer_administers() -> None:
    installer = system_actor("installation", UUID(int=0), administers=True)
    assert installer.may(May.ADMINISTER)
    assert installer.scope.administers
    assert not installer.may(May.REVIEW_INCIDENTS)


def test_a_changed_role_is_a_changed_actor() -> None:
    assert replace(actor(Role.REPORTER), role=Role.COORDINATOR).may(May.REVIEW_INCIDENTS)
