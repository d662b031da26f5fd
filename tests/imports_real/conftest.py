"""Real files that are not ours to commit: looked for beside the checkout; tests say so when they are not there."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from app.core.categories import SHIPPED
from app.core.imports.crime_codes import SHIPPED as CRIME_CODES
from app.core.imports.known import Known
from app.core.imports.problems import Held, RowErrors
from app.core.imports.profile import Profile, from_json
from app.core.imports.reader import Reader
from app.core.imports.suggest import Suggestion, suggest
from app.core.incidents import IncidentDraft
from app.core.ingest import IngestRules
from app.readers import SourceTable, open_file

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PROFILES = Path(__file__).parent / "profiles"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Told:
    """What became of a file's rows."""

    good: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    doubled: int = 0  # of the good ones: an earlier row has the same reference
    drafts: list[IncidentDraft] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """All of them."""
        return self.good + sum(self.bad.values()) + sum(self.held.values()) + self.doubled


def known(srid: int = 3006, **more: Any) -> Known:
    """A deployment that knows the shipped categories."""
    return Known(categories=SHIPPED, crime_codes=CRIME_CODES, metric_srid=srid, **more)


def profile(name: str) -> Profile:
    """A kept mapping profile."""
    return from_json(json.loads((PROFILES / f"{name}.json").read_text(encoding="utf-8")))


@pytest.fixture
def data() -> Path:
    """The folder of real files."""
    if not DATA.is_dir():
        pytest.skip(f"no real files in {DATA.parent.name}/{DATA.name} beside the checkout")
    return DATA


def suggested(table: SourceTable, knowing: Known) -> Suggestion:
    """The proposal from a sample that takes from all parts of the file."""
    rows = list(table.rows())
    return suggest(table.columns, rows[:: len(rows) // 1_000 or 1], knowing, source="test", srid=table.srid)


def told(table: SourceTable, reading: Profile, knowing: Known) -> Told:
    """Read the whole file and put it through the gate."""
    rules = IngestRules(now=NOW, categories=frozenset(c.code for c in SHIPPED), metric_srid=knowing.metric_srid)
    reader = Reader(table.columns, reading, knowing)
    result = Told()
    seen: set[str] = set()
    for chunk in chunks(table):
        for outcome in reader.judge_chunk(chunk, rules):
            match outcome:
                case RowErrors(problems=problems):
                    result.bad[problems[0].code] += 1
                case Held(findings=findings):
                    result.held[findings[0][1]] += 1
                case IncidentDraft(source_ref=ref) if ref is not None and ref in seen:
                    result.doubled += 1
                case IncidentDraft() as draft:
                    seen.add(draft.source_ref or "")
                    result.good += 1
                    result.drafts.append(draft)
    return result


def chunks(table: SourceTable) -> Iterator[list[Any]]:
    """All rows, some thousands at a time."""
    rows = table.rows()
    while chunk := list(islice(rows, 5_000)):
        yield chunk


@pytest.fixture
def opened(data: Path, tmp_path: Path) -> Callable[[str], SourceTable]:
    """open(name) → the table."""
    return lambda name: open_file(data / name, name, unpacked_beside=tmp_path / "unpacked")


def csv_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a compressed CSV, read without any code of ours."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
