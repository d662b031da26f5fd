"""The outermost layer: request ids, security headers, body limits, faults of ours.

Plain ASGI, so that bodies stream through. What nobody foresaw is answered and logged here and goes no further:
the server would log its message, and that may hold personal data.
"""

import logging
import traceback
import uuid
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import TooLargeError
from app.edge import problems

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

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, max_upload_bytes: int, is_https: bool) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.max_upload_bytes = max_upload_bytes
        self.headers = HEADERS | (HTTPS_HEADERS if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = request_id = str(uuid.uuid4())

        is_head = scope["method"] == "HEAD"
        is_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                headers["X-Request-Id"] = request_id
                headers.setdefault("Cache-Control", "no-store")
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        declared = Headers(scope=scope).get("content-length", "0")
        is_number = declared.isdecimal() and len(declared) < MOST_DIGITS
        most = self._most(scope)
        if not is_number or int(declared) > most:
            await self._refuse(scope, receive, send_with_headers, most)
            return
        if is_head:
            scope = {**scope, "method": "GET"}  # the same answer, without its body
        try:
            await self.app(scope, self._limited(receive, most), send_with_headers)
        except ClientDisconnect:
            log.debug("%s: the client left before its request was read", request_id)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it must not reach the server's log
            log.error("unforeseen error %s: %s at %s", request_id, type(error).__name__, _where(error))  # noqa: TRY400
            if is_begun:
                raise ConnectionAbortedError("the answer broke off") from None
            answer = problems.suited(Request(scope), problems.unforeseen())
            await answer(scope, receive, send_with_headers)

    def _most(self, scope: Scope) -> int:
        """How much may be sent: files, which go to disk as they come, may be larger."""
        is_upload = scope["method"] == "POST" and scope["path"].rstrip("/") == UPLOADS
        return self.max_upload_bytes + FORM_BYTES if is_upload else self.max_body_bytes

    def _limited(self, receive: Receive, most: int) -> Receive:
        """Bodies that do not declare their length are counted as they come."""
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise TooLargeError(_sentence(most))
            return message

        return receive_counted

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        response = problems.answer(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            type_=f"/problems/{TooLargeError.code}",
            title=str(TooLargeError.__doc__),
            detail=_sentence(most),
        )
        await response(scope, receive, send)


def _sentence(most: int) -> str:
    return f"A request may be at most {most:,} bytes; nothing was stored."


def _where(error: Exception) -> str:
    """The places in the code that the error passed, innermost first; never a value."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    return ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed([*ours, *frames[-1:]]))
