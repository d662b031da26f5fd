"""Many reports in one request: all or nothing, or the good ones; every problem by its index."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.batches import MOST_PROBLEMS_OF_ROW, MOST_ROWS
from app.edge.problems import MOST_PROBLEMS
from tests.api.wire import BATCH, INCIDENTS, codes, feature, report, reports, rows
from tests.conftest import Database


def collection(*features: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A GeoJSON FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features), **members}


def test_a_list_is_stored_and_answered_in_its_order(coordinator: TestClient, database: Database) -> None:
    answer = coordinator.post(BATCH, json=reports(3)).json()
    assert {k: answer[k] for k in ("created", "repeated", "refused", "errors")} == {
        "created": 3,
        "repeated": 0,
        "refused": 0,
        "errors": [],
    }
    references = [coordinator.get(f"{INCIDENTS}/{i}").json()["source_ref"] for i in answer["ids"]]
    assert references == ["r-0", "r-1", "r-2"]
    assert rows(database) == 3


def test_a_feature_collection_is_the_same_as_a_list(coordinator: TestClient) -> None:
    body = collection(feature(source_ref="1"), feature(source_ref="2"), name="lager", crs={"type": "name"})
    answer = coordinator.post(BATCH, json=body, headers={"Content-Type": "application/geo+json"})
    again = coordinator.post(BATCH, json=[report(source_ref="1"), report(source_ref="2")])
    assert (answer.status_code, again.status_code) == (201, 200)
    assert again.json()["ids"] == answer.json()["ids"]


@pytest.mark.parametrize("body", [[], collection()])
def test_an_empty_batch_stores_nothing_and_is_no_error(coordinator: TestClient, database: Database, body: Any) -> None:
    answer = coordinator.post(BATCH, json=body)
    assert (answer.status_code, answer.json()["ids"], rows(database)) == (200, [], 0)


def test_one_wrong_row_keeps_all_out(coordinator: TestClient, database: Database) -> None:
    answer = coordinator.post(BATCH, json=[*reports(2), report(category="XXX", position={"lon": 0, "lat": 0})])
    assert (answer.status_code, codes(answer)) == (
        422,
        [("2.category", "unknown-category"), ("2.position", "null-island")],
    )
    assert rows(database) == 0


def test_the_only_row_of_a_batch_has_an_index_too(coordinator: TestClient) -> None:
    answer = coordinator.post(BATCH, json=[report(category="XXX")])
    assert codes(answer) == [("0.category", "unknown-category")]


def test_the_good_rows_of_a_partial_batch_are_stored_and_the_others_told_by_index(
    coordinator: TestClient, database: Database
) -> None:
    coordinator.post(INCIDENTS, json=report(source_ref="taken"))
    batch = [
        report(source_ref="a"),
        report(category="XXX"),  # against a rule
        report(source_ref="taken", category="KLO"),  # against what is stored
        {"category": "SKD"},  # unreadable
        report(source_ref="a"),  # the first once more
        "not even an object",
        report(source_ref="b"),
    ]
    answer = coordinator.post(BATCH, params={"mode": "partial"}, json=batch)
    told = answer.json()
    assert (answer.status_code, told["created"], told["repeated"], told["refused"]) == (201, 2, 1, 4)
    assert [i is None for i in told["ids"]] == [False, True, True, True, False, True, False]
    assert told["ids"][0] == told["ids"][4]
    assert [(e["index"], e["field"], e["code"]) for e in told["errors"]] == [
        (1, "category", "unknown-category"),
        (2, "source_ref", "conflict"),
        (3, "occurred_from", "missing"),
        (3, "position", "missing"),
        (5, "", "model-type"),
    ]
    assert rows(database) == 3


def test_the_same_reference_twice_in_one_batch_with_other_content_keeps_all_out(
    coordinator: TestClient, database: Database
) -> None:
    answer = coordinator.post(BATCH, json=[report(source_ref="a"), report(source_ref="a", category="KLO")])
    assert (answer.status_code, codes(answer), rows(database)) == (409, [("1.source_ref", "conflict")], 0)


def test_a_batch_sent_again_stores_nothing(coordinator: TestClient, database: Database) -> None:
    first, again = (coordinator.post(BATCH, json=reports(5)) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json()["repeated"], again.json()["ids"]) == (5, first.json()["ids"])
    assert rows(database) == 5


def test_a_key_replays_a_partial_batch_with_each_id_in_its_place(coordinator: TestClient, database: Database) -> None:
    batch = [report(), report(category="XXX"), {"no": "report"}, report()]
    sent = [
        coordinator.post(BATCH, params={"mode": "partial"}, json=batch, headers={"Idempotency-Key": "1"})
        for _ in range(2)
    ]
    first, again = (answer.json() for answer in sent)
    assert again["ids"] == first["ids"]
    assert [i is None for i in again["ids"]] == [False, True, True, False]
    assert (again["created"], again["repeated"], again["refused"]) == (0, 2, 2)
    assert {e["index"] for e in again["errors"]} == {1, 2}
    assert rows(database) == 2


def test_a_key_belongs_to_one_mode(coordinator: TestClient) -> None:
    first, other = (
        coordinator.post(BATCH, params={"mode": mode}, json=[report()], headers={"Idempotency-Key": "1"})
        for mode in ("all", "partial")
    )
    assert (first.status_code, other.status_code) == (201, 422)


def test_more_rows_than_a_batch_holds_are_refused(coordinator: TestClient, database: Database) -> None:
    answer = coordinator.post(BATCH, json=[{}] * (MOST_ROWS + 1))
    assert (answer.status_code, answer.json()["type"], rows(database)) == (413, "/problems/too-large", 0)


@pytest.mark.parametrize(
    "body",
    [{}, {"type": "Feature"}, {"type": "FeatureCollection"}, {"features": []}, "text", 5, None, True],
    ids=repr,
)
def test_what_is_no_batch_is_refused(coordinator: TestClient, body: Any) -> None:
    answer = coordinator.post(BATCH, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert (answer.status_code, codes(answer)) == (422, [("", "no-batch")])


def test_a_batch_that_is_wrong_from_end_to_end_is_told_so_without_telling_all(
    coordinator: TestClient, database: Database
) -> None:
    unknown = {f"kolumn_{chr(97 + n // 26)}{chr(97 + n % 26)}": "x" for n in range(60)}
    whole = coordinator.post(BATCH, json=[report(**unknown)] * 300)
    assert (whole.status_code, len(whole.json()["errors"])) == (422, MOST_PROBLEMS)
    rowwise = coordinator.post(BATCH, params={"mode": "partial"}, json=[report(**unknown), report()])
    assert (rowwise.json()["created"], len(rowwise.json()["errors"])) == (1, MOST_PROBLEMS_OF_ROW)
    assert rows(database) == 1


def test_problems_of_a_feature_are_told_in_its_own_words(coordinator: TestClient) -> None:
    wrong = feature()
    wrong["geometry"] = {"type": "LineString", "coordinates": [[15, 59], [16, 60]]}
    del wrong["properties"]["category"]
    answer = coordinator.post(BATCH, json=collection(feature(), wrong))
    assert {field for field, _ in codes(answer)} >= {"1.geometry.type", "1.properties.category"}
