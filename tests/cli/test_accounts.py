"""users, tokens, migrate, version: what they store and print; and settings that cannot be right."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app import __version__
from app.actions import sign_ins
from app.actions.accounts import credential_hash
from app.settings import Settings
from app.store import migrate
from app.store.engine import APP_ROLE
from app.store.tx import Database
from tests.cli.conftest import Run

NEW = ("--organisation", "lindesta-kommun", "--name", "Nattvandrare")
ITS = ("--organisation", "lindesta-kommun", "--account", "Nattvandrare")


def test_an_account_gets_a_token_that_signs_in_until_it_is_revoked(lagesbild: Run, db: Database, world: Any) -> None:
    assert (
        lagesbild("users", "add", *NEW, "--role", "reporter").out == "Added: Nattvandrare, reporter, lindesta-kommun\n"
    )
    secret = lagesbild("tokens", "issue", *ITS, "--name", "mobil", "--days", 30).out.strip()
    actor = db.signed_in(credential_hash(secret), is_session=False)
    assert actor is not None
    assert (actor.name, actor.role, actor.organisation) == ("Nattvandrare", "reporter", "lindesta-kommun")
    (line,) = [line for line in lagesbild("tokens", "list").lines if "Nattvandrare (mobil)" in line]
    assert secret not in line
    assert "last used 20" in line
    assert ", ends 20" in line
    assert lagesbild("tokens", "revoke", line.split()[0]).out == "Revoked.\n"
    assert db.signed_in(credential_hash(secret), is_session=False) is None
    (line,) = [line for line in lagesbild("tokens", "list").lines if "Nattvandrare (mobil)" in line]
    assert "revoked" in line


def test_a_closed_account_is_listed_as_closed_and_its_token_is_dead(lagesbild: Run, db: Database, world: Any) -> None:
    lagesbild("users", "add", *NEW, "--role", "reporter")
    secret = lagesbild("tokens", "issue", *ITS).out.strip()
    assert lagesbild("users", "close", *NEW).out == "Closed: Nattvandrare, lindesta-kommun\n"
    assert db.signed_in(credential_hash(secret), is_session=False) is None
    (line,) = [line for line in lagesbild("users", "list").lines if "Nattvandrare" in line]
    assert line.split()[:4] == ["lindesta-kommun", "reporter", "Nattvandrare", "closed"]


def test_an_account_gets_a_password_from_standard_input(lagesbild: Run, db: Database, world: Any) -> None:
    leader = ("--organisation", "lindesta-kommun", "--name", "leadership", "--username", "Ledning@example.se")
    said = lagesbild("users", "password", *leader, answers="gröna äpplen i oktober\n")
    assert said.out.startswith("leadership, lindesta-kommun, signs in as Ledning@example.se.")
    found = sign_ins.account_by_password(db, "ledning@example.se", "gröna äpplen i oktober")
    actor = None if found is None else db.account(found)
    assert actor is not None
    assert actor.name == "leadership"
    refused = lagesbild("users", "password", *leader, answers="kort\n")
    assert (refused.status, "at least 12 characters" in refused.err) == (2, True)
    assert "kort" not in refused.err


def test_a_token_is_narrowed(lagesbild: Run, db: Database, world: Any) -> None:
    its = ("--organisation", "lindesta-kommun", "--account", "coordinator", "--name", "QGIS")
    narrow = ("--collection", "hotspots", "--collection", "analyses", "--precision", "area", "--days", 3)
    secret = lagesbild("tokens", "issue", *its, *narrow).out.strip()
    actor = db.signed_in(credential_hash(secret), is_session=False)
    assert actor is not None
    assert (actor.token.collections, actor.token.precision) == (("analyses", "hotspots"), "area")
    (line,) = [line for line in lagesbild("tokens", "list").lines if "(QGIS)" in line]
    assert line.endswith(", only analyses hotspots, area")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["users", "add", "--organisation", "atlantis", "--name", "X", "--role", "police"], "There is no organisation"),
        (["users", "add", "--organisation", "lindesta-kommun", "--name", " ", "--role", "police"], "a name"),
        (["users", "add", "--organisation", "lindesta-kommun", "--name", "X", "--role", "king"], "--role"),
        (["users", "close", "--organisation", "lindesta-kommun", "--name", "Nobody"], "There is no open account"),
        (["tokens", "issue", "--organisation", "lindesta-kommun", "--account", "Nobody"], "There is no open account"),
        (["tokens", "issue", *ITS, "--days", "0"], "--days"),
        (["tokens", "revoke", "00000000-0000-0000-0000-000000000000"], "There is no such token in force."),
        (["tokens", "revoke", "first"], "token_id"),
        (["fly"], "No such command"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    lagesbild: Run, world: Any, words: list[str], sentence: str
) -> None:
    said = lagesbild(*words)
    assert said.status == 2
    assert sentence in said.err


def test_migrate_sets_an_empty_database_up_and_may_be_run_again(
    lagesbild: Run, empty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert lagesbild("migrate").out == f"The database is at revision {migrate.head()}.\n"
    assert lagesbild("users", "list").out == ""
    monkeypatch.setenv("LAGESBILD_DATABASE_URL", empty.url(APP_ROLE))
    monkeypatch.delenv("LAGESBILD_OWNER_DATABASE_URL")
    said = lagesbild("migrate")  # the app role may not
    assert said.status == 2
    assert said.err.startswith("This database login may not set up 'roles'")


@pytest.mark.parametrize(
    "words",
    [
        ["users", "list"],
        ["import", __file__, "--source", "x", "--organisation", "x"],
        ["analyse", "--organisation", "x"],
        ["serve"],
        ["worker"],
    ],
)
def test_an_empty_database_is_not_worked_on(lagesbild: Run, empty: Any, words: list[str]) -> None:
    said = lagesbild(*words)
    assert (said.status, said.err) == (
        2,
        f"The database is at revision none, the code at {migrate.head()}: run `lagesbild migrate` first.\n",
    )


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("LAGESBILD_DATABASE_URL", "lagesbild", "LAGESBILD_DATABASE_URL: Value error, write it as postgresql://"),
        ("LAGESBILD_DATABASE_URL", "mysql://a/b", "LAGESBILD_DATABASE_URL: Value error, write it as postgresql://"),
        ("LAGESBILD_DATABASE_URL", "postgres://h:port/b", "LAGESBILD_DATABASE_URL: Value error, write it as"),
        ("LAGESBILD_PUBLIC_URL", "lagesbild.example.se", "LAGESBILD_PUBLIC_URL: Value error, write it as https://HOST"),
        ("LAGESBILD_OIDC_ISSUER", "https://idp.example", "Value error, LAGESBILD_OIDC_ISSUER needs"),
        ("LAGESBILD_OIDC_MAPPING", "{", "LAGESBILD_OIDC_MAPPING: Value error, write it as JSON"),
        ("LAGESBILD_OIDC_MAPPING", '[{"when": {}}]', "LAGESBILD_OIDC_MAPPING: Value error, a rule needs `when`"),
        ("LAGESBILD_METRIC_SRID", "sweref", "LAGESBILD_METRIC_SRID: Input should be a valid integer"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(
    lagesbild: Run, world: Any, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(setting, value)
    said = lagesbild("users", "list")
    assert said.status == 2
    assert said.err.startswith(f"The settings cannot be used: {sentence}")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"oidc_issuer": "http://idp.example"}, "needs https"),
        ({"public_url": "http://lagesbild.example.se"}, "needs https"),
        ({"oidc_audience": "lagesbild"}, "the API's own name"),
        ({"oidc_mapping": ()}, "needs LAGESBILD_OIDC_CLIENT_ID"),
        ({"public_url": None}, "needs LAGESBILD_OIDC_CLIENT_ID"),
        ({"oidc_issuer": "https://user:secret@idp.example"}, "write it as"),
    ],
)
def test_half_a_provider_is_refused(changes: dict[str, Any], sentence: str) -> None:
    whole: dict[str, Any] = {
        "oidc_issuer": "https://idp.example",
        "oidc_client_id": "lagesbild",
        "oidc_mapping": '[{"when": {"a": "b"}, "role": "analyst", "organisation": "x"}]',
        "public_url": "https://lagesbild.example.se",
    }
    assert Settings(**whole).oidc_mapping[0].organisation == "x"
    with pytest.raises(ValidationError, match=sentence):
        Settings(**whole | changes)


def test_a_home_folder_that_cannot_be_made_is_named(lagesbild: Run, world: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = lagesbild("users", "list", "--home", tmp_path / "file" / "home")
    assert said.status == 2
    assert said.err.startswith(f"The home folder {tmp_path / 'file' / 'home'} cannot be made: ")


def test_every_command_explains_itself(lagesbild: Run) -> None:
    commands = "demo serve worker migrate init import analyse backup restore doctor version users tokens"
    for command in commands.split():
        said = lagesbild(command, "--help")
        assert said.status == 0
        assert f"Usage: lagesbild {command}" in said.out or f" {command} " in said.out
    for command in ("init", "import", "analyse", "doctor"):
        assert "Examples:" in lagesbild(command, "--help").out


def test_the_version_is_told(lagesbild: Run) -> None:
    assert lagesbild("version").out == f"{__version__}\n"
