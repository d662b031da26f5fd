"""A municipality from nothing to a restored backup, with the commands alone."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.store import backups
from tests.cli.conftest import BOUNDARY, Run


def test_a_municipality_is_set_up_analysed_backed_up_and_restored(
    lagesbild: Run,
    empty: Any,
    make_empty: Callable[[], Any],
    use: Callable[..., None],
    geojson: Callable[..., Path],
    tmp_path: Path,
) -> None:
    boundary = geojson("boundary.geojson", BOUNDARY)
    set_up = lagesbild(
        "init", "--no-input", "--name", "Lindesta kommun", "--boundary", boundary, "--coordinator", "Samordnare"
    )
    assert set_up.status == 0
    assert re.search(r"^Token of Systemförvaltare \(admin\): lgb_\S{43}$", set_up.out, re.MULTILINE)
    assert re.search(r"^Token of Samordnare \(coordinator\): lgb_\S{43}$", set_up.out, re.MULTILINE)

    looked = lagesbild("doctor")
    assert (looked.status, [line for line in looked.lines if line.startswith("wrong")]) == (0, [])

    file = tmp_path / "reports.csv"
    file.write_text(_reports(300), encoding="utf-8")
    imported = lagesbild("import", file, "--source", "est-rapport", "--organisation", "lindesta-kommun")
    assert (imported.status, imported.out) == (
        0,
        "300 rows: 300 good (300 new, 0 changed), 0 doubled, 0 bad, 0 held.\n",
    )

    analysed = lagesbild(
        "analyse",
        "--organisation",
        "lindesta-kommun",
        "--from",
        "2026-01-01",
        "--to",
        "2026-03-31",
        "--adopt",
        "--replicates",
        "19",
    )
    assert analysed.status == 0
    assert "1 hot spots among 300 incidents" in analysed.out
    assert analysed.lines[-1] == "Adopted: everybody sees it now."

    saved = tmp_path / "saved.dump"
    assert lagesbild("backup", saved).status == 0
    before = backups.contents(empty.url())
    target = make_empty()
    use(target)
    restored = lagesbild("restore", saved)
    assert restored.status == 0
    assert restored.lines[-1] == "Every table, the audit log and the revision are as they were."
    assert backups.contents(target.url()) == before
    assert before.tables["public.incidents"] == 300
    again = lagesbild("import", file, "--source", "est-rapport", "--organisation", "lindesta-kommun")
    assert again.out == "300 rows: 0 good (0 new, 0 changed), 300 doubled, 0 bad, 0 held.\n"


def _reports(n: int) -> str:
    """Two in three lie around one square, the rest anywhere in the municipality."""
    draw = random.Random(7)  # noqa: S311 - a made-up town
    lines = ["category,occurred_from,lon,lat,source_ref"]
    for i in range(n):
        spread = 0.0003 if i % 3 else 0.12
        lon, lat = 15.85 + draw.uniform(-spread, spread), 59.65 + draw.uniform(-spread, spread)
        lines.append(f"SKD,2026-02-{i % 28 + 1:02} 21:{i % 60:02},{lon:.6f},{lat:.6f},R-{i}")
    return "\n".join(lines) + "\n"
