"""Who somebody is, by the claims of an identity provider: the deployment's mapping to a role in an organisation.

Rules are read in order. The first that fits and names a role decides the role; likewise the organisation. One rule
may name both, or two may go together: groups tell the role, the tenant tells the organisation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.permissions import Role

LONGEST_NAME = 120
NAMES = ("name", "preferred_username", "email", "upn", "azp", "client_id")  # the first that is there


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRule:
    """When all these claims hold these values, the person has this role, or belongs to this organisation."""

    when: Mapping[str, str]
    role: Role | None = None
    organisation: str | None = None  # slug

    def __post_init__(self) -> None:
        if not self.when or (self.role is None and self.organisation is None):
            raise ValueError("a rule needs `when`, and `role` or `organisation`")

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claims hold every value; a claim with several values holds each of them."""
        return all(wanted in _values(claims, name) for name, wanted in self.when.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person or a program as the provider and the mapping say."""

    issuer: str
    subject: str
    name: str
    role: Role
    organisation: str  # slug


def identity_of(claims: Mapping[str, Any], rules: Sequence[MappingRule]) -> Identity | None:
    """Who these claims, already proved, are about; None when the mapping gives no role or no organisation."""
    fitting = [rule for rule in rules if rule.fits(claims)]
    role = next((rule.role for rule in fitting if rule.role is not None), None)
    organisation = next((rule.organisation for rule in fitting if rule.organisation is not None), None)
    if role is None or organisation is None:
        return None
    subject = str(claims["sub"])
    return Identity(
        issuer=str(claims["iss"]),
        subject=subject,
        name=_name(claims) or subject[:LONGEST_NAME],
        role=role,
        organisation=organisation,
    )


def _name(claims: Mapping[str, Any]) -> str:
    """What to call them: printable, on one line, not too long."""
    found = (claims.get(name) for name in NAMES)
    spelled = (" ".join("".join(c if c.isprintable() else " " for c in n).split()) for n in found if isinstance(n, str))
    return next(filter(None, spelled), "")[:LONGEST_NAME]


def _values(claims: Mapping[str, Any], name: str) -> list[str]:
    """The values of a claim, by its name or by a path into it (Keycloak's realm_access.roles)."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    return [str(value) for value in found] if isinstance(found, list) else [str(found)] * (found is not None)
