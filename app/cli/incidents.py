"""analyse: hot spots out, without the web."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer

from app import __version__
from app.actions import analyses, deployments
from app.actions.analyses import AnalysisRequest
from app.cli.deployment import Home, opened
from app.cli.setting_up import organisation_actor
from app.core.analysis import dbscan
from app.core.analysis.params import AREA_SHARE, MAX_AREA_M2, REPLICATES, Weighting
from app.core.analysis.significance import SIGNIFICANT
from app.core.audit import AuditAction
from app.core.errors import InvalidError
from app.core.periods import parse_from, parse_to
from app.core.permissions import Actor
from app.edge.services import now
from app.store import analyses as runs
from app.store import hotspots, organisations
from app.store.engine import JOB_TIMEOUT_MS
from app.store.tx import Database, Reader

SHOWN = 10
INTERRUPTED = 130  # as shells count Ctrl-C
ANALYSE_EXAMPLES = """Examples:

lagesbild analyse --organisation lindesta-kommun

lagesbild analyse --organisation lindesta-kommun --from 2026-01-01 --to 2026-06-30 --category SKD --category KLO

lagesbild analyse --organisation lindesta-kommun --weighting harm --adopt

lagesbild analyse --organisation lindesta-kommun --json > hotspots.geojson"""
Organisation = Annotated[str, typer.Option(help="Whose they are: the organisation's slug, e.g. lindesta-kommun.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=ANALYSE_EXAMPLES)(analyse)


def analyse(  # noqa: PLR0913 -- one option for each thing a run can be asked
    organisation: Organisation,
    *,
    from_: Annotated[
        str | None, typer.Option("--from", help="First day (2026-01-01) or instant. [104 weeks before --to]")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Last day, which belongs to it, or instant. [now]")] = None,
    category: Annotated[
        list[str] | None, typer.Option(help="A category's code; give it again for more. [all that have a place]")
    ] = None,
    area: Annotated[str | None, typer.Option(help="Code of an area. [everywhere]")] = None,
    eps_m: Annotated[
        float | None, typer.Option(help="How near incidents must lie, in metres. [chosen from the incidents]")
    ] = None,
    min_incidents: Annotated[
        int | None, typer.Option(help="How many must lie so near. [chosen from the incidents]")
    ] = None,
    area_share: Annotated[
        float, typer.Option(help="Share of the active ground to mark, where the two above are chosen.")
    ] = AREA_SHARE,
    max_area_m2: Annotated[float, typer.Option(help="Larger hot spots are split.")] = MAX_AREA_M2,
    weighting: Annotated[
        Weighting, typer.Option(help="What one incident is worth in the ranking.")
    ] = Weighting.RECENCY,
    seed: Annotated[int, typer.Option(min=0, help="Of everything drawn by chance.")] = 0,
    replicates: Annotated[
        int, typer.Option(min=0, help="Random towns that hot spots are held against; 0 for no test.")
    ] = REPLICATES,
    adopt: Annotated[bool, typer.Option("--adopt", help="Make it the analysis that everybody sees.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all hot spots as GeoJSON, no table.")] = False,
    home: Home = None,
) -> None:
    """Find hot spots now, and show the first ten.

    The run is stored like one asked for on the web, and nobody but those who run analyses sees it until it is adopted.
    The same data and the same options give the same result. Ctrl-C cancels the run.
    """
    wanted = AnalysisRequest(
        since=None if from_ is None else parse_from(from_, "--from"),
        until=None if to is None else parse_to(to, "--to"),
        categories=tuple(sorted(set(category or ()))),
        area=area,
        eps_m=eps_m,
        min_incidents=min_incidents,
        area_share=area_share,
        max_area_m2=max_area_m2,
        weighting=weighting,
        seed=seed,
        replicates=replicates,
    )
    with opened(home, JOB_TIMEOUT_MS) as database:
        actor = organisation_actor(database, organisation, "command line")
        run = _run(database, actor, wanted)
        if adopt:
            with database.write(actor) as tx:
                analyses.adopt_analysis(tx, run["id"], now())
        shown = _as_geojson(database, actor, run) if as_json else None
        ranked = _ranked(database, actor, run["id"])
    if shown is not None:
        typer.echo(shown)
        return
    _show(run, ranked)
    if adopt:
        typer.echo("Adopted: everybody sees it now.")
    elif ranked:
        typer.echo(
            f"Not adopted yet. Adopt it with the same command and --adopt, or: POST /api/v1/analyses/{run['id']}/adopt"
        )


def _metric_srid(database: Database) -> int:
    with database.read(deployments.installer()) as tx:
        return organisations.metric_srid(tx)


def _run(database: Database, actor: Actor, wanted: AnalysisRequest) -> dict[str, Any]:
    """Work the run out; its record. Ends the command when the run was cancelled or failed."""
    from rich.console import Console

    try:
        with Console(stderr=True).status("Preparing") as status:
            dbscan.prepare()
            status.update("Looking for hot spots; Ctrl-C cancels")
            run_id = analyses.run_now(
                database,
                actor,
                wanted,
                clock=now,
                code_version=__version__,
                srid=_metric_srid(database),
                progress=lambda done, of: status.update(f"Random towns: {done:,} of {of:,}; Ctrl-C cancels"),
            )
    except KeyboardInterrupt:
        typer.echo("The analysis was cancelled.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    with database.read(actor) as tx:
        run = runs.one(tx, run_id)
    if run is None or run["state"] != "done":
        raise InvalidError(f"The analysis failed: {run['failure'] if run else 'it is gone'}")
    return run


def _ranked(database: Database, actor: Actor, run_id: UUID) -> list[dict[str, Any]]:
    with database.read(actor) as tx:
        return hotspots.ranked(tx, run_id, SHOWN)


def _as_geojson(database: Database, actor: Actor, run: dict[str, Any]) -> str:
    with Reader(database, actor).audited(AuditAction.HOTSPOTS_EXPORTED, run["id"]) as tx:
        features, count = hotspots.features(tx, run["id"], hotspots.Filter())
        tx.hand_out(count)
    about = {
        "id": run["id"],
        "organisation": run["organisation"],
        "fingerprint": run["fingerprint"],
        "incident_count": run["incident_count"],
        "noise_count": run["noise_count"],
        "hotspot_count": run["hotspot_count"],
    }
    return f'{{"type":"FeatureCollection","run":{json.dumps(about, default=str)},"features":[{features}]}}'


def _show(run: dict[str, Any], ranked: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table as Printed

    typer.echo(
        f"{run['hotspot_count']:,} hot spots among {run['incident_count']:,} incidents; "
        f"{run['noise_count']:,} incidents lie outside them."
    )
    findings = run["findings"]
    if findings["tuning"]:
        typer.echo(findings["tuning"]["en"])
    for place in findings["doubtful_places"]:
        typer.echo(f"A question about {place['lat']:.5f}, {place['lon']:.5f}: {place['en']}")
    if not ranked:
        return
    printed = Printed(box=None, pad_edge=False)
    for heading in ("Rank", "Count", "Normal", "p", "Place", "Value", "m²"):
        printed.add_column(heading, justify="right")
    for heading in ("Mostly", "Centre (lat, lon)"):
        printed.add_column(heading, no_wrap=True)
    for spot in ranked:
        lon, lat = spot["centre"]
        printed.add_row(
            str(spot["rank"]),
            f"{spot['count']:,}",
            _figure(spot.get("expected_count"), ",.1f"),
            _figure(spot.get("p_value"), ".3f"),
            _figure(spot.get("place_certainty"), ".0%"),
            f"{spot['weighted_value']:,.4g}",
            f"{spot['area_m2']:,.0f}",
            spot["dominant_category"],
            f"{lat:.5f}, {lon:.5f}",
        )
    Console().print(printed)
    significant = run["findings"].get("significant_count")
    if significant is not None:
        typer.echo(f"Hardly chance: {significant:,} of {run['hotspot_count']:,} (p at most {SIGNIFICANT}).")


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
