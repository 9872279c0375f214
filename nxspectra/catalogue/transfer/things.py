"""Data sets as the PaN search API answers them, with what they are joined with, as records.

Whoever wrote them may have written anything: what cannot be used is left out, and said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from nxspectra import units
from nxspectra.catalogue.record import (
    Affiliation,
    Document,
    Facility,
    File,
    Instrument,
    Member,
    Parameter,
    Person,
    Record,
    Sample,
    Source,
)
from nxspectra.errors import UnitError, UsageError
from nxspectra.findings import Finding, Severity
from nxspectra.rdf import techniques
from nxspectra.rdf.terms import plain, segment
from nxspectra.settings import Settings, is_iri, orcid_of

Thing: TypeAlias = Mapping[str, Any]
"""An object of JSON."""

NAME, TEXT = 500, 20_000
"""Most characters of a name, and of a text."""
LARGEST = 2**63 - 1
"""Bytes; an index holds no larger size."""
WHERE = "@where"
"""Under this a thing may say itself what it is called in a finding."""


class Reader:
    """Makes records of things, and remembers what was wrong with them."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source, self.settings = source, settings
        self.findings: list[Finding] = []
        self._techniques = techniques.table(settings)

    def tell(self, path: str, rule: str, message: str, severity: Severity = Severity.WARNING) -> None:
        self.findings.append(Finding(path, rule, message, severity))

    def record(self, thing: Thing, where: str) -> Record | None:
        """The record of a data set; None if it has no pid. `where`: what to call it in a finding."""
        pid = self.text(thing, "pid", where, NAME) or self.text(thing, "id", where, NAME)
        if pid is None:
            self.tell(where, "no-pid", "has no pid; it is left out", Severity.VIOLATION)
            return None
        title = self.text(thing, "title", where, TEXT)
        if title is None:
            self.tell(where, "no-title", "has no title; it is called by its pid")
        public = thing.get("isPublic")
        if not isinstance(public, bool):
            self.tell(where, "not-said-public", "does not say whether it is public; it is taken as not")
        documents = tuple(self._documents(thing, where))
        members = [member for document in documents for member in document.members]
        instrument, facility = self._instrument(thing, where)
        created = self.date(thing, "creationDate", where)
        return Record(
            pid=pid,
            iri=pid if is_iri(pid) else self.settings.base_iri + _step(pid),
            title=title or pid,
            keywords=tuple(dict.fromkeys(word for document in documents for word in document.keywords)),
            is_public=public is True,
            size=self.size(thing, where),
            created=created,
            released=next((document.released for document in documents if document.released), None),
            instrument=instrument,
            facility=facility,
            samples=tuple(self._samples(thing, where)),
            techniques=tuple(dict.fromkeys(self._technique_iris(thing, where))),
            parameters=tuple(self._parameters(thing, where)),
            files=tuple(self._files(thing, where)),
            people=tuple(dict.fromkeys(members)),
            documents=documents,
            source=self.source,
        )

    # -- what it is joined with ----------------------------------------------------------------

    def _documents(self, thing: Thing, where: str) -> Iterator[Document]:
        seen: set[str] = set()
        for name in ("documents", "document"):
            for place, each in self.things(thing, name, where):
                pid = self.text(each, "pid", place, NAME) or self.text(each, "id", place, NAME)
                if pid is None:
                    self.tell(place, "no-pid", "has no pid; it is left out")
                elif pid not in seen:
                    seen.add(pid)
                    yield self._document(each, pid, place)

    def _document(self, thing: Thing, pid: str, where: str) -> Document:
        keywords = thing.get("keywords")
        words = keywords if isinstance(keywords, list) else str(keywords or "").split(",")
        return Document(
            pid=pid,
            title=self.text(thing, "title", where, TEXT) or pid,
            type=self.text(thing, "type", where, NAME),
            summary=self.text(thing, "summary", where, TEXT),
            doi=self.text(thing, "doi", where, NAME),
            started=self.date(thing, "startDate", where),
            ended=self.date(thing, "endDate", where),
            released=self.date(thing, "releaseDate", where),
            license=self.text(thing, "license", where, NAME),
            keywords=tuple(filter(None, (plain(word, NAME) for word in words if isinstance(word, str)))),
            members=tuple(self._members(thing, where)),
            is_public=thing.get("isPublic") is True,
            parameters=tuple(self._parameters(thing, where)),
        )

    def _members(self, thing: Thing, where: str) -> Iterator[Member]:
        for place, each in self.things(thing, "members", where):
            at, person = next(self.things(each, "person", place), (place, None))
            if person is None:
                self.tell(place, "no-person", "names no person; it is left out")
                continue
            first, last = (self.text(person, part, at, NAME) for part in ("firstName", "lastName"))
            name = self.text(person, "fullName", at, NAME) or " ".join(filter(None, (first, last)))
            if not name:
                self.tell(at, "no-name", "has no name; it is left out")
                continue
            known = self.text(person, "researcherId", at, NAME)
            someone = Person(name, self._orcid(person, at), first, last, known)
            yield Member(someone, self.text(each, "role", place, NAME), self._affiliation(each, place))

    def _orcid(self, person: Thing, where: str) -> str | None:
        said = self.text(person, "orcid", where, NAME)
        known = orcid_of(said) if said else None
        if said and known is None:
            self.tell(where, "no-orcid", f"{said!r} is not an ORCID; it is left out")
        return known

    def _affiliation(self, thing: Thing, where: str) -> Affiliation | None:
        for name in ("affiliation", "affiliations"):
            for place, each in self.things(thing, name, where):
                called = self.text(each, "name", place, NAME)
                if called is not None:
                    parts = (self.text(each, part, place, NAME) for part in ("address", "city", "country"))
                    return Affiliation(called, *parts)
        return None

    def _instrument(self, thing: Thing, where: str) -> tuple[Instrument | None, Facility | None]:
        for place, each in self.things(thing, "instrument", where):
            name = self.text(each, "name", place, NAME)
            pid = self.text(each, "pid", place, NAME) or self.text(each, "id", place, NAME) or name
            facility = self.text(each, "facility", place, NAME)
            if pid is None:
                self.tell(place, "no-pid", "has neither pid nor name; it is left out")
                return None, Facility(facility) if facility else None
            return Instrument(pid, name or pid), Facility(facility) if facility else None
        return None, None

    def _samples(self, thing: Thing, where: str) -> Iterator[Sample]:
        for place, each in self.things(thing, "samples", where):
            name, pid = self.text(each, "name", place, NAME), self.text(each, "pid", place, NAME)
            about = self.text(each, "description", place, TEXT)
            if name or pid or about:
                yield Sample(name, None, about, pid)

    def _technique_iris(self, thing: Thing, where: str) -> Iterator[str]:
        for place, each in self.things(thing, "techniques", where):
            said = [self.text(each, name, place, NAME) for name in ("panetId", "pid", "name")]
            known = next(filter(None, map(self._known_technique, filter(None, said))), None)
            other = next((one for one in said if one and is_iri(one)), None)
            iri = known or other or next(filter(None, reversed(said)), None)
            if iri is None:
                self.tell(place, "no-pid", "names no technique; it is left out")
                continue
            if known is None and other is None:
                self.tell(
                    place, "unknown-technique", f"{iri!r} is no technique of PaNET; it is kept as a name"
                )
            yield iri

    def _known_technique(self, said: str) -> str | None:
        try:
            return self._techniques.term(said).iri
        except UsageError:
            return None

    def _files(self, thing: Thing, where: str) -> Iterator[File]:
        for place, each in self.things(thing, "files", where):
            path = self.text(each, "path", place, TEXT)
            name = self.text(each, "name", place, NAME) or (path or "").rpartition("/")[2]
            if not name:
                self.tell(place, "no-name", "has no name; it is left out")
                continue
            yield File(name, path, self.size(each, place), None, self.text(each, "id", place, NAME))

    def _parameters(self, thing: Thing, where: str) -> Iterator[Parameter]:
        for place, each in self.things(thing, "parameters", where):
            name = self.text(each, "name", place, NAME)
            if name is None:
                self.tell(place, "no-name", "has no name; it is left out")
                continue
            made = self._parameter(each, name, place)
            if made is not None:
                yield made
        for name, value in thing.items():
            # how the first version of the reference server had them
            if isinstance(value, Mapping) and "value" in value and name != "parameters":
                made = self._parameter(value, plain(name, NAME), f"{where}/{name}")
                if made is not None:
                    yield made

    def _parameter(self, thing: Thing, name: str, where: str) -> Parameter | None:
        unit = self.text(thing, "unit", where, NAME)
        ends = [_number(thing.get(each)) for each in ("minimum", "maximum")]
        value = _number(thing.get("value"))
        if ends[0] is not None and ends[1] is not None and ends[0] <= ends[1]:
            low, high = ends[0], ends[1]
        elif value is not None and (unit is not None or not isinstance(thing.get("value"), str)):
            low = high = value
        else:
            text = self.text(thing, "value", where, TEXT)
            if text is None:
                self.tell(where, "no-value", f"{name} has no value that can be kept; it is left out")
                return None
            return Parameter(name, unit=unit, text=text)
        try:
            si = [float(units.to_si(end, unit)) if unit else end for end in (low, high)]
        except UnitError:
            self.tell(where, "unknown-unit", f"{name} is in {unit!r}, which is not a unit that is known")
            return Parameter(name, low, high, unit)
        if not all(map(math.isfinite, si)):
            return Parameter(name, low, high, unit)
        return Parameter(name, low, high, unit, si[0] if unit else None, si[1] if unit else None)

    # -- values --------------------------------------------------------------------------------

    def things(self, thing: Thing, name: str, where: str) -> Iterator[tuple[str, Thing]]:
        """Things that this one is joined with, one or a list of them, each with what to call it."""
        value = thing.get(name)
        given = value if isinstance(value, list) else [] if value is None else [value]
        for number, each in enumerate(given):
            place = f"{where}/{name}/{number}"
            if isinstance(each, Mapping):
                own = each.get(WHERE)
                yield own if isinstance(own, str) else place, each
            else:
                self.tell(place, "no-object", f"is {_kind(each)} and not an object; it is left out")

    def text(self, thing: Thing, name: str, where: str, most: int) -> str | None:
        """A text, or a number as one; None if there is none, or it is blank."""
        value = thing.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = f"{value:.12g}" if _number(value) is not None else None
        if value is None:
            return None
        if not isinstance(value, str):
            self.tell(f"{where}/{name}", "no-text", f"is {_kind(value)} and not text; it is left out")
            return None
        return plain(value, most) or None

    def size(self, thing: Thing, where: str) -> int | None:
        value = thing.get("size")
        if value is None:
            return None
        number = _number(value)
        if number is None or not number.is_integer() or not 0 <= number <= LARGEST:
            self.tell(f"{where}/size", "no-size", "is not a number of bytes; it is left out")
            return None
        return value if isinstance(value, int) else int(number)

    def date(self, thing: Thing, name: str, where: str) -> str | None:
        value = thing.get(name)
        if value is None:
            return None
        try:
            datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self.tell(f"{where}/{name}", "no-date", f"{str(value)[:50]!r} is not a date; it is left out")
            return None
        return str(value)


def _number(value: object) -> float | None:
    """A finite number, also one that is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and "_" not in str(value) else None


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "an object" if isinstance(value, Mapping) else "nothing")


def _step(pid: str) -> str:
    """A pid as the end of an IRI: a DOI or handle stays as it is."""
    return "/".join(segment(step).replace("%3A", ":") for step in pid.split("/"))
