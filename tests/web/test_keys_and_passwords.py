"""The pages for keys and for one's own password."""

import re
from collections.abc import Callable, Iterator, Mapping

import psycopg
import pytest
from fastapi.testclient import TestClient

from app.actions import sign_ins
from app.actions.deployments import installer
from tests.conftest import Database, opened
from tests.factories import LINDESTA, NOW
from tests.web.conftest import Browse

SignedIn = Callable[..., TestClient]
NOWHERE = "00000000-0000-4000-8000-000000000000"
PASSWORD, OTHER = "gröna äpplen i oktober", "nio älgar vid sjön"


@pytest.fixture
def username(town: Database) -> Iterator[str]:
    """The leadership signs in with a password."""
    with opened(town) as db, db.write(installer()) as tx:
        sign_ins.set_password(
            tx, organisation=LINDESTA, account="leadership", username="ledning", password=PASSWORD, now=NOW
        )
    yield "ledning"
    with psycopg.connect(town.conninfo()) as conn:
        conn.execute("DELETE FROM passwords")
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")


def account_id(town: Database, name: str) -> str:
    with psycopg.connect(town.conninfo()) as conn:
        row = conn.execute("SELECT id FROM accounts WHERE name = %s", [name]).fetchone()
    assert row
    return str(row[0])


def test_a_password_signs_in_and_is_changed(browse: Browse, username: str) -> None:
    browser = browse()
    assert "Användarnamn" in browser.get("/logga-in").text
    answer = browser.post("/logga-in", data={"username": username, "password": PASSWORD, "next": "/karta?lang=sv"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/karta?lang=sv")
    assert browser.get("/konto/losenord").status_code == 200
    wrong = browser.post("/konto/losenord", data={"current": "fel", "new": OTHER})
    assert (wrong.status_code, "Det nuvarande lösenordet stämmer inte." in wrong.text) == (422, True)
    weak = browser.post("/konto/losenord", data={"current": PASSWORD, "new": "Sommar2026!!"})
    assert "Det hör till de första lösenord" in weak.text
    assert "Lösenordet är bytt." in browser.post("/konto/losenord", data={"current": PASSWORD, "new": OTHER}).text
    assert browser.get("/karta").status_code == 200


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"username": "ledning", "password": "fel"}, "Användarnamnet eller lösenordet stämmer inte."),
        ({"username": "ingen", "password": PASSWORD}, "Användarnamnet eller lösenordet stämmer inte."),
        ({"username": "ledning", "password": ""}, "Fyll i både användarnamn och lösenord."),
        ({"username": "", "password": PASSWORD}, "Fyll i både användarnamn och lösenord."),
    ],
)
def test_a_wrong_password_is_told(browse: Browse, username: str, fields: dict[str, str], sentence: str) -> None:
    answer = browse().post("/logga-in", data=fields)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert PASSWORD not in answer.text


def test_without_a_password_there_is_none_to_change(signed_in: SignedIn, browse: Browse) -> None:
    assert signed_in().get("/konto/losenord").status_code == 404
    assert browse().get("/konto/losenord").headers["location"].startswith("/logga-in?next=")
    assert browse().post("/konto/losenord").headers["location"].startswith("/logga-in?next=")


def test_an_administrator_makes_and_revokes_a_key(
    signed_in: SignedIn, browse: Browse, town: Database, tokens: Mapping[str, str]
) -> None:
    admin = signed_in("admin")
    assert 'href="/nycklar"' in admin.get("/nycklar").text
    fields = {
        "account": account_id(town, "map_client"),
        "name": "QGIS",
        "collections": ["hotspots", "nonsense"],
        "precision": "area",
        "days": "90",
    }
    made = admin.post("/nycklar", data=fields)
    secret = re.search(r'class="secret">(lgb_[\w-]+)<', made.text)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    assert secret
    headers = {"Authorization": f"Bearer {secret[1]}"}
    assert browse().get("/api/v1/hotspots", headers=headers).status_code == 200
    listed = admin.get("/nycklar").text
    assert secret[1] not in listed
    row = next(r for r in listed.split("<tr>") if "QGIS" in r)
    assert "hotspots; bara område" in row
    action = re.search(r'action="(/nycklar/[\w-]+/aterkalla)"', row)
    assert action
    assert admin.post(action[1]).headers["location"] == "/nycklar"
    assert browse().get("/api/v1/hotspots", headers=headers).status_code == 401
    assert admin.post(action[1]).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Skriv vad nyckeln ska användas till."),
        ({"name": "a\nb"}, "Skriv vad nyckeln ska användas till, med vanliga tecken."),
        ({"name": "x", "account": NOWHERE}, "Välj ett konto i listan."),
    ],
)
def test_what_a_key_lacks_is_told(signed_in: SignedIn, town: Database, fields: dict[str, str], sentence: str) -> None:
    answer = signed_in("admin").post("/nycklar", data={"account": account_id(town, "map_client"), **fields})
    assert (answer.status_code, sentence in answer.text) == (422, True)


def test_only_administrators_see_the_keys(signed_in: SignedIn, browse: Browse) -> None:
    assert signed_in("coordinator").get("/nycklar").status_code == 403
    assert "/nycklar" not in signed_in("coordinator").get("/karta").text
    assert browse().get("/nycklar").headers["location"] == "/logga-in?next=%2Fnycklar"
    assert browse().post("/nycklar", data={}).status_code == 303
    assert browse().post(f"/nycklar/{NOWHERE}/aterkalla").status_code == 303


def test_too_many_attempts_are_told_on_a_page(browse: Browse) -> None:
    browser = browse(sign_ins_per_minute=1)
    told = [browser.post("/logga-in", data={"token": "lgb_x"}) for _ in range(6)]
    assert [answer.status_code for answer in told] == [422] * 5 + [429]
    assert "För många försök" in told[-1].text
    assert int(told[-1].headers["Retry-After"]) > 0
