"""An analysis from the request to the list that everybody sees, and every way back."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

from app.actions import analyses as actions
from app.actions import sharing_rules
from app.actions.analyses import AnalysisRequest, Clock
from app.actions.incidents import correct_incident, withdraw_incident
from app.core.analysis.params import AnalysisParams, ClusterRule, Weighting
from app.core.errors import BusyError, InvalidError, NotFoundError, TransitionError
from app.core.permissions import Actor
from app.store import analyses as store
from app.store import hotspots
from app.store.hotspots import Filter
from app.store.tx import Database, WriteTx
from tests.actions.conftest import Recorded
from tests.conftest import Database as Copy
from tests.conftest import Server, copied, opened
from tests.factories import (
    CODE_VERSION,
    DISTRICT,
    HOUSING,
    LINDESTA,
    METRIC_SRID,
    NOW,
    POLICE,
    SETTING,
    Acting,
    Actors,
    Group,
    raw,
    raws_of,
    reported,
    sharing,
)

USUAL = AnalysisRequest(until=NOW, replicates=19)  # a test against chance that takes no time
STRONG = Group(count=9, category="VAL", north_m=1_000)  # few, but heavy
WEAK = Group(count=12, category="KLO")  # many, but light


def now() -> datetime:
    """The clock of these tests stands still."""
    return NOW


def requested(db: Database, actor: Actor, wanted: AnalysisRequest = USUAL) -> UUID:
    """A queued run."""
    with db.write(actor) as tx:
        return actions.request_analysis(tx, wanted, now=NOW, code_version=CODE_VERSION)


def worked_out(db: Database, actor: Actor, wanted: AnalysisRequest = USUAL, *, clock: Clock = now) -> UUID:
    """A run that a worker has taken up."""
    run_id = requested(db, actor, wanted)
    actions.run_analysis(db, run_id, actor.organisation_id, clock=clock, srid=METRIC_SRID)
    return run_id


def adopted(db: Database, actor: Actor, wanted: AnalysisRequest = USUAL) -> UUID:
    """A run that everybody sees."""
    run_id = worked_out(db, actor, wanted)
    with db.write(actor) as tx:
        actions.adopt_analysis(tx, run_id, NOW)
    return run_id


def run(db: Database, actor: Actor, run_id: UUID) -> dict[str, Any]:
    """The run as it is now."""
    with db.read(actor) as tx:
        found = store.one(tx, run_id)
    assert found is not None
    return found


def features(db: Database, actor: Actor, run_id: UUID) -> str:
    """The run's hot spots, byte for byte."""
    with db.read(actor) as tx:
        return hotspots.features(tx, run_id, Filter())[0]


def spots(db: Database, actor: Actor, run_id: UUID) -> list[dict[str, Any]]:
    """The run's hot spots in rank order."""
    found: list[dict[str, Any]] = json.loads(f"[{features(db, actor, run_id)}]")
    return found


def current(db: Database, actor: Actor) -> UUID | None:
    """The run that everybody sees."""
    with db.read(actor) as tx:
        found = hotspots.current_run(tx, None, may_read_runs=False)
    return None if found is None else found["id"]


def params_of(db: Database, actor: Actor, run_id: UUID) -> AnalysisParams:
    """What the run was asked to do."""
    return AnalysisParams.from_json(run(db, actor, run_id)["params"])


@pytest.fixture
def coordinator(actors: Actors) -> Actor:
    """The coordinator of Lindesta."""
    return actors["coordinator"]


@pytest.fixture(scope="module")
def town(cluster: Server, template_database: str, actors: Actors) -> Iterator[Database]:
    """Two hot spots of Lindesta, some lonely incidents, some that police and housing company give; for reading."""
    with copied(cluster, template_database) as copy, opened(copy) as db:
        reported(db, actors["coordinator"], raws_of(WEAK, STRONG, Group(count=1, east_m=-500)))
        reported(db, actors["police"], raws_of(Group(count=2, source="rar", category="KLO")))
        reported(db, actors["other_coordinator"], [])
        yield db


