"""sharing: what organisations give each other and the joint analysis."""

from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from app.actions import deployments
from app.actions import sharing_rules as actions
from app.cli.deployment import Home, opened
from app.core.disclosure import Precision
from app.core.errors import InvalidError
from app.core.periods import stockholm_date
from app.core.sharing_rules import Shared, SharingRule
from app.edge.services import now
from app.store import sharing_rules as store

MOST = 10_000
JOINT = "joint"

sharing = typer.Typer(no_args_is_help=True, help="Sharing rules: nothing is given to another organisation without one.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sharing, name="sharing")


@sharing.command("list")
def list_rules(home: Home = None) -> None:
    """List all rules, newest first, also those that have ended."""
    with opened(home) as database, database.read(deployments.installer()) as tx:
        for row in store.page(tx, MOST):
            state = f"until {row['valid_until']}" if row["is_in_force"] else "ended"
            codes = ",".join(row["categories"] or ["all"])
            typer.echo(
                f"{row['id']}  {row['giver']} -> {row['receiver'] or JOINT}: {row['what']} ({codes}), "
                f"{row['precision']}, {state}: {row['purpose']}"
            )


@sharing.command("add")
def add_rule(
    giver: Annotated[str, typer.Option("--from", help="Who gives: an organisation's slug.")],
    receiver: Annotated[str, typer.Option("--to", help=f"Who gets: an organisation's slug, or {JOINT}.")],
    what: Annotated[Shared, typer.Option(help="What is given.")],
    precision: Annotated[Precision, typer.Option(help="How exactly.")],
    purpose: Annotated[str, typer.Option(help="What the receiver may use it for.")],
    until: Annotated[str, typer.Option(help="Its last day, like 2027-12-31.")],
    category: Annotated[list[str] | None, typer.Option(help="Only this category; may be given again. [all]")] = None,
    home: Home = None,
) -> None:
    """Share, from now until the end of a day."""
    try:
        valid_until = date.fromisoformat(until)
    except ValueError as error:
        raise InvalidError("Write --until like 2027-12-31.") from error
    rule = SharingRule(
        giver=giver,
        receiver=None if receiver == JOINT else receiver,
        what=what,
        precision=precision,
        categories=tuple(category) if category else None,
        purpose=purpose,
        valid_until=valid_until,
    )
    with opened(home) as database, database.write(deployments.installer()) as tx:
        rule_id = actions.share(tx, rule, stockholm_date(now()))
    typer.echo(f"Shared: {rule_id}")


@sharing.command()
def end(rule_id: Annotated[UUID, typer.Argument(help="From `lagesbild sharing list`.")], home: Home = None) -> None:
    """End a rule at once."""
    with opened(home) as database, database.write(deployments.installer()) as tx:
        actions.end_sharing(tx, rule_id, now())
    typer.echo("Ended.")
