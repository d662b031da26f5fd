"""A provider whose keys we hold, and tokens that it never gave: for tests of what is believed."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwk, jwt

AUDIENCE = "urn:api"
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
Key = Any


class Told:
    """What a small server says: the documents of an invented provider, counted."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.issuer = ""
        self.now = NOW
        self.claims: dict[str, Any] = {}  # more of them, in every token

    def sign(self, key: Key, algorithm: str = "RS256", **changes: Any) -> str:
        """A token that is right but for the changes; None takes a claim away."""
        header = {"alg": algorithm, "typ": "at+jwt", "kid": key.kid} | changes.pop("header", {})
        claims = {"iss": self.issuer, "aud": AUDIENCE, "sub": "7", "exp": int(self.now.timestamp()) + 60}
        claims |= self.claims | changes
        told = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({n: v for n, v in header.items() if v is not None}, told, key, algorithms=[algorithm])


@contextmanager
def invented_provider() -> Iterator[Told]:
    """A small server on loopback that says what it is told."""
    said = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said.asked.append(self.path)
            found = said.answers.get(self.path)
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        said.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        said.answers["/.well-known/openid-configuration"] = {
            "issuer": said.issuer,
            "authorization_endpoint": f"{said.issuer}/auth?tenant=1",
            "token_endpoint": f"{said.issuer}/token",
            "jwks_uri": f"{said.issuer}/keys",
        }
        yield said
        server.shutdown()
        thread.join()


def new_key(kid: str = "one", kind: str = "RSA", **extra: str) -> Key:
    size: Any = {"RSA": 2048, "EC": "P-256"}[kind]
    return jwk.generate_key(kind, size, {"kid": kid, "use": "sig", **extra}, private=True)  # type: ignore[call-overload]


KEY = new_key()


def show(told: Told, *keys: Key) -> None:
    """Let the provider show these keys."""
    told.answers["/keys"] = {"keys": [key.as_dict(private=False) for key in keys]}


def _part(values: dict[str, Any] | bytes) -> str:
    told = values if isinstance(values, bytes) else json.dumps(values).encode()
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def by_hand(told: Told, prove: Callable[[bytes], bytes], **header: Any) -> str:
    """A token such as no library makes: right claims, any header, any proof."""
    claims = {"iss": told.issuer, "aud": AUDIENCE, "sub": "7", "exp": int(told.now.timestamp()) + 60} | told.claims
    signed = f"{_part({'typ': 'at+jwt', 'kid': 'one', **header})}.{_part(claims)}"
    return f"{signed}.{_part(prove(signed.encode()))}"


def _nothing(_: bytes) -> bytes:
    return b""


def _with_public_key(signed: bytes) -> bytes:
    return hmac.digest(KEY.as_pem(private=False), signed, "sha256")


def _rightly(signed: bytes) -> bytes:
    signature: bytes = KEY.get_op_key("sign").sign(signed, PKCS1v15(), SHA256())
    return signature


STRANGER = new_key()
FORGED: dict[str, Callable[[Told], str]] = {
    "none": lambda t: by_hand(t, _nothing, alg="none"),
    "None": lambda t: by_hand(t, _nothing, alg="None"),
    "unsigned RS256": lambda t: by_hand(t, _nothing, alg="RS256"),
    "public key as secret": lambda t: by_hand(t, _with_public_key, alg="HS256"),
    "a stranger's key of the same name": lambda t: t.sign(STRANGER),
    "its own key in the header": lambda t: t.sign(STRANGER, header={"jwk": STRANGER.as_dict(private=False)}),
    "a link to its own key": lambda t: t.sign(STRANGER, header={"jku": f"{t.issuer}/evil"}),
    "a path as the key's name": lambda t: t.sign(KEY, header={"kid": "../../../../dev/null"}),
    "SQL as the key's name": lambda t: t.sign(KEY, header={"kid": "' OR 1=1 --"}),
    "a list as the key's name": lambda t: t.sign(STRANGER, header={"kid": "unknown"}),
    "an extension nobody knows": lambda t: by_hand(t, _rightly, alg="RS256", crit=["exp2"], exp2=1),
    "another issuer": lambda t: t.sign(KEY, iss="https://evil.example"),
    "no issuer": lambda t: t.sign(KEY, iss=None),
    "another audience": lambda t: t.sign(KEY, aud="lagesbild"),
    "no audience": lambda t: t.sign(KEY, aud=None),
    "no end": lambda t: t.sign(KEY, exp=None),
    "an end that is text": lambda t: t.sign(KEY, exp="tomorrow"),
    "nobody": lambda t: t.sign(KEY, sub=None),
    "an empty name": lambda t: t.sign(KEY, sub=""),
    "a number for a name": lambda t: t.sign(KEY, sub=7),
    "a NUL in the name": lambda t: t.sign(KEY, sub="7\0"),
    "an ID token": lambda t: t.sign(KEY, nonce="x"),
    "Keycloak's refresh token": lambda t: t.sign(KEY, typ="Refresh"),
    "a logout token": lambda t: t.sign(KEY, header={"typ": "logout+jwt"}),
    "very long": lambda t: t.sign(KEY, more="x" * 20_000),
    "changed": lambda t: t.sign(KEY)[:-4] + "AAAA",
    "cut off": lambda t: t.sign(KEY).rpartition(".")[0] + ".",
    "two algorithms": lambda t: by_hand(t, _nothing, alg=["none", "RS256"]),
    "no token": lambda _: "a.b.c",
    "dots": lambda _: "..",
}
