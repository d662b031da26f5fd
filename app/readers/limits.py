"""What a file may cost before it is refused. The figures bound memory and disk, not what a sender may mean."""

from dataclasses import dataclass
from typing import Final

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a file may cost. Beyond it the file is refused, with a sentence."""

    unpacked_bytes: int = 2_000 * MEGABYTE  # of an archive or a compressed file
    unpacked_freely_bytes: int = 50 * MEGABYTE  # below it, anything may be packed as tightly as it likes
    ratio: int = 200  # unpacked to packed
    archive_members: int = 10_000
    row_chars: int = 5 * MEGABYTE
    cell_chars: int = 100_000
    columns: int = 1_000
    rows: int = 10_000_000
    sheet_cells: int = 25_000_000  # a sheet is read whole
    feature_megabytes: int = 20


LIMITS: Final = Limits()
