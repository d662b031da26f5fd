"""The OpenAPI document of the map service against the server: whatever is generated, no fault of ours, no odd status.

Left out are guesses about meaning: a value that fits the schema may still name nothing, and one that does not fit may
be read leniently.
"""

from collections.abc import Mapping

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks

from app.core.features import COLLECTIONS
from app.ogc import openapi

LEFT_OUT = [checks.positive_data_acceptance, checks.negative_data_rejection, checks.unsupported_method]
ONCE = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

schema = schemathesis.openapi.from_dict(openapi.document("/ogc", "test", list(COLLECTIONS.values())))


@schema.parametrize()
@ONCE
def test_the_answers_keep_to_the_document(case: schemathesis.Case, live_map: str, tokens: Mapping[str, str]) -> None:
    _keeps_to_the_document(case, live_map, tokens)


@pytest.mark.long
def test_many_answers_keep_to_the_document(live_map: str, tokens: Mapping[str, str]) -> None:
    """In one test: making a test of each operation takes seconds, which a run without this one need not wait for."""
    for found in schema.get_all_operations():

        @settings(ONCE, max_examples=200, derandomize=False)
        @given(case=found.ok().as_strategy())
        def answers(case: schemathesis.Case) -> None:
            _keeps_to_the_document(case, live_map, tokens)

        answers()


def _keeps_to_the_document(case: schemathesis.Case, live_map: str, tokens: Mapping[str, str]) -> None:
    case.call_and_validate(
        base_url=f"{live_map}/ogc",
        headers={"Authorization": f"Bearer {tokens['coordinator']}"},
        excluded_checks=LEFT_OUT,
    )
