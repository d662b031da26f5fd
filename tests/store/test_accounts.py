"""Accounts, tokens and sessions: who is signed in, and from when nobody is."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.core.audit import AuditAction
from app.core.errors import ConflictError
from app.core.permissions import Role
from app.store import accounts
from app.store.tx import _SIGNED_IN, Database, WriteTx
from tests.factories import ACCOUNTS, HOUSING, LINDESTA, POLICE, Acting, Actors

HASH = b"h" * 32
SESSION = b"s" * 32
LATER = datetime(2099, 1, 1, tzinfo=UTC)
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def tx(acting: Acting, actors: Actors) -> WriteTx:
    """The administrator, writing."""
    return acting(actors["admin"])


def opened(tx: WriteTx, *, role: Role = Role.ANALYST, name: str = "Nykomling") -> tuple[UUID, UUID]:
    """A new account of Lindesta: its id and its organisation's."""
    found = accounts.add(tx, organisation=LINDESTA, name=name, role=role)
    assert found is not None
    return found


def token(tx: WriteTx, account_id: UUID, organisation_id: UUID, expires_at: datetime | None = None) -> UUID:
    """A token of the account."""
    return accounts.add_token(
        tx, organisation_id=organisation_id, account_id=account_id, name="QGIS", token_hash=HASH, expires_at=expires_at
    )


def signed_in(tx: WriteTx, credential: bytes = HASH, *, is_session: bool = False) -> list[UUID]:
    """The accounts that the credential signs in within this transaction."""
    return [row.account_id for row in tx.conn.execute(_SIGNED_IN, {"hash": credential, "is_session": is_session})]


def test_every_account_of_the_world_signs_in_with_its_role_and_organisation(actors: Actors) -> None:
    assert {key: (a.organisation, a.role, a.name) for key, a in actors.items()} == {
        key: (slug, role, key) for key, (slug, role) in ACCOUNTS.items()
    }


def test_signing_in_tells_whose_hot_spots_are_shared(actors: Actors) -> None:
    lindesta = actors["coordinator"].organisation_id
    assert actors["police"].scope.hotspots == (actors["police"].organisation_id, lindesta)
    assert actors["external_reporter"].scope.hotspots == (actors["external_reporter"].organisation_id, lindesta)
    assert actors["coordinator"].scope.hotspots == (lindesta,)


def test_an_account_of_an_unknown_organisation_is_not_added(tx: WriteTx) -> None:
    assert accounts.add(tx, organisation="nowhere", name="x", role=Role.ANALYST) is None


def test_two_accounts_of_one_organisation_cannot_share_a_name(db: Database, actors: Actors) -> None:
    with pytest.raises(ConflictError, match="already has an account of that name"), db.write(actors["admin"]) as tx:
        opened(tx)
        opened(tx)


def test_accounts_are_listed_by_organisation_and_name(tx: WriteTx) -> None:
    rows = accounts.page(tx, 1_000)
    assert [(r["organisation"], r["name"]) for r in rows] == sorted((slug, key) for key, (slug, _) in ACCOUNTS.items())
    assert len(accounts.page(tx, 2)) == 2


def test_tokens_are_listed_without_their_hashes(tx: WriteTx) -> None:
    rows = accounts.tokens(tx, 1_000)
    assert len(rows) == len(ACCOUNTS)
    assert "token_hash" not in rows[0]
    assert {r["organisation"] for r in rows} >= {LINDESTA, POLICE, HOUSING}


def test_a_token_signs_in_until_it_is_revoked(tx: WriteTx) -> None:
    account_id, organisation_id = opened(tx)
    token_id = token(tx, account_id, organisation_id)
    assert signed_in(tx) == [account_id]
    assert accounts.revoke_token(tx, token_id, BEFORE)
    assert signed_in(tx) == []
    assert not accounts.revoke_token(tx, token_id, BEFORE)


@pytest.mark.parametrize(("expires_at", "is_valid"), [(None, True), (LATER, True), (BEFORE, False)])
def test_a_token_signs_in_until_its_time_is_out(tx: WriteTx, expires_at: datetime | None, *, is_valid: bool) -> None:
    account_id, organisation_id = opened(tx)
    token(tx, account_id, organisation_id, expires_at)
    assert signed_in(tx) == ([account_id] if is_valid else [])


def test_a_closed_account_is_signed_out_at_once(tx: WriteTx) -> None:
    account_id, organisation_id = opened(tx)
    token(tx, account_id, organisation_id)
    assert accounts.by_name(tx, LINDESTA, "Nykomling") == (account_id, organisation_id)
    assert accounts.close(tx, account_id, BEFORE)
    assert signed_in(tx) == []
    assert accounts.by_name(tx, LINDESTA, "Nykomling") is None
    assert not accounts.close(tx, account_id, BEFORE)


@pytest.mark.parametrize("credential", [b"", b"x" * 32, HASH + b"\x00"])
def test_an_unknown_credential_signs_nobody_in(db: Database, credential: bytes) -> None:
    assert db.signed_in(credential, is_session=False) is None
    assert db.signed_in(credential, is_session=True) is None


def test_signing_in_notes_the_day_a_token_was_used(tx: WriteTx) -> None:
    account_id, organisation_id = opened(tx)
    token_id = token(tx, account_id, organisation_id)

    def used() -> object:
        [row] = [r for r in accounts.tokens(tx, 1_000) if r["id"] == token_id]
        return row["last_used_on"]

    assert used() is None
    signed_in(tx)
    assert used() is not None


def test_a_session_lasts_until_it_is_closed(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["leadership"])
    accounts.open_session(tx, SESSION, LATER)
    assert signed_in(tx, SESSION, is_session=True) == [actors["leadership"].id]
    assert signed_in(tx, SESSION, is_session=False) == []
    accounts.close_session(acting(actors["other_coordinator"]), SESSION)
    assert signed_in(tx, SESSION, is_session=True) == [actors["leadership"].id]
    accounts.close_session(acting(actors["leadership"]), SESSION)
    assert signed_in(tx, SESSION, is_session=True) == []


def test_a_session_ends_with_its_time_and_with_its_token(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["leadership"])
    accounts.open_session(tx, SESSION, BEFORE)
    accounts.open_session(tx, HASH, LATER)
    assert signed_in(tx, SESSION, is_session=True) == []
    assert signed_in(tx, HASH, is_session=True) == [actors["leadership"].id]
    token_id = actors["leadership"].token_id or uuid4()
    assert accounts.revoke_token(acting(actors["admin"]), token_id, BEFORE)
    assert signed_in(tx, HASH, is_session=True) == []


def test_a_session_given_as_a_token_signs_nobody_in(db: Database, actors: Actors) -> None:
    with db.write(actors["leadership"]) as tx:
        accounts.open_session(tx, SESSION, datetime.now(UTC) + timedelta(hours=1))
        tx.record(AuditAction.SIGNED_IN)
    assert db.signed_in(SESSION, is_session=False) is None
    signed = db.signed_in(SESSION, is_session=True)
    assert signed is not None
    assert signed == actors["leadership"]
