"""The whole OpenAPI document against the application: whatever is generated, the answers keep to it.

Left out are two guesses of schemathesis' about meaning (a generated report lies nowhere in Lindesta and is rightly
refused; a query value is text, whatever it looks like), and one that takes cancelling for deleting: a cancelled
analysis is still told of.
"""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from app.api import routes
from app.main import build_app
from app.settings import Settings
from app.store.engine import APP_ROLE
from tests.api.processes import served
from tests.conftest import Database, Server, _database

LEFT_OUT = [checks.positive_data_acceptance, checks.negative_data_rejection, checks.use_after_free]
ONCE = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,  # a run that everybody repeats is the same for everybody
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LONG = settings(ONCE, max_examples=400, derandomize=False)


def document() -> dict[str, Any]:
    """The document, which needs no database."""
    app = FastAPI()
    app.include_router(routes.router)
    return routes.document(app)


schema = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def address(cluster: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all generated requests."""
    name = f"generated_{uuid.uuid4().hex}"
    with _database(cluster, name, template_database):
        url = Database(cluster, name).url(APP_ROLE)
        home = tmp_path_factory.mktemp("home")
        app = build_app(Settings(database_url=url, home=home, sign_ins_per_minute=0))
        with served(app) as found:
            yield found
        app.state.services.database.engine.dispose()


def check(case: schemathesis.Case, address: str, token: str) -> None:
    """Send it and look at the answer with every check but those left out."""
    headers = {"Authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=address, headers=headers, excluded_checks=LEFT_OUT)


@schema.parametrize()
@ONCE
def test_the_answers_keep_to_the_document(case: schemathesis.Case, address: str, tokens: Mapping[str, str]) -> None:
    check(case, address, tokens["coordinator"])


@schema.parametrize()
@settings(ONCE, max_examples=3)
def test_who_may_nothing_is_told_so_as_documented(
    case: schemathesis.Case, address: str, tokens: Mapping[str, str]
) -> None:
    check(case, address, tokens["admin"])


@pytest.mark.long
@schema.parametrize()
@LONG
def test_many_answers_keep_to_the_document(case: schemathesis.Case, address: str, tokens: Mapping[str, str]) -> None:
    check(case, address, tokens["coordinator"])
