"""/api/v1/imports: send a file, see what would become of it, let it go in, stop it, undo it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from itertools import chain
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from app.actions.imports import reports, requests
from app.api.schemas.base import Sentence
from app.api.schemas.imports import (
    ImportCommitIn,
    ImportErrors,
    ImportList,
    ImportOut,
    ImportPatch,
    ImportPlaceIn,
    ImportRowError,
    ImportRowProblem,
    ImportRows,
)
from app.core.errors import FieldProblem, InvalidError, NotFoundError
from app.core.imports.problems import problem_from_json
from app.core.imports.states import AT_WORK, Choice, State
from app.core.permissions import Actor, May, check_may
from app.edge import sessions, uploads
from app.edge.bodies import JsonRoute, parsed
from app.edge.dependencies import CurrentServices, CurrentWriter, Reader, ReadTx, WriteTx
from app.edge.problems import documented
from app.edge.services import Services
from app.store import imports as store
from app.store.tx import Origin

router = APIRouter(prefix="/imports", tags=["imports"], route_class=JsonRoute)
streams = APIRouter(prefix="/imports", tags=["imports"])  # they hold no slot at the database, and read no JSON

MOST_ERRORS = 10_000
MOST_CODES = 50
LOOKED_AGAIN_S = 0.5
TEXT_TABLES = (".csv", ".tsv", ".txt")
CSV = "text/csv"
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "source": {"type": "string"},
        "choice": {"type": "string", "enum": [c.value for c in Choice]},
        "profile": {"type": "string", "description": "JSON: how to read the file, as far as you know better."},
    },
}
_FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FORM},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
SourceName = Annotated[str | None, Query(max_length=100, description="Where the rows come from, e.g. vaktbolaget.")]
FileName = Annotated[str | None, Query(max_length=1000, description="Needed unless a form says it.")]
ChoiceNow = Annotated[
    Choice | None,
    Query(description="Let the rows go in without waiting for a word; a known source then needs no dry run."),
]


@streams.post("", status_code=202, responses=documented(415), openapi_extra=_FILE_BODY)
async def post_import(
    request: Request,
    actor: CurrentWriter,
    services: CurrentServices,
    response: Response,
    source: SourceName = None,
    filename: FileName = None,
    choice: ChoiceNow = None,
) -> ImportOut:
    """Send a file: as a form with `file` and `source`, or as the body itself with `?source=…&filename=…`.

    It is read in the background; follow it at the address in `Location`, or its `/events`. Nothing goes in before
    `POST …/commit`, unless `choice` says so at once.
    """
    check_may(actor, May.IMPORT_FILES)
    import_id = uuid4()
    received = await uploads.receive(
        request, services.uploads, import_id, name=filename, most=services.max_upload_bytes
    )
    try:
        new = _new(import_id, received, source, choice)
        out = await run_in_threadpool(_request, services, actor, sessions.origin(request), new)
    except BaseException:
        await run_in_threadpool(services.uploads.remove, import_id)
        raise
    response.headers["Location"] = f"/api/v1/imports/{import_id}"
    return out


@router.get("", responses=documented())
def get_imports(tx: ReadTx, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> ImportList:
    """The organisation's imports, newest first."""
    check_may(tx.actor, May.IMPORT_FILES)
    return ImportList(imports=[_out(row) for row in store.page(tx, limit)])


@router.get("/{import_id:uuid}", responses=documented(404))
def get_import(import_id: UUID, reader: Reader) -> ImportOut:
    """How far an import has come, what is wrong most often, and for its importer what a dry run shows."""
    check_may(reader.actor, May.IMPORT_FILES)
    with reader.plain() as tx:
        found = _found(tx, import_id)
        upload = store.upload(tx, import_id)
    if upload is not None and upload["has_preview"]:
        found.preview = reports.preview(reader, import_id)
    return found


@router.patch("/{import_id:uuid}", responses=documented(404, 409, 415))
def patch_import(import_id: UUID, body: ImportPatch, tx: WriteTx, services: CurrentServices) -> ImportOut:
    """Read the file in another way; it is checked again."""
    requests.change_import(tx, import_id, body.profile, services.clock())
    return _found(tx, import_id)


