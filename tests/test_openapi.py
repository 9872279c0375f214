"""What the OpenAPI document says, and whatever else it allows, is answered without an error of the server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from facility import RECORDS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from servers import described, serving

from nxspectra.catalogue import Catalogue
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan.filters import Operator
from nxspectra.catalogue.pan.schema import MODELS
from nxspectra.testing import conforming

SECONDS = 20.0
"""After so long no more is asked, however slow the machine."""
EXAMPLES = settings(
    max_examples=12,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("openapi") / "catalogue"
    Catalogue(folder).file(described(conforming(4)))
    index = Index.in_folder(folder)
    index.put(RECORDS)
    index.close()
    with serving(folder) as client:
        yield client


def test_every_example_of_the_document_is_answered(server: httpx.Client) -> None:
    document = server.get("/openapi.json").json()
    asked = 0
    for path, operations in document["paths"].items():
        if not path.startswith(("/api/Da", "/api/Do", "/api/I", "/techniques")) or "{" in path:
            continue
        for parameter in operations.get("get", {}).get("parameters", ()):
            for example in parameter.get("examples", {}).values():
                answer = server.get(path, params={parameter["name"]: example["value"]})
                assert answer.status_code == 200, (path, example, answer.text)
                asked += 1
    assert asked > 12


@pytest.mark.slow
def test_whatever_the_document_allows_is_no_error_of_the_server(server: httpx.Client) -> None:
    schema = schemathesis.openapi.from_url(f"{server.base_url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    operations.sort(key=lambda operation: not _is_ours(operation.path))
    assert len(operations) > 15
    end = time.monotonic() + SECONDS
    for operation in operations:
        if time.monotonic() < end:
            _try(operation, end, server)


def _try(operation: Any, end: float, server: httpx.Client) -> None:
    checks = [not_a_server_error]
    if _is_ours(operation.path):
        checks += [status_code_conformance, content_type_conformance, response_schema_conformance]

    @EXAMPLES
    @given(operation.as_strategy())
    def one(case: Any) -> None:
        if time.monotonic() < end:
            response = case.call(base_url=str(server.base_url))
            case.validate_response(response, checks=checks)

    one()


def _is_ours(path: str) -> bool:
    """Is it one of those whose answers are described in full?"""
    return path.startswith(("/api/Da", "/api/Do", "/api/Inst", "/techniques", "/score"))


NAMES = sorted({name for model in MODELS.values() for name in (*model.properties, *model.relations)})
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["GPa", "eV", "2021-06-01", "ferropericlase", "%", "20.500/ramp", "XPD", "kelvn"]),
)
COMPARED = VALUES | st.dictionaries(
    st.sampled_from([each.value for each in Operator]), VALUES | st.lists(VALUES, max_size=3), max_size=2
)
WHERE = st.recursive(
    st.dictionaries(st.sampled_from([*NAMES, "text"]), COMPARED, max_size=3),
    lambda below: st.dictionaries(st.sampled_from(["and", "or"]), st.lists(below, max_size=3), max_size=2),
    max_leaves=4,
)
INCLUDES = st.recursive(
    st.sampled_from(NAMES),
    lambda below: st.lists(
        st.fixed_dictionaries(
            {
                "relation": st.sampled_from(NAMES),
                "scope": st.fixed_dictionaries({"where": WHERE, "include": below}),
            }
        ),
        max_size=2,
    ),
    max_leaves=3,
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "where": WHERE,
        "include": INCLUDES,
        "order": st.sampled_from(NAMES),
        "fields": st.lists(st.sampled_from(NAMES), max_size=2),
        "limit": st.integers(-1, 5),
        "skip": st.integers(0, 5),
        "query": st.text(max_size=9),
    },
)


@given(st.sampled_from(["Datasets", "Documents", "Instruments"]), FILTERS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_filter_is_answered_or_refused(server: httpx.Client, models: str, asked: Any) -> None:
    answer = server.get(f"/api/{models}", params={"filter": json.dumps(asked)})
    assert answer.status_code in (200, 400), (asked, answer.text)
    if answer.status_code == 200:
        assert all(isinstance(thing["score"], int | float) for thing in answer.json())
