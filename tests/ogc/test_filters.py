"""CQL2 filters: what they find, and that nothing else can be said with them."""

import json
import statistics
import time
from typing import Any

import pytest

from tests.ogc.conftest import COUNT, TEXT, Reading

ALL = COUNT + 5
ITEMS = "/ogc/collections/incidents/items"
PLACE = "POLYGON((15.8475 59.6468,15.8495 59.6468,15.8495 59.6478,15.8475 59.6478,15.8475 59.6468))"
PLACE_3006 = "POLYGON((6612390 547790,6612390 547860,6612470 547860,6612470 547790,6612390 547790))"

FOUND = [
    ("category = 'BUS'", 2),
    ("category <> 'BUS'", ALL - 2),
    ("category IN ('BUS','OTR')", 3),
    ("category NOT IN ('BUS','OTR')", ALL - 3),
    ("category LIKE 'S%'", 36),
    ("CASEI(source_ref) = CASEI('åäö-1')", 1),
    ("CASEI(source_ref) LIKE CASEI('B-_')", 1),
    ("ACCENTI(source_ref) = ACCENTI('AAO-1')", 1),
    (f"text = '{TEXT}'", 1),
    ("text IS NULL", ALL - 1),
    ("text IS NOT NULL", 1),
    ("source_ref = '=1+1'", 1),
    ("source_ref = 'it''s'", 0),
    ("location_uncertainty_m BETWEEN 80 AND 90", 5),
    ("location_uncertainty_m > 15.5", 5),
    ("version = 1", ALL),
    ("version + 1 = 2 AND version * 2 = 2 AND version - 1 = 0 AND version / 1 = 1", ALL),
    ("version % 2 = 1 AND 7 div 2 = 3 AND 2 ^ 3 = 8", ALL),
    ("category = 'BUS' OR category = 'OTR' AND version = 2", 2),
    ("(category = 'BUS' OR category = 'OTR') AND version = 2", 0),
    ("NOT (category = 'BUS')", ALL - 2),
    ("occurred_from >= TIMESTAMP('2026-11-13T00:00:00Z')", 1),
    ("occurred_from >= '2026-11-13T00:00:00Z'", 1),
    ("occurred_from = DATE('2026-11-13')", 1),
    ("occurred_to > occurred_from", 1),
    ("T_AFTER(occurred_from, DATE('2026-11-12'))", 1),
    ("T_BEFORE(occurred_from, TIMESTAMP('2026-09-10T00:00:00Z'))", 1),
    ("T_DURING(INTERVAL(occurred_from, occurred_to), INTERVAL('2026-11-01','2026-11-16'))", 1),
    ("T_INTERSECTS(INTERVAL(occurred_from, occurred_to), INTERVAL('2026-11-14','2026-11-14'))", 1),
    ("T_INTERSECTS(occurred_from, INTERVAL('..','..'))", ALL),
    (f"S_INTERSECTS(geom, {PLACE})", 20),
    (f"S_WITHIN(geom, {PLACE}) AND category = 'SKD'", 20),
    (f"S_DISJOINT(geom, {PLACE})", ALL - 20),
    ("S_INTERSECTS(geom, BBOX(15.8475,59.6468,15.8495,59.6478))", 20),
    ("S_CONTAINS(BBOX(-180,-90,180,90), geom)", ALL),
    ("A_CONTAINS(marks, ('nope'))", 0),
    ("A_CONTAINEDBY(marks, ('a','b'))", ALL),
    ("TRUE", ALL),
    ("category = 'BUS' AND FALSE", 0),
    ("state = organisation", 0),
]


def matched(reading: Reading, **query: str) -> int:
    asked = {name.replace("_", "-"): value for name, value in query.items()}
    answer = reading("coordinator").get(ITEMS, params={"limit": "100", **asked})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["numberMatched"] == told["numberReturned"]
    return int(told["numberMatched"])


@pytest.mark.parametrize(("text", "count"), FOUND)
def test_a_filter_finds_what_it_says(reading: Reading, text: str, count: int) -> None:
    assert matched(reading, filter=text) == count


