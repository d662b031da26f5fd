"""The outermost layer: request ids, security headers, body limits, forged requests, faults of ours.

Plain ASGI, so that bodies stream through. What nobody foresaw is answered and logged here and goes no further:
the server would log its message, and that may hold personal data.
"""

import logging
import traceback
import uuid
from collections.abc import Mapping

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import ElsewhereError, ForbiddenError, LagesbildError, TooLargeError
from app.edge import problems, same_site
from app.edge.incoming import Incoming, sentence
from app.store import under_way
from app.store.under_way import Queries

log = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=()",
}
UPLOADS = "/api/v1/imports"  # where files are sent to
FORM_BYTES = 1024 * 1024  # of what stands around a file in a form
MOST_DIGITS = 20  # of a declared length; Python refuses to read thousands of them
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}


class Shell:
    """Wrap the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        max_upload_bytes: int,
        is_https: bool,
        hosts: frozenset[str] | None = None,
    ) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.max_upload_bytes = max_upload_bytes
        self.headers = HEADERS | (HTTPS_HEADERS if is_https else {})
        self.hosts = hosts  # the names this server answers to; None: any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = request_id = str(uuid.uuid4())

        queries = Queries()
        under_way.of_request.set(queries)
        async with Incoming(receive, queries, self._most(scope)) as incoming:
            outgoing = _Outgoing(send, self.headers | {"X-Request-Id": request_id}, incoming, scope["method"])
            refusal = self._refusal(scope)
            if refusal is not None:
                await _answer(scope, problems.of_error(refusal), incoming, outgoing)
                return
            if scope["method"] == "HEAD":
                scope = {**scope, "method": "GET"}  # the same answer, without its body
            try:
                await self.app(scope, incoming.receive, outgoing.send)
            except ClientDisconnect:
                log.debug("%s: the client left before its request was read", request_id)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it must not reach the server's log
                log.error("unforeseen error %s: %s at %s", request_id, type(error).__name__, _where(error))  # noqa: TRY400
                if outgoing.is_begun:
                    raise ConnectionAbortedError("the answer broke off") from None
                await _answer(scope, problems.unforeseen(), incoming, outgoing)

    def _refusal(self, scope: Scope) -> LagesbildError | None:
        """What is refused before anybody looks at it."""
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        is_number = declared.isdecimal() and len(declared) < MOST_DIGITS
        most = self._most(scope)
        if not is_number or int(declared) > most:
            return TooLargeError(sentence(most))
        if not same_site.is_ours(self.hosts, headers):
            return ElsewhereError("This server does not answer to that name.")
        if same_site.is_forged(scope["method"], headers):
            return ForbiddenError("The request came from another site.")
        return None

    def _most(self, scope: Scope) -> int:
        """How much may be sent: files, which go to disk as they come, may be larger."""
        is_upload = scope["method"] == "POST" and scope["path"].rstrip("/") == UPLOADS
        return self.max_upload_bytes + FORM_BYTES if is_upload else self.max_body_bytes


class _Outgoing:
    """The answer on its way: it gets the headers that every answer has, and loses its body where HEAD was asked."""

    def __init__(self, send: Send, headers: Mapping[str, str], incoming: Incoming, method: str) -> None:
        self.is_begun = False
        self._send = send
        self._headers = headers
        self._incoming = incoming
        self._has_body = method != "HEAD"

    async def send(self, message: Message) -> None:
        """Send one message of the answer."""
        if message["type"] == "http.response.start":
            self.is_begun = True
            headers = MutableHeaders(scope=message)
            headers.update(self._headers)
            headers.setdefault("Cache-Control", "no-store")
            if self._incoming.is_slow:
                headers["Connection"] = "close"
        elif not self._has_body:
            message = {**message, "body": b""}
        await self._send(message)


async def _answer(scope: Scope, told: JSONResponse, incoming: Incoming, outgoing: _Outgoing) -> None:
    """A problem, or a page that says the same; the page may look up who is there."""
    answer = await run_in_threadpool(problems.suited, Request(scope), told)
    await answer(scope, incoming.receive, outgoing.send)


def _where(error: Exception) -> str:
    """The places in the code that the error passed, innermost first; never a value."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    return ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed([*ours, *frames[-1:]]))
