"""Idempotency keys: an answer is kept for its account, and two requests with one key go one after the other."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from app.core.audit import AuditAction
from app.store import idempotency_keys
from app.store.tx import Database
from tests.factories import Acting, Actors

HASH = b"h" * 16


def test_a_key_gives_back_what_it_was_kept_with(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    ids = [uuid4(), uuid4()]
    assert idempotency_keys.find(tx, "k") is None
    idempotency_keys.keep(tx, "k", HASH, ids)
    assert idempotency_keys.find(tx, "k") == (HASH, ids)
    assert idempotency_keys.find(tx, "K") is None


@pytest.mark.parametrize("other", ["analyst", "police", "other_coordinator"])
def test_a_key_belongs_to_one_account(acting: Acting, actors: Actors, other: str) -> None:
    idempotency_keys.keep(acting(actors["coordinator"]), "k", HASH, [])
    assert idempotency_keys.find(acting(actors[other]), "k") is None
    idempotency_keys.keep(acting(actors[other]), "k", b"other", [])
    assert idempotency_keys.find(acting(actors["coordinator"]), "k") == (HASH, [])


def test_a_key_beyond_its_length_is_refused(acting: Acting, actors: Actors) -> None:
    tx = acting(actors["coordinator"])
    idempotency_keys.keep(tx, "k" * 200, HASH, [])
    with pytest.raises(DBAPIError, match="idempotency_keys_length"):
        idempotency_keys.keep(tx, "k" * 201, HASH, [])


def test_a_request_with_a_key_in_use_waits_and_gets_the_first_ones_answer(db: Database, actors: Actors) -> None:
    actor, first_id = actors["coordinator"], uuid4()
    has_asked, may_commit = Event(), Event()

    def first() -> None:
        with db.write(actor) as tx:
            assert idempotency_keys.find(tx, "k") is None
            has_asked.set()
            assert may_commit.wait(10)
            idempotency_keys.keep(tx, "k", HASH, [first_id])
            tx.record(AuditAction.INCIDENT_REPORTED)

    def second() -> tuple[bytes, list[UUID | None]] | None:
        with db.write(actor) as tx:
            return idempotency_keys.find(tx, "k")

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(first)
        assert has_asked.wait(10)
        two = threads.submit(second)
        with pytest.raises(TimeoutError):
            two.result(timeout=0.2)
        may_commit.set()
        one.result(10)
        assert two.result(10) == (HASH, [first_id])


def test_a_request_that_failed_leaves_its_key_free(db: Database, actors: Actors) -> None:
    with pytest.raises(RuntimeError, match="afterwards"), db.write(actors["coordinator"]) as tx:
        idempotency_keys.keep(tx, "k", HASH, [])
        raise RuntimeError("afterwards")
    with db.write(actors["coordinator"]) as tx:
        assert idempotency_keys.find(tx, "k") is None


def test_requests_with_different_keys_do_not_wait_for_each_other(db: Database, actors: Actors) -> None:
    with db.write(actors["coordinator"]) as one, db.write(actors["coordinator"]) as two:
        assert idempotency_keys.find(one, "a") is None
        assert idempotency_keys.find(two, "b") is None