JSON_FOUND: list[tuple[Any, int]] = [
    ({"op": "=", "args": [{"property": "category"}, "BUS"]}, 2),
    ({"op": "and", "args": [{"op": "=", "args": [{"property": "category"}, "BUS"]}, True]}, 2),
    ({"op": "isNull", "args": [{"property": "text"}]}, ALL - 1),
    ({"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [15.8475, 59.6468, 15.8495, 59.6478]}]}, 20),
    ({"op": "t_after", "args": [{"property": "occurred_from"}, {"date": "2026-11-12"}]}, 1),
    ({"op": "in", "args": [{"property": "category"}, ["BUS", "OTR"]]}, 3),
]


@pytest.mark.parametrize(("tree", "count"), JSON_FOUND)
def test_a_filter_in_json_finds_the_same(reading: Reading, tree: Any, count: int) -> None:
    assert matched(reading, filter=json.dumps(tree), filter_lang="cql2-json") == count


def test_geometries_of_a_filter_follow_its_reference_system(reading: Reading) -> None:
    crs = "http://www.opengis.net/def/crs/EPSG/0/3006"
    assert matched(reading, filter=f"S_INTERSECTS(geom, {PLACE_3006})", filter_crs=crs) == 20


def test_a_coarse_reader_is_answered_about_the_coarse_image(reading: Reading) -> None:
    """The reporter sees the organisation's incidents only snapped or not at all: no filter finds the exact place."""
    answer = reading("reporter").get(ITEMS, params={"filter": f"S_INTERSECTS(geom, {PLACE})", "limit": "100"})
    assert answer.status_code == 200
    assert answer.json()["numberMatched"] == 0
    by_text = reading("reporter").get(ITEMS, params={"filter": "text IS NOT NULL"}).json()
    assert by_text["numberMatched"] == 0


HOSTILE = [
    "pg_sleep(10) = 1", "pg_sleep(10)", "query_to_xml('select 1',true,true,'') IS NULL", "current_user = 'x'",
    "set_config('lagesbild.incidents','x',true) = 'x'", "category = (SELECT 1)", "category = 'x'; DROP TABLE incidents",
    "category = 'x' -- '", "category = 'x' /* */", "category::int = 1", "CAST(category AS int) = 1",
    "1 = 1 UNION SELECT 1",
    "geom_metric IS NULL", "reported_by IS NULL", "organisation_id IS NULL", "content_hash IS NULL", "t.id = 'x'",
    '"t"."id" = \'x\'', '"id" = \'x\'', "ctid = '1'", "xmin = 1", "lower(category) = 'x'", "ST_Area(geom) > 1",
    "category = 5", "version = 'x'", "version = '1'", "occurred_from > 5", "occurred_from > 'x'", "category > geom",
    "geom = geom", "category AND version", "version", "category", "5", "'x'", "marks = 'x'", "category LIKE 5",
    "category LIKE 'x\\'", "version BETWEEN 'a' AND 'b'", "category IN (1,2)", "S_INTERSECTS(category, POINT(1 2))",
    "S_INTERSECTS(geom, POINT(1000 2000))", "S_INTERSECTS(geom, POLYGON((0 0,1 1,1 0,0 1,0 0)))",
    "T_AFTER(category, DATE('2026-01-01'))",
    "T_AFTER(occurred_from, DATE('2026-99-01'))", "T_AFTER(occurred_from, TIMESTAMP('yesterday'))",
    "a_contains(marks, (1,2))", "version = 1e999", "version / 0 = 1", "2 ^ 99999 = version",
    "((((" * 2500 + "version = 1" + "))))" * 2500, "NOT " * 10_000 + "version = 1", "f(" * 500 + "1" + ")" * 500,
    "version = 1" + " + 1" * 4_000, "category = '" + "x" * 30_000 + "'", "version = 1" + " AND version = 1" * 1_500,
    "", " ", "\x00", "category = '\x00'", "категория = 'x'", "category = ‘x’", "\ud7ff", "=", "()", "%", "category =",
    ":c0 = 1", "category = :c0", "$1 = 1", "category = %s", "{}", "[]", "null", "NULL = NULL",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:40]))
def test_what_is_no_filter_is_refused_in_words(reading: Reading, text: str) -> None:
    answer = reading("coordinator").get(ITEMS, params={"filter": text})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(word in answer.text for word in ("psycopg", "SELECT", "ST_", "operator does", "PANIC", " --> "))


HOSTILE_JSON: list[str] = [
    "[" * 10_000 + "]" * 10_000,
    '{"op":"and","args":[' * 800 + "true" + "]}" * 800,
    '{"op":"pg_sleep","args":[10]}',
    '{"op":"=","args":[{"property":"category"}]}',
    '{"op":"=","args":[{"property":"category"},"a","b"]}',
    '{"op":"="}',
    '{"op":5,"args":[]}',
    '{"op":"and","args":[]}',
    '{"op":"in","args":[{"property":"category"},[]]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Point","coordinates":["a","b"]}]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Polygon","coordinates":[[[0,0]]]}]}',
    '{"op":"s_intersects","args":[{"property":"geom"},{"bbox":[1,2]}]}',
    '{"op":"t_after","args":[{"property":"occurred_from"},{"interval":["a","b"]}]}',
    "NaN", "5", '"x"', "null", "{", "",
    '{"op":"=","args":[{"property":"version"},1e999]}',
    '{"op":"=","args":[{"property":"version"},NaN]}',
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_JSON, ids=lambda text: repr(text[:40]))
def test_what_is_no_filter_in_json_is_refused_in_words(reading: Reading, text: str) -> None:
    answer = reading("coordinator").get(ITEMS, params={"filter": text, "filter-lang": "cql2-json"})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.bench
def test_refusing_takes_no_longer_than_five_plain_filters(reading: Reading) -> None:
    """Told, not judged by the clock: the ratio is printed."""
    client = reading("coordinator")

    def seconds(text: str) -> float:
        begun = time.perf_counter()
        client.get(ITEMS, params={"filter": text, "limit": "1"})
        return time.perf_counter() - begun

    plain = statistics.median(seconds("version = 1") for _ in range(15))
    slowest = max((statistics.median(seconds(text) for _ in range(3)), text[:40]) for text in HOSTILE)
    print(f"\nslowest refusal: {slowest[0] / plain:.2f} of the plainest filter, {slowest[1]!r}")  # noqa: T201