@router.post("/{import_id:uuid}/commit", status_code=202, responses=documented(404, 409, 415))
def commit(import_id: UUID, body: ImportCommitIn, tx: WriteTx, services: CurrentServices) -> ImportOut:
    """Let a checked file go in: its good rows, or all or nothing. Afterwards: rows whose place was chosen since."""
    requests.commit_import(tx, import_id, body.choice, services.clock())
    return _found(tx, import_id)


@router.post("/{import_id:uuid}/cancel", responses=documented(404, 409))
def cancel(import_id: UUID, tx: WriteTx, services: CurrentServices) -> ImportOut:
    """Stop an import; what has gone in is taken back."""
    requests.cancel_import(tx, import_id, services.clock())
    return _found(tx, import_id)


@router.delete("/{import_id:uuid}", status_code=202, responses=documented(404, 409))
def delete_import(import_id: UUID, tx: WriteTx, services: CurrentServices) -> ImportOut:
    """Undo an import as a whole: its incidents are withdrawn, what it changed is as it was."""
    requests.undo_import(tx, import_id, services.clock())
    return _found(tx, import_id)


@router.post("/{import_id:uuid}/places", responses=documented(404, 409, 415))
def choose_place(import_id: UUID, body: ImportPlaceIn, tx: WriteTx, services: CurrentServices) -> ImportOut:
    """Say which place a row means; so do all rows, here and in later files, that name it the same way."""
    requests.choose_place(
        tx,
        import_id,
        body.row,
        body.place,
        uploads=services.uploads,
        srid=services.metric_srid,
        now=services.clock(),
    )
    return _found(tx, import_id)


@router.get("/{import_id:uuid}/errors", responses=documented(404, 409))
def get_errors(
    import_id: UUID,
    tx: ReadTx,
    after: Annotated[int, Query(ge=0, le=2_000_000_000, description="A row number; from the next link")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ERRORS)] = 1_000,
) -> ImportErrors:
    """What is wrong with which row, in the order of the file. What stands in a row is never told."""
    check_may(tx.actor, May.IMPORT_FILES)
    _found(tx, import_id)
    found = store.notes(tx, import_id, after=after, limit=limit)
    is_full = len(found) == limit
    here = f"/api/v1/imports/{import_id}/errors"
    return ImportErrors(
        rows=[_row_error(note) for note in found],
        next=f"{here}?after={found[-1].number}&limit={limit}" if is_full else None,
    )


@streams.get("/{import_id:uuid}/errors.csv", response_class=StreamingResponse, responses=documented(404, 409))
def get_error_file(
    import_id: UUID,
    reader: Reader,
    services: CurrentServices,
    rows: Literal["all", "refused"] = "all",
    language: Literal["sv", "en"] = "sv",
) -> StreamingResponse:
    """The same file with a column that says what is wrong, for its importer: mend it and send it again."""
    pieces = reports.with_errors(
        reader,
        import_id,
        services.uploads,
        language=language,
        only_refused=rows == "refused",
    )
    first = next(pieces)  # the log has it before the first byte leaves
    disposition = f'attachment; filename="import-{import_id}.csv"'
    return StreamingResponse(chain([first], pieces), media_type=CSV, headers={"Content-Disposition": disposition})


@streams.get("/{import_id:uuid}/events", response_class=StreamingResponse, responses=documented(404))
async def get_events(import_id: UUID, reader: Reader, services: CurrentServices, request: Request) -> StreamingResponse:
    """Progress as server-sent events: the import whenever it has changed, until nothing more happens by itself."""
    check_may(reader.actor, May.IMPORT_FILES)
    first = await run_in_threadpool(_look, services, reader.actor, import_id)
    events = _events(services, reader.actor, first, request)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(services: Services, actor: Actor, first: ImportOut, request: Request) -> AsyncIterator[str]:
    told, now = "", first
    while True:
        text = now.model_dump_json(exclude={"preview", "profile", "commonest"})
        if text != told:
            yield f"event: progress\ndata: {text}\n\n"
            told = text
        else:
            yield ": still there\n\n"
        if State(now.state) not in AT_WORK or await request.is_disconnected():
            return
        await asyncio.sleep(LOOKED_AGAIN_S)
        now = await run_in_threadpool(_look, services, actor, first.id)


