"""How an upload is read: opened, understood, cut into chunks that are judged while the last one is being stored."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, TypeVar

from app.actions import incidents as reports
from app.actions.imports.settling import Chunk, note_of
from app.core.categories import Category
from app.core.imports import profile as profiles
from app.core.imports.crime_codes import SHIPPED
from app.core.imports.known import Known
from app.core.imports.problems import Held, RowErrors
from app.core.imports.profile import Kind, Profile
from app.core.imports.reader import AreaFigure, Reader
from app.core.imports.source import SourceRow
from app.core.imports.suggest import Suggestion, suggest
from app.core.incidents import IncidentDraft
from app.core.ingest import IngestRules
from app.readers import SourceTable, open_file
from app.store import areas, categories, crime_codes, imports, organisations, places, sources
from app.store.tx import ReadTx
from app.store.uploads import Uploads

ROWS_AT_A_TIME = 10_000
SAMPLED = 2_000  # rows from the beginning
LOOKED_THROUGH = 40_000  # rows after them, of which
SAMPLED_EVERY = 40  # one in so many is taken
MOST_AREAS = 5_000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One upload, ready to be read."""

    table: SourceTable
    profile: Profile
    known: Known
    rules: IngestRules
    suggestion: Suggestion | None = None

    def reader(self) -> Reader:
        """Raises InvalidError when the profile does not fit the file."""
        return Reader(self.table.columns, self.profile, self.known)


def known_of(tx: ReadTx, srid: int) -> Known:
    """What the actor's organisation knows already."""
    area, _ = organisations.area_of(tx, tx.actor.organisation_id)
    return Known(
        categories=[
            Category(c["code"], c["sv"], c["en"], c["harm_weight"], c["is_clustered"]) for c in categories.page(tx)
        ],
        organisation=tx.actor.organisation,
        metric_srid=srid,
        area=area,
        areas=areas.outlines(tx, MOST_AREAS),
        places=places.all_of(tx),
        crime_codes={**SHIPPED, **crime_codes.own(tx)},
    )


def opened(tx: ReadTx, found: Mapping[str, Any], uploads: Uploads, srid: int, *, is_new: bool) -> Reading:
    """Open an import's upload. A new one gets a proposal, in which what a person said stands.

    Times are judged as of the request, so that an import which is taken up again goes on as it began.
    """
    known = known_of(tx, srid)
    setting = reports.Setting(now=found["requested_at"], metric_srid=srid)
    rules = reports.rules_of(tx, setting)
    path = uploads.path(found["id"])
    table = open_file(path, found["file_name"], unpacked_beside=path)
    if not is_new:
        return Reading(table=table, profile=profiles.from_json(found["profile"]), known=known, rules=rules)
    saved = imports.profile(tx, found["source"])
    suggestion = suggest(
        table.columns,
        _sample(table),
        known,
        source=found["source"],
        earlier=None if saved is None else profiles.from_json(saved),
        srid=table.srid,
    )
    said = profiles.changed(suggestion.profile.as_json(), found["given"] or {})
    profile = profiles.from_json({**said, "source": found["source"]})
    profile = _with_usual_uncertainty(tx, profile)
    return Reading(table=table, profile=profile, known=known, rules=rules, suggestion=suggestion)


def chunks(reading: Reading, start: int, only: Sequence[int] | None = None) -> Iterator[tuple[list[SourceRow], Chunk]]:
    """Rows from `start` on, or only those of these numbers, and what they are judged to be."""
    reader = reading.reader()
    rows: Iterable[SourceRow] = reading.table.rows(start)
    if only is not None:
        wanted, last = frozenset(only), max(only, default=0)
        until_last = takewhile(lambda row: row.number <= last, rows)
        rows = (row for row in until_last if row.number in wanted)
    rows = iter(rows)
    while some := list(islice(rows, ROWS_AT_A_TIME)):
        yield some, _judged(reading, reader, some)


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items; while one is being used, the next is made in another thread."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def _judged(reading: Reading, reader: Reader, rows: list[SourceRow]) -> Chunk:
    drafts: dict[int, IncidentDraft] = {}
    area_figures: list[AreaFigure] = []
    notes = []
    judge: Callable[[], Sequence[IncidentDraft | AreaFigure | Held | RowErrors]] = (
        (lambda: reader.figures(rows))
        if reading.profile.kind is Kind.FIGURES
        else (lambda: reader.judge_chunk(rows, reading.rules))
    )
    for row, judged in zip(rows, judge(), strict=True):
        if isinstance(judged, IncidentDraft):
            drafts[row.number] = judged
        elif isinstance(judged, AreaFigure):
            area_figures.append(judged)
        else:
            notes.append(note_of(judged))
    return Chunk(
        drafts=drafts,
        area_figures=area_figures,
        notes=notes,
        next_row=rows[-1].number + 1,
        row_count=len(rows),
    )


def _sample(table: SourceTable) -> list[SourceRow]:
    """Files are often sorted by time, and the first days of a month do not tell day from month."""
    rows = table.rows()
    return [*islice(rows, SAMPLED), *islice(rows, 0, LOOKED_THROUGH, SAMPLED_EVERY)]


def _with_usual_uncertainty(tx: ReadTx, profile: Profile) -> Profile:
    """A source that does not say how sure its places are is as sure as it usually is."""
    if profile.location_uncertainty_m is not None:
        return profile
    usual = sources.named(tx, {profile.source}).get(profile.source, {}).get("location_uncertainty_m")
    return profile if usual is None else dataclasses.replace(profile, location_uncertainty_m=usual)
