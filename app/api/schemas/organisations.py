"""The words of /api/v1/organisations."""

from pydantic import BaseModel


class OrganisationOut(BaseModel):
    """An organisation of the deployment."""

    slug: str
    name: str
    kind: str
    municipality: str | None
    local_police_area: str | None
    area: str | None
    outside_area: str


class OrganisationList(BaseModel):
    """All organisations."""

    organisations: list[OrganisationOut]
