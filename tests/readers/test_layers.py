"""Map layers: the same rows out of every format, with the coordinate system that the file tells."""

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely

from app.core.errors import UnreadableFileError
from app.readers import Format, SourceTable, open_file
from app.readers.limits import Limits

POINTS = [shapely.Point(18.06, 59.33), shapely.Point(18.07, 59.34), None]


def frame(srid: int = 4326) -> Any:
    values = {"typ": ["Klotter", "Rån", None], "nr": [1, 2, 3], "datum": ["2024-03-05", "2024-03-06 22:15", ""]}
    return geopandas.GeoDataFrame(values, geometry=POINTS, crs=4326).to_crs(srid)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "upload"


def shapefile(saved: Path, srid: int, *, without: tuple[str, ...] = (), stems: tuple[str, ...] = ("lager",)) -> Path:
    folder = saved.parent / "parts"
    folder.mkdir(exist_ok=True)
    for stem in stems:
        frame(srid).to_file(folder / f"{stem}.shp", engine="pyogrio", encoding="UTF-8")
    with zipfile.ZipFile(saved, "w") as archive:
        for file in sorted(folder.iterdir()):
            if file.suffix not in without:
                archive.write(file, f"mapp/{file.name}")
    return saved


def geopackage(saved: Path, **layers: int) -> None:
    """As GIS programs write it; the upload has no ending to its name."""
    made = saved.with_suffix(".gpkg")
    for layer, srid in layers.items():
        frame(srid).to_file(made, driver="GPKG", layer=layer, engine="pyogrio")
    made.rename(saved)


def written(saved: Path, kind: Format, srid: int) -> SourceTable:
    match kind:
        case Format.GEOJSON:
            saved.write_text(frame().to_json())
        case Format.GEOPACKAGE:
            geopackage(saved, lager=srid)
        case Format.GEOPARQUET:
            frame(srid).to_parquet(saved)
        case _:
            shapefile(saved, srid)
    return open_file(saved, "lager")


@pytest.mark.parametrize("srid", [4326, 3006, 3011])
@pytest.mark.parametrize("kind", [Format.GEOJSON, Format.GEOPACKAGE, Format.GEOPARQUET, Format.SHAPEFILE])
def test_every_format_gives_the_same_rows(saved: Path, kind: Format, srid: int) -> None:
    table = written(saved, kind, srid)
    assert (table.format, table.word, table.row_count in {3, None}) == (kind, "feature", True)
    assert table.srid == (4326 if kind is Format.GEOJSON else srid)
    at = {name: i for i, name in enumerate(table.columns)}
    assert {"typ", "nr", "geometry"} <= set(at)
    rows = list(table.rows())
    assert [(row.number, row.cells[at["typ"]], row.cells[at["nr"]]) for row in rows] == [
        (1, "Klotter", 1),
        (2, "Rån", 2),
        (3, "", 3),
    ]
    first = shapely.from_wkb(rows[0].cells[at["geometry"]])
    expected = frame(srid if kind is not Format.GEOJSON else 4326).geometry[0]
    assert shapely.distance(first, expected) < 1e-6
    assert rows[2].cells[at["geometry"]] == ""
    assert [row.number for row in table.rows(2)] == [2, 3]


def test_the_layer_is_the_wished_one_or_the_first_with_places(saved: Path) -> None:
    geopackage(saved, ett=4326, två=3006)
    assert [open_file(saved, "x.gpkg", layer=layer).srid for layer in (None, "två")] == [4326, 3006]
    with pytest.raises(UnreadableFileError, match="ett, två"):
        open_file(saved, "x.gpkg", layer="tre")


def test_a_shapefile_without_a_coordinate_system_leaves_it_to_be_guessed(saved: Path) -> None:
    assert open_file(shapefile(saved, 3006, without=(".prj",)), "x.zip").srid is None


def test_a_shapefile_in_pieces_is_told(saved: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"\.dbf"):
        open_file(shapefile(saved, 3006, without=(".dbf",)), "x.zip")


def test_one_of_several_shapefiles_can_be_wished(saved: Path) -> None:
    shapefile(saved, 3006, stems=("ett", "två"))
    table = open_file(saved, "x.zip", layer="två")
    assert (table.layer, table.layers, len(list(table.rows()))) == ("två", ("ett", "två"), 3)
    with pytest.raises(UnreadableFileError, match="ett, två"):
        open_file(saved, "x.zip", layer="tre")


def test_attributes_that_are_lists_are_one_text(saved: Path) -> None:
    feature = {"type": "Feature", "properties": {"typer": ["a", "b"]}, "geometry": None}
    saved.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert next(open_file(saved, "x.geojson").rows()).cells[0] in {"a, b", '[ "a", "b" ]'}


def test_parquet_without_places_is_a_table(saved: Path) -> None:
    frame().drop(columns="geometry").to_parquet(saved)
    table = open_file(saved, "x.parquet")
    assert (table.word, table.columns, table.srid) == ("row", ("typ", "nr", "datum"), None)


def test_points_as_pairs_of_numbers_are_points(saved: Path) -> None:
    frame()[:2].to_parquet(saved, geometry_encoding="geoarrow")
    table = open_file(saved, "x.parquet")
    wkb = [row.cells[table.columns.index("geometry")] for row in table.rows()]
    assert shapely.from_wkb(wkb).tolist() == POINTS[:2]


def test_a_parquet_file_too_large_is_refused(saved: Path) -> None:
    frame().to_parquet(saved)
    for limits in (Limits(rows=2), Limits(unpacked_bytes=10), Limits(columns=1)):
        with pytest.raises(UnreadableFileError):
            open_file(saved, "x.parquet", limits=limits)


def test_more_attributes_than_anybody_means_are_refused(saved: Path) -> None:
    saved.write_text(frame().to_json())
    with pytest.raises(UnreadableFileError) as caught:
        open_file(saved, "x.geojson", limits=Limits(columns=2))
    assert caught.value.reason == "too-many-columns"


def test_a_system_that_nobody_knows_is_told(saved: Path) -> None:
    shapefile(saved, 3006, without=(".prj",))
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("mapp/lager.prj", 'LOCAL_CS["Kommunens eget",UNIT["metre",1]]')
    with pytest.raises(UnreadableFileError) as caught:
        open_file(saved, "x.zip")
    assert caught.value.reason == "unknown-crs"
