"""Who is let in by a provider's word or a password; what is written about it, and what is not."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from app.actions import accounts, sign_ins
from app.actions.accounts import credential_hash
from app.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.core.identities import Identity
from app.core.permissions import Role
from app.edge.services import now
from app.store.tx import Database, Origin
from tests.actions.conftest import Recorded
from tests.conftest import Database as Copy
from tests.factories import HYTTFORS, LINDESTA, NOW, Acting, Actors

PASSWORD, OTHER = "gröna äpplen i oktober", "nio älgar vid sjön"
EVA = Identity(issuer="https://idp.example", subject="eva", name="Eva Ek", role=Role.COORDINATOR, organisation=LINDESTA)


def admitted(db: Database, identity: Identity = EVA) -> str | None:
    """The name, role and organisation of the account, as one text."""
    with db.write(sign_ins.doorkeeper()) as tx:
        account_id = sign_ins.admit(tx, identity, NOW)
    found = None if account_id is None else db.account(account_id)
    return None if found is None else f"{found.name} {found.role} {found.organisation}"


@pytest.fixture
def give_password(db: Database) -> Callable[..., None]:
    def give(account: str = "leadership", username: str = " Ledning@Example.se ", password: str = PASSWORD) -> None:
        with db.write(sign_ins.doorkeeper()) as tx:
            sign_ins.set_password(
                tx, organisation=LINDESTA, account=account, username=username, password=password, now=NOW
            )

    return give


def test_the_first_sign_in_makes_an_account_and_the_next_finds_it(db: Database, recorded: Recorded) -> None:
    assert admitted(db) == admitted(db) == "Eva Ek coordinator lindesta-kommun"
    told = [(action, figures) for action, _, figures in recorded()]
    assert told == [("account.added", {"role": "coordinator", "organisation": LINDESTA, "by": "provider"})]


def test_another_person_of_the_same_name_is_another_account(db: Database) -> None:
    admitted(db)
    assert admitted(db, replace(EVA, subject="eva2")) == "Eva Ek (2) coordinator lindesta-kommun"
    assert admitted(db, replace(EVA, subject="eva3")) == "Eva Ek (3) coordinator lindesta-kommun"
    assert admitted(db, replace(EVA, issuer="https://other.example")) == "Eva Ek (4) coordinator lindesta-kommun"


def test_a_new_role_is_taken_on_and_written_down(db: Database, recorded: Recorded) -> None:
    admitted(db)
    assert admitted(db, replace(EVA, role=Role.LEADERSHIP)) == "Eva Ek leadership lindesta-kommun"
    assert recorded()[-1][0] == "account.changed"
    assert recorded()[-1][2] == {"role": "leadership", "before": "coordinator"}


def test_who_moves_to_another_organisation_leaves_the_old_account_behind(db: Database, recorded: Recorded) -> None:
    admitted(db)
    before = db.identified(EVA.issuer, EVA.subject)
    assert before is not None
    with db.write(before) as tx:
        session = accounts.open_session(tx, now())
    assert admitted(db, replace(EVA, organisation=HYTTFORS)) == "Eva Ek coordinator hyttfors-kommun"
    assert db.signed_in(credential_hash(session), is_session=True) is None
    assert db.account(before.id) is None
    assert [action for action, *_ in recorded()][-2:] == ["account.closed", "account.added"]


def test_a_closed_account_stays_closed(db: Database) -> None:
    admitted(db)
    with db.write(sign_ins.doorkeeper()) as tx:
        accounts.close_account(tx, organisation=LINDESTA, name="Eva Ek", now=NOW)
    assert admitted(db) is None


def test_a_mapping_to_an_organisation_that_is_not_there_is_told(db: Database) -> None:
    with pytest.raises(NotFoundError, match="no organisation atlantis; LAGESBILD_OIDC_MAPPING"):
        admitted(db, replace(EVA, organisation="atlantis"))


def test_who_is_turned_away_is_signed_out(db: Database, recorded: Recorded) -> None:
    admitted(db)
    eva = db.identified(EVA.issuer, EVA.subject)
    assert eva is not None
    with db.write(eva) as tx:
        session = accounts.open_session(tx, now())
    with db.write(sign_ins.doorkeeper()) as tx:
        sign_ins.turn_away(tx, EVA.issuer, EVA.subject)
        sign_ins.turn_away(tx, EVA.issuer, "a stranger")
    assert db.signed_in(credential_hash(session), is_session=True) is None
    assert [(a, s) for a, s, _ in recorded()][-2:] == [("session.refused", str(eva.id)), ("session.refused", None)]


def test_only_the_doorkeeper_lets_in(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    for attempt in (
        lambda: sign_ins.admit(tx, EVA, NOW),
        lambda: sign_ins.turn_away(tx, EVA.issuer, EVA.subject),
        lambda: sign_ins.set_password(
            tx, organisation=LINDESTA, account="leadership", username="x", password=PASSWORD, now=NOW
        ),
    ):
        with pytest.raises(ForbiddenError):
            attempt()


def test_a_password_is_known_by_its_owner_in_any_spelling_of_the_name(
    db: Database, actors: Actors, give_password: Callable[..., None]
) -> None:
    assert not sign_ins.has_passwords(db)
    give_password()
    assert sign_ins.has_passwords(db)
    assert (sign_ins.has_password(db, actors["leadership"]), sign_ins.has_password(db, actors["analyst"])) == (
        True, False,
    )  # fmt: skip
    for username in ("ledning@example.se", "LEDNING@EXAMPLE.SE", " ledning@example.se"):
        assert sign_ins.account_by_password(db, username, PASSWORD) == actors["leadership"].id


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ledning@example.se", PASSWORD.upper()),
        ("ledning@example.se", PASSWORD + "x"),
        ("ledning@example.se", ""),
        ("ledning@example.se", "x" * 100_000),
        ("ledning@example.se", "\x00\ud83d"),
        ("nobody@example.se", PASSWORD),
        ("", ""),
        ("\x00' OR 1=1 --", PASSWORD),
    ],
)
def test_what_does_not_fit_lets_nobody_in_and_is_written_without_the_words(
    db: Database, recorded: Recorded, give_password: Callable[..., None], username: str, password: str
) -> None:
    give_password()
    assert sign_ins.account_by_password(db, username, password, Origin(address="10.0.0.1")) is None
    action, subject, figures = recorded()[-1]
    assert (action, figures) == ("session.refused", {"how": "password"})
    assert (subject is not None) == (username == "ledning@example.se")


def test_a_closed_account_has_no_password(db: Database, give_password: Callable[..., None]) -> None:
    give_password()
    with db.write(sign_ins.doorkeeper()) as tx:
        accounts.close_account(tx, organisation=LINDESTA, name="leadership", now=NOW)
    assert sign_ins.account_by_password(db, "ledning@example.se", PASSWORD) is None


def test_a_changed_password_ends_the_other_sessions(
    db: Database, actors: Actors, recorded: Recorded, give_password: Callable[..., None]
) -> None:
    give_password()
    leader = replace(actors["leadership"], token_id=None)
    with db.write(leader) as tx:
        here, there = accounts.open_session(tx, now()), accounts.open_session(tx, now())
    sign_ins.change_password(
        db, leader, current=PASSWORD, new=OTHER, session=credential_hash(here), now=NOW, origin=Origin()
    )
    assert db.signed_in(credential_hash(here), is_session=True) is not None
    assert db.signed_in(credential_hash(there), is_session=True) is None
    assert sign_ins.account_by_password(db, "ledning@example.se", PASSWORD) is None
    assert sign_ins.account_by_password(db, "ledning@example.se", OTHER) == leader.id
    assert ("password.set", str(leader.id)) in [(a, s) for a, s, _ in recorded()]


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [("wrong", OTHER, "wrong"), (PASSWORD, "kort", "too-short"), (PASSWORD, "leadership 1", "holds-name")],
)
def test_a_password_is_not_changed_by_who_does_not_know_it_nor_to_a_weak_one(
    db: Database, actors: Actors, give_password: Callable[..., None], current: str, new: str, code: str
) -> None:
    give_password()
    with pytest.raises(InvalidError) as raised:
        sign_ins.change_password(
            db, actors["leadership"], current=current, new=new, session=None, now=NOW, origin=Origin()
        )
    assert [p.code for p in raised.value.problems] == [code]
    assert sign_ins.account_by_password(db, "ledning@example.se", PASSWORD) == actors["leadership"].id


def test_an_account_without_a_password_has_none_to_change(db: Database, actors: Actors) -> None:
    with pytest.raises(NotFoundError, match="no password"):
        sign_ins.change_password(
            db, actors["analyst"], current=PASSWORD, new=OTHER, session=None, now=NOW, origin=Origin()
        )


def test_two_accounts_cannot_share_a_username(db: Database, give_password: Callable[..., None]) -> None:
    give_password()
    with pytest.raises(ConflictError, match="Another account signs in with that username"):
        give_password(account="analyst")
    with pytest.raises(NotFoundError, match="no open account Nobody"):
        give_password(account="Nobody")


def test_passwords_are_kept_as_argon2id_only(db: Database, database: Copy, give_password: Callable[..., None]) -> None:
    give_password()
    give_password(account="analyst", username="analys")
    with psycopg.connect(database.conninfo()) as conn:
        hashes = [row[0] for row in conn.execute("SELECT password_hash FROM passwords")]
        everything = str(conn.execute("SELECT p::text FROM passwords p").fetchall()) + str(
            conn.execute("SELECT a::text FROM audit_lines a").fetchall()
        )
    assert len(set(hashes)) == 2
    assert all(h.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for h in hashes)
    assert PASSWORD not in everything
