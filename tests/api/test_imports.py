"""Files in over HTTP: checked, committed, stopped, undone; every row accounted for, and nothing told of its content."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.limits import Limits
from tests.api.conftest import AsRole
from tests.api.wire import INCIDENTS, PROBLEM, codes, rows
from tests.conftest import Database
from tests.factories import CENTRE, LINDESTA, NOW

IMPORTS = "/api/v1/imports"
HEADER = "kategori;datum;lat;lon;referens;text"
SOURCE = {"source": "vaktbolaget", "filename": "vakt.csv"}
Worked = Callable[[], None]


def line(n: int, **changes: str) -> str:
    """One row of a guard company's list: vandalism in the centre, a minute after the one before."""
    usual = {
        "kategori": "SKD",
        "datum": f"2026-11-0{n // 1440 % 9 + 1} {n // 60 % 24:02}:{n % 60:02}",
        "lat": f"{CENTRE[1] + n % 7 * 1e-4:.5f}",
        "lon": f"{CENTRE[0] + n % 11 * 1e-4:.5f}",
        "referens": f"V-{n}",
        "text": "Krossad ruta",
    }
    return ";".join((usual | changes).values())


def table(*lines: str) -> bytes:
    """A file with a header."""
    return "".join(f"{one}\r\n" for one in (HEADER, *lines)).encode()


def sent(client: TestClient, content: bytes, **wanted: str) -> dict[str, Any]:
    """The import of a file that was taken in."""
    answer = client.post(IMPORTS, params=SOURCE | wanted, content=content)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{IMPORTS}/{answer.json()['id']}"
    return dict(answer.json())


