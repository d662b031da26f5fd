"""The identity provider (OpenID Connect): authorization code flow with PKCE for people, bearer tokens for programs.

What it sends is believed only after its signature, issuer, audience, time and nonce were looked at. Its document and
keys are fetched when they are needed, kept for an hour, and fetched again early at most every half minute: a stranger
who invents key names makes nobody wait.
"""

import json
import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2
from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError

from app.core.errors import NotSignedInError, ProviderError
from app.core.identities import MappingRule

ALGORITHMS: Final = ("RS256", "PS256", "ES256")  # signatures with a key pair only
KEPT: Final = timedelta(hours=1)
REST: Final = timedelta(seconds=30)
LEEWAY_S: Final = 60  # clocks differ
TIMEOUT_S: Final = 10.0
LARGEST_ANSWER: Final = 1_000_000
LONGEST_TOKEN: Final = 16_000
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
ACCESS_TYPES: Final = {"at+jwt", "application/at+jwt", "jwt", ""}
Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the deployment and its provider agreed on."""

    issuer: str
    client_id: str
    client_secret: str | None
    name: str
    scopes: str
    audience: str | None
    mapping: tuple[MappingRule, ...]
    callback: str  # the address on this server that the provider leads back to
    after: str  # and the one after signing out


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The secrets of one sign-in, from leaving for the provider until coming back."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


@dataclass(slots=True)
class _Fetched:
    """A document of the provider's and when it was asked for; nothing until then."""

    value: dict[str, Any] | None = None
    at: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Provider:
    """One identity provider, shared by all requests of this process."""

    def __init__(self, registration: Registration, clock: Callable[[], datetime]) -> None:
        self.registration = registration
        self._clock = clock
        self._document = _Fetched()
        self._keys = _Fetched()

    def leave_for(self, attempt: Attempt) -> str:
        """The provider's address where the person signs in. Raises ProviderError."""
        challenge = urlsafe_b64encode(sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": self.registration.callback,
            "scope": self.registration.scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with_query(self._endpoint("authorization_endpoint"), asked)

    def redeem(self, code: str, attempt: Attempt) -> tuple[Claims, str]:
        """The claims about the person who came back with this code, and the ID token. Raises ProviderError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.registration.callback,
            "client_id": self.registration.client_id,
            "code_verifier": attempt.verifier,
        }
        if self.registration.client_secret is not None:
            form["client_secret"] = self.registration.client_secret
        told = self._asked("POST", self._endpoint("token_endpoint"), data=form)
        id_token = str(told.get("id_token", ""))
        try:
            claims = self._proved(id_token, self.registration.client_id)
        except NotSignedInError as error:
            raise ProviderError("The identity provider's token cannot be believed.") from error
        others = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        is_for_us = claims.get("azp", self.registration.client_id) == self.registration.client_id
        if claims.get("nonce") != attempt.nonce or not is_for_us or (len(others) > 1 and "azp" not in claims):
            raise ProviderError("The identity provider's token belongs to another sign-in.")
        return self._with_user_info(claims, str(told.get("access_token", ""))), id_token

    def bearer_claims(self, token: str) -> Claims:
        """The claims of a bearer token for this API. Raises NotSignedInError, ProviderError."""
        if self.registration.audience is None:
            raise NotSignedInError("The token is unknown, revoked or too old.")
        claims = self._proved(token, self.registration.audience)
        if "nonce" in claims or str(claims.get("typ", "Bearer")) != "Bearer":  # an ID or refresh token
            raise NotSignedInError("That is no access token.")
        return claims

    def sign_out_address(self, hint: str | None) -> str | None:
        """Where the browser goes to sign out at the provider as well; None when it has no such place."""
        try:
            end = self._discovered().get("end_session_endpoint")
        except ProviderError:
            return None
        if not isinstance(end, str) or not _is_safe(end):
            return None
        asked = {"client_id": self.registration.client_id, "post_logout_redirect_uri": self.registration.after}
        return _with_query(end, asked | ({"id_token_hint": hint} if hint else {}))

    def _proved(self, token: str, audience: str) -> dict[str, Any]:
        """The claims of a token after every check that does not depend on what it is for."""
        if len(token) > LONGEST_TOKEN:
            raise NotSignedInError("The token is too long.")
        try:
            header = jws.extract_compact(token.encode()).headers()
            if header.get("alg") not in ALGORITHMS or str(header.get("typ", "")).lower() not in ACCESS_TYPES:
                raise NotSignedInError("The token is not signed as this service wants it.")
            key = self._key(header.get("kid"), str(header["alg"]))
            claims = dict(jwt.decode(token, key, algorithms=list(ALGORITHMS)).claims)
            jwt.JWTClaimsRegistry(
                now=int(self._clock().timestamp()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self.registration.issuer},
                aud={"essential": True, "value": audience},
                sub={"essential": True},
                exp={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise NotSignedInError("The token is unknown, revoked or too old.") from error
        if not isinstance(claims["sub"], str) or not claims["sub"] or "\0" in claims["sub"]:
            raise NotSignedInError("The token names nobody.")
        return claims

    def _key(self, name: object, algorithm: str) -> Any:
        """The provider's public key of this name; keys change, so an unknown name is looked up once more."""
        for is_fresh in (False, True):
            kept = self._kept(self._keys, lambda: self._asked("GET", self._endpoint("jwks_uri")), again=is_fresh)
            fitting = [k for k in kept.get("keys", []) if _fits(k, name, algorithm)]
            if len(fitting) == 1:
                return jwk.import_key(fitting[0])
        raise NotSignedInError("The token is signed with a key that its issuer does not show.")

    def _with_user_info(self, claims: dict[str, Any], access_token: str) -> Claims:
        """The claims and what the provider says beside the token; of the token's person only."""
        endpoint = self._discovered().get("userinfo_endpoint")
        if not access_token or not isinstance(endpoint, str) or not _is_safe(endpoint):
            return claims
        more = self._asked("GET", endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if more.get("sub") != claims["sub"]:
            raise ProviderError("The identity provider speaks of two persons.")
        return {**more, **claims}

    def _endpoint(self, name: str) -> str:
        found = self._discovered().get(name)
        if not isinstance(found, str) or not _is_safe(found):
            raise ProviderError(f"The identity provider's {name} is missing, or not https.")
        return found

    def _discovered(self) -> dict[str, Any]:
        return self._kept(self._document, self._discover)

    def _discover(self) -> dict[str, Any]:
        issuer = self.registration.issuer
        found = self._asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ProviderError("The identity provider calls itself something else than LAGESBILD_OIDC_ISSUER.")
        return found

    def _kept(self, slot: _Fetched, fetch: Callable[[], dict[str, Any]], *, again: bool = False) -> dict[str, Any]:
        """What was fetched within the hour; fetched anew when it is older, or `again` is wanted and not just done."""
        with slot.lock:
            age = None if slot.at is None else self._clock() - slot.at
            if slot.value is not None and age is not None and age < (REST if again else KEPT):
                return slot.value
            if age is not None and age < REST and slot.value is None:
                raise ProviderError("The identity provider could not be asked a moment ago; try again.")
            slot.at = self._clock()
            try:
                slot.value = fetch()
            except ProviderError:
                if slot.value is None or not again:
                    slot.value = None
                    raise
            return slot.value

    def _asked(self, method: str, address: str, **request: Any) -> dict[str, Any]:
        """The JSON object that the provider answers. Raises ProviderError, which repeats nothing of it."""
        try:
            with httpx2.stream(method, address, timeout=TIMEOUT_S, **request) as answer:  # follows no redirect
                body = bytearray()
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        raise ProviderError("The identity provider's answer is too long.")
                found = json.loads(body) if answer.is_success else None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, RecursionError) as error:
            raise ProviderError("The identity provider cannot be reached, or its answer cannot be read.") from error
        if not isinstance(found, dict):
            raise ProviderError("The identity provider refused.")
        return found


def _fits(key: object, name: object, algorithm: str) -> bool:
    """Whether this is the key: by its name (or there is only one), for signatures, of the algorithm's kind."""
    if not isinstance(key, dict) or key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return False
    return key.get("kty") == ("EC" if algorithm.startswith("ES") else "RSA") and name in (None, key.get("kid"))


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _with_query(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"
