"""Every action × every role, tried for real: the table below says who is let in.

The actors have the scope of a coordinator and an administrator at once, so that only the permission decides.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.actions import (
    accounts,
    analyses,
    audit,
    catchments,
    deployments,
    incident_links,
    incidents,
    retention,
    sharing_rules,
)
from app.actions.analyses import AnalysisRequest
from app.actions.deployments import Partner
from app.actions.imports import catalogues, requests
from app.core.errors import ForbiddenError
from app.core.imports.known import Place
from app.core.imports.profile import Field, Profile
from app.core.imports.states import Choice
from app.core.imports.states import State as ImportState
from app.core.incidents import State
from app.core.organisations import Kind
from app.core.permissions import POLICY, Actor, May, Role, Scope, Token
from app.core.retention import RetentionRule
from app.store import analyses as analysis_store
from app.store import hotspots as hotspot_store
from app.store import imports as import_store
from app.store import incident_links as link_store
from app.store import incidents as incident_store
from app.store import places as place_store
from app.store import sharing_rules as sharing_store
from app.store.imports import NewImport
from app.store.tx import WriteTx
from app.store.uploads import Uploads
from tests.factories import (
    CENTRE,
    CODE_VERSION,
    HOUSING,
    HYTTFORS,
    LINDESTA,
    METRIC_SRID,
    NOW,
    SETTING,
    Acting,
    Actors,
    area,
    draft,
    hotspot_row,
    organisation,
    params,
    raw,
    sharing,
    source,
    square,
)

# fmt: off
EXPECTED = """
                    reporter external_reporter coordinator police analyst leadership map_client auditor admin
report_incidents    yes      yes               yes         yes    -       -          -          -       -
correct_incident    yes      yes               yes         yes    -       -          -          -       -
review_incident     -        -                 yes         yes    -       -          -          -       -
withdraw_incident   yes      yes               yes         yes    -       -          -          -       -
request_analysis    -        -                 yes         -      yes     -          -          -       -
cancel_analysis     -        -                 yes         -      yes     -          -          -       -
adopt_analysis      -        -                 yes         -      yes     -          -          -       -
take_back_adoption  -        -                 yes         -      yes     -          -          -       -
request_import      -        -                 yes         yes    -       -          -          -       -
change_import       -        -                 yes         yes    -       -          -          -       -
commit_import       -        -                 yes         yes    -       -          -          -       -
cancel_import       -        -                 yes         yes    -       -          -          -       -
undo_import         -        -                 yes         yes    -       -          -          -       -
choose_place        -        -                 yes         yes    -       -          -          -       -
load_places         -        -                 yes         yes    -       -          -          -       -
put_crime_code      -        -                 yes         yes    -       -          -          -       -
reset_crime_code    -        -                 yes         yes    -       -          -          -       -
link_incidents      -        -                 yes         yes    -       -          -          -       -
decide_link         -        -                 yes         yes    -       -          -          -       -
load_categories     -        -                 -           -      -       -          -          -       yes
load_areas          -        -                 -           -      -       -          -          -       yes
add_organisation    -        -                 -           -      -       -          -          -       yes
add_partner         -        -                 -           -      -       -          -          -       yes
load_sources        -        -                 -           -      -       -          -          -       yes
share               -        -                 -           -      -       -          -          -       yes
end_sharing         -        -                 -           -      -       -          -          -       yes
make_catchments     -        -                 -           -      -       -          -          -       yes
add_account         -        -                 -           -      -       -          -          -       yes
close_account       -        -                 -           -      -       -          -          -       yes
issue_token         -        -                 -           -      -       -          -          -       yes
issue_api_token     -        -                 -           -      -       -          -          -       yes
revoke_token        -        -                 -           -      -       -          -          -       yes
open_session        yes      yes               yes         yes    yes     yes        yes        yes     yes
close_session       yes      yes               yes         yes    yes     yes        yes        yes     yes
set_retention       -        -                 yes         yes    -       -          -          -       -
read_retention      -        -                 yes         yes    -       -          -          yes     -
preview_retention   -        -                 yes         yes    -       -          -          -       -
"""
# fmt: on

Matrix = dict[tuple[str, Role], bool]
MATRIX_SIZE = 37 * 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the attempts work on."""

    incident: UUID
    queued: UUID
    done: UUID
    adopted: UUID
    other_incident: UUID
    link: UUID
    checked: UUID  # an import
    stored: UUID  # another
    place: UUID
    uploads: Uploads
    token: UUID
    rule: UUID


