"""Organisations: what kinds there are, and what their short names look like."""

import re
import unicodedata
from enum import StrEnum
from typing import Final

from app.core.errors import InvalidError

SLUG_MAX_CHARS: Final = 60
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Kind(StrEnum):
    """What an organisation is."""

    MUNICIPALITY = "municipality"
    POLICE = "police"
    HOUSING_COMPANY = "housing_company"
    GUARDS = "guards"
    SCHOOL = "school"
    RESCUE_SERVICE = "rescue_service"


def slugified(name: str) -> str:
    """A short name from a name: lower case, å and ä as a, ö as o, hyphens for the rest."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def checked_slug(typed: str) -> str:
    """What was typed, when it can stand in addresses and files. Raises InvalidError."""
    if not _SLUG.fullmatch(typed) or len(typed) > SLUG_MAX_CHARS:
        raise InvalidError(
            f"{typed} will not do: use a to z, digits and single hyphens, at most {SLUG_MAX_CHARS}, as lindesta-kommun."
        )
    return typed
