"""How answers are served: validators, sign-in, the audit log, forms, tiles, long answers."""

import base64
import csv
import io
import math
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import geopandas
import httpx2
import psycopg
import pyogrio
import pytest
import shapely
import zstandard
from fastapi import FastAPI

from app.store import tx
from tests import factories
from tests.conftest import Database, opened
from tests.factories import Actors, raw, reported
from tests.ogc.conftest import COUNT, TEXT, Reading, crowd

HOTSPOTS = "/ogc/collections/hotspots/items"
INCIDENTS = "/ogc/collections/incidents/items"
TILES = "/ogc/collections/incidents/tiles/WebMercatorQuad"
MANY = 12_000


def tile_of(z: int, lon: float, lat: float) -> tuple[int, int]:
    """Row and column."""
    share = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int(share * 2**z), int((lon + 180) / 360 * 2**z)


ROW, COLUMN = tile_of(14, 15.8485, 59.6472)  # of the first group
AT_14 = f"14/{ROW}/{COLUMN}"


def audited(world: Database, count: int) -> list[tuple[str, dict[str, object]]]:
    with psycopg.connect(world.conninfo()) as conn:
        rows = conn.execute("SELECT action, figures FROM audit_lines ORDER BY id DESC LIMIT %s", (count,)).fetchall()
    return [(action, figures) for action, figures in reversed(rows)]


# ---------------------------------------------------------------- validators


@pytest.mark.parametrize("path", [HOTSPOTS, INCIDENTS, "/ogc/collections/areas/items"])
@pytest.mark.parametrize("role", ["coordinator", "reporter"])
def test_what_the_client_has_is_not_sent_again(reading: Reading, path: str, role: str) -> None:
    client = reading(role)
    first = client.get(path)
    assert first.headers["cache-control"] == "private, no-cache"
    assert {"Accept", "Authorization"} <= {part.strip() for part in first.headers["vary"].split(",")}
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(f"{path}?limit=1", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_hot_spots_say_when_they_were_adopted(reading: Reading) -> None:
    assert reading("map_client").get(HOTSPOTS).headers["last-modified"] == "Mon, 16 Nov 2026 12:00:00 GMT"


def test_readers_of_different_scope_have_different_validators(reading: Reading) -> None:
    tags = {role: reading(role).get(INCIDENTS).headers["etag"] for role in ("coordinator", "reporter", "police")}
    assert len(set(tags.values())) == 3


def test_a_change_is_seen_at_once(reading: Reading, world: Database, actors: Actors) -> None:
    client = reading("analyst")
    before = client.get(f"{INCIDENTS}?limit=100")
    with opened(world) as db:
        reported(db, actors["coordinator"], [raw(category="NED", source_ref="ny")])
        factories.adopted_run(db, actors["coordinator"], (15.80, 59.60))
    after = client.get(f"{INCIDENTS}?limit=100", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["numberMatched"] == before.json()["numberMatched"] + 1
    assert client.get(HOTSPOTS).json()["features"][0]["geometry"]["coordinates"][0][0] == [15.80001, 59.6]


# ---------------------------------------------------------------- sign-in


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_the_token_is_the_password_of_http_basic(map_app: FastAPI, reading: Reading, tokens: dict[str, str]) -> None:
    client = reading("admin")
    for name in ("", "qgis", "Åsa"):
        answer = client.get(HOTSPOTS, headers=basic(name, tokens["map_client"]))
        assert (answer.status_code, answer.json()["numberMatched"]) == (200, 1)
    for headers in (basic("x", "wrong"), {"Authorization": "Basic %%%"}, {"Authorization": "Basic"}, basic("", "")):
        refused = client.get(HOTSPOTS, headers=headers)
        assert refused.status_code == 401
        assert refused.headers.get_list("www-authenticate") == [
            'Bearer realm="lagesbild"', 'Basic realm="lagesbild", charset="UTF-8"',
        ]  # fmt: skip


def test_a_password_that_a_browser_remembers_writes_nothing(reading: Reading, tokens: dict[str, str]) -> None:
    answer = reading("admin").post("/api/v1/incidents", json={}, headers=basic("x", tokens["coordinator"]))
    assert answer.status_code == 401


# ---------------------------------------------------------------- the audit log


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        (f"{INCIDENTS}?limit=4", 4),
        (f"{INCIDENTS}?f=csv&category=BUS", 2),
        (f"{INCIDENTS}?f=parquet&category=BUS", 2),
        (f"{TILES}/{AT_14}", None),
    ],
)
def test_exact_positions_leave_between_two_lines_of_the_log(
    reading: Reading, world: Database, path: str, rows: int | None
) -> None:
    assert reading("coordinator").get(path).status_code in {200, 204}
    (began, asked), (ended, told) = audited(world, 2)
    assert (began, ended) == ("incidents.read", "read.ended")
    assert asked["collection"] == "incidents"
    assert told["whole"] is True
    assert rows is None or told["rows"] == rows


