"""Where the pages meet edge and store: who is visiting, and what that person may see.

The one place that knows the words of both; the pages themselves know only `places`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response

from app.actions import accounts as account_actions
from app.actions import audit, retention
from app.core.analysis.params import AnalysisParams
from app.core.analysis.tracking import Change
from app.core.audit import AuditAction
from app.core.errors import NotFoundError
from app.core.periods import parse_from, parse_to
from app.core.permissions import Actor, Token
from app.core.retention import RetentionRule
from app.edge import arriving, services, sessions
from app.store import accounts, analyses, categories, hotspots, known_hotspots, organisations
from app.store import audit as audit_store
from app.web.basemap import background, rings_of
from app.web.gazetteer import Gazetteer
from app.web.places import AdoptedRun, CategoryShare, Life, Listing, LostPlace, Place, listing
from app.web.rhythms import Rhythm, rhythm

LIST_LIMIT: Final = 200
LIFE_LIMIT: Final = 1_000
MOST_ACCOUNTS: Final = 10_000
MOST_ORGANISATIONS: Final = 1_000


def visitor(request: Request) -> Actor | None:
    """The person signed in, if any."""
    return sessions.visitor(request)


def sign_in(request: Request, answer: Response, token: str) -> None:
    """Start a session; raise NotSignedInError for a token that is not valid."""
    sessions.sign_in(request, answer, token)


def sign_in_with_password(request: Request, answer: Response, username: str, password: str) -> None:
    """Start a session; raise NotSignedInError when they are nobody's."""
    arriving.with_password(request, answer, username, password)


def leave_for_provider(request: Request, answer: Response, target: str) -> str:
    """Where the browser goes to sign in."""
    return arriving.leave(request, answer, target)


def come_back(request: Request, answer: Response) -> str:
    """Start a session for whom the provider sent back; where that person wanted to go."""
    return arriving.come_back(request, answer)


def forget_attempt(request: Request, answer: Response) -> None:
    """A sign-in that came to nothing cannot be taken up again."""
    sessions.drop_cookie(request, answer, arriving.COOKIE)


def sign_out(request: Request, answer: Response) -> str | None:
    """End the session, if there is one; where to go to end the identity provider's, if that began it."""
    hint = sessions.sign_out(request, answer)
    provider = services.of(request).provider
    return provider.sign_out_address(hint) if provider is not None and hint is not None else None


def provider_name(request: Request) -> str | None:
    """What people call the identity provider, maybe nothing; None when there is no provider."""
    provider = services.of(request).provider
    return None if provider is None else provider.registration.name


def has_passwords(request: Request) -> bool:
    """Whether anybody here signs in with a password."""
    return arriving.has_passwords(request)


def has_password(request: Request, actor: Actor) -> bool:
    """Whether this person signs in with a password."""
    return arriving.has_password(request, actor)


def change_password(request: Request, actor: Actor, current: str, new: str) -> None:
    """Change the person's password; raise InvalidError with what is wrong."""
    arriving.change_password(request, actor, current, new)


def now(request: Request) -> datetime:
    """The present instant."""
    return services.of(request).clock()


def tokens_and_accounts(request: Request, actor: Actor) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All tokens in force and all open accounts, for an administrator."""
    with sessions.read(request, actor) as tx:
        tokens = [row for row in accounts.tokens(tx, MOST_ACCOUNTS) if row["revoked_at"] is None]
        return tokens, [row for row in accounts.page(tx, MOST_ACCOUNTS) if row["closed_at"] is None]


def make_token(request: Request, actor: Actor, account_id: str, name: str, token: Token) -> str:
    """A new token of an account; its secret. Raises NotFoundError, InvalidError."""
    with sessions.write(request, actor) as tx:
        row = next((row for row in accounts.page(tx, MOST_ACCOUNTS) if str(row["id"]) == account_id), None)
        if row is None:
            raise NotFoundError("There is no such account.")
        return account_actions.issue_api_token(
            tx, organisation=row["organisation"], account=row["name"], name=name, token=token, now=now(request)
        ).secret


def revoke_token(request: Request, actor: Actor, token_id: UUID) -> None:
    """Make a token useless at once. Raises NotFoundError."""
    with sessions.write(request, actor) as tx:
        account_actions.revoke_token(tx, token_id, now(request))


def adopted_listing(request: Request, actor: Actor) -> Listing | None:
    """The ranked list of the run that the actor's organisation works with; none until one is adopted."""
    with sessions.read(request, actor) as tx:
        run = hotspots.current_run(tx, None, may_read_runs=False)
        if run is None:
            return None
        rows = hotspots.ranked(tx, run["id"], LIST_LIMIT)
        lost = [row for row in known_hotspots.changes(tx, run["id"]) if not row["is_there"]]
        names = {row["code"]: row for row in categories.page(tx)}
    gazetteer = background(basemap_path(request)).gazetteer
    places = [place_of(row, names, gazetteer) for row in rows]
    return listing(run_of(run), places, run["hotspot_count"], [lost_place_of(row, gazetteer) for row in lost])


