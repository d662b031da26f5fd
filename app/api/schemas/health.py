"""The words of /api/v1/health."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    """Whether the service works."""

    status: Literal["ok", "not ready"]
    checks: dict[str, str] = {}
