"""Sharing rules over HTTP: made by administrators, seen by parties, ended, and refused when they mean nothing."""

from typing import Any

import pytest

from tests.api.conftest import AsRole
from tests.api.wire import CATCHMENTS, HOTSPOTS, INCIDENTS, PROBLEM, SHARING, codes, report, rule
from tests.factories import ELSEWHERE, HYTTFORS, LINDESTA


def test_a_rule_opens_what_it_says_and_ending_it_closes_it(as_role: AsRole) -> None:
    place = {"lon": ELSEWHERE[0], "lat": ELSEWHERE[1]}
    as_role("other_coordinator").post(INCIDENTS, json=report(position=place, text="Krossad ruta", source_ref="h-1"))
    reader = as_role("coordinator")
    before = reader.get(HOTSPOTS).headers["etag"]
    assert reader.get(INCIDENTS).json()["features"] == []
    made = as_role("admin").post(SHARING, json=rule(precision="exact", categories=["SKD"]))
    assert made.status_code == 201
    [feature] = reader.get(INCIDENTS).json()["features"]
    said = feature["properties"]
    assert (said["organisation"], said["precision"], said["text"]) == (HYTTFORS, "exact", None)
    one = reader.get(f"{INCIDENTS}/{feature['id']}").json()
    assert (one["precision"], one["text"], one["position"]) == ("exact", None, place)
    assert reader.patch(f"{INCIDENTS}/{feature['id']}", json={"category": "KLO"}).status_code == 404
    assert reader.delete(f"{INCIDENTS}/{feature['id']}").status_code == 404
    assert reader.get(HOTSPOTS).headers["etag"] != before
    [listed] = [r for r in reader.get(SHARING).json()["sharing_rules"] if r["id"] == made.json()["id"]]
    assert (listed["giver"], listed["receiver"], listed["is_in_force"]) == (HYTTFORS, LINDESTA, True)
    assert as_role("admin").delete(made.headers["Location"]).status_code == 204
    assert reader.get(INCIDENTS).json()["features"] == []
    assert reader.get(f"{INCIDENTS}/{feature['id']}").status_code == 404
    assert reader.get(HOTSPOTS).headers["etag"] == before


@pytest.mark.parametrize(
    ("changes", "status", "problem"),
    [
        ({"giver": "atlantis"}, 404, None),
        ({"receiver": "a\x00b"}, 422, None),
        ({"purpose": ""}, 422, ("purpose", "missing")),
        ({"purpose": "x" * 501}, 422, ("purpose", "string-too-long")),
        ({"valid_until": "2000-01-01"}, 422, ("valid_until", "past")),
        ({"valid_until": 4102358400}, 422, ("valid_until", "datetime-type")),
        ({"receiver": None}, 422, ("precision", "joint-is-exact")),
        ({"categories": ["XXX"]}, 422, ("categories.0", "unknown-category")),
        ({"precision": "fine"}, 422, ("precision", "enum")),
        ({"unknown": 1}, 422, ("unknown", "extra-forbidden")),
    ],
)
def test_a_rule_that_means_nothing_is_refused(
    as_role: AsRole, changes: dict[str, Any], status: int, problem: tuple[str, str] | None
) -> None:
    admin = as_role("admin")
    before = admin.get(SHARING).json()
    answer = admin.post(SHARING, json=rule(**changes))
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert problem is None or problem in codes(answer)
    assert admin.get(SHARING).json() == before


def test_catchments_of_no_municipality_are_none(as_role: AsRole) -> None:
    assert as_role("map_client").get(CATCHMENTS, params={"municipality": "atlantis"}).json()["features"] == []
    assert as_role("map_client").get(CATCHMENTS, params={"year": 26}).status_code == 422