ATTEMPTS: dict[str, Callable[[WriteTx, Rows], Any]] = {
    "report_incidents": lambda tx, _rows: incidents.report_incidents(tx, [raw()], SETTING),
    "correct_incident": lambda tx, rows: incidents.correct_incident(tx, rows.incident, {"category": "KLO"}, SETTING),
    "review_incident": lambda tx, rows: incidents.correct_incident(
        tx, rows.incident, {"state": State.APPROVED}, SETTING
    ),
    "withdraw_incident": lambda tx, rows: incidents.withdraw_incident(tx, rows.incident, NOW),
    "request_analysis": lambda tx, _rows: analyses.request_analysis(
        tx, AnalysisRequest(), now=NOW, code_version=CODE_VERSION
    ),
    "cancel_analysis": lambda tx, rows: analyses.cancel_analysis(tx, rows.queued, NOW),
    "adopt_analysis": lambda tx, rows: analyses.adopt_analysis(tx, rows.done, NOW),
    "take_back_adoption": lambda tx, rows: analyses.take_back_adoption(tx, rows.adopted, NOW),
    "request_import": lambda tx, _rows: requests.request_import(tx, new_import(), NOW),
    "change_import": lambda tx, rows: requests.change_import(tx, rows.checked, {}, NOW),
    "commit_import": lambda tx, rows: requests.commit_import(tx, rows.checked, Choice.GOOD_ROWS, NOW),
    "cancel_import": lambda tx, rows: requests.cancel_import(tx, rows.checked, NOW),
    "undo_import": lambda tx, rows: requests.undo_import(tx, rows.stored, NOW),
    "choose_place": lambda tx, rows: requests.choose_place(
        tx, rows.checked, 2, rows.place, uploads=rows.uploads, srid=METRIC_SRID, now=NOW
    ),
    "load_places": lambda tx, _rows: catalogues.load_places(tx, []),
    "put_crime_code": lambda tx, _rows: catalogues.put_crime_code(tx, "0355", "VAL"),
    "reset_crime_code": lambda tx, _rows: catalogues.reset_crime_code(tx, "0355"),
    "link_incidents": lambda tx, rows: incident_links.link_incidents(tx, rows.incident, rows.other_incident, NOW),
    "decide_link": lambda tx, rows: incident_links.decide_link(tx, rows.link, is_one=False, now=NOW),
    "load_categories": lambda tx, _rows: deployments.load_categories(tx),
    "load_areas": lambda tx, _rows: deployments.load_areas(
        tx, [area("x", "x", "district", None, square(15.8, 59.6, 15.9, 59.7))]
    ),
    "add_organisation": lambda tx, _rows: deployments.add_organisation(
        tx, organisation("skola", "Skola", "school", area=None)
    ),
    "add_partner": lambda tx, _rows: deployments.add_partner(
        tx, Partner(slug="vakt", name="Vakten", kind=Kind.GUARDS, municipality=LINDESTA)
    ),
    "load_sources": lambda tx, _rows: deployments.load_sources(tx, [source(LINDESTA, "x", "x")]),
    "share": lambda tx, _rows: sharing_rules.share(tx, sharing(HYTTFORS, HOUSING, "hotspots"), NOW.date()),
    "end_sharing": lambda tx, rows: sharing_rules.end_sharing(tx, rows.rule, NOW),
    "make_catchments": lambda tx, _rows: catchments.make_catchments(tx, LINDESTA, 2026, k=5),
    "add_account": lambda tx, _rows: accounts.add_account(tx, organisation=LINDESTA, name="x", role=Role.ANALYST),
    "close_account": lambda tx, _rows: accounts.close_account(tx, organisation=LINDESTA, name="analyst", now=NOW),
    "issue_token": lambda tx, _rows: accounts.issue_token(tx, organisation=LINDESTA, account="analyst", name="x"),
    "issue_api_token": lambda tx, _rows: accounts.issue_api_token(
        tx, organisation=LINDESTA, account="analyst", name="x", token=Token(ends_at=NOW + timedelta(days=1)), now=NOW
    ),
    "revoke_token": lambda tx, rows: accounts.revoke_token(tx, rows.token, NOW),
    "open_session": lambda tx, _rows: accounts.open_session(tx, NOW),
    "close_session": lambda tx, _rows: accounts.close_session(tx, "x"),
    "set_retention": lambda tx, _rows: retention.set_retention(tx, [RetentionRule(text_after_months=6)], NOW),
    "read_retention": lambda tx, _rows: retention.read_retention(tx),
    "preview_retention": lambda tx, _rows: retention.preview_retention(tx, NOW),
}
# No permission of their own: they go through the actions above, or are the service itself at work.
ELSEWHERE = {
    *("run_analysis", "run_now", "run_and_adopt", "installer", "credential_hash", "as_points"),
    *("rules_of", "first_states", "read_places"),
    # tried with the routes that read
    *("check_may_read", "read_incident", "reading_incidents", "reading_audit", "audit_file"),
    *("keep_sealed", "carry_out_retention", "carry_out_all_retention"),
}


