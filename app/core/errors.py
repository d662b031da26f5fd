"""What can go wrong, in the domain's words.

The class docstring is the title a client reads; `code` is a stable slug; the message is this case.
Only `app.edge.problems` knows which HTTP status belongs to which class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with one value. Never holds the value itself: it may be personal data."""

    field: str  # path in the sender's own words: "position.lon", "features.17.properties.category"
    code: str  # stable slug: "unknown-category"
    message: str  # one plain sentence

    def under(self, prefix: str) -> "FieldProblem":
        """The same problem, with the field named from a higher level."""
        return FieldProblem(f"{prefix}.{self.field}" if self.field else prefix, self.code, self.message)


class LagesbildError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, problems: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


class InvalidError(LagesbildError):
    """The values sent are not valid."""

    code = "invalid"


class ParameterError(LagesbildError):
    """The address asks for something that cannot be given."""

    code = "invalid-parameter"


class NotSignedInError(LagesbildError):
    """Sign in first: no valid token or session came with the request."""

    code = "not-signed-in"


class ForbiddenError(LagesbildError):
    """The actor may not do that."""

    code = "forbidden"


class NotFoundError(LagesbildError):
    """There is nothing here that this actor may see."""

    code = "not-found"


class ConflictError(LagesbildError):
    """Something with the same reference but other content is already stored."""

    code = "conflict"


class IdempotencyError(LagesbildError):
    """The Idempotency-Key was used before with other content."""

    code = "idempotency-key-reused"


class TransitionError(LagesbildError):
    """It cannot move from its present state to the wanted one."""

    code = "invalid-transition"


class UnreadableFileError(LagesbildError):
    """The file cannot be read."""

    code = "unreadable-file"

    def __init__(self, reason: str, messages: Mapping[str, str]) -> None:
        """reason: slug. messages: the sentence in each language, English among them."""
        super().__init__(messages["en"])
        self.reason = reason
        self.messages = messages


class TooLargeError(LagesbildError):
    """More was sent than the service takes at once."""

    code = "too-large"


class TooSlowError(LagesbildError):
    """The request did not arrive in time; nothing was stored."""

    code = "too-slow"


class ElsewhereError(LagesbildError):
    """The request is meant for a server of another name."""

    code = "wrong-host"


class BusyError(LagesbildError):
    """The service cannot answer just now; nothing was stored."""

    code = "busy"


class TooManyError(LagesbildError):
    """Too many requests in too short a time; nothing was stored."""

    code = "too-many-requests"

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ProviderError(LagesbildError):
    """The identity provider could not be asked, or said what cannot be believed."""

    code = "identity-provider"


class SetupError(LagesbildError):
    """The installation is not ready; the message says what to do."""

    code = "setup"
