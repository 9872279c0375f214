"""The data model of the PaN search API: its models, what they are asked for and what they are joined with.

After https://github.com/panosc-eu/search-api, doc/data-model.md and the models of its LoopBack server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What a property holds."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "true or false"
    DATE = "a date"
    TEXTS = "texts"
    ANY = "a number or text"


@dataclass(frozen=True, slots=True)
class Relation:
    """What a thing is joined with."""

    model: str
    many: bool = True


@dataclass(frozen=True)
class Model:
    """A kind of thing."""

    name: str
    properties: Mapping[str, Kind]
    relations: Mapping[str, Relation] = field(default_factory=dict)
    text: tuple[str, ...] = ()
    """Where `text` looks; empty if a thing of this kind cannot be asked for by it."""


_TEXT, _NUMBER, _DATE = Kind.TEXT, Kind.NUMBER, Kind.DATE

DATASET = Model(
    "Dataset",
    {"pid": _TEXT, "title": _TEXT, "isPublic": Kind.TRUTH, "size": _NUMBER, "creationDate": _DATE},
    {
        "document": Relation("Document", many=False),
        "documents": Relation("Document"),
        "instrument": Relation("Instrument", many=False),
        "files": Relation("File"),
        "parameters": Relation("Parameter"),
        "samples": Relation("Sample"),
        "techniques": Relation("Technique"),
    },
    ("title",),
)
DOCUMENT = Model(
    "Document",
    {
        "pid": _TEXT,
        "isPublic": Kind.TRUTH,
        "type": _TEXT,
        "title": _TEXT,
        "summary": _TEXT,
        "doi": _TEXT,
        "startDate": _DATE,
        "endDate": _DATE,
        "releaseDate": _DATE,
        "license": _TEXT,
        "keywords": Kind.TEXTS,
    },
    {
        "datasets": Relation("Dataset"),
        "members": Relation("Member"),
        # those of its data sets
        "parameters": Relation("Parameter"),
    },
    ("title", "summary"),
)
INSTRUMENT = Model(
    "Instrument",
    {"pid": _TEXT, "name": _TEXT, "facility": _TEXT},
    {"datasets": Relation("Dataset")},
    ("name", "facility"),
)
FILE = Model("File", {"id": _TEXT, "name": _TEXT, "path": _TEXT, "size": _NUMBER}, {}, ("name",))
PARAMETER = Model("Parameter", {"id": _TEXT, "name": _TEXT, "value": Kind.ANY, "unit": _TEXT})
SAMPLE = Model("Sample", {"pid": _TEXT, "name": _TEXT, "description": _TEXT}, {}, ("name", "description"))
TECHNIQUE = Model("Technique", {"pid": _TEXT, "name": _TEXT, "panetId": _TEXT}, {}, ("name",))
MEMBER = Model(
    "Member",
    {"id": _TEXT, "role": _TEXT},
    {
        "person": Relation("Person", many=False),
        "affiliation": Relation("Affiliation", many=False),
        "affiliations": Relation("Affiliation"),
    },
)
PERSON = Model(
    "Person",
    {
        "id": _TEXT,
        "fullName": _TEXT,
        "orcid": _TEXT,
        "researcherId": _TEXT,
        "firstName": _TEXT,
        "lastName": _TEXT,
    },
)
AFFILIATION = Model(
    "Affiliation", {"id": _TEXT, "name": _TEXT, "address": _TEXT, "city": _TEXT, "country": _TEXT}
)

MODELS = {
    model.name: model
    for model in (
        DATASET,
        DOCUMENT,
        INSTRUMENT,
        FILE,
        PARAMETER,
        SAMPLE,
        TECHNIQUE,
        MEMBER,
        PERSON,
        AFFILIATION,
    )
}
