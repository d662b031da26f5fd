"""backtest-deviations: how often would deviations have called, and what would they have found? Needs no database."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import numpy as np
import typer

from app.cli import backtest as hotspots
from app.cli import histories
from app.cli.histories import Incidents
from app.core.analysis.deviations.backtest import OURS, Outcome, Played, Trial, play
from app.core.analysis.deviations.counting import Reports
from app.core.analysis.deviations.rule import DeviationRule
from app.core.errors import InvalidError

FIGURES = 4


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backtest-deviations")(run)


def run(  # noqa: PLR0913 -- the options of one command
    file: hotspots.File,
    time: Annotated[str, typer.Option(help="Column that says when; or YEAR,MONTH,DAY,HOUR,MINUTE in five columns.")],
    lat: Annotated[str | None, typer.Option(help="Column of the latitude in degrees.")] = None,
    lon: Annotated[str | None, typer.Option(help="Column of the longitude in degrees.")] = None,
    x: Annotated[str | None, typer.Option(help="Instead of --lon: column of the easting in metres.")] = None,
    y: Annotated[str | None, typer.Option(help="Instead of --lat: column of the northing in metres.")] = None,
    epsg: Annotated[int | None, typer.Option(help="The projection of --x and --y, for example 32610.")] = None,
    time_format: Annotated[str | None, typer.Option(help="Like %d/%m/%Y %H:%M, where the usual forms fail.")] = None,
    weekly_reports: Annotated[
        float | None, typer.Option(help="Thin the history at random to so many reports a week; a small town has 21.")
    ] = None,
    alarms_a_year: Annotated[float, typer.Option(help="How many alarms a year somebody wants to look at.")] = 4.0,
    first_share: Annotated[float, typer.Option(help="Share of the history to choose the threshold on.")] = 0.5,
    extra: Annotated[str, typer.Option(help="Sizes of planted outbreaks: extra reports in four weeks.")] = "6,8,12",
    outbreaks: Annotated[int, typer.Option(help="Outbreaks to plant, of each size.")] = 100,
    spread_m: Annotated[float, typer.Option(help="How far from its middle an outbreak reaches (Gaussian).")] = 50.0,
    repeats: Annotated[int, typer.Option(min=1, max=1000, help="Play so many times, each thinned otherwise.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the first play; the next ones count on.")] = 1,
    json_to: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file, not out.")] = None,
) -> None:
    """Replay a town's past: how often deviations would have called, and what they would have found.

    A deviation is a place with more reports than usual *for that place*. The threshold is chosen on the first share
    of the history, so that it calls at most so many times a year. Then two things are counted on the years after:

    1. **alarms_a_year** with nothing planted: at most false alarms, since some may have been real.

    2. **found**: outbreaks are planted one at a time, where and when no alarm was raised anyhow. One is found when
    an alarm is raised within 250 m of its middle while it lasts or at the first weekly look after it. `any_square`:
    every 100 m square that ever had a report is as likely to have one; `any_report`: every report is, so that most
    are planted where much is reported anyhow, which is harder.

    The same for three rules of thumb. The answer is JSON.
    """
    columns = hotspots.columns_of(lat=lat, lon=lon, x=x, y=y, epsg=epsg, time=time, time_format=time_format)
    try:
        rule = DeviationRule(alarms_a_year=alarms_a_year)
        trial = Trial(
            weekly_reports=weekly_reports,
            first_share=first_share,
            extra=tuple(sorted({int(size) for size in extra.split(",")})),
            outbreaks=outbreaks,
            spread_m=spread_m,
            seed=seed,
        )
        incidents = histories.read(file, columns)
        hotspots.say_what_was_read(incidents)
        reports = Reports.ordered(incidents.xy, incidents.occurred_s)
        plays = []
        for number in range(repeats):
            plays.append(play(reports, rule, replace(trial, seed=seed + number)))
            _say(number + 1, repeats, plays[-1])
    except ValueError as error:
        raise InvalidError(f"The backtest cannot be run: {error}") from error
    answer = json.dumps(_answer(plays, rule, trial, incidents), indent=2) + "\n"
    if json_to is None:
        typer.echo(answer, nl=False)
    else:
        hotspots.write(json_to, answer)


def _say(number: int, count: int, played: Played) -> None:
    ours = played.outcomes[OURS]
    rates = "; ".join(
        f"{where.value} " + ", ".join(f"{size}: {_share(share)}" for size, share in found.items())
        for where, found in ours.found.items()
    )
    typer.echo(f"{number}/{count}  {ours.alarms_a_year:.1f} alarms a year; found of {rates}", err=True)


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _answer(plays: list[Played], rule: DeviationRule, trial: Trial, incidents: Incidents) -> dict[str, Any]:
    names = list(plays[0].outcomes)
    return {
        "rules": {name: _mean([played.outcomes[name] for played in plays]) for name in names},
        "plays": [_play(played) for played in plays],
        "rule": asdict(rule),
        "trial": asdict(trial),
        "epsg": incidents.epsg,
        "rows": {"read": incidents.row_count, "used": len(incidents.xy), "left_out": dict(incidents.bad)},
    }


def _mean(outcomes: list[Outcome]) -> dict[str, Any]:
    """Means over all plays; the worst play's alarms beside."""
    shares = {
        where.value: {str(size): _mean_of([outcome.found[where][size] for outcome in outcomes]) for size in first}
        for where, first in outcomes[0].found.items()
    }
    rates = [outcome.alarms_a_year for outcome in outcomes]
    return {"alarms_a_year": round(fmean(rates), FIGURES), "most_alarms_a_year": round(max(rates), FIGURES)} | {
        "found": shares
    }


def _mean_of(shares: list[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return round(fmean(known), FIGURES) if known else None


def _play(played: Played) -> dict[str, Any]:
    calibration = played.calibration
    return {
        "reports_a_week": round(played.reports_a_week, FIGURES),
        "calibrated_until": datetime.fromtimestamp(played.calibrated_until_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "calibrated_weeks": round(calibration.weeks, FIGURES),
        "threshold": float(np.format_float_scientific(calibration.threshold, FIGURES)),
        "basis": calibration.basis.value,
        "replayed_alarms_a_year": round(calibration.alarms_a_year, FIGURES),
        "later_years": round(played.later_years, FIGURES),
        "often_invisible_below": {
            "calm_place": played.visible.calm,
            "usual_place": played.visible.usual,
            "busy_place": played.visible.busy,
        },
        "rules": {name: _mean([outcome]) for name, outcome in played.outcomes.items()},
    }
