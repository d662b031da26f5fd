"""From proved claims to a role in an organisation: the mapping, rule by rule."""

from typing import Any

import pytest

from app.core.identities import LONGEST_NAME, Identity, MappingRule, identity_of
from app.core.permissions import Role

CLAIMS = {"iss": "https://idp.example", "sub": "7", "name": "Anna Lind", "groups": ["a", "b"], "tid": "t1"}
BY_GROUP = MappingRule(when={"groups": "b"}, role=Role.COORDINATOR)
BY_TENANT = MappingRule(when={"tid": "t1"}, organisation="lindesta-kommun")


def named(**claims: Any) -> str:
    found = identity_of({**CLAIMS, "name": None, **claims}, (BY_GROUP, BY_TENANT))
    assert found is not None
    return found.name


def test_groups_tell_the_role_and_the_tenant_tells_the_organisation() -> None:
    assert identity_of(CLAIMS, (BY_GROUP, BY_TENANT)) == Identity(
        issuer="https://idp.example",
        subject="7",
        name="Anna Lind",
        role=Role.COORDINATOR,
        organisation="lindesta-kommun",
    )


@pytest.mark.parametrize("rules", [(), (BY_GROUP,), (BY_TENANT,)])
def test_without_a_role_or_an_organisation_nobody_is_let_in(rules: tuple[MappingRule, ...]) -> None:
    assert identity_of(CLAIMS, rules) is None


def test_the_first_rule_that_fits_decides() -> None:
    first = MappingRule(when={"groups": "a"}, role=Role.LEADERSHIP, organisation="hyttfors-kommun")
    found = identity_of(CLAIMS, (first, BY_GROUP, BY_TENANT))
    assert found is not None
    assert (found.role, found.organisation) == (Role.LEADERSHIP, "hyttfors-kommun")


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"groups": "a"}, True),
        ({"groups": "a", "tid": "t1"}, True),
        ({"groups": "a", "tid": "t2"}, False),
        ({"groups": "ab"}, False),
        ({"groups": "['a', 'b']"}, False),
        ({"tid": "t"}, False),
        ({"nothing": "None"}, False),
        ({"nothing.at.all": "x"}, False),
        ({"realm.roles": "x"}, True),
        ({"https://example.se/role": "x"}, True),
        ({"number": "7"}, True),
    ],
)
def test_a_rule_fits_when_every_claim_holds_its_value(when: dict[str, str], *, fits: bool) -> None:
    more = {"realm": {"roles": ["x"]}, "https://example.se/role": "x", "number": 7}
    assert MappingRule(when=when, role=Role.ADMIN).fits(CLAIMS | more) is fits


def test_a_path_leads_only_through_objects() -> None:
    assert not MappingRule(when={"groups.a": "b"}, role=Role.ADMIN).fits(CLAIMS)


@pytest.mark.parametrize("rule", [{"when": {}, "role": Role.ADMIN}, {"when": {"a": "b"}}])
def test_a_rule_that_says_nothing_is_none(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a rule needs"):
        MappingRule(**rule)


def test_the_name_is_one_printable_line() -> None:
    assert named(name="  Anna\r\n\x00 Lind ") == "Anna Lind"
    assert named(name="x" * 500) == "x" * LONGEST_NAME
    assert named(name="\u202e\x1b", preferred_username="anna") == "anna"
    assert named(name=["Anna"], email="anna@example.se") == "anna@example.se"
    assert named() == "7"
