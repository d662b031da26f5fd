"""Tokens, passwords and cookies that are stolen, forged, too old, or guessed."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.actions import accounts
from app.actions.deployments import installer
from app.core.limits import Limits
from app.core.permissions import Collection, Token
from app.edge import sealing
from app.edge.services import now
from tests.api.wire import ANALYSES, HOTSPOTS, INCIDENTS, report
from tests.attacks.conftest import HERE, PASSWORD, USERNAME, Raw, fails
from tests.conftest import Database, opened
from tests.factories import LINDESTA
from tests.forging import FORGED, KEY, Told

Browser = Callable[..., TestClient]


def made(database: Database, account: str = "coordinator", **token: object) -> accounts.IssuedToken:
    """A token of Lindesta's."""
    with opened(database) as db, db.write(installer()) as tx:
        return accounts.issue_token(
            tx,
            organisation=LINDESTA,
            account=account,
            name="x",
            token=Token(**token),  # type: ignore[arg-type]
        )


def with_bearer(app: FastAPI, secret: str) -> TestClient:
    return TestClient(app, HERE, headers={"Authorization": f"Bearer {secret}"}, follow_redirects=False)


def test_a_token_after_it_was_revoked(attacked: FastAPI, anybody: TestClient, attacked_database: Database) -> None:
    issued = made(attacked_database)
    thief = with_bearer(attacked, issued.secret)
    assert thief.get(INCIDENTS).status_code == 200
    with opened(attacked_database) as db, db.write(installer()) as tx:
        accounts.revoke_token(tx, issued.id, datetime.now(UTC))
    fails(thief.get(INCIDENTS), 401)


def test_a_session_after_its_token_was_revoked(browser: Browser, attacked_database: Database) -> None:
    issued = made(attacked_database)
    thief = browser()
    assert thief.post("/logga-in", data={"token": issued.secret}).status_code == 303
    assert thief.get("/karta").status_code == 200
    with opened(attacked_database) as db, db.write(installer()) as tx:
        accounts.revoke_token(tx, issued.id, datetime.now(UTC))
    assert thief.get("/karta").status_code == 303


def test_a_token_after_its_end(attacked: FastAPI, anybody: TestClient, attacked_database: Database) -> None:
    issued = made(attacked_database, ends_at=datetime.now(UTC) - timedelta(seconds=1))
    fails(with_bearer(attacked, issued.secret).get(INCIDENTS), 401)


def test_a_token_of_a_closed_account(attacked: FastAPI, anybody: TestClient, attacked_database: Database) -> None:
    with opened(attacked_database) as db, db.write(installer()) as tx:
        accounts.add_account(tx, organisation=LINDESTA, name="leaver", role="coordinator")  # type: ignore[arg-type]
    issued = made(attacked_database, "leaver")
    with opened(attacked_database) as db, db.write(installer()) as tx:
        accounts.close_account(tx, organisation=LINDESTA, name="leaver", now=datetime.now(UTC))
    fails(with_bearer(attacked, issued.secret).get(INCIDENTS), 401)


def test_a_narrow_token_for_more_than_it_names(
    attacked: FastAPI, anybody: TestClient, attacked_database: Database
) -> None:
    thief = with_bearer(attacked, made(attacked_database, collections=(Collection.HOTSPOTS,)).secret)
    assert thief.get(HOTSPOTS).status_code == 200
    fails(thief.get(INCIDENTS), 403)
    fails(thief.post(INCIDENTS, json=report()), 403)
    fails(thief.get(ANALYSES), 403)
    fails(thief.post(ANALYSES, json={}), 403)


def test_a_narrow_token_exchanged_for_a_session_stays_narrow(browser: Browser, attacked_database: Database) -> None:
    issued = made(attacked_database, collections=(Collection.HOTSPOTS,))
    thief = browser()
    thief.post("/logga-in", data={"token": issued.secret})
    fails(thief.get(INCIDENTS), 403)


def test_a_narrow_token_of_an_administrator_does_not_administer(
    attacked: FastAPI, anybody: TestClient, attacked_database: Database
) -> None:
    thief = with_bearer(attacked, made(attacked_database, "admin", collections=tuple(Collection)).secret)
    fails(thief.get("/api/v1/tokens"), 403)


def test_a_session_s_secret_as_a_token_and_the_other_way_round(
    attacked: FastAPI, browser: Browser, tokens: Mapping[str, str]
) -> None:
    inside = browser()
    inside.post("/logga-in", data={"token": tokens["coordinator"]})
    fails(with_bearer(attacked, inside.cookies["session"]).get(INCIDENTS), 401)
    outside = browser()
    outside.cookies.set("session", tokens["coordinator"])
    assert outside.get("/karta").status_code == 303


def test_a_token_in_the_address_is_no_token(anybody: TestClient, tokens: Mapping[str, str]) -> None:
    for name in ("token", "access_token", "api_key", "authorization"):
        fails(anybody.get(INCIDENTS, params={name: tokens["coordinator"]}), 401)


