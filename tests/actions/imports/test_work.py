"""The work on an import when things are not as they should be: files that are gone, faults, changes of course."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actions.imports import reading, reports, requests, upkeep, work
from app.actions.imports.work import Workplace, propose_links, work_on_import
from app.actions.retention import carry_out_retention, set_retention
from app.core.errors import BusyError, InvalidError, NotFoundError, TransitionError
from app.core.imports.known import Place
from app.core.imports.states import Choice, State
from app.core.permissions import Actor
from app.core.retention import RetentionRule
from app.store import imports, places
from app.store.imports import NewImport
from app.store.tx import Database as Db
from app.store.tx import Reader
from app.store.uploads import Uploads
from tests.conftest import Database
from tests.factories import CENTRE, METRIC_SRID, NOW, Actors

HEADER = "kategori;datum;lat;lon;referens;text"


def row(n: int, **changes: str) -> str:
    """One row: vandalism in the centre."""
    usual = {
        "kategori": "SKD",
        "datum": f"2026-11-01 {n // 60 % 24:02}:{n % 60:02}",
        "lat": f"{CENTRE[1]}",
        "lon": f"{CENTRE[0]}",
        "referens": f"V-{n}",
        "text": "Ruta",
    }
    return ";".join((usual | changes).values())


@dataclass(frozen=True)
class Office:
    """An importer at work, in this process."""

    place: Workplace
    actor: Actor

    def send(self, *rows_: str, header: str = HEADER, choice: Choice | None = None, **changes: Any) -> UUID:
        """Ask for an import."""
        import_id = uuid4()
        with self.place.uploads.receive(import_id) as file:
            file.write("".join(f"{line}\n" for line in (header, *rows_)).encode())
        new = NewImport(
            id=import_id, source="vakt", file_name="v.csv", file_bytes=1, row_count=None, choice=choice, given=None
        )
        with self.place.database.write(self.actor) as tx:
            requests.request_import(tx, dataclasses.replace(new, **changes), NOW)
        return import_id

    def work(self, import_id: UUID) -> dict[str, Any]:
        """Do what is to be done; the import afterwards."""
        work_on_import(self.place, import_id, self.actor.organisation_id)
        return self.found(import_id)

    def found(self, import_id: UUID) -> dict[str, Any]:
        """The import as it is."""
        with self.place.database.read(self.actor) as tx:
            found = imports.one(tx, import_id)
        assert found
        return found

    def commit(self, import_id: UUID, choice: Choice = Choice.GOOD_ROWS) -> dict[str, Any]:
        """Let it go in."""
        with self.place.database.write(self.actor) as tx:
            requests.commit_import(tx, import_id, choice, NOW)
        return self.work(import_id)


@pytest.fixture
def office(db: Db, actors: Actors, tmp_path: Path) -> Office:
    """The coordinator's, on a fresh copy of the world."""
    place = Workplace(database=db, uploads=Uploads(tmp_path / "uploads"), clock=lambda: NOW, srid=METRIC_SRID)
    return Office(place, actors["coordinator"])


def count(database: Database, table: str = "incidents") -> int:
    """Rows of a table."""
    with psycopg.connect(database.conninfo()) as conn:
        found = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert found
    return int(found[0])


def test_an_upload_that_is_gone_fails_with_a_sentence(office: Office) -> None:
    import_id = office.send(row(1))
    office.place.uploads.remove(import_id)
    found = office.work(import_id)
    assert (found["state"], found["failure"]) == ("failed", work.GONE)


@pytest.mark.parametrize(
    ("fault", "sentence"), [(MemoryError(), work.NO_MEMORY), (RuntimeError("a fault"), work.FAULT)]
)
def test_a_fault_ends_the_import_with_a_sentence(
    office: Office, monkeypatch: pytest.MonkeyPatch, fault: Exception, sentence: Mapping[str, str]
) -> None:
    def clock() -> Any:
        raise fault

    import_id = office.send(row(1))
    faulty = dataclasses.replace(office.place, clock=Times(clock))
    if isinstance(fault, RuntimeError):
        with pytest.raises(RuntimeError, match="a fault"):
            work_on_import(faulty, import_id, office.actor.organisation_id)
    else:
        work_on_import(faulty, import_id, office.actor.organisation_id)
    found = office.found(import_id)
    assert (found["state"], found["failure"]) == ("failed", sentence)


