"""Points that are no places: a municipality's middle, a police station as default address, one point for all."""

from collections.abc import Sequence

from app.core.imports.known import Known
from app.core.imports.profile import CoarsePoint
from app.core.imports.reader import Reader
from app.core.imports.source import SourceRow


class Survey:
    """Looks through a whole file once (the dry run) for coarse points; bounded memory."""

    def __init__(self, reader: Reader, known: Known) -> None:
        raise NotImplementedError

    def add(self, rows: Sequence[SourceRow]) -> None:
        """Count the rows' points and the different addresses at each."""
        raise NotImplementedError

    def coarse_points(self) -> tuple[CoarsePoint, ...]:
        """What was found, the most frequent first: to be put into the profile."""
        raise NotImplementedError
