"""users and tokens: who may use the deployment."""

import sys
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from app.actions import accounts as actions
from app.actions import deployments, sign_ins
from app.cli.deployment import Home, opened
from app.core.disclosure import Precision
from app.core.permissions import Collection, Role, Token
from app.edge.services import now
from app.store import accounts as store

MOST = 10_000
Organisation = Annotated[str, typer.Option(help="The organisation's slug, for example lindesta-kommun.")]
Account = Annotated[str, typer.Option(help="The account's name.")]


users = typer.Typer(no_args_is_help=True, help="Accounts: one for each function that signs in, with one role.")
tokens = typer.Typer(no_args_is_help=True, help="Tokens: how people and programs sign in. Shown once, stored hashed.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(users, name="users")
    app.add_typer(tokens, name="tokens")


@users.command("list")
def list_users(home: Home = None) -> None:
    """List all accounts."""
    with opened(home) as database, database.read(deployments.installer()) as tx:
        for row in store.page(tx, MOST):
            closed = f"  closed {row['closed_at']:%Y-%m-%d}" if row["closed_at"] else ""
            typer.echo(f"{row['organisation']:28} {row['role']:18} {row['name']}{closed}")


@users.command("add")
def add_user(
    organisation: Organisation,
    name: Annotated[str, typer.Option(help="The function that uses it, for example Trygghetssamordnare.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    home: Home = None,
) -> None:
    """Open an account. Give it a token with `lagesbild tokens issue`."""
    with opened(home) as database, database.write(deployments.installer()) as tx:
        actions.add_account(tx, organisation=organisation, name=name, role=role)
    typer.echo(f"Added: {name}, {role}, {organisation}")


@users.command("close")
def close_user(organisation: Organisation, name: Account, home: Home = None) -> None:
    """Close an account: its tokens and sessions stop working at once."""
    with opened(home) as database, database.write(deployments.installer()) as tx:
        actions.close_account(tx, organisation=organisation, name=name, now=now())
    typer.echo(f"Closed: {name}, {organisation}")


@users.command("password")
def set_password(
    organisation: Organisation,
    name: Account,
    username: Annotated[str, typer.Option(help="What to sign in with, for example an e-mail address.")],
    home: Home = None,
) -> None:
    """Let an account sign in with a username and password, where there is no identity provider.

    The password is asked for, or read from standard input when that is no terminal; never from the command line.
    """
    is_typed = sys.stdin.isatty()
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if is_typed else sys.stdin.readline()
    with opened(home) as database, database.write(deployments.installer()) as tx:
        sign_ins.set_password(
            tx,
            organisation=organisation,
            account=name,
            username=username,
            password=password.rstrip("\r\n"),
            now=now(),
        )
    typer.echo(f"{name}, {organisation}, signs in as {username}. Sessions that were open have ended.")


@tokens.command("list")
def list_tokens(home: Home = None) -> None:
    """List all tokens, without their secrets."""
    with opened(home) as database, database.read(deployments.installer()) as tx:
        for row in store.tokens(tx, MOST):
            state = "revoked" if row["revoked_at"] else f"last used {row['last_used_on'] or 'never'}"
            ends = f", ends {row['expires_at']:%Y-%m-%d}" if row["expires_at"] else ""
            only = ", only " + " ".join(row["collections"]) if row["collections"] else ""
            exact = f", {row['precision']}" if row["precision"] else ""
            told = f"{row['account']} ({row['name']}): {state}{ends}{only}{exact}"
            typer.echo(f"{row['id']}  {row['organisation']:28} {told}")


@tokens.command("issue")
def issue_token(
    organisation: Organisation,
    account: Account,
    name: Annotated[str, typer.Option(help="What it is for, for example QGIS.")] = "token",
    days: Annotated[int | None, typer.Option(help="How long it works. [no end]", min=1)] = None,
    collection: Annotated[
        list[Collection] | None, typer.Option(help="Opens only this; may be given again. [all that the role opens]")
    ] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="Shows places no more exactly than this. [as the role]")
    ] = None,
    home: Home = None,
) -> None:
    """Make a token and print it: the only time it can be read."""
    token = Token(
        collections=tuple(sorted(set(collection or ()))),
        precision=precision,
        ends_at=None if days is None else now() + timedelta(days=days),
    )
    with opened(home) as database, database.write(deployments.installer()) as tx:
        issued = actions.issue_token(tx, organisation=organisation, account=account, name=name, token=token)
    typer.echo(issued.secret)


@tokens.command("revoke")
def revoke_token(
    token_id: Annotated[UUID, typer.Argument(help="From `lagesbild tokens list`.")], home: Home = None
) -> None:
    """Make a token useless at once."""
    with opened(home) as database, database.write(deployments.installer()) as tx:
        actions.revoke_token(tx, token_id, now())
    typer.echo("Revoked.")