# --- what is asked for ------------------------------------------------------------------------------------------


def ask(tx: WriteTx, **wanted: Any) -> AnalysisParams:
    """What becomes of a request."""
    run_id = actions.request_analysis(tx, AnalysisRequest(**wanted), now=NOW, code_version=CODE_VERSION)
    found = store.one(tx, run_id)
    assert found is not None
    assert (found["state"], found["code_version"]) == ("queued", CODE_VERSION)
    return AnalysisParams.from_json(found["params"])


def test_the_usual_analysis_is_the_last_two_years_of_all_that_has_a_place(acting: Acting, actors: Actors) -> None:
    asked = ask(acting(actors["coordinator"]))
    assert (asked.since, asked.until, asked.now) == (NOW - timedelta(weeks=104), NOW, NOW)
    assert asked.organisations == (LINDESTA, HOUSING, POLICE)
    assert (asked.rule, asked.area_share, asked.max_area_m2) == (None, 0.01, 250_000)
    assert (asked.weighting, asked.area) == (Weighting.RECENCY, None)
    assert (asked.seed, asked.replicates) == (0, 999)
    assert dict(asked.weights)["VAL"] == 8.0
    assert {"SKD", "VAL", "OVR"} < set(asked.categories)
    assert not {"BED", "ARR"} & set(asked.categories)


def test_everything_asked_for_is_kept(acting: Acting, actors: Actors) -> None:
    since, until = NOW - timedelta(days=30), NOW - timedelta(days=2)
    asked = ask(
        acting(actors["analyst"]),
        since=since,
        until=until,
        categories=("VAL", "KLO"),
        area=DISTRICT,
        eps_m=50,
        min_incidents=5,
        weighting=Weighting.HARM,
        seed=7,
        replicates=99,
    )
    assert (asked.seed, asked.replicates) == (7, 99)
    assert (asked.since, asked.until, asked.categories, asked.area) == (since, until, ("KLO", "VAL"), DISTRICT)
    assert asked.rule == ClusterRule(eps_m=50, min_incidents=5)
    assert dict(asked.weights)["VAL"] == 8.0


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [({"eps_m": 60}, ClusterRule(eps_m=60)), ({"min_incidents": 4}, ClusterRule(min_incidents=4))],
)
def test_one_number_fixes_the_rule(acting: Acting, actors: Actors, wanted: dict[str, Any], rule: ClusterRule) -> None:
    assert ask(acting(actors["coordinator"]), **wanted).rule == rule


def test_a_period_without_a_beginning_is_two_years_long(acting: Acting, actors: Actors) -> None:
    until = NOW - timedelta(days=100)
    assert ask(acting(actors["coordinator"]), until=until).since == until - timedelta(weeks=104)


