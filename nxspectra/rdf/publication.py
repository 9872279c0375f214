"""Who publishes something, when, and under which terms: what only the site can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from nxspectra.rdf.terms import (
    DCAT,
    DCT,
    PROV,
    RDF,
    SCHEMA,
    SPDX,
    XSD,
    Agent,
    Iri,
    Literal,
    Triple,
    boolean,
    iri,
    moment,
    string,
)
from nxspectra.settings import ACCESS_RIGHTS, Organisation, Settings

PUBLIC = Iri(ACCESS_RIGHTS["public"])

_A = RDF["type"]
_NAME = SCHEMA["name"]


@dataclass(frozen=True, kw_only=True)
class Publication:
    """The publication facts of a thing: those of its site, which are the same for all it describes."""

    creators: tuple[Agent, ...] = ()
    publisher: Agent | None = None
    license: Iri | None = None
    access_rights: Iri | None = None
    issued: str | None = None
    """Day of publication, ISO 8601."""
    landing_page: Iri | None = None
    part_of: tuple[Iri, ...] = ()
    """Collections or catalogues that it belongs to."""
    citations: tuple[Iri, ...] = ()
    """Publications to read with it."""

    @classmethod
    def of(cls, site: Settings, pid: str) -> Self:
        return cls(
            creators=tuple(Agent(each.name, orcid_iri(each.orcid)) for each in site.creators),
            publisher=organisation(site.publisher),
            license=site_iri(site.license),
            access_rights=site_iri(site.access_rights),
            issued=None if site.issued is None else site.issued.isoformat(),
            landing_page=Iri(site.landing_pages + pid) if site.landing_pages else None,
            part_of=tuple(iri(each) for each in site.part_of),
            citations=tuple(iri(each) for each in site.citations),
        )


def organisation(said: Organisation | None) -> Agent | None:
    return Agent(said.name, site_iri(said.iri)) if said and (said.name or said.iri) else None


def site_iri(text: str | None) -> Iri | None:
    return None if text is None else iri(text)


def orcid_iri(orcid: str | None) -> Iri | None:
    return None if orcid is None else Iri(f"https://orcid.org/{orcid}")


def published(it: Iri, facts: Publication, people: Sequence[Agent] = ()) -> Iterator[Triple]:
    """The triples of publication facts, in the words of DCAT and of schema.org.

    `people` are creators where the site names none. Those without an IRI become `#fragments` of `it`.
    """
    for number, creator in enumerate(facts.creators or people, start=1):
        who = creator.iri or Iri(f"{it}#creator-{number}")
        yield it, DCT["creator"], who
        yield it, SCHEMA["creator"], who
        yield from person(who, creator)
    if facts.publisher is not None:
        who = facts.publisher.iri or Iri(f"{it}#publisher")
        yield it, DCT["publisher"], who
        yield it, SCHEMA["publisher"], who
        yield who, _A, SCHEMA["Organization"]
        yield from named(who, facts.publisher)
    for predicates, values in (
        ((DCT["license"], SCHEMA["license"]), (facts.license,)),
        ((DCT["accessRights"],), (facts.access_rights,)),
        ((DCAT["landingPage"], SCHEMA["url"]), (facts.landing_page,)),
        ((DCT["issued"], SCHEMA["datePublished"]), (facts.issued and moment(facts.issued),)),
        ((DCT["isPartOf"], SCHEMA["isPartOf"]), facts.part_of),
        ((DCT["references"], SCHEMA["citation"]), facts.citations),
    ):
        for value in values:
            if value:
                for predicate in predicates:
                    yield it, predicate, value
    if facts.access_rights is not None:
        yield it, SCHEMA["isAccessibleForFree"], boolean(facts.access_rights == PUBLIC)


def person(who: Iri, agent: Agent) -> Iterator[Triple]:
    yield who, _A, PROV["Person"]
    yield who, _A, SCHEMA["Person"]
    yield from named(who, agent)


def named(who: Iri, agent: Agent) -> Iterator[Triple]:
    if agent.name is not None:
        yield who, _NAME, string(agent.name)


def checksum(thing: Iri, where: Iri, digest: str) -> Iterator[Triple]:
    """`thing` has the sha256 `digest`, told at the node `where`."""
    yield thing, SPDX["checksum"], where
    yield where, _A, SPDX["Checksum"]
    yield where, SPDX["algorithm"], SPDX["checksumAlgorithm_sha256"]
    yield where, SPDX["checksumValue"], Literal(digest, XSD["hexBinary"])
