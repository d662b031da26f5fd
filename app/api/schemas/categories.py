"""The words of /api/v1/categories."""

from pydantic import BaseModel


class CategoryOut(BaseModel):
    """A kind of incident."""

    code: str
    sv: str
    en: str
    harm_weight: float
    own_weight: float | None
    is_clustered: bool


class CategoryList(BaseModel):
    """All categories, in their order."""

    categories: list[CategoryOut]