def test_the_log_tells_the_bounds_and_no_words(reading: Reading, world: Database) -> None:
    query = "bbox=15.8,59.6,15.9,59.7&datetime=2026-01-01/..&category=Ada+Testsson&filter=text='Ada+Testsson'"
    assert reading("coordinator").get(f"{INCIDENTS}?{query}").status_code == 200
    (_, asked), _ = audited(world, 2)
    assert (asked["bbox"], asked["datetime"], asked["by"]) == ("15.8,59.6,15.9,59.7", "2026-01-01/..", ["category"])
    assert asked["filter_chars"] == 19
    assert "Ada" not in str(asked)


def test_a_refused_filter_leaves_no_line_and_reads_nothing(reading: Reading, world: Database) -> None:
    before = audited(world, 1)
    assert reading("coordinator").get(f"{INCIDENTS}?filter=pg_sleep(9)=1").status_code == 400
    assert audited(world, 1) == before


# ---------------------------------------------------------------- forms


def test_csv_opens_in_a_spreadsheet_and_carries_nothing_out(reading: Reading) -> None:
    answer = reading("coordinator").get(f"{INCIDENTS}?f=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="incidents.csv"'
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) >= COUNT + 5
    odd = next(row for row in rows if row["text"])
    assert (odd["text"], odd["source_ref"]) == (TEXT, "'=1+1")
    assert 15.7 < float(odd["x"]) < 16
    shapes = reading("map_client").get(f"{HOTSPOTS}?f=csv").content.decode("utf-8-sig")
    assert shapely.from_wkt(next(csv.DictReader(io.StringIO(shapes)))["geometry"]).is_valid


@pytest.mark.parametrize("crs", [None, "http://www.opengis.net/def/crs/EPSG/0/3006"])
def test_geoparquet_opens_in_geopandas(reading: Reading, crs: str | None) -> None:
    query = {"f": "parquet"} | ({"crs": crs} if crs else {})
    answer = reading("coordinator").get(INCIDENTS, params=query)
    frame = geopandas.read_parquet(io.BytesIO(answer.content))
    assert len(frame) >= COUNT + 5
    assert frame.crs.to_epsg() == 3006 if crs else frame.crs.to_string() == "OGC:CRS84"
    assert frame.geometry.x.max() > (500_000 if crs else 15)
    assert TEXT in set(frame["text"])
    assert str(frame["occurred_from"].dtype).startswith("datetime64")


def test_an_empty_collection_is_an_answer_in_every_form(reading: Reading) -> None:
    client = reading("other_analyst")
    assert client.get(INCIDENTS).json()["numberMatched"] == 0
    assert len(client.get(f"{INCIDENTS}?f=csv").text.splitlines()) == 1
    assert len(geopandas.read_parquet(io.BytesIO(client.get(f"{INCIDENTS}?f=parquet").content))) == 0


def test_answers_are_packed_as_the_client_takes_them(live_map: str, tokens: dict[str, str]) -> None:
    with httpx2.Client(base_url=live_map, headers={"Authorization": f"Bearer {tokens['coordinator']}"}) as client:
        answers = {}
        for how in ("identity", "gzip", "zstd", "br"):
            with client.stream("GET", f"{INCIDENTS}?limit=100", headers={"Accept-Encoding": how}) as answer:
                answers[how] = (answer.headers.get("content-encoding"), b"".join(answer.iter_raw()))
    assert [encoding for encoding, _ in answers.values()] == [None, "gzip", "zstd", None]
    plain = answers["identity"][1]
    assert zstandard.ZstdDecompressor().decompressobj().decompress(answers["zstd"][1])[:40] == plain[:40]
    assert len(answers["gzip"][1]) < len(plain) / 3


def test_the_style_is_qgis_own_kind_of_document(reading: Reading) -> None:
    answer = reading("map_client").get("/ogc/collections/hotspots/style.qml")
    assert answer.headers["content-type"] == "application/xml"
    assert '<renderer-v2 type="graduatedSymbol" attr="count"' in answer.text
    assert reading("map_client").get("/ogc/collections/areas/style.qml").status_code == 404


