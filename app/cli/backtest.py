"""backtest: would Lägesbild have found what came next, in any town with a CSV file? Needs no database."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import shapely
import typer
from pyproj import Transformer
from shapely import Polygon

from app.cli import histories
from app.cli.histories import Columns, Incidents
from app.core.analysis import backtest
from app.core.analysis.backtest import Fold, History, Protocol, Summary
from app.core.errors import InvalidError, SetupError

DECIMALS = 7  # of a degree: a centimetre
FIGURES = 6

File = Annotated[Path, typer.Argument(help="A .csv or .csv.gz file with a header.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backtest")(run)


def run(  # noqa: PLR0913 -- the options of one command
    file: File,
    time: Annotated[str, typer.Option(help="Column that says when; or YEAR,MONTH,DAY,HOUR,MINUTE in five columns.")],
    lat: Annotated[str | None, typer.Option(help="Column of the latitude in degrees.")] = None,
    lon: Annotated[str | None, typer.Option(help="Column of the longitude in degrees.")] = None,
    x: Annotated[str | None, typer.Option(help="Instead of --lon: column of the easting in metres.")] = None,
    y: Annotated[str | None, typer.Option(help="Instead of --lat: column of the northing in metres.")] = None,
    epsg: Annotated[int | None, typer.Option(help="The projection of --x and --y, for example 32610.")] = None,
    time_format: Annotated[str | None, typer.Option(help="Like %d/%m/%Y %H:%M, where the usual forms fail.")] = None,
    jitter_m: Annotated[float, typer.Option(help="Displace every place once by a Gaussian of so many metres.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the displacement.")] = 1,
    horizon_days: Annotated[int, typer.Option(help="How far ahead each run is judged.")] = 28,
    window_weeks: Annotated[int, typer.Option(help="How much history each run sees at most.")] = 104,
    area_share: Annotated[float, typer.Option(help="Share of the active ground to flag.")] = 0.01,
    json_to: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write what was flagged to this folder, as GeoJSON.")] = None,
) -> None:
    """Walk through the past of a town: flag hot spots by what was known, count what happened there next.

    PAI is the share of later incidents caught divided by the share of the active ground flagged; PEI compares
    with the most that could have been caught.
    """
    columns = columns_of(lat=lat, lon=lon, x=x, y=y, epsg=epsg, time=time, time_format=time_format)
    try:
        protocol = Protocol(
            horizon_days=horizon_days, window_weeks=window_weeks, area_share=area_share, jitter_m=jitter_m, seed=seed
        )
        incidents = histories.read(file, columns)
        say_what_was_read(incidents)
        history = History.displaced(incidents.xy, incidents.occurred_s, protocol)
        folds = _walked(history, protocol, incidents.epsg, export)
    except ValueError as error:
        raise InvalidError(f"The backtest cannot be run: {error}") from error
    if not folds:
        raise InvalidError("The backtest cannot be run: no period has incidents both before and after it begins.")
    methods = backtest.summary(folds)
    write(json_to, _answer(methods, folds, protocol, incidents))
    _print(methods, len(folds))


def columns_of(*, lat: str | None, lon: str | None, time: str, time_format: str | None, **metric: Any) -> Columns:
    """The columns that the options of a backtest name. Raises InvalidError unless one kind of place is named."""
    times = tuple(name.strip() for name in time.split(","))
    if lat and lon and not any(metric.values()):
        return Columns(x=lon, y=lat, time=times, time_format=time_format)
    if not (lat or lon) and all(metric.values()):
        return Columns(x=metric["x"], y=metric["y"], epsg=metric["epsg"], time=times, time_format=time_format)
    raise InvalidError("Name the columns of the place: --lat and --lon, or --x, --y and --epsg.")


def say_what_was_read(incidents: Incidents) -> None:
    """How many rows count, and why others do not."""
    typer.echo(f"{len(incidents.xy):,} of {incidents.row_count:,} rows are used, in EPSG:{incidents.epsg}.", err=True)
    for why, count in incidents.bad.items():
        typer.echo(f"  left out: {count:,} with {why}", err=True)


def _walked(history: History, protocol: Protocol, epsg: int, export: Path | None) -> tuple[Fold, ...]:
    """All runs, without their polygons: those are written and forgotten."""
    count = len(backtest.cuts(history.occurred_s, protocol))
    to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)
    if export is not None:
        _export_points(export, history, to_degrees)
    folds = []
    for fold in backtest.walk(history, protocol):
        ours = fold.scores[backtest.OURS]
        pai = f"{ours.pai:.1f}" if ours else "none"
        rule = f"{fold.rule.eps_m:g} m / {fold.rule.min_incidents}"
        typer.echo(f"{fold.cut.number}/{count}  {_day(fold.cut.cut_off_s)}  {rule}  PAI {pai}", err=True)
        if export is not None:
            _export_fold(export, fold, to_degrees)
        folds.append(fold.without_areas())
    return tuple(folds)


def _export_points(folder: Path, history: History, to_degrees: Transformer) -> None:
    """The displaced incidents that everything was worked out from, by time."""
    lon, lat = to_degrees.transform(history.xy[:, 0], history.xy[:, 1])
    lines = (
        f"{_instant(s)},{x:.{DECIMALS}f},{y:.{DECIMALS}f}\n"
        for s, x, y in zip(history.occurred_s.tolist(), lon.tolist(), lat.tolist(), strict=True)
    )
    write(folder / "incidents.csv", "occurred_at,lon,lat\n" + "".join(lines))


def _export_fold(folder: Path, fold: Fold, to_degrees: Transformer) -> None:
    """One GeoJSON file a method: what it flagged, and what it knew and was judged on."""
    for name, shapes in fold.flagged.items():
        if shapes is None:
            continue
        collection = {
            "type": "FeatureCollection",
            "method": name,
            "fold": fold.cut.number,
            "since": _instant(fold.cut.since_s),
            "cut_off": _instant(fold.cut.cut_off_s),
            "until": _instant(fold.cut.until_s),
            "active_m2": fold.active_m2,
            "features": [_feature(i, shape, to_degrees) for i, shape in enumerate(shapes, start=1)],
        }
        write(folder / f"fold-{fold.cut.number:03d}-{name}.geojson", json.dumps(collection, separators=(",", ":")))


def _feature(number: int, shape: Polygon, to_degrees: Transformer) -> dict[str, Any]:
    degrees = shapely.transform(shape, lambda xy: np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])))
    rounded = shapely.transform(shapely.orient_polygons(degrees), lambda xy: np.round(xy, DECIMALS))
    return {
        "type": "Feature",
        "id": number,
        "geometry": json.loads(shapely.to_geojson(rounded)),
        "properties": {"area_m2": round(shape.area)},
    }


def _answer(
    methods: Mapping[str, Summary | None], folds: tuple[Fold, ...], protocol: Protocol, incidents: Incidents
) -> str:
    answer = {
        "methods": {name: None if found is None else _rounded(asdict(found)) for name, found in methods.items()},
        "folds": len(folds),
        "protocol": asdict(protocol),
        "epsg": incidents.epsg,
        "rows": {"read": incidents.row_count, "used": len(incidents.xy), "left_out": dict(incidents.bad)},
        "runs": [_run(fold) for fold in folds],
    }
    return json.dumps(answer, indent=2) + "\n"


def _run(fold: Fold) -> dict[str, Any]:
    return {
        "fold": fold.cut.number,
        "since": _instant(fold.cut.since_s),
        "cut_off": _instant(fold.cut.cut_off_s),
        "until": _instant(fold.cut.until_s),
        "earlier": fold.earlier_count,
        "later": fold.later_count,
        "active_m2": fold.active_m2,
        "rule": asdict(fold.rule),
        "scores": {
            name: None if score is None else _rounded(asdict(score))
            for name, score in fold.scores.items()
            if name in fold.flagged
        },
    }


def _rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, FIGURES) if isinstance(value, float) else value for name, value in figures.items()}


def _print(methods: Mapping[str, Summary | None], count: int) -> None:
    typer.echo(f"{'method':14}{'PAI':>8}{'± s.e.':>8}{'PEI':>8}{'Jaccard':>9}{'largest km²':>13}{'flagged':>9}")
    for name, found in methods.items():
        if found is None:
            typer.echo(f"{name:14}  needs more memory than is allowed")
            continue
        error, jaccard = (
            "–" if value is None else f"{value:.2f}" for value in (found.pai_standard_error, found.jaccard)
        )
        typer.echo(
            f"{name:14}{found.pai:8.2f}{error:>8}{found.pei:8.3f}{jaccard:>9}"
            f"{found.largest_km2:13.3f}{found.area_share:9.2%}"
        )
    typer.echo(f"Mean of {count} runs.")


def write(file: Path | None, text: str) -> None:
    """Write a file, and its folder where it is not there; nothing without a name. Raises SetupError."""
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.") from error


def _instant(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(epoch_s: float) -> str:
    return _instant(epoch_s)[:10]
