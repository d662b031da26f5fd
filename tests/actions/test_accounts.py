"""Accounts, tokens, sessions: opened, used, closed, and no secret kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from app.actions import accounts
from app.actions.accounts import SESSION_LIFETIME, TOKEN_PREFIX, credential_hash
from app.core.disclosure import Precision
from app.core.errors import InvalidError, NotFoundError
from app.core.permissions import Collection, May, Role, Scope, Token
from app.store.tx import Database, WriteTx
from tests.conftest import Database as Copy
from tests.factories import LINDESTA, NOW, Acting, Actors

NEW = "Fältassistent"


@pytest.fixture
def tx(acting: Acting, actors: Actors) -> WriteTx:
    """The administrator, writing."""
    return acting(actors["admin"])


def test_an_account_signs_in_with_its_token_until_it_is_closed(db: Database, actors: Actors) -> None:
    with db.write(actors["admin"]) as tx:
        account_id = accounts.add_account(tx, organisation=LINDESTA, name=f"  {NEW} ", role=Role.ANALYST)
        issued = accounts.issue_token(tx, organisation=LINDESTA, account=NEW, name="QGIS")
    found = db.signed_in(credential_hash(issued.secret), is_session=False)
    assert found is not None
    assert (found.id, found.name, found.role, found.token_id) == (account_id, NEW, Role.ANALYST, issued.id)
    with db.write(actors["admin"]) as tx:
        accounts.close_account(tx, organisation=LINDESTA, name=NEW, now=NOW)
    assert db.signed_in(credential_hash(issued.secret), is_session=False) is None


def test_a_revoked_token_is_useless_at_once_and_the_account_keeps_its_others(db: Database, actors: Actors) -> None:
    with db.write(actors["admin"]) as tx:
        first, second = (
            accounts.issue_token(tx, organisation=LINDESTA, account="analyst", name=name) for name in ("a", "b")
        )
    with db.write(actors["admin"]) as tx:
        accounts.revoke_token(tx, first.id, NOW)
    assert db.signed_in(credential_hash(first.secret), is_session=False) is None
    assert db.signed_in(credential_hash(second.secret), is_session=False) is not None


def test_a_token_may_end_by_itself(db: Database, actors: Actors) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with db.write(actors["admin"]) as tx:
        issued = accounts.issue_token(tx, organisation=LINDESTA, account="analyst", name="x", expires_at=yesterday)
    assert db.signed_in(credential_hash(issued.secret), is_session=False) is None


def test_a_session_lasts_ten_hours_or_until_signing_out(db: Database, actors: Actors) -> None:
    now = datetime.now(UTC)
    with db.write(actors["leadership"]) as tx:
        old = accounts.open_session(tx, now - SESSION_LIFETIME - timedelta(minutes=1))
        fresh = accounts.open_session(tx, now)
    assert db.signed_in(credential_hash(old), is_session=True) is None
    assert db.signed_in(credential_hash(fresh), is_session=True) == actors["leadership"]
    with db.write(actors["leadership"]) as tx:
        accounts.close_session(tx, fresh)
    assert db.signed_in(credential_hash(fresh), is_session=True) is None


def test_nobody_ends_the_session_of_another_organisation(db: Database, actors: Actors) -> None:
    with db.write(actors["leadership"]) as tx:
        secret = accounts.open_session(tx, datetime.now(UTC))
    with db.write(actors["other_coordinator"]) as tx:
        accounts.close_session(tx, secret)
    assert db.signed_in(credential_hash(secret), is_session=True) is not None


def test_a_session_ends_after_a_long_silence_and_a_visit_keeps_it(db: Database, database: Copy, actors: Actors) -> None:
    leader = actors["leadership"]
    with db.write(leader) as tx:
        secret = accounts.open_session(tx, datetime.now(UTC), idle=timedelta(minutes=30))

    def silent_for(minutes: int) -> bool:
        """Whether the session is still good after so long a silence."""
        with psycopg.connect(database.conninfo()) as conn:
            conn.execute("UPDATE sessions SET last_seen_at = now() - make_interval(mins => %s)", [minutes])
        return db.signed_in(credential_hash(secret), is_session=True) is not None

    assert silent_for(29)
    with psycopg.connect(database.conninfo()) as conn:
        assert conn.execute("SELECT now() - last_seen_at < interval '1 minute' FROM sessions").fetchone() == (True,)
    assert not silent_for(31)
    with db.write(leader) as tx:  # the next sign-in clears it away
        accounts.open_session(tx, datetime.now(UTC))
    with psycopg.connect(database.conninfo()) as conn:
        assert conn.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_the_provider_s_hint_is_handed_out_once_with_the_session(db: Database, actors: Actors) -> None:
    with db.write(actors["leadership"]) as tx:
        secret = accounts.open_session(tx, datetime.now(UTC), provider_hint="id-token")
    with db.write(actors["leadership"]) as tx:
        assert accounts.close_session(tx, secret) == "id-token"
        assert accounts.close_session(tx, secret) is None


def test_a_narrowed_token_carries_what_it_is_narrowed_to(db: Database, actors: Actors) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    wanted = Token(collections=(Collection.HOTSPOTS,), precision="area", ends_at=end)
    with db.write(actors["admin"]) as tx:
        issued = accounts.issue_api_token(
            tx, organisation=LINDESTA, account="coordinator", name=" QGIS ", token=wanted, now=datetime.now(UTC)
        )
    found = db.signed_in(credential_hash(issued.secret), is_session=False)
    assert found is not None
    assert (found.token, found.token_id) == (wanted, issued.id)
    usual = actors["coordinator"].scope
    narrowed = Scope(hotspots=usual.hotspots, precision=Precision.AREA, police_area=usual.police_area)
    assert replace(found.scope, rules="") == narrowed
    assert (found.may(May.READ_HOTSPOTS), found.may(May.REPORT_INCIDENTS)) == (True, False)


@pytest.mark.parametrize(
    ("name", "ends_at", "field"),
    [
        ("", NOW + timedelta(days=1), "name"),
        ("a\nb", NOW + timedelta(days=1), "name"),
        ("x", None, "ends_at"),
        ("x", NOW, "ends_at"),
        ("x", NOW + timedelta(days=800), "ends_at"),
        ("x", datetime(2026, 12, 1), "ends_at"),  # noqa: DTZ001 -- without an offset, on purpose
    ],
)
def test_a_program_s_token_says_what_for_and_until_when(
    tx: WriteTx, name: str, ends_at: datetime | None, field: str
) -> None:
    with pytest.raises(InvalidError) as raised:
        accounts.issue_api_token(
            tx, organisation=LINDESTA, account="analyst", name=name, token=Token(ends_at=ends_at), now=NOW
        )
    assert [p.field for p in raised.value.problems] == [field]


def test_secrets_are_long_different_and_nowhere_in_the_database(db: Database, database: Copy, actors: Actors) -> None:
    with db.write(actors["admin"]) as tx:
        tokens = [accounts.issue_token(tx, organisation=LINDESTA, account="analyst", name="x").secret for _ in range(5)]
    with db.write(actors["leadership"]) as tx:
        session = accounts.open_session(tx, datetime.now(UTC))
    assert len(set(tokens)) == 5
    assert all(t.startswith(TOKEN_PREFIX) and len(t) == len(TOKEN_PREFIX) + 43 for t in tokens)
    engine = sa.create_engine(database.url())
    with engine.connect() as conn:
        text = str(
            [
                conn.execute(sa.text(f"SELECT t::text FROM {t} AS t")).all()
                for t in ("tokens", "sessions", "audit_lines")
            ]
        )
    engine.dispose()
    assert sha256(tokens[0].encode()).hexdigest() in text
    assert all(secret not in text for secret in (*tokens, session))


def test_any_secret_that_can_be_sent_can_be_hashed() -> None:
    assert credential_hash("ö\udcff") != credential_hash("ö")
    assert len(credential_hash("")) == 32


@pytest.mark.parametrize("name", ["", "   ", "\t\n"])
def test_an_account_needs_a_name(tx: WriteTx, name: str) -> None:
    with pytest.raises(InvalidError) as raised:
        accounts.add_account(tx, organisation=LINDESTA, name=name, role=Role.ANALYST)
    assert [(p.field, p.code) for p in raised.value.problems] == [("name", "missing")]


def test_what_is_not_there_is_told_plainly(tx: WriteTx) -> None:
    with pytest.raises(NotFoundError, match="no organisation nowhere"):
        accounts.add_account(tx, organisation="nowhere", name="x", role=Role.ANALYST)
    with pytest.raises(NotFoundError, match=f"no open account {NEW} in {LINDESTA}"):
        accounts.issue_token(tx, organisation=LINDESTA, account=NEW, name="x")
    with pytest.raises(NotFoundError, match=f"no open account {NEW} in {LINDESTA}"):
        accounts.close_account(tx, organisation=LINDESTA, name=NEW, now=NOW)
    with pytest.raises(NotFoundError, match="no such token in force"):
        accounts.revoke_token(tx, uuid4(), NOW)


def test_a_closed_account_can_neither_be_closed_again_nor_get_a_token(tx: WriteTx) -> None:
    accounts.close_account(tx, organisation=LINDESTA, name="analyst", now=NOW)
    with pytest.raises(NotFoundError):
        accounts.close_account(tx, organisation=LINDESTA, name="analyst", now=NOW)
    with pytest.raises(NotFoundError):
        accounts.issue_token(tx, organisation=LINDESTA, account="analyst", name="x")
