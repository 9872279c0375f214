"""The terms of PaNET, as https://github.com/ExPaNDS-eu/pan-ontologies-api lists them."""

from __future__ import annotations

from dataclasses import asdict
from operator import attrgetter
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nxspectra.catalogue.pan.filters import Filter
from nxspectra.catalogue.pan.matching import Thing, matches
from nxspectra.catalogue.pan.schema import TECHNIQUE, Kind, Model
from nxspectra.catalogue.pan.techniques import Listed, expanded, listing
from nxspectra.errors import FilterError
from nxspectra.portal.addresses import decoded
from nxspectra.portal.answers import tagged
from nxspectra.portal.errors import Problem, answers
from nxspectra.portal.pan import shapes
from nxspectra.portal.pan.questions import filter_of, where_of

LISTED = Model(
    "Technique",
    {
        "pid": Kind.TEXT,
        "name": Kind.TEXT,
        "synonym": Kind.TEXTS,
        "parents": Kind.TEXTS,
        "children": Kind.TEXTS,
        "relatives": Kind.TEXTS,
    },
    {},
    ("name",),
)
_LIKE = '{"where":{"and":[{"pid":{"nlike":":dataset"}},{"name":{"nlike":"CHMO"}}]},"fields":["pid","name"]}'


def router() -> APIRouter:
    routes = APIRouter()
    one_of = shapes.shape_of(LISTED)

    @routes.get(
        "",
        summary="The terms of PaNET that are asked for",
        responses={**shapes.answered({"type": "array", "items": one_of}, "terms"), **answers(400)},
        openapi_extra={
            "parameters": [
                shapes.asked("filter", "where, order, fields, limit, skip", {"names and pids": _LIKE})
            ]
        },
        name="list techniques",
    )
    def some(request: Request) -> Response:
        return tagged(request, _listed(filter_of(request, LISTED)))

    @routes.get(
        "/count",
        summary="How many terms meet a condition",
        responses={**shapes.answered(shapes.COUNT, "their number"), **answers(400)},
        openapi_extra={"parameters": [shapes.asked("where", "A condition.", {"all": "{}"})]},
        name="count techniques",
    )
    def count(request: Request) -> Response:
        where = where_of(request, LISTED)
        met = (matches(where, _thing(each), LISTED.text) for each in listing().values())
        return tagged(request, {"count": sum(met)})

    @routes.get(
        "/pan-ontology",
        summary="A condition on techniques, with all that is narrower",
        description="The same condition, with pids in the place of names: of each term and of all below it.",
        responses={
            **shapes.answered(
                {"type": "object"},
                "a condition on pids",
                {"pid": {"inq": ["http://purl.org/pan-science/PaNET/PaNET01101"]}},
            ),
            **answers(400),
        },
        openapi_extra={
            "parameters": [shapes.asked("where", "A condition.", {"by a synonym": '{"name":"XPD"}'})]
        },
        name="expand techniques",
    )
    def pan_ontology(request: Request) -> Response:
        return tagged(request, expanded(where_of(request, TECHNIQUE)))

    @routes.get(
        "/{pid}",
        summary="The term with this IRI",
        responses={**shapes.answered(one_of, "as it is"), **answers(400, 404)},
        openapi_extra={"parameters": [shapes.asked("filter", "fields", {"some": '{"fields":["name"]}'})]},
        name="one of techniques",
    )
    def one(request: Request, pid: str) -> Response:
        said, asked = decoded(pid), filter_of(request, LISTED)
        found = listing().get(said)
        if found is None:
            raise Problem(404, f'Unknown "Technique" id "{said[:200]}".', "ENTITY_NOT_FOUND")
        return tagged(request, _shown(found, asked))

    return routes


def _thing(term: Listed) -> Thing:
    return asdict(term)


def _listed(asked: Filter) -> list[dict[str, Any]]:
    if asked.query is not None:
        raise FilterError("techniques have no scores; use where and text")
    met = [each for each in listing().values() if matches(asked.where, _thing(each), LISTED.text)]
    for order in reversed(asked.order):
        met.sort(key=attrgetter(order.property), reverse=order.descending)
    end = asked.skip + asked.limit if asked.limit else None
    return [_shown(each, asked) for each in met[asked.skip : end]]


def _shown(term: Listed, asked: Filter) -> dict[str, Any]:
    return {
        name: value for name, value in asdict(term).items() if asked.fields is None or asked.fields.show(name)
    }
