"""What PostgreSQL refuses, in the domain's words: SQLSTATE and constraint → error. The only such place."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Error as DriverError
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.errors import BusyError, ConflictError, ForbiddenError, InvalidError, LagesbildError

UNIQUE = {
    "adoptions_run_id_key": "The run is already adopted.",
    "organisations_slug_key": "There is already an organisation with that slug.",
    "accounts_organisation_id_name_key": "The organisation already has an account of that name.",
    "passwords_username_key": "Another account signs in with that username.",
    "areas_code_key": "There is already an area with that code.",
    "incidents_source_ref_key": "Another incident of the same source has that reference.",
    "idempotency_keys_pkey": "The Idempotency-Key is being used by another request just now.",
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver raises into one of the project's errors, where a sender or the load caused it."""
    try:
        yield
    except PoolTimeoutError as error:
        raise BusyError("All database connections are busy; try again in a moment.") from error
    except DBAPIError as error:
        raise (_known(error.orig) or error) from error
    except DriverError as error:  # COPY does not pass through SQLAlchemy
        raise (_known(error) or error) from error


def _known(refusal: BaseException | None) -> LagesbildError | None:
    match refusal:
        case errors.UniqueViolation() as cause if (name := cause.diag.constraint_name or "") in UNIQUE:
            return ConflictError(UNIQUE[name])
        case errors.InsufficientPrivilege() as cause if "row-level security" in str(cause):
            return ForbiddenError("That row belongs to another organisation.")
        case errors.QueryCanceled():
            return BusyError("The question took too long to answer; ask for less.")
        case errors.SerializationFailure() | errors.DeadlockDetected() | errors.LockNotAvailable():
            return BusyError("Somebody else changed the same thing at the same moment; try again.")
        case errors.DataError():  # NUL bytes, numbers or times beyond what the database holds
            return InvalidError("A value in the request is beyond what can be stored or compared.")
        case errors.OperationalError():
            return BusyError("The database cannot be reached just now.")
    return None
