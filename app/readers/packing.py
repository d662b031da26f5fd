"""Archives and compressed files: unpacked with a limit, under names of ours, or refused.

A name in an archive is only ever compared, never used as a path. What an archive says about its sizes is not
believed: the bytes are counted as they come.
"""

import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, Protocol
from weakref import finalize

from app.core.imports.words import unreadable
from app.readers.limits import MEGABYTE, Limits

GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
EMPTY_ZIP: Final = b"PK\x05\x06"
READABLE: Final = (".csv", ".tsv", ".txt", ".tab", ".xlsx", ".xlsm", ".xlsb", ".xls",
                   ".geojson", ".json", ".gpkg", ".parquet", ".geoparquet")  # fmt: skip
SHAPEFILE_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_NEEDED: Final = (".shp", ".dbf")
_ENCRYPTED: Final = 0x1
_AT_A_TIME: Final = MEGABYTE
_DAMAGED = (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError)


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Scratch:
    """Where unpacked files lie: a folder of their own, readable by nobody else, that goes with this object.

    beside: its name's beginning, so that what a killed process left can be told; by default in the system's temporary
    folder.
    """

    def __init__(self, beside: Path | None) -> None:
        beside = beside or Path(tempfile.gettempdir()) / "lagesbild"
        self.folder = Path(tempfile.mkdtemp(prefix=f"{beside.name}.unpacked-", dir=beside.parent))
        finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def unpacked(self, name: str, source: _Stream, packed_bytes: int, limits: Limits) -> Path:
        """The whole of a stream as a file called `name`. Raises UnreadableFileError."""
        target = self.folder / name
        partial = target.with_name(f"{name}.partial")
        try:
            with partial.open("wb") as file:
                for piece in _counted(source, packed_bytes, limits):
                    file.write(piece)
        except _DAMAGED as error:
            raise unreadable("damaged") from error
        finally:
            if partial.exists() and not partial.stat().st_size:
                partial.unlink()
        if not partial.exists():
            raise unreadable("empty")
        partial.rename(target)
        return target


def _counted(source: _Stream, packed_bytes: int, limits: Limits) -> Iterator[bytes]:
    most = min(limits.unpacked_bytes, max(limits.unpacked_freely_bytes, limits.ratio * packed_bytes))
    total = 0
    while piece := source.read(_AT_A_TIME):
        total += len(piece)
        if total > most:
            raise _too_large(limits)
        yield piece


def _too_large(limits: Limits) -> Exception:
    return unreadable("too-large-unpacked", most=f"{limits.unpacked_bytes // MEGABYTE}", ratio=f"{limits.ratio}")


def unpack_gzip(path: Path, scratch: Scratch, limits: Limits) -> Path:
    """What a .gz holds."""
    try:
        with gzip.open(path) as source:
            return scratch.unpacked("unpacked", source, path.stat().st_size, limits)
    except _DAMAGED as error:
        raise unreadable("damaged") from error


def members(path: Path, limits: Limits) -> list[zipfile.ZipInfo]:
    """The files in a zip, none of them dangerous by its name or by what it says of itself."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = [m for m in archive.infolist() if not m.is_dir()]
    except (*_DAMAGED, ValueError) as error:
        raise unreadable("damaged") from error
    if any(_leads_out(m.filename) for m in found):
        raise unreadable("unsafe-path")
    if any(m.flag_bits & _ENCRYPTED for m in found):
        raise unreadable("password")
    total = sum(m.file_size for m in found)
    is_bomb = total > max(limits.unpacked_freely_bytes, limits.ratio * path.stat().st_size)
    if len(found) > limits.archive_members or total > limits.unpacked_bytes or is_bomb:
        raise _too_large(limits)
    return [m for m in found if not m.filename.startswith("__MACOSX/")]


def _leads_out(name: str) -> bool:
    plain = name.replace("\\", "/")
    return plain.startswith("/") or plain[1:2] == ":" or ".." in PurePosixPath(plain).parts


def unpack_member(path: Path, member: zipfile.ZipInfo, name: str, scratch: Scratch, limits: Limits) -> Path:
    """One file of a zip, under a name of ours."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as source:
            return scratch.unpacked(name, source, member.compress_size, limits)
    except _DAMAGED as error:
        raise unreadable("damaged") from error


def unpack_shapefile(
    path: Path, found: list[zipfile.ZipInfo], layer: str | None, scratch: Scratch, limits: Limits
) -> tuple[Path, str, tuple[str, ...]]:
    """The .shp with what belongs to it; which layer that is, and all that the zip has."""
    by_name = {m.filename.lower(): m for m in found}
    stems = {PurePosixPath(m.filename).with_suffix("").name: m for m in found if m.filename.lower().endswith(".shp")}
    chosen = layer or next(iter(stems))
    if chosen not in stems:
        raise unreadable("no-such-layer", names=", ".join(stems))
    stem = stems[chosen].filename[: -len(".shp")].lower()
    missing = [part for part in _NEEDED if stem + part not in by_name]
    if missing:
        raise unreadable("incomplete-shapefile", missing=", ".join(missing))
    number = list(stems).index(chosen)
    for part in SHAPEFILE_PARTS:
        if (member := by_name.get(stem + part)) is not None and member.file_size:
            unpack_member(path, member, f"layer{number}{part}", scratch, limits)
    return scratch.folder / f"layer{number}.shp", chosen, tuple(stems)
