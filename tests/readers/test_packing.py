"""Archives: read within limits, under names of ours, or refused with a sentence. Never by what they claim."""

import gzip
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.core.errors import UnreadableFileError
from app.readers import open_file
from app.readers.limits import Limits

CSV = b"id;plats\n" + b"1;torget\n" * 100


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "upload"


def zipped(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def reason_of(path: Path, name: str = "x.zip", limits: Limits | None = None) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        list(open_file(path, name, limits=limits or Limits()).rows())
    assert set(caught.value.messages) == {"sv", "en"}
    return caught.value.reason


def test_a_compressed_table_reads_like_the_table(saved: Path) -> None:
    saved.write_bytes(gzip.compress(CSV))
    assert len(list(open_file(saved, "x.csv.gz").rows())) == 100
    assert len(list(open_file(zipped(saved, {"mapp/x.csv": CSV, "__MACOSX/._x.csv": b"?"}), "x.zip").rows())) == 100


@pytest.mark.parametrize("beside", [None, "upload"])
def test_what_was_unpacked_goes_with_the_table(saved: Path, tmp_path: Path, beside: str | None) -> None:
    saved.write_bytes(gzip.compress(CSV))
    table = open_file(saved, "x.csv.gz", unpacked_beside=beside and tmp_path / beside)
    (scratch,) = table.keeps
    folder = scratch.folder  # type: ignore[attr-defined]
    assert [file.name for file in folder.iterdir()] == ["unpacked"]
    assert beside is None or (folder.parent == tmp_path and folder.name.startswith("upload.unpacked-"))
    assert len(list(open_file(saved, "x.csv.gz", unpacked_beside=beside and tmp_path / beside).rows())) == 100
    del table, scratch
    assert not folder.exists()


def test_a_bomb_is_refused_while_it_unpacks(saved: Path) -> None:
    saved.write_bytes(gzip.compress(b"a;b\n" + b"\0" * 80_000_000))
    assert reason_of(saved, "x.csv.gz") == "too-large-unpacked"
    assert reason_of(zipped(saved, {"x.csv": b"0" * 80_000_000})) == "too-large-unpacked"


def test_a_zip_that_lies_about_its_sizes_is_refused(saved: Path) -> None:
    zipped(saved, {"x.csv": b"a;b\n" + b"1;2\n" * 100_000})
    content = bytearray(saved.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = (4).to_bytes(4, "little")  # the uncompressed size
    saved.write_bytes(content)
    assert reason_of(saved) == "damaged"


def test_too_many_members_are_refused(saved: Path) -> None:
    zipped(saved, {f"{i}.csv": b"" for i in range(30)})
    assert reason_of(saved, limits=Limits(archive_members=20)) == "too-large-unpacked"


@pytest.mark.parametrize("name", ["../../etc/passwd.csv", "/etc/passwd.csv", "a/../../b.csv", "C:/x.csv", "..\\x.csv"])
def test_names_that_lead_out_are_refused(saved: Path, name: str) -> None:
    assert reason_of(zipped(saved, {name: CSV})) == "unsafe-path"


@pytest.mark.parametrize("cut", [30, 200, -9])
def test_a_file_that_was_cut_off_is_told(saved: Path, cut: int) -> None:
    saved.write_bytes(gzip.compress(os.urandom(5_000))[:cut])
    assert reason_of(saved, "x.csv.gz") == "damaged"
    zipped(saved, {"x.csv": os.urandom(5_000)})
    saved.write_bytes(saved.read_bytes()[:cut])
    assert reason_of(saved) == "damaged"


def test_several_or_no_tables_are_told_by_name(saved: Path) -> None:
    zipped(saved, {"a.csv": CSV, "b/b.csv": CSV})
    with pytest.raises(UnreadableFileError, match=r"a\.csv, b\.csv"):
        open_file(saved, "x.zip")
    assert len(list(open_file(saved, "x.zip", layer="b/b.csv").rows())) == 100
    assert reason_of(zipped(saved, {"readme.md": b"x"})) == "nothing-in-archive"
    assert reason_of(zipped(saved, {})) == "nothing-in-archive"


def test_archives_in_archives_are_refused(saved: Path) -> None:
    saved.write_bytes(gzip.compress(gzip.compress(CSV)))
    assert reason_of(saved) == "unknown-format"
    assert reason_of(zipped(saved, {"x.csv": gzip.compress(CSV)})) == "unknown-format"


def test_a_protected_archive_is_told(saved: Path) -> None:
    zipped(saved, {"x.csv": CSV})
    content = bytearray(saved.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    saved.write_bytes(content)
    assert reason_of(saved) == "password"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7 ...", "other-format"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "other-format"),
        (b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "b">]><x/>', "other-format"),
        (b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>", "other-format"),
        (b"Rar!\x1a\x07\x00", "other-format"),
        (b"\x89PNG\r\n\x1a\n", "other-format"),
        (bytes(range(256)) * 20, "unknown-format"),
        (b"SQLite format 3\x00" + b"\0" * 200, "damaged"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "damaged"),
        (b'{"type": "FeatureCollection", "features": [', "damaged"),
    ],
)
@pytest.mark.parametrize("name", ["rapport.csv", "rapport.xlsx"])
def test_a_file_is_judged_by_its_content_not_by_its_name(saved: Path, content: bytes, reason: str, name: str) -> None:
    saved.write_bytes(content)
    assert reason_of(saved, name) == reason


def test_a_document_is_no_table(saved: Path) -> None:
    assert reason_of(zipped(saved, {"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"})) == "other-format"


@pytest.mark.long
def test_a_gigabyte_in_one_cell_stays_out_of_memory(saved: Path) -> None:
    with saved.open("wb") as file:
        file.write(b"a;b\n1;")
        for _ in range(1_000):
            file.write(b"x" * 1_000_000)
    program = (
        "import resource, sys; from pathlib import Path; from app.readers import open_file\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000,) * 2)\n"
        "try: list(open_file(Path(sys.argv[1]), 'x.csv').rows())\n"
        "except Exception as error: print(error.reason)"
    )
    done = subprocess.run([sys.executable, "-c", program, saved], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "line-too-long"