def rhythm_of(request: Request, actor: Actor, run: AdoptedRun, place: Place) -> Rhythm:
    """When the incidents of a listed place happened, and who told."""
    with sessions.read(request, actor) as tx:
        row = hotspots.one(tx, UUID(run.id), UUID(place.id))
        names = {each["slug"]: each["name"] for each in organisations.page(tx, MOST_ORGANISATIONS)}
    if row is None:
        raise NotFoundError("The hot spot is no longer within reach.")
    return rhythm(json.loads(row["statistics"]), names)


def life_of(request: Request, actor: Actor, place: Place) -> Life | None:
    """Since when a listed place has been known; None where hot spots are not followed."""
    with sessions.read(request, actor) as tx:
        steps = known_hotspots.history(tx, UUID(place.id), LIFE_LIMIT)
    seen = [step["adopted_at"] for step in steps if step["count"] is not None]
    return Life(first_adopted_at=seen[-1], adopted_count=len(seen)) if seen else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    """A page of the audit log with what stands round it."""

    lines: list[dict[str, Any]]
    next_before: int | None
    sealed_at: datetime | None
    organisations: list[tuple[str, str]]  # slug and name
    rules: list[RetentionRule]


def audit_log(
    request: Request, actor: Actor, asked: Mapping[str, str], *, limit: int, before_id: int | None
) -> AuditLog:
    """What an auditor asks for: from, to, actor, action, organisation. Raises InvalidError for dates that are none."""
    wanted = audit_store.Filter(
        since=parse_from(asked["from"], "from") if "from" in asked else None,
        until=parse_to(asked["to"], "to") if "to" in asked else None,
        actor=asked.get("actor"),
        action=AuditAction(asked["action"]) if asked.get("action") in set(AuditAction) else None,
        organisation=asked.get("organisation"),
    )
    with audit.reading_audit(sessions.reader(request, actor), wanted) as tx:
        lines, next_before = audit_store.page(tx, wanted, limit=limit, before_id=before_id)
        seal = audit_store.last_seal(tx)
        return AuditLog(
            lines=lines,
            next_before=next_before,
            sealed_at=None if seal is None else seal["sealed_at"],
            organisations=[(o["slug"], o["name"]) for o in organisations.page(tx, MOST_ORGANISATIONS)],
            rules=retention.read_retention(tx),
        )


def code_version(request: Request) -> str:
    """The version of Lägesbild that answers."""
    return services.of(request).code_version


def is_https(request: Request) -> bool:
    """Whether people reach the service by https, whatever the way from a proxy to here is."""
    return services.of(request).is_https


def basemap_path(request: Request) -> Path | None:
    """The file behind the map, as the deployment decided."""
    return services.of(request).basemap


def run_of(row: Mapping[str, Any]) -> AdoptedRun:
    """A run as `store.hotspots.current_run` gives it."""
    params = AnalysisParams.from_json(row["params"])
    findings = analyses.findings_of(row, params)
    return AdoptedRun(
        id=str(row["id"]),
        since=params.since,
        until=params.until,
        data_cut_off=row["data_cut_off"],
        adopted_at=row["adopted_at"],
        eps_m=findings["eps_m"],
        min_incidents=findings["min_incidents"],
        tuning=findings["tuning"],
        doubtful_places=findings["doubtful_places"],
        weighting=params.weighting,
        incident_count=row["incident_count"],
    )


def place_of(row: Mapping[str, Any], names: Mapping[str, Mapping[str, Any]], gazetteer: Gazetteer) -> Place:
    """A row as `store.hotspots.ranked` gives it; a category unknown by now has its code for a name."""
    longitude, latitude = row["centre"]
    shares = [
        CategoryShare(
            sv=names.get(part["code"], {"sv": part["code"]})["sv"],
            en=names.get(part["code"], {"en": part["code"]})["en"],
            count=part["count"],
            share=part["share"],
        )
        for part in row["categories"]
    ]
    return Place(
        id=str(row["id"]),
        rank=row["rank"],
        landmark=gazetteer.landmark(longitude, latitude),
        district=gazetteer.district(longitude, latitude),
        town=gazetteer.town(longitude, latitude),
        incident_count=row["count"],
        weighted_value=row["weighted_value"],
        density_per_km2=row["density_per_km2"],
        area_m2=row["area_m2"],
        categories=tuple(sorted(shares, key=lambda share: -share.share)),
        first_seen=datetime.fromisoformat(row["first_seen"]),
        last_seen=datetime.fromisoformat(row["last_seen"]),
        longitude=longitude,
        latitude=latitude,
        rings=tuple(rings_of(row["geometry"])),
        change=Change(row["change"]) if row["change"] else None,
        is_significant=row.get("is_significant"),
    )


def lost_place_of(row: Mapping[str, Any], gazetteer: Gazetteer) -> LostPlace:
    """A row as `store.known_hotspots.changes` gives it, of a hot spot that is there no longer."""
    longitude, latitude = row["centre"]
    return LostPlace(
        rank_before=row["rank_before"],
        landmark=gazetteer.landmark(longitude, latitude),
        where=gazetteer.district(longitude, latitude) or gazetteer.town(longitude, latitude) or "",
        count_before=row["count_before"],
        into=str(row["related"][0]) if row["related"] else None,
    )