# ---------------------------------------------------------------- tiles


def features_of(tile: bytes, z: int, x: int, y: int, folder: Path) -> geopandas.GeoDataFrame:
    place = folder / str(z) / str(x) / f"{y}.pbf"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(tile)
    return pyogrio.read_dataframe(f"MVT:{place}")


def test_low_zooms_count_and_high_zooms_show(reading: Reading, here: Path) -> None:
    client = reading("coordinator")
    total = client.get(f"{INCIDENTS}?limit=1").json()["numberMatched"]
    low = features_of(client.get(f"{TILES}/8/74/139").content, 8, 139, 74, here)
    assert low["count"].sum() == total
    assert len(low) < 10
    near = client.get(f"{INCIDENTS}?limit=1&bbox=15.8475,59.6468,15.8495,59.6478").json()["numberMatched"]
    assert near == 20
    high = features_of(client.get(f"{TILES}/{AT_14}").content, 14, COLUMN, ROW, here)
    assert {"id", "category", "occurred_from"} <= set(high.columns)
    assert "text" not in high.columns
    assert client.get(f"{TILES}/14/0/0").status_code == 204


def test_a_tile_can_be_filtered_and_kept(reading: Reading, here: Path) -> None:
    client = reading("coordinator")
    answer = client.get(f"{TILES}/8/74/139", params={"filter": "category = 'BUS'"})
    assert features_of(answer.content, 8, 139, 74, here)["count"].sum() == 2
    held = client.get("/ogc/collections/areas/tiles/WebMercatorQuad/8/74/139")
    again = client.get(
        "/ogc/collections/areas/tiles/WebMercatorQuad/8/74/139", headers={"If-None-Match": held.headers["etag"]}
    )
    assert (held.status_code, again.status_code) == (200, 304)
    repeated = client.get("/ogc/collections/areas/tiles/WebMercatorQuad/8/74/139")
    assert repeated.content == held.content


# ---------------------------------------------------------------- long answers


@pytest.fixture
def crowded(world: Database) -> Database:
    with psycopg.connect(world.conninfo()) as conn:
        row = conn.execute("SELECT count(*) FROM incidents").fetchone()
    if row is not None and row[0] < MANY:
        crowd(world, MANY)
    return world


def test_a_long_file_has_every_row_once(reading: Reading, crowded: Database) -> None:
    client = reading("coordinator")
    total = client.get(f"{INCIDENTS}?limit=1").json()["numberMatched"]
    assert total > MANY
    rows = list(csv.DictReader(io.StringIO(client.get(f"{INCIDENTS}?f=csv").content.decode("utf-8-sig"))))
    assert len({row["id"] for row in rows}) == len(rows) == total
    ordered = list(
        csv.DictReader(io.StringIO(client.get(f"{INCIDENTS}?f=csv&sortby=category").content.decode("utf-8-sig")))
    )
    assert len({row["id"] for row in ordered}) == total
    frame = geopandas.read_parquet(io.BytesIO(client.get(f"{INCIDENTS}?f=parquet").content))
    assert len(frame) == total


def test_a_slow_client_holds_no_transaction_and_leaving_ends_the_file(
    live_map: str, crowded: Database, tokens: dict[str, str]
) -> None:
    place = urlsplit(live_map)
    with socket.create_connection((place.hostname or "", place.port or 0)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(
            f"GET {INCIDENTS}?f=csv HTTP/1.1\r\nHost: {place.netloc}\r\n"
            f"Authorization: Bearer {tokens['coordinator']}\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        time.sleep(1)  # it reads nothing
        with psycopg.connect(crowded.conninfo()) as conn:
            states = conn.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lagesbild'"
                " AND datname = current_database() AND state LIKE 'idle in transaction%'"
            ).fetchone()
        assert states == (0,)
    for _ in range(100):
        told = audited(crowded, 1)[0]
        if told[0] == "read.ended":
            break
        time.sleep(0.1)
    assert told[0] == "read.ended"
    assert isinstance(told[1]["rows"], int)


def test_statements_that_take_too_long_are_stopped(crowded: Database) -> None:
    with opened(crowded) as db:
        assert isinstance(db, tx.Database)
        with db.engine.connect() as conn:
            assert conn.exec_driver_sql("SHOW statement_timeout").scalar() == "15s"


def test_people_find_what_to_paste(reading: Reading) -> None:
    page = reading("map_client").get("/anslut", follow_redirects=False)
    assert page.status_code == 303  # a page for people: by session, not by token