def test_own_weights_are_used_where_there_are_any(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    values = {"organisation": tx.actor.organisation_id}
    tx.conn.execute(sa.text("INSERT INTO category_weights VALUES (:organisation, 'KLO', 7.5)"), values)
    own = dict(ask(tx, weighting=Weighting.OWN).weights)
    assert (own["KLO"], own["VAL"]) == (7.5, 8.0)
    assert dict(ask(tx, weighting=Weighting.HARM).weights)["KLO"] == 2.0


@pytest.mark.parametrize(
    ("wanted", "problems"),
    [
        ({"categories": ("SKD", "XXX")}, [("categories.1", "unknown-category")]),
        ({"categories": ("BED", "ARR")}, [("categories.0", "not-clustered"), ("categories.1", "not-clustered")]),
        ({"area": "nowhere"}, [("area", "unknown-area")]),
        ({"eps_m": 0.0}, []),
        ({"min_incidents": 1}, []),
        ({"since": NOW, "until": NOW}, []),
        ({"replicates": 100_001}, []),
        ({"seed": -1}, []),
        ({"categories": ("SKD", "SKD")}, []),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused(
    acting: Acting, actors: Actors, wanted: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidError, match=r"analysis cannot be run|no such area") as raised:
        ask(acting(actors["coordinator"]), **wanted)
    assert [(p.field, p.code) for p in raised.value.problems] == problems


def test_a_requested_run_waits_for_a_worker_one_at_a_time_for_an_organisation(db: Database, coordinator: Actor) -> None:
    run_id = requested(db, coordinator)
    with db.engine.connect() as conn:
        jobs = conn.execute(sa.text("SELECT task_name, lock, args FROM jobs.procrastinate_jobs")).all()
    organisation = str(coordinator.organisation_id)
    args = {"run_id": str(run_id), "organisation_id": organisation}
    assert [tuple(job) for job in jobs] == [("analyse", f"analyse:{organisation}", args)]


# --- what is found ----------------------------------------------------------------------------------------------


def test_a_run_finds_what_is_dense_and_counts_the_rest(town: Database, coordinator: Actor) -> None:
    run_id = worked_out(town, coordinator)
    found = spots(town, coordinator, run_id)
    assert [(f["properties"]["count"], f["properties"]["dominant_category"]) for f in found] == [
        (14, "KLO"),
        (9, "VAL"),
    ]
    done = run(town, coordinator, run_id)
    assert (done["state"], done["incident_count"], done["noise_count"], done["hotspot_count"]) == ("done", 24, 1, 2)
    assert (done["started_at"], done["finished_at"], done["failure"]) == (NOW, NOW, None)


def test_every_hot_spot_says_whether_it_could_be_chance(town: Database, coordinator: Actor) -> None:
    run_id = worked_out(town, coordinator)
    found = spots(town, coordinator, run_id)
    assert len(found) == 2
    for one in found:
        told = one["properties"]
        assert 0.05 <= told["p_value"] <= 1  # of nineteen random towns and this one
        assert told["is_significant"] == (told["p_value"] <= 0.05)
        assert told["excess_ratio"] == pytest.approx(told["count"] / told["expected_count"], rel=0.01)
        assert 0 <= told["place_certainty"] <= 1
        with town.read(coordinator) as tx:
            detail = hotspots.one(tx, run_id, UUID(one["id"]))
            same = hotspots.features(tx, run_id, Filter(is_significant=told["is_significant"]))[0]
        assert detail is not None
        assert json.loads(detail["statistics"])["explanation"]["reasons"][1] == told["certainty"]
        assert one["id"] in same
    significant = sum(one["properties"]["is_significant"] for one in found)
    assert run(town, coordinator, run_id)["findings"]["significant_count"] == significant


def test_without_random_towns_no_hot_spot_says_so(town: Database, coordinator: Actor) -> None:
    run_id = worked_out(town, coordinator, replace(USUAL, replicates=0))
    assert [one["properties"]["p_value"] for one in spots(town, coordinator, run_id)] == [None, None]
    with town.read(coordinator) as tx:
        assert hotspots.features(tx, run_id, Filter(is_significant=True)) == ("", 0)


def test_incidents_that_others_give_are_counted_and_said(town: Database, coordinator: Actor, actors: Actors) -> None:
    run_id = worked_out(town, coordinator)
    [first, _] = spots(town, coordinator, run_id)
    with town.read(coordinator) as tx:
        one = hotspots.one(tx, run_id, UUID(first["id"]))
    assert one is not None
    sources = {s["name"]: s["count"] for s in json.loads(one["statistics"])["sources"]}
    assert sources == {f"{LINDESTA}:est-rapport": 12, f"{POLICE}:rar": 2}
    assert spots(town, actors["other_coordinator"], worked_out(town, actors["other_coordinator"])) == []


def test_two_runs_over_the_same_reports_are_the_same_byte_for_byte(town: Database, coordinator: Actor) -> None:
    first, second = worked_out(town, coordinator), worked_out(town, coordinator)
    assert first != second
    assert features(town, coordinator, first) == features(town, coordinator, second) != ""
    assert run(town, coordinator, first)["fingerprint"] == run(town, coordinator, second)["fingerprint"]


@pytest.mark.parametrize("order", [lambda raws: raws[::-1], lambda raws: raws[1::2] + raws[::2]])
def test_the_order_in_which_reports_came_changes_nothing(
    town: Database, db: Database, coordinator: Actor, actors: Actors, order: Callable[[Sequence[Any]], Sequence[Any]]
) -> None:
    reported(db, actors["police"], order(raws_of(Group(count=2, source="rar", category="KLO"))))
    for each in order(raws_of(WEAK, STRONG, Group(count=1, east_m=-500))):
        reported(db, coordinator, [each])
    here, there = worked_out(db, coordinator), worked_out(town, coordinator)
    assert features(db, coordinator, here) == features(town, coordinator, there)


def test_a_weighting_changes_rank_and_value_and_never_the_places(town: Database, coordinator: Actor) -> None:
    counted = spots(town, coordinator, worked_out(town, coordinator, replace(USUAL, weighting=Weighting.COUNT)))
    weighed = spots(town, coordinator, worked_out(town, coordinator, replace(USUAL, weighting=Weighting.HARM)))
    assert [f["id"] for f in weighed] == [f["id"] for f in reversed(counted)]
    assert [f["properties"]["weighted_value"] for f in counted] == [14.0, 9.0]
    assert [f["properties"]["weighted_value"] for f in weighed] == [72.0, 28.0]
    places = [{f["id"]: (f["geometry"], f["properties"]["count"]) for f in each} for each in (counted, weighed)]
    assert places[0] == places[1]


@pytest.mark.parametrize(
    ("wanted", "counts"),
    [
        ({"categories": ("VAL",)}, [9]),
        ({"min_incidents": 10}, [14]),
        ({"min_incidents": 30}, []),
        ({"eps_m": 5_000.0, "max_area_m2": 1e9}, [24]),
        ({"eps_m": 5_000.0}, [15, 9]),  # too large to be one
        ({"since": NOW - timedelta(days=16, minutes=1)}, [12, 9]),
        ({"until": NOW - timedelta(weeks=110)}, []),
        ({"area": DISTRICT}, [14, 9]),
    ],
)
def test_a_run_keeps_to_what_was_asked_for(
    town: Database, coordinator: Actor, wanted: dict[str, Any], counts: list[int]
) -> None:
    found = spots(town, coordinator, worked_out(town, coordinator, replace(USUAL, **wanted)))
    assert [f["properties"]["count"] for f in found] == counts


def test_what_is_not_approved_or_too_uncertain_or_too_long_is_not_counted(
    db: Database, coordinator: Actor, actors: Actors
) -> None:
    reported(db, coordinator, raws_of(WEAK))
    aside = raws_of(Group(count=4, category="SKD"))
    reported(db, actors["reporter"], [replace(r, source="medborgartips") for r in aside[:1]])  # submitted
    reported(db, coordinator, [replace(aside[1], location_uncertainty_m=301.0)])
    long_ago = aside[2].occurred_from - timedelta(days=29)
    reported(db, coordinator, [replace(aside[2], occurred_from=long_ago, occurred_to=aside[2].occurred_from)])
    [withdrawn] = reported(db, coordinator, aside[3:]).ids
    assert withdrawn is not None
    with db.write(coordinator) as tx:
        withdraw_incident(tx, withdrawn, NOW)
    run_id = worked_out(db, coordinator)
    assert run(db, coordinator, run_id)["incident_count"] == 12


def test_the_data_cut_off_is_when_the_newest_report_in_it_was_stored_or_corrected(
    db: Database, coordinator: Actor
) -> None:
    assert run(db, coordinator, worked_out(db, coordinator))["data_cut_off"] is None
    stored = reported(db, coordinator, raws_of(WEAK))
    assert run(db, coordinator, worked_out(db, coordinator))["data_cut_off"] == NOW
    [first, *_] = stored.ids
    assert first is not None
    later = replace(SETTING, now=NOW + timedelta(hours=3))
    with db.write(coordinator) as tx:
        correct_incident(tx, first, {"category": "SKD"}, later)
    assert run(db, coordinator, worked_out(db, coordinator))["data_cut_off"] == later.now


def test_nothing_at_all_is_a_result_too(db: Database, coordinator: Actor) -> None:
    done = run(db, coordinator, worked_out(db, coordinator))
    assert (done["state"], done["incident_count"], done["hotspot_count"]) == ("done", 0, 0)


def test_a_run_that_was_worked_out_is_not_worked_out_again(db: Database, coordinator: Actor) -> None:
    reported(db, coordinator, raws_of(WEAK))
    run_id = worked_out(db, coordinator)
    before = features(db, coordinator, run_id)
    reported(db, coordinator, raws_of(STRONG))
    actions.run_analysis(db, run_id, coordinator.organisation_id, clock=now, srid=METRIC_SRID)
    assert features(db, coordinator, run_id) == before


def test_a_run_whose_worker_died_is_worked_out_by_the_next(db: Database, coordinator: Actor) -> None:
    reported(db, coordinator, raws_of(WEAK))

    class PowerCutError(BaseException):
        """Nobody is left to say that it failed."""

    def dies_at(call: int) -> Clock:
        calls = iter(range(1, 9))

        def clock() -> datetime:
            if next(calls) == call:
                raise PowerCutError
            return NOW

        return clock

    run_id = requested(db, coordinator)
    with pytest.raises(PowerCutError):
        actions.run_analysis(db, run_id, coordinator.organisation_id, clock=dies_at(2), srid=METRIC_SRID)
    assert run(db, coordinator, run_id)["state"] == "running"
    actions.run_analysis(db, run_id, coordinator.organisation_id, clock=now, srid=METRIC_SRID)
    assert (run(db, coordinator, run_id)["state"], len(spots(db, coordinator, run_id))) == ("done", 1)


def test_an_organisation_cannot_work_out_anothers_run(db: Database, coordinator: Actor, actors: Actors) -> None:
    run_id = requested(db, coordinator)
    actions.run_analysis(db, run_id, actors["other_coordinator"].organisation_id, clock=now, srid=METRIC_SRID)
    assert run(db, coordinator, run_id)["state"] == "queued"


# --- what goes wrong --------------------------------------------------------------------------------------------


def end_sharing(database: Copy) -> None:
    """The police give their incidents no longer."""
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("UPDATE sharing_rules SET valid_until = '2020-01-01' WHERE what = 'incidents'")
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('installation', 'x', 'x')")


def test_a_run_fails_with_a_sentence_when_a_sharing_rule_has_ended(
    db: Database, database: Copy, coordinator: Actor, recorded: Recorded
) -> None:
    reported(db, coordinator, raws_of(WEAK))
    run_id = requested(db, coordinator)
    end_sharing(database)
    actions.run_analysis(db, run_id, coordinator.organisation_id, clock=now, srid=METRIC_SRID)
    failed = run(db, coordinator, run_id)
    assert (failed["state"], failed["finished_at"], failed["hotspot_count"]) == ("failed", NOW, None)
    assert failed["failure"] == "A sharing rule that this analysis needs is no longer in force; ask for a new one."
    assert [action for action, *_ in recorded()][-2:] == ["analysis.started", "analysis.failed"]
    assert features(db, coordinator, run_id) == ""


def test_after_a_sharing_rule_has_ended_the_next_run_does_without(
    db: Database, database: Copy, coordinator: Actor
) -> None:
    end_sharing(database)
    run_id = worked_out(db, coordinator)
    assert params_of(db, coordinator, run_id).organisations == (LINDESTA,)
    assert run(db, coordinator, run_id)["state"] == "done"


def interrupted(at: int, by: Callable[[], object]) -> Clock:
    """A clock at whose n:th look something happens."""
    looks = iter(range(1, 99))

    def clock() -> datetime:
        if next(looks) == at:
            by()
        return NOW

    return clock


def out_of_memory() -> None:
    """As when the machine has no more."""
    raise MemoryError


def test_a_run_fails_with_a_sentence_when_memory_is_short(db: Database, coordinator: Actor) -> None:
    run_id = worked_out(db, coordinator, clock=interrupted(1, out_of_memory))
    failed = run(db, coordinator, run_id)
    assert (failed["state"], failed["failure"]) == (
        "failed",
        "The machine has too little memory for this analysis.",
    )


def test_a_run_that_meets_a_busy_database_stays_open(db: Database, coordinator: Actor) -> None:
    run_id = requested(db, coordinator)

    def busy() -> None:
        raise BusyError("All database connections are busy; try again in a moment.")

    with pytest.raises(BusyError):
        actions.run_analysis(db, run_id, coordinator.organisation_id, clock=interrupted(1, busy), srid=METRIC_SRID)
    assert run(db, coordinator, run_id)["state"] == "queued"


def test_a_run_that_stops_on_a_fault_of_ours_says_so(db: Database, coordinator: Actor) -> None:
    run_id = requested(db, coordinator)

    def fault() -> None:
        raise ValueError("nobody thought of this")

    with pytest.raises(ValueError, match="nobody thought of this"):
        actions.run_analysis(db, run_id, coordinator.organisation_id, clock=interrupted(1, fault), srid=METRIC_SRID)
    failed = run(db, coordinator, run_id)
    assert (failed["state"], failed["failure"]) == (
        "failed",
        "The analysis stopped on a fault of ours; the log says more.",
    )


def test_a_failed_run_can_be_neither_adopted_nor_cancelled(db: Database, coordinator: Actor) -> None:
    run_id = worked_out(db, coordinator, clock=interrupted(1, out_of_memory))
    with pytest.raises(TransitionError, match="Only a finished analysis can be adopted; this one is failed"):
        adopt(db, coordinator, run_id)
    with pytest.raises(TransitionError, match="Only a queued or running analysis can be cancelled"):
        cancel(db, coordinator, run_id)


# --- cancelling -------------------------------------------------------------------------------------------------


def adopt(db: Database, actor: Actor, run_id: UUID) -> None:
    """In a transaction of its own."""
    with db.write(actor) as tx:
        actions.adopt_analysis(tx, run_id, NOW)


def take_back(db: Database, actor: Actor, run_id: UUID) -> None:
    """In a transaction of its own."""
    with db.write(actor) as tx:
        actions.take_back_adoption(tx, run_id, NOW)


def cancel(db: Database, actor: Actor, run_id: UUID) -> None:
    """In a transaction of its own."""
    with db.write(actor) as tx:
        actions.cancel_analysis(tx, run_id, NOW)


def test_a_queued_run_that_is_cancelled_is_never_worked_out(
    db: Database, coordinator: Actor, recorded: Recorded
) -> None:
    reported(db, coordinator, raws_of(WEAK))
    run_id = requested(db, coordinator)
    cancel(db, coordinator, run_id)
    actions.run_analysis(db, run_id, coordinator.organisation_id, clock=now, srid=METRIC_SRID)
    assert run(db, coordinator, run_id)["state"] == "cancelled"
    assert [action for action, *_ in recorded()][-2:] == ["analysis.requested", "analysis.cancelled"]


def test_what_a_run_found_is_not_stored_when_it_was_cancelled_meanwhile(db: Database, coordinator: Actor) -> None:
    reported(db, coordinator, raws_of(WEAK))
    run_id = requested(db, coordinator)
    clock = interrupted(2, lambda: cancel(db, coordinator, run_id))
    actions.run_analysis(db, run_id, coordinator.organisation_id, clock=clock, srid=METRIC_SRID)
    assert run(db, coordinator, run_id)["state"] == "cancelled"
    assert features(db, coordinator, run_id) == ""


def test_a_run_that_is_cancelled_stops_soon(db: Database, coordinator: Actor) -> None:
    """A hundred thousand random towns would take minutes; it looks once a second."""
    reported(db, coordinator, raws_of(WEAK))
    run_id = requested(db, coordinator, replace(USUAL, replicates=100_000))
    told: list[int] = []
    ticks = iter(range(10**6))

    def progress(done: int, of: int) -> None:
        told.append(done)
        if len(told) == 2:
            cancel(db, coordinator, run_id)

    actions.run_analysis(
        db,
        run_id,
        coordinator.organisation_id,
        clock=lambda: NOW + timedelta(seconds=0.4 * next(ticks)),
        srid=METRIC_SRID,
        progress=progress,
    )
    assert told == [25, 50, 75, 100]  # looked at 25, not at 50 and 75, where no second had gone by
    assert run(db, coordinator, run_id)["state"] == "cancelled"


def test_a_run_that_was_cancelled_meanwhile_does_not_fail_on_top(
    db: Database, database: Copy, coordinator: Actor, recorded: Recorded
) -> None:
    run_id = requested(db, coordinator)
    end_sharing(database)
    clock = interrupted(2, lambda: cancel(db, coordinator, run_id))
    actions.run_analysis(db, run_id, coordinator.organisation_id, clock=clock, srid=METRIC_SRID)
    assert run(db, coordinator, run_id)["state"] == "cancelled"
    assert [action for action, *_ in recorded()][-2:] == ["analysis.started", "analysis.cancelled"]


# --- adopting and taking back -----------------------------------------------------------------------------------


def test_the_adopted_run_is_what_everybody_sees(db: Database, coordinator: Actor, actors: Actors) -> None:
    reported(db, coordinator, raws_of(WEAK))
    run_id = worked_out(db, coordinator)
    readers = ("coordinator", "leadership", "map_client", "reporter", "police", "external_reporter")
    assert {current(db, actors[key]) for key in readers} == {None}
    adopt(db, coordinator, run_id)
    assert {current(db, actors[key]) for key in readers} == {run_id}
    assert [current(db, actors[key]) for key in ("other_coordinator", "auditor", "admin")] == [None] * 3


def test_taking_back_makes_the_run_before_it_current_again(db: Database, coordinator: Actor) -> None:
    reported(db, coordinator, raws_of(WEAK))
    first, second, third = (adopted(db, coordinator) for _ in range(3))
    seen = [current(db, coordinator)]
    for run_id in (third, second, first):
        take_back(db, coordinator, run_id)
        seen.append(current(db, coordinator))
    assert seen == [third, second, first, None]


def test_an_earlier_adoption_taken_back_changes_nothing_that_is_seen(db: Database, coordinator: Actor) -> None:
    first, second = adopted(db, coordinator), adopted(db, coordinator)
    take_back(db, coordinator, first)
    assert current(db, coordinator) == second


def test_a_run_that_was_taken_back_may_be_adopted_again_and_is_then_the_newest(
    db: Database, coordinator: Actor
) -> None:
    first = adopted(db, coordinator)
    adopted(db, coordinator)
    take_back(db, coordinator, first)
    adopt(db, coordinator, first)
    assert current(db, coordinator) == first


@pytest.mark.parametrize("wanted", ["queued", "running", "cancelled"])
def test_only_a_finished_run_is_adopted(db: Database, coordinator: Actor, wanted: str) -> None:
    run_id = requested(db, coordinator)
    if wanted == "cancelled":
        cancel(db, coordinator, run_id)
    if wanted == "running":
        with db.write(coordinator) as tx:
            store.start(tx, run_id, NOW)
            actions.request_analysis(tx, USUAL, now=NOW, code_version=CODE_VERSION)  # which leaves an audit line
    with pytest.raises(TransitionError, match=f"this one is {wanted}"):
        adopt(db, coordinator, run_id)


def test_what_is_not_adopted_is_not_taken_back(db: Database, coordinator: Actor) -> None:
    run_id = worked_out(db, coordinator)
    with pytest.raises(TransitionError, match="not adopted"):
        take_back(db, coordinator, run_id)


@pytest.mark.parametrize("act", [adopt, take_back, cancel])
def test_another_organisations_run_is_left_alone_even_where_it_is_seen(
    db: Database, coordinator: Actor, actors: Actors, act: Callable[[Database, Actor, UUID], None]
) -> None:
    with db.write(actors["admin"]) as tx:
        sharing_rules.share(tx, sharing(LINDESTA, "hyttfors-kommun", "hotspots"), NOW.date())
    stranger = actors["other_coordinator"]
    guest = replace(
        stranger, scope=replace(stranger.scope, hotspots=(stranger.organisation_id, coordinator.organisation_id))
    )
    run_id = adopted(db, coordinator)
    assert current(db, guest) == run_id
    for somebody in (stranger, guest):
        with pytest.raises(NotFoundError, match="Your organisation has no such analysis"):
            act(db, somebody, run_id)
    with pytest.raises(NotFoundError):
        act(db, coordinator, uuid4())


def test_the_whole_life_of_a_run_is_in_the_audit_log(db: Database, coordinator: Actor, recorded: Recorded) -> None:
    run_id = adopted(db, coordinator)
    take_back(db, coordinator, run_id)
    fingerprint = run(db, coordinator, run_id)["fingerprint"]
    assert recorded() == [
        ("analysis.requested", str(run_id), {"fingerprint": fingerprint}),
        ("analysis.started", str(run_id), {"organisations": [LINDESTA, HOUSING, POLICE]}),
        ("analysis.finished", str(run_id), {"hotspots": 0}),
        ("analysis.adopted", str(run_id), {}),
        ("analysis.adoption-taken-back", str(run_id), {}),
    ]


# --- from the command line --------------------------------------------------------------------------------------


def in_one_go(db: Database, actor: Actor, *, clock: Clock = now) -> int:
    """Run and adopt."""
    return actions.run_and_adopt(db, actor, USUAL, clock=clock, code_version=CODE_VERSION, srid=METRIC_SRID)


def test_the_command_line_runs_and_adopts_in_one_go_without_a_worker(db: Database, coordinator: Actor) -> None:
    reported(db, coordinator, raws_of(WEAK, STRONG))
    assert in_one_go(db, coordinator) == 2
    assert current(db, coordinator) is not None
    with db.engine.connect() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM jobs.procrastinate_jobs")) == 0


def test_in_one_go_a_failed_run_is_not_adopted(db: Database, coordinator: Actor) -> None:
    with pytest.raises(TransitionError, match="this one is failed"):
        in_one_go(db, coordinator, clock=interrupted(2, out_of_memory))
    assert current(db, coordinator) is None


def test_ctrl_c_cancels_the_run(db: Database, coordinator: Actor) -> None:
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_one_go(db, coordinator, clock=interrupted(2, ctrl_c))
    with db.read(coordinator) as tx:
        assert [r["state"] for r in store.page(tx, 10)] == ["cancelled"]


def test_a_report_that_comes_while_a_run_is_worked_out_is_not_in_it(db: Database, coordinator: Actor) -> None:
    reported(db, coordinator, raws_of(WEAK))
    clock = interrupted(2, lambda: reported(db, coordinator, [raw()]))
    assert run(db, coordinator, worked_out(db, coordinator, clock=clock))["incident_count"] == 12
