"""Write the sample files: `python -m sample_data.generate [--out DIR] [--seed N]`.

The same seed gives the same bytes; without --out the committed files themselves are written.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from sample_data import basemap, geojson, sources, tables, towns, truth

HERE = Path(__file__).parent


def contents(seed: int) -> dict[str, bytes]:
    """Every file by name, not yet packed."""
    made = towns.generate(seed)
    return {
        "organisations.json": _json(sources.organisations()),
        "sources.json": _json(sources.source_rows()),
        "sharing.json": _json(sources.sharing_rows()),
        "areas.geojson": geojson.as_bytes(tables.areas(made.area)),
        "places.csv": tables.places(made.area),
        "incidents.csv.gz": tables.incidents(made.incidents),
        "truth.geojson": geojson.as_bytes(truth.features(made)),
        "basemap.geojson.gz": geojson.as_bytes(basemap.features(made.area), attribution=basemap.ATTRIBUTION),
    }


def write_all(folder: Path, seed: int = towns.SEED) -> dict[str, int]:
    """Write every file into an existing or new folder; returns their sizes in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name, content in contents(seed).items():
        geojson.write(folder / name, content)
        sizes[name] = (folder / name).stat().st_size
    return sizes


def _json(rows: list[dict[str, Any]]) -> bytes:
    return (json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode()


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, write the files, say what was written."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.generate", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: this package)")
    parser.add_argument("--seed", type=int, default=towns.SEED, help="seed of the incidents")
    chosen = parser.parse_args(arguments)
    for name, size in write_all(chosen.out, chosen.seed).items():
        sys.stdout.write(f"{name}  {size:,} bytes\n")


if __name__ == "__main__":
    main()
