"""GeoJSON answers: features come as finished text from the database and pass through as bytes."""

import json
from collections.abc import Mapping
from datetime import datetime

from fastapi.responses import JSONResponse


class GeoJson(JSONResponse):
    """A GeoJSON answer, from bytes that are JSON already; as a JSONResponse, so that the model is documented."""

    media_type = "application/geo+json"

    def render(self, content: bytes) -> bytes:
        """As it is."""
        return content


def collection(
    features: str,
    count: int,
    *,
    next_url: str | None = None,
    run: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> GeoJson:
    """A FeatureCollection around features that are already text, comma-separated."""
    head: dict[str, object] = {"type": "FeatureCollection"}
    if run is not None:
        head["run"] = dict(run)
    head["numberReturned"] = count
    head["links"] = [] if next_url is None else [{"rel": "next", "href": next_url, "type": GeoJson.media_type}]
    body = f'{plain(head).removesuffix("}")},"features":[{features}]}}'.encode()
    return GeoJson(body, headers=None if headers is None else dict(headers))


def plain(members: Mapping[str, object]) -> str:
    """As JSON text."""
    return json.dumps(members, ensure_ascii=False, default=_plain, separators=(",", ":"))


def _plain(value: object) -> str:
    """Instants as ISO 8601, ids as text."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
