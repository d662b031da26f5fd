"""The outermost layer: request ids, security headers, body limits. Plain ASGI, so that bodies stream through."""

import uuid
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import TooLargeError
from app.edge import problems

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
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}


class Shell:
    """Wrap the application."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, is_https: bool) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.headers = HEADERS | (HTTPS_HEADERS if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = request_id = str(uuid.uuid4())

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                headers["X-Request-Id"] = request_id
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self.max_body_bytes:
            await self._refuse(scope, receive, send_with_headers)
            return
        await self.app(scope, self._limited(receive), send_with_headers)

    def _limited(self, receive: Receive) -> Receive:
        """Bodies that do not declare their length are counted as they come."""
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.max_body_bytes:
                raise TooLargeError(self._sentence())
            return message

        return receive_counted

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problems.answer(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            type_=f"/problems/{TooLargeError.code}",
            title=str(TooLargeError.__doc__),
            detail=self._sentence(),
        )
        await response(scope, receive, send)

    def _sentence(self) -> str:
        return f"A request may be at most {self.max_body_bytes:,} bytes; nothing was stored."