def expected() -> Matrix:
    """The table above."""
    heading, *lines = EXPECTED.strip().splitlines()
    roles = [Role(name) for name in heading.split()]
    return {
        (action, role): answer == "yes"
        for action, *answers in map(str.split, lines)
        for role, answer in zip(roles, answers, strict=True)
    }


@pytest.fixture
def wide(actors: Actors) -> Callable[[Role], Actor]:
    """Somebody of Lindesta whose scope opens everything."""
    someone = actors["coordinator"]
    own = (someone.organisation_id,)
    scope = Scope(incidents=own, hotspots=own, writes=own, administers=True)
    return lambda role: replace(someone, role=role, scope=scope)


@pytest.fixture
def rows(acting: Acting, actors: Actors, tmp_path: Path) -> Rows:
    """Something of each kind that an action can work on."""
    tx = acting(actors["coordinator"])
    incident_id, other_id = incident_store.add(tx, [draft(), draft()], [State.SUBMITTED] * 2, NOW)
    assert incident_id is not None
    assert other_id is not None
    queued, done, adopted = (analysis_store.request(tx, params(), CODE_VERSION) for _ in range(3))
    figures = {"data_cut_off": NOW, "incident_count": 1, "noise_count": 0, "hotspot_count": 1}
    figures |= {"findings": '{"eps_m": 75, "min_incidents": 8}'}
    for run_id in (done, adopted):
        analysis_store.start(tx, run_id, NOW)
        analysis_store.finish(tx, run_id, NOW, figures)
        hotspot_store.add(tx, run_id, [hotspot_row()])
    analysis_store.adopt(tx, adopted, NOW)
    token = actors["leadership"].token_id or uuid4()
    uploads = Uploads(tmp_path)
    place = Place(id=str(uuid4()), name="Torget", lon=CENTRE[0], lat=CENTRE[1], location_uncertainty_m=50.0)
    place_store.replace(tx, [place])
    checked, stored = (import_of(tx, uploads, state) for state in (ImportState.CHECKED, ImportState.DONE))
    link_id = link_store.add(tx, other_id, incident_id, NOW)
    assert link_id is not None
    [rule, *_] = sharing_store.page(acting(actors["admin"]), 1)  # at the end: acting changes the scope
    return Rows(
        incident=incident_id,
        queued=queued,
        done=done,
        adopted=adopted,
        token=token,
        other_incident=other_id,
        link=link_id,
        checked=checked,
        stored=stored,
        place=UUID(place.id),
        uploads=uploads,
        rule=rule["id"],
    )


def new_import() -> NewImport:
    """A file that has just arrived."""
    return NewImport(id=uuid4(), source="x", file_name="x.csv", file_bytes=1, row_count=None, choice=None, given=None)


