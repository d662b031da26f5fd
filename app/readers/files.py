"""Open a file that somebody uploaded: what it is by its content, not by its name."""

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from app.core.imports.words import unreadable
from app.readers import layers, packing, parquet, sheets, text_tables
from app.readers.limits import LIMITS, Limits
from app.readers.packing import Scratch
from app.readers.tables import SourceTable

_SQLITE: Final = b"SQLite format 3\x00"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARQUET: Final = b"PAR1"
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_OTHERS: Final = (
    (b"%PDF", "en PDF", "a PDF"),
    (b"{\\rtf", "ett RTF-dokument", "an RTF document"),
    (b"\x89PNG", "en bild", "a picture"),
    (b"\xff\xd8\xff", "en bild", "a picture"),
    (b"GIF8", "en bild", "a picture"),
    (b"Rar!", "ett RAR-arkiv", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "ett 7z-arkiv", "a 7z archive"),
    (b"MZ", "ett program", "a program"),
    (b"\x7fELF", "ett program", "a program"),
)
_HTML: Final = (b"<!doctype html", b"<html", b"<table", b"<head")
_SNIFFED: Final = 4_096
_CONTROLS: Final = bytes({*range(32)} - {*b"\t\n\r\f"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the caller says about a file, which overrules what is guessed."""

    layer: str | None = None
    encoding: str | None = None
    separator: str | None = None


def open_file(
    path: Path,
    filename: str,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    unpacked_beside: Path | None = None,
    limits: Limits = LIMITS,
) -> SourceTable:
    """Look at a file: its format, encoding, separator, columns, sheets or layers.

    path: where it lies; filename: what its owner calls it (a hint only). layer, encoding and separator overrule the
    guess. unpacked_beside: what is packed is unpacked into a folder with this path's name and more, which goes with the
    table; otherwise into the system's temporary folder. Raises UnreadableFileError.
    """
    wish = Wish(layer=layer, encoding=encoding, separator=separator)
    return _opened(path, PurePosixPath(filename).name, wish, unpacked_beside, limits)


def _opened(path: Path, name: str, wish: Wish, beside: Path | None, limits: Limits) -> SourceTable:
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    if not head.strip(b"\x00 \t\r\n"):
        raise unreadable("empty")
    if head.startswith(packing.GZIP):
        return _gzipped(path, name, wish, beside, limits)
    if head.startswith((packing.ZIP, packing.EMPTY_ZIP)):
        return _zipped(path, wish, beside, limits)
    if head.startswith(_OLE):
        return sheets.table(path, wish.layer, limits)
    if head.startswith(_SQLITE):
        return layers.geopackage(path, wish.layer, limits)
    if head.startswith(_PARQUET):
        return parquet.table(path, limits)
    _check_no_other(head)
    if layers.is_geojson(head):
        return layers.geojson(path, limits)
    return text_tables.table(path, wish.encoding, wish.separator, limits)


def _check_no_other(head: bytes) -> None:
    for start, swedish, english in _OTHERS:
        if head.startswith(start):
            raise unreadable("other-format", swedish=swedish, english=english)
    plain = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if plain.startswith(_HTML):
        raise unreadable("other-format", swedish="en webbsida", english="a web page")
    if plain.startswith((b"<?xml", b"<!doctype", b"<")):
        raise unreadable("other-format", swedish="XML", english="XML")
    if not head.startswith(_BOMS) and _is_binary(head) and not text_tables.is_utf16(head):
        raise unreadable("unknown-format")


def _is_binary(head: bytes) -> bool:
    """Whether so many bytes are no letters that it cannot be text; a stray one is a matter of its row."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return b"\x00" in head and controls > 0.05 * len(head)


def _gzipped(path: Path, name: str, wish: Wish, beside: Path | None, limits: Limits) -> SourceTable:
    scratch = Scratch(beside)
    unpacked = packing.unpack_gzip(path, scratch, limits)
    with unpacked.open("rb") as file:
        if file.read(2) == packing.GZIP:
            raise unreadable("unknown-format")
    return _kept(_opened(unpacked, name.removesuffix(".gz"), wish, beside, limits), scratch)


def _zipped(path: Path, wish: Wish, beside: Path | None, limits: Limits) -> SourceTable:
    found = packing.members(path, limits)
    names = {m.filename.lower() for m in found}
    if names & {"xl/workbook.xml", "xl/workbook.bin"}:
        return sheets.table(path, wish.layer, limits)
    if "[content_types].xml" in names or "mimetype" in names:
        raise unreadable("other-format", swedish="ett annat slags dokument", english="another kind of document")
    scratch = Scratch(beside)
    if any(name.endswith(".shp") for name in names):
        shp, layer, all_layers = packing.unpack_shapefile(path, found, wish.layer, scratch, limits)
        return _kept(replace(layers.shapefile(shp, limits), layer=layer, layers=all_layers), scratch)
    readable = [m for m in found if m.filename.lower().endswith(packing.READABLE)]
    chosen = [m for m in readable if m.filename == wish.layer] or readable
    if not chosen:
        raise unreadable("nothing-in-archive")
    if len(chosen) > 1:
        raise unreadable("several-files", names=", ".join(PurePosixPath(m.filename).name for m in chosen[:10]))
    unpacked = packing.unpack_member(path, chosen[0], f"member{found.index(chosen[0])}", scratch, limits)
    with unpacked.open("rb") as file:
        if file.read(2) == packing.GZIP:
            raise unreadable("unknown-format")
    inner = replace(wish, layer=None) if wish.layer == chosen[0].filename else wish
    return _kept(_opened(unpacked, chosen[0].filename, inner, beside, limits), scratch)


def _kept(table: SourceTable, scratch: Scratch) -> SourceTable:
    """The same table, which keeps the folder of its unpacked file alive."""
    return replace(table, keeps=(*table.keeps, scratch))
