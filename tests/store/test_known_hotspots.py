"""The memory of adoptions: what is known before the next, what each said, and nothing of those taken back."""

from uuid import UUID

import pytest

from app.core.analysis.tracking import Change, Found, Known
from app.store import analyses, hotspots, known_hotspots
from app.store.hotspots import Filter, HotSpotRow
from app.store.tx import WriteTx
from tests.factories import CODE_VERSION, NOW, Acting, Actors, hotspot_row, params, step

FIGURES = {"data_cut_off": NOW, "incident_count": 40, "noise_count": 30, "hotspot_count": 3, "findings": "{}"}
CORES = ((-3, 7, 2), (21_900, 264_401, 8))
NEW = UUID(int=101)


@pytest.fixture
def tx(acting: Acting, actors: Actors) -> WriteTx:
    """The coordinator of Lindesta, writing."""
    return acting(actors["coordinator"])


def finished(tx: WriteTx, *rows: HotSpotRow) -> UUID:
    """A run with these hot spots."""
    run_id = analyses.request(tx, params(), CODE_VERSION)
    analyses.start(tx, run_id, NOW)
    analyses.finish(tx, run_id, NOW, FIGURES)
    hotspots.add(tx, run_id, rows)
    return run_id


def adopted(tx: WriteTx, run_id: UUID, *steps: object, profile: str = "all") -> int:
    """The number of an adoption that said this."""
    adoption_id = analyses.adopt(tx, run_id, NOW, profile)
    known_hotspots.add(tx, adoption_id, steps)  # type: ignore[arg-type]
    return adoption_id


def known(tx: WriteTx, profile: str = "all", before: int = 2**40) -> dict[UUID, Known]:
    """What the next adoption would know."""
    return {k.id: k for k in known_hotspots.known(tx, before, profile)}


def test_what_a_run_found_is_read_as_it_was_stored(tx: WriteTx) -> None:
    run_id = finished(tx, hotspot_row(1, core_places=CORES, count=12), hotspot_row(2))
    assert sorted(known_hotspots.found(tx, run_id), key=lambda f: f.key) == [
        Found(key=UUID(int=1), cores=CORES, count=12),
        Found(key=UUID(int=2), cores=((21_900, 264_402, 10),), count=10),
    ]


def test_what_an_adoption_said_is_known_to_the_next_one(tx: WriteTx) -> None:
    assert known(tx) == {}
    first = adopted(tx, finished(tx, hotspot_row(1, core_places=CORES)), step(1))
    assert known(tx) == {NEW: Known(id=NEW, cores=CORES, is_current=True, mark=step(1).mark)}
    assert known(tx, before=first) == {}


def test_a_hot_spot_is_known_as_it_was_when_last_seen(tx: WriteTx) -> None:
    adopted(tx, finished(tx, hotspot_row(1)), step(1))
    adopted(tx, finished(tx, hotspot_row(2, core_places=CORES)), step(2, id=NEW, change=Change.PERSISTING))
    assert [(k.cores, k.is_current) for k in known(tx).values()] == [(CORES, True)]
    adopted(tx, finished(tx), step(1, key=None, change=Change.GONE))
    assert [(k.cores, k.is_current) for k in known(tx).values()] == [(CORES, False)]


def test_an_adoption_that_was_taken_back_is_known_to_nobody(tx: WriteTx) -> None:
    adopted(tx, finished(tx, hotspot_row(1)), step(1))
    before = known(tx)
    run_id = finished(tx, hotspot_row(2))
    adopted(tx, run_id, step(1, key=None, change=Change.GONE), step(2))
    assert {i: k.is_current for i, k in known(tx).items()} == {NEW: False, UUID(int=102): True}
    analyses.take_back(tx, run_id, NOW)
    assert known(tx) == before


def test_each_profile_and_each_organisation_has_its_own_memory(tx: WriteTx, acting: Acting, actors: Actors) -> None:
    adopted(tx, finished(tx, hotspot_row(1)), step(1))
    adopted(tx, finished(tx, hotspot_row(2)), step(2), profile="vandalism")
    assert set(known(tx)) == {NEW}
    assert {i: k.is_current for i, k in known(tx, "vandalism").items()} == {UUID(int=102): True}
    assert known(acting(actors["police"])) == {}


