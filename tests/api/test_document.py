"""Whatever body comes, and however large: every status that is answered stands in the OpenAPI document."""

import re
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api import routes
from tests.api.conftest import MAX_BODY_BYTES, AsRole

NOBODY = str(UUID(int=7))
SENT = (
    (b"", {}, set[int]()),
    (b"{}", {"Content-Type": "text/plain"}, {415}),
    (b"{}", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, {415}),
    (b"[" * 100_000, {"Content-Type": "application/json"}, {422}),
    (b" " * (MAX_BODY_BYTES + 1), {"Content-Type": "application/json"}, {413}),
)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Method, address and what is documented, of everything."""
    app = FastAPI()
    app.include_router(routes.router)
    return [
        (method.upper(), path, operation)
        for path, found in routes.document(app)["paths"].items()
        for method, operation in found.items()
    ]


def test_there_are_operations() -> None:
    assert len(operations()) > 15


@pytest.mark.parametrize("key", ["coordinator", "auditor", None])
def test_every_status_is_documented(as_role: AsRole, client: TestClient, key: str | None) -> None:
    asking = client if key is None else as_role(key)
    for method, path, documented in operations():
        kinds = documented.get("requestBody", {"content": ()})["content"]
        takes_files = bool(kinds) and "application/json" not in kinds  # of any kind and much longer
        for body, headers, wanted in SENT:
            answer = asking.request(method, re.sub(r"{\w+}", NOBODY, path), content=body, headers=headers)
            case = (method, path, body[:9], headers)
            assert str(answer.status_code) in documented["responses"], case
            if key == "coordinator" and not takes_files and (kinds or wanted == {413}):
                assert answer.status_code in (wanted or {422}), case