class Times:
    """A clock that fails the first time it is asked."""

    def __init__(self, fail: Callable[[], Any]) -> None:
        self._answers: Iterator[Any] = iter([fail])

    def __call__(self) -> Any:
        fail = next(self._answers, None)
        return NOW if fail is None else fail()


def test_a_busy_database_leaves_the_import_open(office: Office) -> None:
    def busy() -> Any:
        raise BusyError("later")

    import_id = office.send(row(1))
    with pytest.raises(BusyError):
        work_on_import(dataclasses.replace(office.place, clock=Times(busy)), import_id, office.actor.organisation_id)
    assert office.found(import_id)["state"] == "queued"
    assert office.work(import_id)["state"] == "checked"


def test_a_chunk_that_was_in_the_way_is_tried_again() -> None:
    tries = []

    def act(until: int) -> None:
        tries.append(until)
        if len(tries) < until:
            raise BusyError("in the way")

    work._with_patience(act, work.TRIES)
    assert len(tries) == work.TRIES
    tries.clear()
    with pytest.raises(BusyError):
        work._with_patience(act, work.TRIES + 1)


def test_an_import_cancelled_between_two_chunks_is_taken_back(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_A_TIME", 10)
    import_id = office.send(*(row(n) for n in range(30)))
    office.work(import_id)
    with office.place.database.write(office.actor) as tx:
        requests.commit_import(tx, import_id, Choice.GOOD_ROWS, NOW)
    asked = []

    def clock() -> Any:
        asked.append(len(asked))
        if len(asked) == 4:  # some chunk is in
            with office.place.database.write(office.actor) as tx:
                requests.cancel_import(tx, import_id, NOW)
        return NOW

    work_on_import(dataclasses.replace(office.place, clock=clock), import_id, office.actor.organisation_id)
    assert office.found(import_id)["state"] == "cancelled"
    with psycopg.connect(database.conninfo()) as conn:
        states = {state for (state,) in conn.execute("SELECT state FROM incidents")}
    assert states == {"withdrawn"}
    with office.place.database.write(office.actor) as tx, pytest.raises(TransitionError):
        requests.cancel_import(tx, import_id, NOW)


def test_a_row_refused_after_a_clean_check_takes_everything_back(office: Office, database: Database) -> None:
    import_id = office.send(row(1), row(2, kategori="KLO"))
    assert office.work(import_id)["bad_count"] == 0
    with psycopg.connect(database.conninfo()) as conn:  # the profile is no longer what was checked
        conn.execute("""UPDATE imports SET profile = (profile::jsonb || '{"categories": {"KLO": "-"}}')::json""")
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
    found = office.commit(import_id, Choice.ALL_OR_NOTHING)
    assert (found["state"], found["bad_count"]) == ("refused", 1)
    with psycopg.connect(database.conninfo()) as conn:
        assert conn.execute("SELECT state FROM incidents").fetchall() == [("withdrawn",)]


def test_a_row_that_names_several_places_waits_for_a_choice(office: Office, database: Database) -> None:
    twins = [
        Place(id=str(uuid4()), name="Kyrkan", lon=CENTRE[0], lat=CENTRE[1] + i / 100, location_uncertainty_m=50.0)
        for i in range(2)
    ]
    with office.place.database.write(office.actor) as tx:
        places.replace(tx, [*twins, Place(id=str(uuid4()), name="Torget", lon=CENTRE[0], lat=CENTRE[1],
                                          location_uncertainty_m=50.0)])  # fmt: skip
        tx.record(work.AuditAction.PLACES_LOADED)
    lines = ("SKD;2026-11-01 12:00;Kyrkan", "SKD;2026-11-01 13:00;kyrkan", "SKD;2026-11-01 14:00;Torget")
    import_id = office.send(*lines, header="kategori;datum;plats")
    checked = office.work(import_id)
    assert (checked["good_count"], checked["held_count"], checked["waiting_count"]) == (1, 2, 2)
    stored = office.commit(import_id)
    assert (stored["state"], stored["good_count"], stored["waiting_count"]) == ("done", 1, 2)
    choose = {"uploads": office.place.uploads, "srid": METRIC_SRID, "now": NOW}
    with office.place.database.write(office.actor) as tx:
        with pytest.raises(NotFoundError):
            requests.choose_place(tx, import_id, 99, UUID(twins[1].id), **choose)
        with pytest.raises(InvalidError):
            requests.choose_place(tx, import_id, 3, uuid4(), **choose)
        requests.choose_place(tx, import_id, 2, UUID(twins[1].id), **choose)
    again = office.commit(import_id)
    assert (again["state"], again["read_count"], again["good_count"], again["held_count"]) == ("done", 3, 3, 0)
    assert (again["waiting_count"], count(database), count(database, "import_problems")) == (0, 3, 0)
    with office.place.database.write(office.actor) as tx, pytest.raises(TransitionError, match="No row"):
        requests.commit_import(tx, import_id, Choice.GOOD_ROWS, NOW)


def test_uploads_are_deleted_when_their_time_is_over(office: Office, database: Database) -> None:
    import_id = office.send(row(1))
    with office.place.database.write(office.actor) as tx:
        requests.cancel_import(tx, import_id, NOW)
    orphan = office.place.uploads.folder / str(uuid4())
    orphan.write_bytes(b"x")
    left = office.place.uploads.folder / f"{import_id}.unpacked-x"  # by a process that was killed
    left.mkdir()
    (left / "unpacked").write_bytes(b"x")
    (office.place.uploads.folder / "note.txt").write_bytes(b"x")
    for file in office.place.uploads.folder.iterdir():
        os.utime(file, (0, 0))
    path = office.place.uploads.path(import_id)
    delete = upkeep.delete_ended_uploads
    assert delete(office.place.database, office.place.uploads, NOW + timedelta(days=6)) == 0
    assert {f.name for f in office.place.uploads.folder.iterdir()} == {path.name, "note.txt"}
    assert delete(office.place.database, office.place.uploads, NOW + timedelta(days=7)) == 1
    assert not path.exists()
    assert count(database, "import_uploads") == 0
    assert delete(office.place.database, office.place.uploads, NOW + timedelta(days=30_000)) == 0
    assert [f.name for f in office.place.uploads.folder.iterdir()] == ["note.txt"]


def test_an_upload_is_read_again_by_its_importer_only_and_only_once_it_was_read(office: Office, actors: Actors) -> None:
    import_id = office.send(row(1))
    ask: dict[str, Any] = {"language": "sv", "only_refused": False}
    with pytest.raises(TransitionError):
        reports.with_errors(Reader(office.place.database, office.actor), import_id, office.place.uploads, **ask)
    office.work(import_id)
    with pytest.raises(NotFoundError):
        reports.with_errors(Reader(office.place.database, actors["police"]), import_id, office.place.uploads, **ask)
    pieces = reports.with_errors(Reader(office.place.database, office.actor), import_id, office.place.uploads, **ask)
    assert len(b"".join(pieces).splitlines()) == 2


def test_what_has_failed_with_rows_in_it_is_undone_before_it_is_read_anew(office: Office, database: Database) -> None:
    import_id = office.send(row(1))
    office.work(import_id)
    office.commit(import_id)
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("UPDATE imports SET state = 'failed'")
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
    with office.place.database.write(office.actor) as tx, pytest.raises(TransitionError, match="undo the import"):
        requests.change_import(tx, import_id, {}, NOW)
    with office.place.database.write(office.actor) as tx:
        requests.undo_import(tx, import_id, NOW)
    with office.place.database.write(office.actor) as tx, pytest.raises(TransitionError, match="being taken back"):
        requests.cancel_import(tx, import_id, NOW)
    assert office.work(import_id)["state"] == "undone"


def test_links_are_looked_for_once_and_nothing_is_found_alone(office: Office) -> None:
    import_id = office.send(row(1))
    office.work(import_id)
    office.commit(import_id)
    assert propose_links(office.place.database, import_id, office.actor.organisation_id, NOW) == 0


def test_links_are_proposed_to_what_is_near_in_place_and_time_only(office: Office, database: Database) -> None:
    for source, when, proposed in (("vakt", "12:00", 0), ("polis", "12:20", 1), ("kyrka", "23:00", 0)):
        import_id = office.send(row(1, datum=f"2026-11-01 {when}"), source=source)
        office.work(import_id)
        office.commit(import_id)
        assert propose_links(office.place.database, import_id, office.actor.organisation_id, NOW) == proposed
    assert count(database, "incident_links") == 1


def test_what_was_killed_between_two_chunks_goes_on_and_doubles_nothing(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_A_TIME", 10)
    import_id = office.send(*(row(n) for n in range(30)))
    office.work(import_id)
    with office.place.database.write(office.actor) as tx:
        requests.commit_import(tx, import_id, Choice.GOOD_ROWS, NOW)
    asked = []

    def clock() -> Any:
        asked.append(len(asked))
        if len(asked) == 4:  # some chunk is in
            raise SystemExit
        return NOW

    with pytest.raises(SystemExit):
        work_on_import(dataclasses.replace(office.place, clock=clock), import_id, office.actor.organisation_id)
    assert 0 < count(database) < 30
    found = office.work(import_id)
    assert (found["state"], found["created_count"], count(database)) == ("done", 30, 30)


def test_a_fault_of_what_was_cancelled_meanwhile_changes_nothing(office: Office) -> None:
    import_id = office.send(row(1))

    def fault() -> Any:
        with office.place.database.write(office.actor) as tx:
            requests.cancel_import(tx, import_id, NOW)
        raise MemoryError

    work_on_import(dataclasses.replace(office.place, clock=Times(fault)), import_id, office.actor.organisation_id)
    found = office.found(import_id)
    assert (found["state"], found["failure"]) == ("cancelled", None)


def test_what_a_person_says_of_the_places_is_kept(office: Office, database: Database) -> None:
    import_id = office.send(row(1), given={"location_uncertainty_m": 83, "columns": {"text": []}})
    office.work(import_id)
    office.commit(import_id)
    with psycopg.connect(database.conninfo()) as conn:
        assert conn.execute("SELECT location_uncertainty_m, text FROM incidents").fetchall() == [(83.0, None)]


def test_counts_by_area_and_month_are_no_incidents(office: Office, database: Database) -> None:
    lines = ("Centrum;2026;1;SKD;12", "Centrum;2026;2;SKD;0", "Centrum;2026;3;SKD;x")
    import_id = office.send(*lines, header="område;år;månad;kategori;antal")
    assert office.work(import_id)["good_count"] == 2
    stored = office.commit(import_id)
    assert (stored["state"], stored["good_count"], stored["bad_count"]) == ("done", 2, 1)
    assert (count(database), count(database, "area_figures")) == (0, 2)


def test_an_import_that_is_not_there_is_no_work(office: Office) -> None:
    work_on_import(office.place, uuid4(), office.actor.organisation_id)


def test_what_is_not_read_yet_waits(office: Office) -> None:
    import_id = office.send(row(1))
    with office.place.database.write(office.actor) as tx:
        with pytest.raises(TransitionError, match="still being checked"):
            requests.commit_import(tx, import_id, Choice.GOOD_ROWS, NOW)
        with pytest.raises(TransitionError, match="has been checked"):
            requests.choose_place(tx, import_id, 2, uuid4(), uploads=office.place.uploads, srid=METRIC_SRID, now=NOW)
    office.place.uploads.remove(import_id)
    office.work(import_id)
    with office.place.database.write(office.actor) as tx, pytest.raises(TransitionError, match="not been read"):
        requests.change_import(tx, import_id, {}, NOW)


def test_rows_that_waited_are_not_cancelled_on_their_own(office: Office, database: Database) -> None:
    import_id = office.send(row(1))
    office.work(import_id)
    with psycopg.connect(database.conninfo()) as conn:
        conn.execute("UPDATE imports SET state = 'importing', only_waiting = true")
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
    with office.place.database.write(office.actor) as tx, pytest.raises(TransitionError, match="Only rows that waited"):
        requests.cancel_import(tx, import_id, NOW)


CELLS = {
    "kategori": st.sampled_from(["SKD", "KLO", "Skadegörelse", "RYMD", "", "=1+1"]),
    "datum": st.sampled_from(["2026-11-01 12:00", "2026-10-25 02:30", "5/3 2024", "i går", "", "2099-01-01"]),
    "lat": st.sampled_from(["59.65", "59,65", "0", "", "95", "6612400"]),
    "lon": st.sampled_from(["15.85", "15,85", "0", "", "17.5"]),
    "referens": st.sampled_from(["A", "B", "C", "", "", "19811218-9876"]),
    "text": st.sampled_from(["", "Ruta", "Ring 070-123 45 67", "Född 19811218-9876", '"', "a\tb", "\x00", "å" * 5000]),
}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=12), st.integers(1, 5))
def test_every_row_of_a_file_is_accounted_for(office: Office, cells: list[dict[str, str]], rows_at_a_time: int) -> None:
    """good + bad + doubled + held = rows, in the dry run and when they have gone in, whatever stands in them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "ROWS_AT_A_TIME", rows_at_a_time)
        quoted = (";".join('"' + c.replace('"', '""') + '"' for c in row_.values()) for row_ in cells)
        import_id = office.send(*(line for line in quoted))
        checked = office.work(import_id)
        if checked["state"] == "failed":
            return  # nothing in it looks like what a file needs
        for found in (checked, office.commit(import_id)):
            told = [found[f"{name}_count"] for name in ("good", "bad", "doubled", "held")]
            read = sum(any(c for c in row_.values()) for row_ in cells)
            assert sum(told) == found["read_count"] == read, told
            assert found["good_count"] == found["created_count"] + found["updated_count"]
        assert State(found["state"]) is State.DONE


def purged(office: Office, database: Database) -> None:
    """All that is stored has become three months old, V-2 three years; rules take texts, places and old reports."""
    with psycopg.connect(database.conninfo()) as conn:  # the purge goes by the database's clock
        conn.execute(
            "UPDATE incidents SET occurred_from = now() - CASE source_ref WHEN 'V-2' THEN interval '3 years'"
            " ELSE interval '3 months' END, occurred_to = NULL"
        )
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
    rule = RetentionRule(text_after_months=1, position_after_months=1, everything_after_months=24)
    with office.place.database.write(office.actor) as tx:
        set_retention(tx, [rule], NOW)
    carry_out_retention(office.place.database, office.actor)


def stored(office: Office, *rows_: str) -> UUID:
    """An import that has gone in."""
    import_id = office.send(*rows_)
    office.work(import_id)
    office.commit(import_id)
    return import_id


def test_a_purge_takes_the_file_of_what_it_takes(office: Office, database: Database) -> None:
    stored(office, row(1), row(2))
    kept = office.send(row(3))
    office.work(kept)
    purged(office, database)
    assert count(database, "incidents WHERE text IS NULL") == 1
    assert (count(database, "import_uploads"), count(database, "import_rows")) == (1, 1)
    upkeep.delete_ended_uploads(office.place.database, office.place.uploads, datetime.now(UTC) + timedelta(days=2))
    assert [f.name for f in office.place.uploads.folder.iterdir()] == [str(kept)]


def test_what_was_purged_does_not_come_back_with_its_file(office: Office, database: Database) -> None:
    stored(office, row(1))
    purged(office, database)
    assert office.found(stored(office, row(1)))["doubled_count"] == 1
    assert count(database, "incidents WHERE text IS NULL AND position_purged_at IS NOT NULL") == 1


def test_an_undone_import_does_not_bring_purged_content_back(office: Office, database: Database) -> None:
    stored(office, row(1))
    import_id = stored(office, row(1, text="Två rutor", lon=f"{CENTRE[0] + 1e-3}"))
    assert count(database, "incident_versions WHERE content ? 'content_hash'") == 1
    purged(office, database)
    assert count(database, "incident_versions WHERE content ? 'content_hash'") == 0
    with office.place.database.write(office.actor) as tx:
        requests.undo_import(tx, import_id, NOW)
    assert office.work(import_id)["state"] == "undone"
    assert count(database, "incidents WHERE text IS NULL AND position_purged_at IS NOT NULL AND version = 3") == 1


def test_an_import_whose_incidents_are_purged_can_be_undone(office: Office, database: Database) -> None:
    import_id = stored(office, row(2))
    purged(office, database)
    with office.place.database.write(office.actor) as tx:
        requests.undo_import(tx, import_id, NOW)
    assert office.work(import_id)["state"] == "undone"
