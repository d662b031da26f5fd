"""Open a file that somebody uploaded: what it is by its content, not by its name."""

from dataclasses import dataclass
from pathlib import Path

from app.readers.tables import SourceTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a file may cost. Beyond it the file is refused, with a sentence."""

    unpacked_bytes: int = 2_000_000_000  # of an archive or a compressed file
    ratio: int = 200  # unpacked to packed, once more than a few megabytes come out
    cell_chars: int = 100_000
    columns: int = 1_000


LIMITS = Limits()


def open_file(
    path: Path,
    filename: str,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    limits: Limits = LIMITS,
) -> SourceTable:
    """Look at a file: its format, encoding, separator, columns, sheets or layers.

    path: where it lies; filename: what its owner calls it (a hint only). layer, encoding and separator overrule the
    guess. Raises UnreadableFileError.
    """
    raise NotImplementedError