def _look(services: Services, actor: Actor, import_id: UUID) -> ImportOut:
    with services.database.read(actor) as tx:
        return _found(tx, import_id)


def _request(services: Services, actor: Actor, origin: Origin, new: store.NewImport) -> ImportOut:
    """In one thread from begin to end: the pool keeps a connection for that."""
    with services.database.write(actor, origin) as tx:
        requests.request_import(tx, new, services.clock())
        return _found(tx, new.id)


def _new(import_id: UUID, received: uploads.Received, source: str | None, choice: Choice | None) -> store.NewImport:
    fields = received.fields
    is_text_table = received.file_name.lower().endswith(TEXT_TABLES)
    return store.NewImport(
        id=import_id,
        source=source or fields.get("source", ""),
        file_name=received.file_name,
        file_bytes=received.byte_count,
        row_count=received.line_count if is_text_table else None,  # about: the end is not known before it is read
        choice=choice or _choice(fields.get("choice")),
        given=_profile(fields.get("profile")),
    )


def _choice(text: str | None) -> Choice | None:
    if not text:
        return None
    if text not in set(Choice):
        sentence = f"Choose {' or '.join(Choice)}."
        raise InvalidError(sentence, (FieldProblem("choice", "unknown-choice", sentence),))
    return Choice(text)


def _profile(text: str | None) -> Mapping[str, Any] | None:
    if not text:
        return None
    value = parsed(text.encode())
    if not isinstance(value, dict):
        sentence = "Give the profile as a JSON object."
        raise InvalidError(sentence, (FieldProblem("profile", "no-object", sentence),))
    return value


def _found(tx: ReadTx, import_id: UUID) -> ImportOut:
    row = store.one(tx, import_id)
    if row is None:
        raise NotFoundError("There is no such import that you may see.")
    out = _out(row)
    if State(row["state"]) not in AT_WORK:  # counting them takes a moment, and they are not all there yet
        out.commonest = [
            ImportRowProblem.of(problem_from_json(c["example"]), kind=c["kind"], count=c["n"])
            for c in store.commonest(tx, import_id, MOST_CODES)
        ]
    return out


def _row_error(note: store.RowNote) -> ImportRowError:
    problems = [ImportRowProblem.of(problem_from_json(p)) for p in note.problems]
    return ImportRowError(row=note.number, kind=note.kind, problems=problems)


def _out(row: Mapping[str, Any]) -> ImportOut:
    here = f"/api/v1/imports/{row['id']}"
    rows = ImportRows(
        count=row["row_count"],
        read=row["read_count"],
        **{name: row[f"{name}_count"] for name in ("good", "bad", "held", "waiting", "doubled", "created", "updated")},
    )
    links = {
        name: here if name == "self" else f"{here}/{name}"
        for name in ("self", "errors", "errors.csv", "events", "commit", "cancel")
    }
    failure = None if row["failure"] is None else Sentence(**row["failure"])
    speed, left = _speed(row)
    return ImportOut(
        id=row["id"],
        organisation=row["organisation"],
        source=row["source"],
        file_name=row["file_name"],
        file_bytes=row["file_bytes"],
        state=row["state"],
        choice=row["choice"],
        requested_at=row["requested_at"],
        finished_at=row["finished_at"],
        upload_ends_at=row["upload_ends_at"],
        rows=rows,
        rows_per_second=speed,
        seconds_left=left,
        failure=failure,
        profile=row["profile"],
        links=links,
    )


def _speed(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Rows a second since this pass began, and how many seconds the rest will take."""
    if row["pass_started_at"] is None or not row["read_count"]:
        return None, None
    took_s = (row["changed_at"] - row["pass_started_at"]).total_seconds()
    if took_s <= 0:
        return None, None
    speed = row["read_count"] / took_s
    if State(row["state"]) not in AT_WORK or row["row_count"] is None:
        return round(speed, 1), None
    return round(speed, 1), round(max(row["row_count"] - row["read_count"], 0) / speed, 1)
