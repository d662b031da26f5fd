"""Uploaded files on disk: one folder, one file an import, readable by the service's own user only.

A file appears whole or not at all. What nobody has a right to any more is swept away by a job.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

DRAFT = ".draft"


@dataclass(frozen=True, slots=True)
class Uploads:
    """Where uploads lie. The web service and the worker must see the same folder."""

    folder: Path

    def path(self, import_id: UUID) -> Path:
        """Where the upload of an import lies."""
        return self.folder / str(import_id)

    @contextmanager
    def receive(self, import_id: UUID) -> Iterator[BinaryIO]:
        """A file to write to, which becomes the upload when the block ends, and nothing when it raises."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f"{import_id}{DRAFT}"
        try:
            with open(draft, "xb", opener=_private) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self.path(import_id))
        finally:
            draft.unlink(missing_ok=True)

    def remove(self, import_id: UUID) -> None:
        """Delete the upload, if it is there."""
        self.path(import_id).unlink(missing_ok=True)

    def discard(self, left: Path) -> None:
        """Delete what an interrupted process left here: half an upload, or an unpacked one."""
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)

    def older_than(self, instant: datetime) -> dict[UUID, list[Path]]:
        """What was last written before an instant, whole, half or unpacked, by import."""
        found: dict[UUID, list[Path]] = {}
        for file in self.folder.iterdir() if self.folder.is_dir() else ():
            with suppress(ValueError, FileNotFoundError):  # not ours, or gone a moment ago
                import_id = UUID(file.name.partition(".")[0])
                if datetime.fromtimestamp(file.stat().st_mtime, UTC) < instant:
                    found.setdefault(import_id, []).append(file)
        return found


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