def import_of(tx: WriteTx, uploads: Uploads, state: ImportState) -> UUID:
    """An import that has come as far as that, with its upload."""
    new = new_import()
    with uploads.receive(new.id) as file:
        file.write(b"kategori;datum;plats\nSKD;2026-11-01 12:00;Torg\n")
    columns = {Field.CATEGORY: ("kategori",), Field.OCCURRED_FROM: ("datum",), Field.PLACE: ("plats",)}
    import_store.add(tx, new, NOW, NOW)
    import_store.set_profile(tx, new.id, Profile(source="x", columns=columns).as_json())
    import_store.move(tx, new.id, state, NOW)
    return new.id


def is_let_in(tx: WriteTx, action: str, rows: Rows) -> bool:
    """Try it, and undo it. Anything but a refusal would be a fault of the test and is raised."""
    with tx.conn.begin_nested() as savepoint:
        try:
            ATTEMPTS[action](tx, rows)
        except ForbiddenError:
            return False
        finally:
            savepoint.rollback()
    return True


def test_every_action_is_in_the_table() -> None:
    public = {
        name
        for module in (
            *(accounts, analyses, audit, catalogues, catchments, deployments, incident_links, incidents, requests),
            *(retention, sharing_rules),
        )
        for name, member in vars(module).items()
        if inspect.isfunction(member) and member.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public - ELSEWHERE | {"review_incident"} == set(ATTEMPTS) == {action for action, _ in expected()}
    assert public >= ELSEWHERE
    assert len(expected()) == MATRIX_SIZE


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_let_in_to_what_the_table_says(
    acting: Acting, wide: Callable[[Role], Actor], rows: Rows, role: Role
) -> None:
    tx = acting(wide(role))
    assert {action: is_let_in(tx, action, rows) for action in ATTEMPTS} == {
        action: answer for (action, r), answer in expected().items() if r is role
    }


# What each permission opens; the others are asked for by reading routes only and are tried there.
OPENS: Mapping[May, set[str]] = {
    May.REPORT_INCIDENTS: {"report_incidents"},
    May.CORRECT_OWN_INCIDENTS: {"correct_incident", "withdraw_incident"},
    May.REVIEW_INCIDENTS: {
        "correct_incident", "withdraw_incident", "review_incident", "link_incidents", "decide_link",
    },
    May.IMPORT_FILES: {
        "request_import", "change_import", "commit_import", "cancel_import", "undo_import", "choose_place",
        "load_places", "put_crime_code", "reset_crime_code",
    },
    May.RUN_ANALYSES: {"request_analysis", "cancel_analysis"},
    May.ADOPT_ANALYSES: {"adopt_analysis", "take_back_adoption"},
    May.ADMINISTER: {
        "load_categories", "load_areas", "add_organisation", "add_partner", "load_sources", "share", "end_sharing",
        "make_catchments",
        "add_account", "close_account", "issue_token", "issue_api_token", "revoke_token",
    },
    May.READ_RETENTION: {"read_retention"},
    May.SET_RETENTION: {"set_retention", "preview_retention"},
}  # fmt: skip


@pytest.mark.parametrize(("role", "may"), list(product(Role, OPENS)))
def test_every_single_loosened_or_tightened_rule_would_be_noticed(
    acting: Acting,
    wide: Callable[[Role], Actor],
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    role: Role,
    may: May,
) -> None:
    changed = POLICY[role] ^ {may}
    monkeypatch.setitem(POLICY, role, changed)
    tx = acting(wide(role))
    differs = {action for action in OPENS[may] if is_let_in(tx, action, rows) != expected()[action, role]}
    covered = may is May.CORRECT_OWN_INCIDENTS and May.REVIEW_INCIDENTS in changed  # who may review may correct
    assert bool(differs) != covered


@pytest.mark.parametrize(
    "key", ["reporter", "external_reporter", "map_client", "auditor", "admin", "other_coordinator"]
)
def test_with_their_real_scope_outsiders_do_not_even_find_the_report(
    acting: Acting, actors: Actors, rows: Rows, key: str
) -> None:
    assert incident_store.one(acting(actors["coordinator"]), rows.incident) is not None
    assert incident_store.one(acting(actors[key]), rows.incident) is None
