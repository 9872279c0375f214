"""The models of the PaN search API in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from nxspectra.catalogue.pan.schema import MODELS, Kind, Model

Schema = dict[str, Any]

_KINDS: dict[Kind, Schema] = {
    Kind.TEXT: {"type": "string"},
    Kind.NUMBER: {"type": "number"},
    Kind.TRUTH: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date-time"},
    Kind.TEXTS: {"type": "array", "items": {"type": "string"}},
    Kind.ANY: {"type": ["number", "string"]},
}
COUNT: Schema = {
    "type": "object",
    "properties": {"count": {"type": "integer", "minimum": 0}},
    "required": ["count"],
}
PARAMETER_RANGE: Schema = {
    name: {"type": "number", "description": "Where the value is a range."} for name in ("minimum", "maximum")
}


def properties_of(model: Model, depth: int = 2) -> dict[str, Schema]:
    """Properties, and what a thing may be joined with, so many levels deep."""
    shapes = {name: _KINDS[kind] for name, kind in model.properties.items()}
    if model.name == "Parameter":
        shapes |= PARAMETER_RANGE
    if depth:
        for name, relation in model.relations.items():
            joined = shape_of(MODELS[relation.model], depth - 1)
            shapes[name] = {"type": "array", "items": joined} if relation.many else joined
    return shapes


def shape_of(model: Model, depth: int = 2) -> Schema:
    return {"type": "object", "properties": properties_of(model, depth)}


def listed(model: Model) -> Schema:
    """Things in a list have a score."""
    properties = {**properties_of(model), "score": {"type": "number", "minimum": 0, "maximum": 1}}
    return {
        "type": "array",
        "items": {"type": "object", "properties": properties, "required": ["score"]},
    }


def answered(schema: Schema, description: str, example: Any = None) -> dict[int | str, dict[str, Any]]:
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {
        200: {"description": description, "content": {"application/json": content}},
        304: {"description": "It is as it was: see If-None-Match."},
    }


def asked(name: str, what: str, examples: dict[str, str]) -> Schema:
    """A parameter of the address that holds JSON."""
    return {
        "name": name,
        "in": "query",
        "description": what,
        "required": False,
        "schema": {"type": "string"},
        "examples": {title: {"value": text} for title, text in examples.items()},
    }


EXAMPLES = {
    "Dataset": {
        "pressure between 10 and 20 GPa, in kbar": (
            '{"include":[{"relation":"parameters","scope":{"where":{"and":[{"name":"sample_pressure"},'
            '{"value":{"between":[100,200]}},{"unit":"kbar"}]}}}],"limit":10}'
        ),
        "a technique and all below it": (
            '{"include":[{"relation":"techniques","scope":{"where":{"name":"x-ray diffraction"}}}]}'
        ),
        "free text, best first": '{"query":"ferropericlase compression","limit":10}',
    },
    "Document": {
        "with data sets and members": (
            '{"include":[{"relation":"datasets"},{"relation":"members","scope":{"include":'
            '[{"relation":"person"},{"relation":"affiliation"}]}}],"limit":10}'
        ),
    },
    "Instrument": {"of one facility": '{"where":{"facility":"DESY"},"order":"name"}'},
    "File": {"by name": '{"where":{"name":{"ilike":"%.nxs"}}}'},
}
