"""Make the joint picture of each local police area: by schedule, with the standard parameters, and in no other way.

It runs on a login of its own: no role of the web may use incidents for this. There are no filters to choose, since the
joint picture less the own points would then tell where others' are.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from app.core.analysis.joint import JointHotSpot, joint_picture
from app.core.analysis.params import AnalysisParams, ClusterRule, Weighting
from app.core.analysis.points import Points, midpoints_s, which_count
from app.core.audit import AuditAction
from app.core.permissions import system_actor
from app.store import categories, joint, organisations
from app.store.tx import Database

PERIOD = timedelta(weeks=52)
NOBODYS = UUID(int=0)  # it works for no organisation


def make_joint_pictures(database: Database, *, now: datetime, k: int, code_version: str) -> dict[str, int]:
    """How many hot spots each local police area's picture shows; `database` is that of the joint login."""
    actor = system_actor("joint analysis", NOBODYS)
    with database.read(actor) as tx:
        codes = joint.police_areas(tx)
    return {code: _make(database, code, now=now, k=k, code_version=code_version) for code in codes}


def _make(database: Database, police_area: str, *, now: datetime, k: int, code_version: str) -> int:
    actor = system_actor("joint analysis", NOBODYS)
    with database.read(actor) as tx:
        clustered = tuple(c["code"] for c in categories.page(tx) if c["is_clustered"])
        parties = joint.parties(tx, police_area)
        rows = joint.points(tx, police_area, now - PERIOD, now)
        srid = organisations.metric_srid(tx)
    params = AnalysisParams(
        since=now - PERIOD,
        until=now,
        organisations=parties,
        now=now,
        categories=clustered,
        rule=ClusterRule(),
        weighting=Weighting.COUNT,
    )
    found = _found(rows, params, parties, k, srid)
    run_id = uuid4()
    with database.write(actor) as tx:
        told = [{"rank": h.rank, "cells": list(h.cells), "properties": _properties(h, params, k)} for h in found]
        joint.add(tx, run_id, police_area, params, told, k=k, code_version=code_version)
        tx.record(AuditAction.JOINT_PICTURE_MADE, run_id, police_area=police_area, hotspots=len(found), k=k)
    return len(found)


def _found(
    rows: list[dict[str, Any]], params: AnalysisParams, parties: tuple[str, ...], k: int, srid: int
) -> list[JointHotSpot]:
    def column(name: str) -> Any:
        return np.array([row[name] for row in rows], dtype=np.float64)

    counts = which_count(
        column("from_s"),
        column("to_s"),
        np.array([row["category"] for row in rows], dtype=np.str_),
        column("uncertainty_m"),
        params,
    )
    kept = [row for row, is_counted in zip(rows, counts, strict=True) if is_counted]  # in the order of the query
    codes, category = np.unique([row["category"] for row in kept] or np.empty(0, np.str_), return_inverse=True)
    points = Points(
        xy=np.array([(row["x"], row["y"]) for row in kept], dtype=np.float64).reshape(-1, 2),
        occurred_s=midpoints_s(column("from_s"), column("to_s"))[counts],
        category=category.astype(np.int32),
        categories=tuple(str(code) for code in codes),
        source=np.zeros(len(kept), dtype=np.int32),
        sources=("",),
        uncertainty_m=column("uncertainty_m")[counts],
        epsg=srid,
    )
    controllers, cells = [row["controller"] for row in kept], [row["cell"] for row in kept]
    return joint_picture(points, controllers, cells, params, parties, k)


def _properties(hotspot: JointHotSpot, params: AnalysisParams, k: int) -> str:
    told = {
        "rank": hotspot.rank,
        "count_at_least": hotspot.count,
        "categories": list(hotspot.categories),
        "period_from": params.since.isoformat(),
        "period_to": params.until.isoformat(),
        "k": k,
    }
    return json.dumps(told, separators=(",", ":"))
