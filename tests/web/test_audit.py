"""The auditor's page: who reaches it, what it shows, and that it reads as Swedish."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from app.core.audit import AuditAction
from app.core.permissions import Role
from app.core.retention import RetentionRule
from app.web import i18n
from app.web.audit import line_of, rule_words
from app.web.audit_words import action_name, role_name, scope_words

SignedIn = Callable[..., TestClient]
PAGE = "/granskning"
AT_NOON = "2026-11-16T12:00:00Z"


def test_signing_in_leads_the_auditor_to_the_page(signed_in: SignedIn) -> None:
    browser = signed_in("auditor")
    answer = browser.get("/karta")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    shown = browser.get(PAGE)
    assert shown.status_code == 200
    assert '<a href="/granskning" aria-current="page">Granskning</a>' in shown.text
    assert ">Karta<" not in shown.text


def test_without_signing_in_it_leads_to_the_sign_in_page(browse: Callable[[], TestClient]) -> None:
    answer = browse().get(PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/logga-in?next=%2Fgranskning")


@pytest.mark.parametrize("key", ["coordinator", "leadership", "admin"])
def test_other_roles_are_told_kindly(signed_in: SignedIn, key: str) -> None:
    answer = signed_in(key).get(PAGE)
    assert answer.status_code == 403
    assert "Granskningen ingår inte i din roll" in answer.text
    assert ">Granskning</a>" not in answer.text


def test_it_shows_who_did_what_and_leads_on_to_older_lines(signed_in: SignedIn) -> None:
    browser = signed_in("auditor")
    first = browser.get(PAGE, params={"actor": "installation"}).text
    assert "Lade upp ett konto" in first
    assert "installation" in first
    older = re.search(r'href="(\?[^"]*before=\d+)"', first)
    if older:
        assert browser.get(PAGE + older[1].replace("&amp;", "&")).status_code == 200
    assert "/api/v1/audit/export?actor=installation" in first
    assert browser.get("/api/v1/audit/export?actor=installation").status_code == 200


def test_every_look_is_logged(signed_in: SignedIn) -> None:
    browser = signed_in("auditor")
    browser.get(PAGE)
    assert browser.get(PAGE, params={"action": "audit.read"}).text.count("Läste granskningsloggen") > 2


def test_a_question_without_an_answer_says_so_and_keeps_the_form(signed_in: SignedIn) -> None:
    answer = signed_in("auditor").get(PAGE, params={"to": "2001-01-01", "actor": '"><script>'})
    assert answer.status_code == 200
    assert "Ingen rad stämmer" in answer.text
    assert 'value="2001-01-01"' in answer.text
    assert "<script>" not in answer.text.replace("</script>", "")


@pytest.mark.parametrize("asked", [{"from": "igår"}, {"to": "2026-13-01"}])
def test_a_date_that_is_none_is_told_beside_the_form(signed_in: SignedIn, asked: dict[str, str]) -> None:
    answer = signed_in("auditor").get(PAGE, params=asked)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert next(iter(asked.values())) in answer.text


def test_it_speaks_english_too(signed_in: SignedIn) -> None:
    text = signed_in("auditor").get(PAGE, params={"lang": "en"}).text
    assert "Opened an account" in text
    assert "Who did or read what" in text


def test_rules_are_shown_and_their_absence_told(signed_in: SignedIn) -> None:
    assert "allt sparas tills vidare" in signed_in("auditor").get(PAGE).text
    assert rule_words(RetentionRule(text_after_months=6)) == ("alla", "alla", "6", "–", "–")
    assert rule_words(RetentionRule(source="rar", category="SKD", everything_after_months=60))[:2] == ("rar", "SKD")


@pytest.mark.parametrize("code", ["sv", "en"])
def test_every_action_and_role_has_a_name_of_its_own(code: str) -> None:
    i18n.use_language(code)
    names = [action_name(action) for action in AuditAction]
    assert len(set(names)) == len(names)
    assert not set(names) & {str(action) for action in AuditAction}
    assert len({role_name(role) for role in Role}) == len(Role)
    assert (action_name("no.such"), role_name("none")) == ("no.such", "none")


def test_figures_are_written_out_and_the_pairing_left_away() -> None:
    row = {
        "recorded_at": None, "actor": "x", "role": "analyst", "organisation_name": None, "action": "incidents.read",
        "subject": "s", "figures": {"reading": "abc", "bbox": [1, 2], "rules": [{"source": None, "months": 6}]},
        "scope": None, "address": None,
    }  # fmt: skip
    assert line_of(row).about == "s; kartutsnitt: 1, 2; regler: months 6"
    assert line_of(row | {"figures": {"whole": False, "odd": 1}, "subject": None}).about == "till slut: nej; odd: 1"


def test_scopes_are_told_in_the_readers_words() -> None:
    assert scope_words("incidents 2, own reports only, audits") == "händelser 2, bara egna rapporter, granskar"
    assert scope_words("shared 3, at most snapped") == "delade händelser 3, högst avrundad plats"
    i18n.use_language("en")
    assert (scope_words("hot spots 12, later words"), scope_words("")) == ("hot spots 12, later words", "")
