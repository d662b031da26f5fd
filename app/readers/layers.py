"""Map layers read by GDAL: GeoJSON, GeoPackage, Shapefile. Features come as a stream, their places as WKB.

GDAL is told which driver to use, so that a file cannot choose one that fetches from elsewhere.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from app.core.imports.source import GEOMETRY_COLUMN, SourceRow
from app.core.imports.words import unreadable
from app.readers.arrow import rows_of_batch
from app.readers.limits import Limits
from app.readers.tables import Format, SourceTable

_AT_A_TIME: Final = 10_000
_GEOJSON = re.compile(rb'[\xef\xbb\xbf\s]*\{.*"(type|features|crs|name)"\s*:', re.DOTALL)


def is_geojson(head: bytes) -> bool:
    """Whether a file that begins so is GeoJSON."""
    return _GEOJSON.match(head) is not None


def geojson(path: Path, limits: Limits) -> SourceTable:
    """The features of a collection; WGS84 unless the file says otherwise."""
    return _table(f"GeoJSON:{path}", Format.GEOJSON, None, limits)


def geopackage(path: Path, layer: str | None, limits: Limits) -> SourceTable:
    """The layer of that name, or the first one with places."""
    return _table(str(path), Format.GEOPACKAGE, layer, limits)


def shapefile(path: Path, limits: Limits) -> SourceTable:
    """An unpacked Shapefile. Without a .prj its coordinate system is guessed from the numbers."""
    return _table(str(path), Format.SHAPEFILE, None, limits)


def _table(source: str, kind: Format, layer: str | None, limits: Limits) -> SourceTable:
    from pyogrio import list_layers, read_info  # noqa: PLC0415 -- heavy, and not for those who read tables

    with _errors_told(), _quiet(limits):
        names = [(str(name), geometry) for name, geometry in list_layers(source)]
        if layer is not None and layer not in dict(names):
            raise unreadable("no-such-layer", names=", ".join(name for name, _ in names))
        with_places = [name for name, geometry in names if geometry is not None]
        if not names:
            raise unreadable("empty")
        chosen = layer or next(iter(with_places), names[0][0])
        about = read_info(source, layer=chosen, force_feature_count=kind is not Format.GEOJSON)
    if len(about["fields"]) > limits.columns:
        raise unreadable("too-many-columns", most=f"{limits.columns}")
    has_places = about["geometry_type"] is not None
    fields = [str(name) for name in about["fields"]]
    columns = (*fields, _free_name(fields)) if has_places else tuple(fields)
    count = int(about["features"])

    def read_from(start: int) -> Iterator[SourceRow]:
        return _rows(source, chosen, columns, start, limits)

    return SourceTable(
        format=kind,
        columns=columns,
        layer=chosen,
        layers=tuple(name for name, _ in names),
        srid=srid_of(about["crs"]),
        row_count=count if count >= 0 else None,
        word="feature",
        read_from=read_from,
    )


def _free_name(taken: list[str]) -> str:
    return GEOMETRY_COLUMN if GEOMETRY_COLUMN not in taken else f"{GEOMETRY_COLUMN} (place)"


def _rows(source: str, layer: str, columns: tuple[str, ...], start: int, limits: Limits) -> Iterator[SourceRow]:
    from pyogrio import open_arrow  # noqa: PLC0415

    number = max(start, 1)
    with _errors_told(), ExitStack() as stack:
        with _quiet(limits):
            about, batches = stack.enter_context(
                open_arrow(
                    source,
                    layer=layer,
                    skip_features=number - 1,
                    batch_size=_AT_A_TIME,
                    use_pyarrow=True,
                    datetime_as_string=True,
                )
            )
        for batch in batches:
            yield from rows_of_batch(batch, columns, about["geometry_name"] or "wkb_geometry", number, limits)
            number += batch.num_rows


@contextmanager
def _quiet(limits: Limits) -> Iterator[None]:
    """GDAL without advice about names of files, which are ours. Not around a generator: filters are everybody's."""
    from pyogrio import set_gdal_config_options  # noqa: PLC0415

    set_gdal_config_options({"OGR_GEOJSON_MAX_OBJ_SIZE": limits.feature_megabytes, "OGR_SQLITE_LOAD_EXTENSIONS": "NO"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _errors_told() -> Iterator[None]:
    """What GDAL cannot read is a sentence."""
    from pyarrow import ArrowException  # noqa: PLC0415
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError  # noqa: PLC0415

    try:
        yield
    except (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError) as error:
        raise unreadable("damaged") from error
    except (ArrowException, OSError, RuntimeError, ValueError, UnicodeError) as error:
        raise unreadable("damaged") from error


def srid_of(crs: Any) -> int | None:
    """The EPSG code of what a file calls its coordinate system; None when it says nothing."""
    from pyproj import CRS  # noqa: PLC0415
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    if not crs:
        return None
    try:
        system = CRS.from_user_input(crs)
        known = system.to_epsg(min_confidence=25)
    except CRSError as error:
        raise unreadable("unknown-crs") from error
    if known is None and system.is_geographic:
        return 4326  # CRS84 and its like: longitude first, as all that comes from GDAL
    if known is None:
        raise unreadable("unknown-crs")
    return int(known)