def seen(client: TestClient, import_: dict[str, Any]) -> dict[str, Any]:
    """How far it has come."""
    answer = client.get(import_["links"]["self"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def figures(import_: dict[str, Any]) -> tuple[int, ...]:
    """read, good, bad, held, doubled; the last four are the first."""
    told = import_["rows"]
    found = tuple(told[name] for name in ("read", "good", "bad", "held", "doubled"))
    assert found[0] == sum(found[1:])
    assert told["good"] == told["created"] + told["updated"]
    return found


def done(client: TestClient, worked: Worked, content: bytes, **wanted: str) -> dict[str, Any]:
    """An import that was checked and committed."""
    import_ = sent(client, content, **wanted)
    worked()
    assert seen(client, import_)["state"] == "checked", seen(client, import_)
    assert client.post(import_["links"]["commit"], json={"choice": "good_rows"}).status_code == 202
    worked()
    assert seen(client, import_)["state"] == "done", seen(client, import_)
    return seen(client, import_)


def test_a_file_is_checked_first_and_goes_in_when_somebody_says_so(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    import_ = sent(coordinator, table(*(line(n) for n in range(20)), line(20, kategori="RYMD")))
    assert import_["state"] == "queued"
    worked()
    checked = seen(coordinator, import_)
    assert (checked["state"], figures(checked), checked["rows"]["count"]) == ("checked", (21, 20, 1, 0, 0), 21)
    assert checked["preview"]["guess"]["format"] == "csv"
    assert checked["preview"]["guess"]["separator"] == ";"
    assert [row["source_ref"] for row in checked["preview"]["rows"]] == [f"V-{n}" for n in range(10)]
    assert len(checked["preview"]["map"]["features"]) == 20
    assert [(c["kind"], c["code"], c["count"]) for c in checked["commonest"]] == [("bad", "unknown-category", 1)]
    assert rows(database) == 0

    answer = coordinator.post(checked["links"]["commit"], json={"choice": "good_rows"})
    assert (answer.status_code, answer.json()["state"]) == (202, "importing")
    worked()
    stored = seen(coordinator, import_)
    assert (stored["state"], figures(stored), stored["rows"]["created"]) == ("done", (21, 20, 1, 0, 0), 20)
    assert rows(database) == 20
    assert stored["rows_per_second"] > 0
    assert len(coordinator.get(INCIDENTS).json()["features"]) == 20


def test_a_form_does_the_same(coordinator: TestClient, database: Database, worked: Worked) -> None:
    answer = coordinator.post(
        IMPORTS,
        data={"source": "vaktbolaget", "choice": "good_rows"},
        files={"file": ("C:\\rapporter\\vakt november.csv", table(line(1), line(2)), "text/csv")},
    )
    assert (answer.status_code, answer.json()["file_name"]) == (202, "vakt november.csv"), answer.text
    worked()
    assert (seen(coordinator, answer.json())["state"], rows(database)) == ("done", 2)


def test_the_same_file_again_doubles_nothing_and_a_changed_row_changes(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    done(coordinator, worked, table(line(1), line(2), line(3)))
    again = done(coordinator, worked, table(line(1), line(2, text="Två krossade rutor"), line(3), line(4)))
    assert figures(again) == (4, 2, 0, 0, 2)
    assert (again["rows"]["created"], again["rows"]["updated"]) == (1, 1)
    assert rows(database) == 4
    with psycopg.connect(database.conninfo()) as conn:
        told = conn.execute("SELECT text, version FROM incidents WHERE source_ref = 'V-2'").fetchone()
        before = conn.execute("SELECT content ->> 'text' FROM incident_versions").fetchall()
    assert (told, before) == (("Två krossade rutor", 2), [("Krossad ruta",)])
    assert figures(done(coordinator, worked, table(line(2, text="Två krossade rutor")))) == (1, 0, 0, 0, 1)


def test_rows_without_references_are_told_apart_by_how_often_they_come(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    same = line(1, referens="")
    assert figures(done(coordinator, worked, table(same, same, line(2, referens="")))) == (3, 3, 0, 0, 0)
    again = done(coordinator, worked, table(same, line(2, referens=""), same, same, line(3, referens="")))
    assert figures(again) == (5, 2, 0, 0, 3)
    assert rows(database) == 5


def test_of_rows_with_one_reference_the_first_counts(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    content = table(line(1), line(2), line(1, text="En ruta till"))
    first = done(coordinator, worked, content)
    assert figures(first) == (3, 2, 0, 0, 1)
    told = coordinator.get(first["links"]["errors"]).json()["rows"]
    assert [(t["row"], t["kind"], t["problems"][0]["code"]) for t in told] == [(4, "doubled", "repeated-reference")]
    assert figures(done(coordinator, worked, content)) == (3, 0, 0, 0, 3)
    with psycopg.connect(database.conninfo()) as conn:
        assert conn.execute("SELECT count(*) FROM incident_versions").fetchone() == (0,)


def test_a_row_with_personal_data_is_held_and_its_text_is_kept_nowhere(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    secret = "19811218-9876"
    import_ = done(coordinator, worked, table(line(1), line(2, text=f"Vittne {secret}")))
    assert figures(import_) == (2, 1, 0, 1, 0)
    told = coordinator.get(import_["links"]["errors"]).json()["rows"]
    assert [(t["row"], t["kind"], t["problems"][0]["column"]) for t in told] == [(3, "held", "text")]
    assert told[0]["problems"][0]["values"] == {"pattern": "personal-identity-number"}
    with psycopg.connect(database.conninfo()) as conn:
        tables = conn.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for (name,) in tables.fetchall():
            text = conn.execute(f"SELECT string_agg(CAST(t AS text), '') FROM {name} AS t").fetchone()
            assert secret not in str(text), name


def test_all_or_nothing_lets_nothing_in_while_a_row_is_refused(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    import_ = sent(coordinator, table(line(1), line(2, kategori="RYMD")), choice="all_or_nothing")
    worked()
    assert (seen(coordinator, import_)["state"], rows(database)) == ("refused", 0)
    import_ = sent(coordinator, table(line(1), line(2)), choice="all_or_nothing")
    worked()
    assert (seen(coordinator, import_)["state"], rows(database)) == ("done", 2)


def test_a_checked_file_with_refused_rows_cannot_be_committed_as_a_whole(
    coordinator: TestClient, worked: Worked
) -> None:
    import_ = sent(coordinator, table(line(1), line(2, kategori="RYMD")))
    worked()
    answer = coordinator.post(import_["links"]["commit"], json={"choice": "all_or_nothing"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/invalid-transition")


def test_an_import_is_undone_as_a_whole_and_can_come_again(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    done(coordinator, worked, table(line(1, text="Som det var")))
    content = table(line(1, text="Ändrad"), line(2), line(3, referens=""))
    import_ = done(coordinator, worked, content)
    assert coordinator.delete(import_["links"]["self"]).status_code == 202
    worked()
    assert seen(coordinator, import_)["state"] == "undone"
    states = "SELECT text, state FROM incidents ORDER BY source_ref NULLS LAST, text"
    with psycopg.connect(database.conninfo()) as conn:
        assert conn.execute(states).fetchall() == [
            ("Som det var", "approved"),
            ("Krossad ruta", "withdrawn"),
            ("Krossad ruta", "withdrawn"),
        ]
    again = done(coordinator, worked, content)
    assert (figures(again), again["rows"]["updated"], rows(database)) == ((3, 3, 0, 0, 0), 3, 3)
    with psycopg.connect(database.conninfo()) as conn:
        assert {state for _, state in conn.execute(states).fetchall()} == {"approved"}
        told = conn.execute("SELECT count(*) FROM audit_lines WHERE action = 'import.undone'").fetchone()
    assert told == (1,)


def test_an_incident_that_a_person_withdrew_stays_withdrawn(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    done(coordinator, worked, table(line(1)))
    with psycopg.connect(database.conninfo()) as conn:
        incident = conn.execute("SELECT id FROM incidents").fetchone()
    assert incident
    assert coordinator.delete(f"{INCIDENTS}/{incident[0]}").status_code == 204
    again = done(coordinator, worked, table(line(1)))
    told = coordinator.get(again["links"]["errors"]).json()["rows"]
    assert (figures(again), told[0]["problems"][0]["code"]) == ((1, 0, 0, 0, 1), "withdrawn-before")


def test_a_cancelled_import_leaves_nothing(coordinator: TestClient, database: Database, worked: Worked) -> None:
    import_ = sent(coordinator, table(line(1)))
    assert coordinator.post(import_["links"]["cancel"]).json()["state"] == "cancelled"
    worked()
    assert (seen(coordinator, import_)["state"], rows(database)) == ("cancelled", 0)
    assert coordinator.post(import_["links"]["cancel"]).status_code == 409
    assert coordinator.delete(import_["links"]["self"]).status_code == 409


def test_the_error_file_is_the_same_file_with_a_column_more(coordinator: TestClient, worked: Worked) -> None:
    import_ = sent(
        coordinator,
        table(line(1), line(2, kategori="RYMD", text='=HYPERLINK("http://x")'), line(3, lon="-2,5", text="+46 går")),
    )
    worked()
    answer = coordinator.get(import_["links"]["errors.csv"], params={"language": "en"})
    assert answer.headers["content-type"].startswith("text/csv")
    found = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert found[0] == [*HEADER.split(";"), "Error"]
    assert [row[-1] != "" for row in found[1:]] == [False, True, True]
    assert found[2][-2] == '\'=HYPERLINK("http://x")'
    assert (found[3][3], found[3][-2]) == ("-2,5", "'+46 går")
    refused = coordinator.get(import_["links"]["errors.csv"], params={"rows": "refused"})
    assert len(refused.text.splitlines()) == 3


def test_only_the_importer_sees_what_the_file_holds(
    as_role: AsRole, tokens: Any, database: Database, worked: Worked
) -> None:
    coordinator, police, other = as_role("coordinator"), as_role("police"), as_role("other_coordinator")
    import_ = sent(coordinator, table(line(1), line(2, kategori="RYMD")))
    worked()
    assert seen(coordinator, import_)["preview"] is not None
    for stranger in (police, other):
        assert stranger.get(import_["links"]["self"]).status_code == 404
        assert stranger.get(import_["links"]["errors"]).status_code == 404
        assert stranger.get(import_["links"]["errors.csv"]).status_code == 404
        assert stranger.get(import_["links"]["events"]).status_code == 404
    for role in ("reporter", "external_reporter", "analyst", "leadership", "map_client", "auditor", "admin"):
        assert as_role(role).get(import_["links"]["self"]).status_code == 403, role
        assert as_role(role).post(IMPORTS, params=SOURCE, content=b"x").status_code == 403, role


def test_progress_is_told_as_events(coordinator: TestClient, worked: Worked) -> None:
    import_ = sent(coordinator, table(line(1), line(2)))
    worked()
    with coordinator.stream("GET", import_["links"]["events"]) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(one.removeprefix("data: ")) for one in answer.iter_lines() if one.startswith("data: ")]
    assert [(t["state"], t["rows"]["read"]) for t in told] == [("checked", 2)]


def test_another_way_to_read_the_file_is_checked_anew(coordinator: TestClient, worked: Worked) -> None:
    import_ = sent(coordinator, table(line(1, kategori="RYMD"), line(2)))
    worked()
    assert figures(seen(coordinator, import_)) == (2, 1, 1, 0, 0)
    answer = coordinator.patch(
        import_["links"]["self"], json={"profile": {"categories": {"RYMD": "KLO", "SKD": "SKD"}}}
    )
    assert answer.status_code == 200, answer.text
    worked()
    assert figures(seen(coordinator, import_)) == (2, 2, 0, 0, 0)
    assert coordinator.post(import_["links"]["commit"], json={}).status_code == 202
    worked()
    direct = sent(coordinator, table(line(3, kategori="RYMD")), choice="good_rows")
    worked()
    assert figures(seen(coordinator, direct)) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "state"), [(b"\x00\x01\x02", "failed"), (b"", "refused"), (b"a;b\r\n1;2\r\n", "failed")]
)
def test_a_file_that_is_none_ends_with_a_sentence(
    coordinator: TestClient, worked: Worked, content: bytes, state: str
) -> None:
    answer = coordinator.post(IMPORTS, params=SOURCE, content=content)
    if state == "refused":
        assert (answer.status_code, codes(answer)) == (422, [("file", "no-file")])
        return
    worked()
    found = seen(coordinator, answer.json())
    assert found["state"] == "failed"
    assert found["failure"]["sv"]
    assert found["failure"]["en"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"source": "x"}, "filename"),
        ({"filename": "x.csv"}, "source"),
        ({"filename": "x.csv", "source": "x" * 61}, "source"),
        ({"filename": "x.csv", "source": "x\x00y"}, "source"),
    ],
)
def test_what_is_missing_around_a_file_is_said(
    coordinator: TestClient, settings: Any, params: dict[str, str], field: str
) -> None:
    answer = coordinator.post(IMPORTS, params=params, content=table(line(1)))
    assert (answer.status_code, [f for f, _ in codes(answer)]) == (422, [field])
    assert list(settings.uploads_folder.iterdir()) == []


def test_broken_forms_are_refused_and_leave_nothing(coordinator: TestClient, settings: Any) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n1;2\r\n'
    odd = '--x\r\nContent-Disposition: form-data; name="\ufffd\u0142"; filename*=x\r\n\r\n1\r\n--x--\r\n'.encode()
    for body in (odd, b"", b"nothing", part, part + part + b"--x--\r\n", b"--x--\r\n", part[:40]):
        answer = coordinator.post(IMPORTS, params={"source": "x"}, content=body, headers=kind)
        assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM), (body, answer.text)
    answer = coordinator.post(IMPORTS, params=SOURCE, content=b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert list(settings.uploads_folder.iterdir()) == []


def test_a_profile_that_is_none_is_refused(coordinator: TestClient) -> None:
    for profile in ("[]", "{", '{"kind": "stars"}'):
        answer = coordinator.post(
            IMPORTS, data={"source": "x", "profile": profile}, files={"file": ("a.csv", table(line(1)))}
        )
        assert answer.status_code == 422, (profile, answer.text)


def test_what_is_not_there_cannot_be_found(coordinator: TestClient) -> None:
    nowhere = f"{IMPORTS}/{uuid4()}"
    assert coordinator.get(nowhere).status_code == 404
    assert coordinator.delete(nowhere).status_code == 404
    assert coordinator.post(f"{nowhere}/commit", json={}).status_code == 404
    assert coordinator.post(f"{nowhere}/places", json={"row": 1, "place": str(uuid4())}).status_code == 404


def test_counts_by_area_go_in_beside_the_incidents(coordinator: TestClient, database: Database, worked: Worked) -> None:
    content = (
        "Område;Månad;Brott;Antal\r\nCentrum;2026-01;Skadegörelse;12\r\nCentrum;2026-02;Skadegörelse;7\r\n".encode()
    )
    import_ = done(coordinator, worked, content, source="bra-statistik")
    assert (figures(import_), rows(database)) == ((2, 2, 0, 0, 0), 0)
    found = coordinator.get("/api/v1/area-figures").json()["figures"]
    assert [(f["area"], f["category"], f["count"]) for f in found] == [("Centrum", "SKD", 12), ("Centrum", "SKD", 7)]
    assert figures(done(coordinator, worked, content, source="bra-statistik")) == (2, 0, 0, 0, 2)
    changed = done(coordinator, worked, content.replace(b";7", b";8"), source="bra-statistik")
    assert figures(changed) == (2, 1, 0, 0, 1)
    coordinator.delete(changed["links"]["self"])
    worked()
    assert [f["count"] for f in coordinator.get("/api/v1/area-figures").json()["figures"]] == [12]


def test_likely_doubles_across_sources_are_proposed_and_a_person_decides(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    done(coordinator, worked, table(line(1), line(500)), source="vaktbolaget")
    done(coordinator, worked, table(line(2, lat=f"{CENTRE[1]:.5f}"), line(1000)), source="polisen")
    links = coordinator.get("/api/v1/incident-links").json()["links"]
    assert len(links) == 1
    assert links[0]["distance_m"] < 100
    decided = coordinator.post(f"/api/v1/incident-links/{links[0]['id']}/decision", json={"state": "confirmed"})
    assert decided.json()["state"] == "confirmed"
    assert coordinator.get("/api/v1/incident-links").json()["links"] == []
    own = coordinator.get("/api/v1/incident-links", params={"state": "confirmed", "incident": links[0]["first_id"]})
    assert [one["id"] for one in own.json()["links"]] == [links[0]["id"]]
    assert rows(database) == 4
    pair = {"first_id": links[0]["first_id"], "second_id": links[0]["first_id"]}
    assert coordinator.post("/api/v1/incident-links", json=pair).status_code == 422
    assert coordinator.post("/api/v1/incident-links", json=pair | {"second_id": str(uuid4())}).status_code == 404
    pair["second_id"] = links[0]["second_id"]
    assert coordinator.post("/api/v1/incident-links", json=pair).status_code == 201
    nowhere = f"/api/v1/incident-links/{uuid4()}/decision"
    assert coordinator.post(nowhere, json={"state": "dismissed"}).status_code == 404


def test_the_crosswalk_of_crime_codes_can_be_changed(coordinator: TestClient, as_role: AsRole) -> None:
    address = "/api/v1/crime-codes"
    shipped = {c["code"]: c["category"] for c in coordinator.get(address).json()["crime_codes"]}
    assert coordinator.put(f"{address}/0355", json={"category": "RAN"}).json()["is_own"] is True
    assert coordinator.put(f"{address}/08*", json={"category": "INB"}).status_code == 200
    found = {c["code"]: c["category"] for c in coordinator.get(address).json()["crime_codes"]}
    assert found == shipped | {"0355": "RAN", "08*": "INB"}
    for code in ("0355", "08*", "0355"):
        assert coordinator.delete(f"{address}/{code}").status_code == 204
    assert {c["code"]: c["category"] for c in coordinator.get(address).json()["crime_codes"]} == shipped
    assert codes(coordinator.put(f"{address}/abc", json={"category": "RAN"})) == [("code", "no-crime-code")]
    assert codes(coordinator.put(f"{address}/0355", json={"category": "X"})) == [("category", "unknown-category")]
    assert as_role("reporter").get(address).status_code == 403


def test_a_large_file_is_allowed_and_a_too_large_one_refused(
    coordinator: TestClient, settings: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    beyond_a_report = table(*(line(n) for n in range(80_000)))
    assert len(beyond_a_report) > settings.max_body_bytes
    assert coordinator.post(IMPORTS, params=SOURCE, content=beyond_a_report).status_code == 202
    app.state.services = __import__("dataclasses").replace(app.state.services, max_upload_bytes=1_000)
    answer = coordinator.post(IMPORTS, params=SOURCE, content=b"x" * 1_001)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


def test_what_is_read_of_an_upload_stands_in_the_log_with_its_rows(
    coordinator: TestClient, database: Database, worked: Worked
) -> None:
    import_ = sent(coordinator, table(line(1), line(2), line(3, kategori="RYMD")))
    coordinator.get(import_["links"]["self"])  # there is nothing to show yet
    worked()
    seen(coordinator, import_)
    coordinator.get(import_["links"]["errors.csv"], params={"rows": "refused"})
    with psycopg.connect(database.conninfo()) as conn:
        told = conn.execute(
            "SELECT action, figures ->> 'rows' FROM audit_lines WHERE subject = %s AND action IN ('upload.read',"
            " 'read.ended') ORDER BY id",
            [import_["id"]],
        ).fetchall()
    assert told == [("upload.read", None), ("read.ended", "4"), ("upload.read", None), ("read.ended", "1")]


def test_a_token_that_sees_coarsely_sees_nothing_of_imports(
    coordinator: TestClient, as_role: AsRole, app: FastAPI, worked: Worked
) -> None:
    import_ = done(coordinator, worked, table(line(1)))
    wanted = {"organisation": LINDESTA, "account": "coordinator", "name": "Karta", "precision": "snapped"}
    issued = as_role("admin").post("/api/v1/tokens", json=wanted | {"ends_at": f"{NOW + timedelta(days=30):%FT%TZ}"})
    assert issued.status_code == 201, issued.text
    coarse = TestClient(app, headers={"Authorization": f"Bearer {issued.json()['secret']}"})
    for name in ("self", "errors", "errors.csv", "events"):
        assert coarse.get(import_["links"][name]).status_code == 403, name
    assert coarse.post(IMPORTS, params=SOURCE, content=table(line(2))).status_code == 403


def test_files_that_are_sent_count_as_writes(app: FastAPI, coordinator: TestClient) -> None:
    app.state.services = dataclasses.replace(app.state.services, limits=Limits(writes=1))
    assert [coordinator.post(IMPORTS, params=SOURCE, content=table(line(n))).status_code for n in (1, 2)] == [202, 429]