def test_in_an_adopted_run_a_hot_spot_has_its_lasting_id_and_its_change(tx: WriteTx) -> None:
    run_id = finished(tx, hotspot_row(1), hotspot_row(2))
    related = (UUID(int=5), UUID(int=6))
    assert '"id":"00000000-0000-0000-0000-000000000001"' in hotspots.features(tx, run_id, Filter())[0]
    adopted(tx, run_id, step(1), step(2, change=Change.SPLIT, related=related))
    text, n = hotspots.features(tx, run_id, Filter())
    assert n == 2
    assert f'"id":"{NEW}"' in text
    assert '"properties":{"rank": 1, "count": 10,"change":"new","related":[]}' in text
    assert f'"change":"split","related":["{related[0]}","{related[1]}"]' in text
    assert [(h["id"], h["change"], h["related"]) for h in hotspots.ranked(tx, run_id, 9)] == [
        (NEW, "new", []),
        (UUID(int=102), "split", list(related)),
    ]
    found = hotspots.one(tx, run_id, NEW)
    assert found is not None
    assert found["properties"].endswith('"change":"new","related":[]}')
    assert hotspots.one(tx, run_id, UUID(int=1)) is None
    analyses.take_back(tx, run_id, NOW)
    assert hotspots.one(tx, run_id, UUID(int=1)) is not None
    assert [(h["id"], h["change"], h["related"]) for h in hotspots.ranked(tx, run_id, 1)] == [(UUID(int=1), None, [])]


def test_a_lasting_id_leads_to_the_newest_adopted_run_that_has_the_hot_spot(tx: WriteTx) -> None:
    first, second, third = (finished(tx, hotspot_row(1)) for _ in range(3))
    adopted(tx, first, step(1))
    adopted(tx, second, step(1, change=Change.PERSISTING))
    adopted(tx, third, step(2, key=UUID(int=1)), step(1, key=None, change=Change.GONE))
    assert hotspots.latest_run_with(tx, NEW) == second
    assert hotspots.latest_run_with(tx, UUID(int=1)) is None
    analyses.take_back(tx, second, NOW)
    assert hotspots.latest_run_with(tx, NEW) == first


def test_a_history_is_what_adoptions_in_force_said_newest_first(tx: WriteTx, acting: Acting, actors: Actors) -> None:
    runs = [finished(tx, hotspot_row(1, count=10 + i)) for i in range(2)] + [finished(tx), finished(tx)]
    adopted(tx, runs[0], step(1))
    adopted(tx, runs[1], step(1, change=Change.GROWING))
    adopted(tx, runs[2], step(1, key=None, change=Change.GONE))
    adopted(tx, runs[3])
    told = [(s["run_id"], s["change"], s["rank"], s["count"]) for s in known_hotspots.history(tx, NEW, 10)]
    assert told == [(runs[2], "gone", None, None), (runs[1], "growing", 1, 11), (runs[0], "new", 1, 10)]
    assert [s["run_id"] for s in known_hotspots.history(tx, NEW, 1)] == [runs[2]]
    analyses.take_back(tx, runs[1], NOW)
    assert [s["change"] for s in known_hotspots.history(tx, NEW, 10)] == ["gone", "new"]
    assert len(known_hotspots.history(acting(actors["police"]), NEW, 10)) == 2  # who is given the hot spots
    assert known_hotspots.history(acting(actors["other_coordinator"]), NEW, 10) == []


def test_changes_stand_beside_what_was_before_and_the_lost_come_last(tx: WriteTx) -> None:
    properties = '{"rank": 1, "centre": [15.5, 59.5]}'
    before = finished(tx, hotspot_row(1, count=20, properties=properties), hotspot_row(2, properties=properties))
    after = finished(tx, hotspot_row(1, count=30, properties=properties), hotspot_row(3, properties=properties))
    adopted(tx, before, step(1), step(2))
    gone = step(2, key=None, change=Change.GONE)
    adopted(tx, after, step(1, change=Change.GROWING), step(3), gone)
    told = known_hotspots.changes(tx, after)
    assert [(c["id"].int - 100, c["change"], c["is_there"]) for c in told] == [
        (1, "growing", True),
        (3, "new", True),
        (2, "gone", False),
    ]
    assert [(c["count_before"], c["count"], c["rank_before"], c["rank"]) for c in told] == [
        (20, 30, 1, 1),
        (None, 10, None, 3),
        (10, None, 2, None),
    ]
    assert [c["run_before"] for c in told] == [before, None, before]
    assert [c["centre"] for c in told] == [[15.5, 59.5]] * 3
    analyses.take_back(tx, after, NOW)
    assert known_hotspots.changes(tx, after) == []


def test_an_adoption_may_have_nothing_to_say(tx: WriteTx) -> None:
    adopted(tx, finished(tx))
    assert known(tx) == {}
