"""The features of a collection: pages of GeoJSON, single features, files."""

import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response

from app.actions.features import reading_features
from app.core.errors import NotFoundError
from app.core.features import Collection
from app.core.reference_systems import named
from app.edge import services
from app.ogc import answers, files, links, parameters, visits
from app.ogc.links import Link, link
from app.ogc.media import GEOJSON, HTML, ITEMS, JSON, Form, chosen, packing
from app.ogc.visits import Visit
from app.store.features import reading
from app.store.features.reading import Page, State, Wanted
from app.store.tx import ReadTx

MOST_COUNTED: Final = 100_000  # features behind a filter; where there are more, numberMatched is left out


@dataclass(frozen=True, slots=True)
class _Found:
    """What a page answers with."""

    page: Page
    matched: int | None


def page(request: Request, collection_id: str) -> Response:
    """A page of features, or all of them as a file."""
    visit = visits.of(request)
    collection = visits.collection(visit, collection_id)
    given = parameters.of_items(request, collection)
    form = chosen(request, ITEMS, given.get("f"))
    wanted = parameters.wanted(given, collection, is_file=form.is_file)
    with visit.reader.plain() as tx:
        state = reading.state(tx, collection)
        tag = answers.tag_of(request, tx, state)
        if tag is not None and answers.is_fresh(request, tag):
            return answers.not_modified(tag)
        kept = visit.remembered.body(tag) if tag and not form.is_file else None
        if kept is not None:
            return _kept(request, kept, wanted, tag, state)
        if not form.is_file:
            matched = _matched(visit, tx, state, wanted)
            found = None if collection.is_audited else reading.page(tx, state, wanted)
    if form.is_file:
        return files.answer(request, visit, state, wanted, form, parameters.logged(given, collection))
    if found is None:
        asked: dict[str, object] = {"limit": wanted.limit, "offset": wanted.offset, "form": form.value}
        asked |= parameters.logged(given, collection)
        with reading_features(visit.reader, collection, **asked) as read, read.snapshot() as tx:
            found = reading.page(tx, state, wanted)
            tx.hand_out(found.count)
    if tag is None:
        tag = answers.tag_of_content(request, tx, found.features, str(matched))
        if answers.is_fresh(request, tag):
            return answers.not_modified(tag)
    told = _told(request, collection, wanted, _Found(found, matched), form)
    if form is Form.HTML:
        shown: Response = request.app.state.data_page(request, visit.actor, "items", collection, json.loads(told))
        return shown
    answer = answers.body(request, told, GEOJSON, tag=tag, changed_at=state.changed_at, more=_crs(wanted))
    if state.revision is not None and not collection.is_audited:
        visit.remembered.keep(tag, bytes(answer.body))
    return answer


def _kept(request: Request, kept: bytes, wanted: Wanted, tag: str | None, state: State) -> Response:
    """An answer made before: its tag says how it was packed."""
    is_packed = not kept.startswith(b"{")
    how = packing(request) if is_packed else None
    return answers.ready(kept, how, GEOJSON, tag=tag, changed_at=state.changed_at, more=_crs(wanted))


def _crs(wanted: Wanted) -> dict[str, str]:
    return {"Content-Crs": f"<{wanted.system.uri}>"}


def _matched(visit: Visit, tx: ReadTx, state: State, wanted: Wanted) -> int | None:
    """How many there are on all pages: always told without a filter, up to a bound with one."""
    told = [(c.sql, sorted(c.values.items(), key=str)) for c in wanted.conditions]
    about = None if state.revision is None else repr((tx.scope, state.collection.id, state.revision, told))
    return visit.remembered.fact(
        about, lambda: reading.matched(tx, state, wanted, MOST_COUNTED if wanted.conditions else None)
    )


def _told(request: Request, collection: Collection, wanted: Wanted, found: _Found, form: Form) -> bytes:
    """The FeatureCollection; the features pass through as they came."""
    page = found.page
    told = links.here(request, form, ITEMS)
    for each in told:
        each["type"] = GEOJSON if each["type"] == JSON else each["type"]
    is_last = page.count < wanted.limit or (
        found.matched is not None and wanted.after is None and wanted.offset + page.count >= found.matched
    )
    if not is_last:
        told.append(_next(request, wanted, page, form))
    told.append(link(f"{links.root(request)}/collections/{collection.id}", "collection", JSON, collection.title.sv))
    now = services.of(request).clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    head: dict[str, Any] = {"type": "FeatureCollection", "timeStamp": now, "numberReturned": page.count}
    if found.matched is not None:
        head["numberMatched"] = found.matched
    head["links"] = told
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).removesuffix("}")
    return f'{text},"features":[{page.features}]}}'.encode()


def _next(request: Request, wanted: Wanted, page: Page, form: Form) -> Link:
    if wanted.order:
        found = links.next_page(request, form, offset=wanted.offset + page.count)
    else:
        found = links.next_page(request, form, after=page.last, offset=None)
    return {**found, "type": GEOJSON if form is Form.JSON else HTML}


def one(request: Request, collection_id: str, feature_id: str) -> Response:
    """One feature."""
    visit = visits.of(request)
    collection = visits.collection(visit, collection_id)
    given = parameters.asked(request, "crs")
    form = chosen(request, ITEMS[:2], given.get("f"))
    system = named(given.get("crs"), "crs")
    wanted = Wanted(system=system)
    key = _id(collection, feature_id)
    with visit.reader.plain() as tx:
        state = reading.state(tx, collection)
        tag = answers.tag_of(request, tx, state)
        if tag is not None and answers.is_fresh(request, tag):
            return answers.not_modified(tag)
        found = None if collection.is_audited else reading.one(tx, state, key, system)
    if collection.is_audited:
        asked = {"collection": collection.id, "feature": key}
        with reading_features(visit.reader, collection, **asked) as read, read.snapshot() as tx:
            found = reading.one(tx, state, key, system)
            tx.hand_out(0 if found is None else 1)
    if found is None:
        raise NotFoundError("There is no such feature that you may see.")
    if tag is None:
        tag = answers.tag_of_content(request, tx, found)
        if answers.is_fresh(request, tag):
            return answers.not_modified(tag)
    told = links.here(request, form, ITEMS[:2])
    for each in told:
        each["type"] = GEOJSON if each["type"] == JSON else each["type"]
    told.append(link(f"{links.root(request)}/collections/{collection.id}", "collection", JSON, collection.title.sv))
    text = f'{found},"links":{json.dumps(told, ensure_ascii=False)}}}'
    if form is Form.HTML:
        shown: Response = request.app.state.data_page(request, visit.actor, "item", collection, json.loads(text))
        return shown
    return answers.body(request, text.encode(), GEOJSON, tag=tag, changed_at=state.changed_at, more=_crs(wanted))


def _id(collection: Collection, feature_id: str) -> str:
    """The id as the database knows it. Raises NotFoundError for what can be none."""
    if "\x00" in feature_id or len(feature_id) > parameters.LONGEST:
        raise NotFoundError("There is no such feature that you may see.")
    if collection.id not in {"hotspots", "incidents"}:
        return feature_id
    try:
        return str(UUID(feature_id))
    except ValueError as error:
        raise NotFoundError("There is no such feature that you may see.") from error
