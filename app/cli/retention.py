"""retention: which parts of incidents go when, what would go now, and letting it go."""

from datetime import datetime
from typing import Annotated

import typer

from app.actions import retention as actions
from app.cli.deployment import Home, opened
from app.cli.setting_up import organisation_actor
from app.core.retention import LIMITS, Purged, RetentionRule
from app.edge.services import now
from app.store.engine import JOB_TIMEOUT_MS
from app.store.tx import Database

NAME = "retention"
Organisation = Annotated[str, typer.Option(help="The organisation's slug, for example lindesta-kommun.")]
Months = Annotated[int | None, typer.Option(min=1, max=600, help="Months after which it goes. [kept]")]
IRREVERSIBLE = "A purge cannot be undone: what goes is gone from every table, and only older backups still have it."
RULES_EXAMPLES = """Examples:

lagesbild retention rules --organisation lindesta-kommun

lagesbild retention rules --organisation lindesta-kommun --text 6 --position 24 --everything 60

lagesbild retention rules --organisation lindesta-kommun --source medborgartips --text 3 --everything 24

lagesbild retention rules --organisation lindesta-kommun --source medborgartips --remove"""

retention = typer.Typer(no_args_is_help=True, help="Retention (gallring): what of the incidents goes when.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(retention, name=NAME)


@retention.command(epilog=RULES_EXAMPLES)
def rules(
    organisation: Organisation,
    *,
    source: Annotated[str | None, typer.Option(help="Only reports of this source. [all]")] = None,
    category: Annotated[str | None, typer.Option(help="Only incidents of this category. [all]")] = None,
    text: Months = None,
    position: Months = None,
    everything: Months = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the rule for this source and category away.")] = False,
    home: Home = None,
) -> None:
    """List the rules, or set the one for a source, a category, both or everything.

    An incident's age is counted from when it happened. The most particular rule holds, alone: source and category,
    then source, then category, then everything. With the exact position gone, an incident lies in the middle of its
    500 m square.
    """
    rule = RetentionRule(
        source=source,
        category=category,
        text_after_months=text,
        position_after_months=position,
        everything_after_months=everything,
    )
    is_change = remove or any(months is not None for months in (text, position, everything))
    with opened(home) as database:
        actor = organisation_actor(database, organisation, NAME)
        if is_change:
            with database.write(actor) as tx:
                others = [r for r in actions.read_retention(tx) if r.kind != rule.kind]
                actions.set_retention(tx, others if remove else [*others, rule], now())
        with database.read(actor) as tx:
            found = actions.read_retention(tx)
    for each in found:
        typer.echo(_told(each))
    if not found:
        typer.echo("No rules: everything is kept.")


@retention.command()
def preview(organisation: Organisation, home: Home = None) -> None:
    """Count what the rules would take now. Nothing is taken."""
    with opened(home, JOB_TIMEOUT_MS) as database:
        _preview(database, organisation, now())


@retention.command()
def run(
    organisation: Organisation,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; it cannot be undone.")] = False,
    home: Home = None,
) -> None:
    """Purge what is due. The worker does it every night for all organisations; it cannot be undone.

    Without --yes it only says what would go, and the exit status is 1.
    """
    with opened(home, JOB_TIMEOUT_MS) as database:
        if not yes:
            _preview(database, organisation, now())
            typer.secho(f"{IRREVERSIBLE} Give --yes to do it.", fg="red")
            raise typer.Exit(1)
        purged = actions.carry_out_retention(database, organisation_actor(database, organisation, NAME))
    typer.echo(f"Gone for good: {_counted(purged)}.")


def _preview(database: Database, organisation: str, moment: datetime) -> None:
    with database.read(organisation_actor(database, organisation, NAME)) as tx:
        found = actions.preview_retention(tx, moment)
    total = Purged()
    for row in found:
        due = Purged(texts=row["texts"], positions=row["positions"], incidents=row["incidents"])
        typer.echo(f"{_kind(row['source'], row['category']):40} {_counted(due)}")
        total += due
    typer.echo(f"Due now: {_counted(total)}." if found else "Nothing is due.")


def _told(rule: RetentionRule) -> str:
    words = ("text", "exact position", "everything")
    limits = [f"{word} after {m} months" for word, n in zip(words, LIMITS, strict=True) if (m := getattr(rule, n))]
    return f"{_kind(rule.source, rule.category):40} {', '.join(limits)}"


def _kind(source: str | None, category: str | None) -> str:
    return f"{source or 'every source'}, {category or 'every category'}"


def _counted(purged: Purged) -> str:
    return f"{purged.texts:,} texts, {purged.positions:,} exact positions, {purged.incidents:,} incidents"
