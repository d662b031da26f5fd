"""Make a municipality's catchments for a year: fixed from then on, published, and what positions are snapped to."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.core import catchments as core
from app.core.audit import AuditAction
from app.core.catchments import Cells
from app.core.errors import ConflictError, FieldProblem, InvalidError, NotFoundError
from app.core.geo import to_metric
from app.core.permissions import May, check_may
from app.store import catchments, organisations
from app.store.tx import WriteTx

Addresses = Sequence[tuple[float, float]]  # longitude, latitude


def make_catchments(tx: WriteTx, municipality: str, year: int, *, k: int, addresses: Addresses | None = None) -> int:
    """Divide a municipality into catchments of at least k addresses, or of k places of incidents; how many.

    Zero when it holds fewer than k at all: then nothing of it is snapped, and nothing of it shown so. Raises
    ConflictError for a year that is not later than its newest set.
    """
    check_may(tx.actor, May.ADMINISTER)
    _check_year(year)
    found = catchments.municipality(tx, municipality)
    if found is None:
        raise NotFoundError(f"There is no municipality {municipality}.")
    municipality_id, outline = found
    newest = catchments.newest_year(tx, municipality_id)
    if newest is not None and year <= newest:
        raise ConflictError(f"{municipality} has catchments of {newest} already; they are fixed.")
    srid = organisations.metric_srid(tx)
    if addresses is None:
        basis, cells = "incidents", catchments.incident_cells(tx, municipality_id)
    else:
        basis, cells = "addresses", _cells(outline, addresses, srid)
    made = core.divide(outline, cells, k, srid)
    if made:
        catchments.add(tx, municipality_id, year, made, basis=basis, k=k)
        tx.record(AuditAction.CATCHMENTS_MADE, municipality, year=year, count=len(made), basis=basis, k=k)
    return len(made)


def _cells(outline: BaseGeometry, addresses: Addresses, srid: int) -> Cells:
    places = np.unique(np.array(addresses, dtype=np.float64).reshape(-1, 2), axis=0)
    inside = places[shapely.contains_xy(outline, places[:, 0], places[:, 1])]
    return core.cells_of(*to_metric(inside[:, 0], inside[:, 1], srid))


def _check_year(year: int) -> None:
    if not core.FIRST_YEAR <= year <= core.LAST_YEAR:
        sentence = f"Give a year from {core.FIRST_YEAR} to {core.LAST_YEAR}."
        raise InvalidError(sentence, (FieldProblem("year", "out-of-range", sentence),))