def test_two_authorizations_at_once(raw: Raw, tokens: Mapping[str, str]) -> None:
    told = raw(
        b"GET /api/v1/incidents HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Authorization: Bearer lgb_wrong\r\nAuthorization: Bearer " + tokens["map_client"].encode() + b"\r\n\r\n"
    )
    assert told.startswith((b"HTTP/1.1 401", b"HTTP/1.1 403"))


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_of_the_identity_provider(
    attacked: FastAPI, anybody: TestClient, invented: Told, how: str
) -> None:
    assert with_bearer(attacked, invented.sign(KEY)).get(HOTSPOTS).status_code == 200  # so it can be told
    answer = with_bearer(attacked, "x").get(HOTSPOTS, headers={"Authorization": f"Bearer {FORGED[how](invented)}"})
    fails(answer, 401)


def test_a_token_of_the_provider_that_claims_a_better_role(
    attacked: FastAPI, anybody: TestClient, invented: Told
) -> None:
    claims = {"role": "admin", "roles": ["admin"], "organisation": "hyttfors-kommun", "scope": "admin"}
    thief = with_bearer(attacked, invented.sign(KEY, **claims))
    assert thief.get(HOTSPOTS).status_code == 200
    fails(thief.get(INCIDENTS), 403)
    fails(thief.get("/api/v1/tokens"), 403)


def test_guessing_a_password_is_slowed_down(attacked: FastAPI, browser: Browser) -> None:
    given = attacked.state.services
    attacked.state.services = dataclasses.replace(given, limits=Limits(sign_ins=3))
    guesser = browser("192.0.2.1")
    told = [
        guesser.post("/logga-in", data={"username": USERNAME, "password": f"gissning nummer {i}"}).status_code
        for i in range(6)
    ]
    assert told == [422, 422, 422, 429, 429, 429]
    right = {"username": USERNAME, "password": PASSWORD}
    assert guesser.post("/logga-in", data=right).status_code == 429  # not even then, for a while


def test_another_address_in_a_header_does_not_escape_the_limit(attacked: FastAPI, browser: Browser) -> None:
    given = attacked.state.services
    attacked.state.services = dataclasses.replace(given, limits=Limits(sign_ins=1))
    guesser = browser("192.0.2.2")
    told = []
    for i in range(8):
        address = f"10.9.8.{i}"
        headers = {"X-Forwarded-For": address, "Forwarded": f"for={address}", "X-Real-IP": address}
        told.append(guesser.post("/logga-in", data={"token": f"lgb_{i}"}, headers=headers).status_code)
    assert told == [422] * 5 + [429] * 3


def test_an_unknown_name_and_a_wrong_password_answer_alike(browser: Browser) -> None:
    def told(username: str) -> str:
        answer = browser().post("/logga-in", data={"username": username, "password": "inte alls rätt"})
        fails(answer, 422)
        return answer.text

    assert told(USERNAME) == told("nobody-of-that-name")


def test_a_planted_session_is_not_taken_over(browser: Browser, tokens: Mapping[str, str]) -> None:
    chosen = browser()
    chosen.cookies.set("session", "planted-by-an-attacker")
    answer = chosen.post("/logga-in", data={"token": tokens["coordinator"]})
    assert "planted-by-an-attacker" not in answer.headers["set-cookie"]
    attacker = browser()
    attacker.cookies.set("session", "planted-by-an-attacker")
    assert attacker.get("/karta").status_code == 303


def test_a_copied_cookie_after_signing_out(browser: Browser, tokens: Mapping[str, str]) -> None:
    owner, thief = browser(), browser()
    owner.post("/logga-in", data={"token": tokens["coordinator"]})
    thief.cookies.set("session", owner.cookies["session"])
    assert thief.get("/karta").status_code == 200
    owner.post("/logga-ut")
    assert thief.get("/karta").status_code == 303


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + "A", lambda c: c.swapcase(), lambda _: "' OR 1=1"])
def test_a_changed_cookie(browser: Browser, tokens: Mapping[str, str], change: Callable[[str], str]) -> None:
    owner, thief = browser(), browser()
    owner.post("/logga-in", data={"token": tokens["coordinator"]})
    thief.cookies.set("session", change(owner.cookies["session"]))
    assert thief.get("/karta").status_code == 303


def test_a_sign_in_cookie_made_by_an_attacker(attacked: FastAPI, browser: Browser) -> None:
    values = {"state": "s", "nonce": "n", "verifier": "v", "target": "/", "at": now().isoformat()}
    for sealed in (
        sealing.seal(b"a guessed secret", "sign-in at the provider", values),
        sealing.seal(attacked.state.services.secret, "another purpose", values),
        sealing.seal(attacked.state.services.secret, "sign-in at the provider", values)[:-1] + "x",
        "e30=.", ".", "", "x" * 10_000,
    ):  # fmt: skip
        thief = browser()
        thief.cookies.set("signing-in", sealed)
        fails(thief.get("/logga-in/svar", params={"code": "c", "state": "s"}), 400)


def test_an_attacker_s_own_sign_in_is_not_slipped_to_a_victim(browser: Browser) -> None:
    attacker, lured = browser(), browser()
    away = attacker.get("/logga-in/organisation").headers["location"]
    state = away.partition("state=")[2].partition("&")[0]
    fails(lured.get("/logga-in/svar", params={"code": "attackers-code", "state": state}), 400)
    assert "session" not in lured.cookies
