"""RO-Crate 1.2, https://w3id.org/ro/crate/1.2: a folder of a file and what is known of it, in schema.org."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import TypeAlias

from nxspectra.errors import FileChanged, FileError, UsageError
from nxspectra.exports.wanted import missing_extra, require, technique_name, the_file
from nxspectra.rdf import Description
from nxspectra.rdf.description import File, Parameter
from nxspectra.rdf.quantities import unit_term
from nxspectra.rdf.results import Result
from nxspectra.rdf.terms import Agent, model_iri, segment

try:
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate
except ImportError as error:
    raise missing_extra("rocrate") from error

VERSION = "1.2"
NEXUS = "http://www.nexusformat.org/"

Value: TypeAlias = "str | bool | Sequence[Value] | dict[str, str] | ContextEntity | None"


def metadata(description: Description) -> dict[str, object]:
    made: dict[str, object] = _crate(description, None).metadata.generate()
    return made


def write(description: Description, folder: str | os.PathLike[str]) -> None:
    target, file = Path(folder), the_file(description, "RO-Crate")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is already there, and an RO-Crate is a folder of its own")
    crate = _crate(description, Path(file.path))
    try:
        crate.write(target)
        with (target / file.name).open("rb") as copy:
            digest = hashlib.file_digest(copy, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"{target}: cannot be written: {error.strerror or error}") from error
    if digest != file.digest:
        raise FileChanged(
            f"{file.path}: changed after it was described; its copy in {target} is another file"
        )


def _crate(description: Description, source: Path | None) -> ROCrate:
    """The crate with a copy of `source`; without, it says of the file only what is known."""
    file = the_file(description, "RO-Crate")
    require("RO-Crate", {"license": description.license, "issued": description.issued})
    made = _Crate(description)
    data = made.crate.add_file(source, segment(file.name), properties=dict(made.of_file(file)))
    if source is not None:
        made.crate.add_file(
            StringIO(description.serialize()),
            segment(f"{Path(file.name).stem}.ttl"),
            properties={"name": "Description", "encodingFormat": "text/turtle", "about": {"@id": "./"}},
        )
    root = made.crate.root_dataset
    for key, value in made.of_data_set():
        if value:
            root[key] = value
    root["mainEntity"] = data
    root["mentions"] = [
        made.measurement(data),
        *(made.labelling(number, each, data) for number, each in enumerate(description.results, start=1)),
    ]
    return made.crate


class _Crate:
    """A crate in the making, with an entity for each thing that is named."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.crate = ROCrate(version=VERSION)

    def entity(self, identifier: str, kind: str, **properties: Value) -> ContextEntity:
        """An entity beside the files; the one that is there already under this identifier."""
        known = self.crate.dereference(identifier)
        if known is not None:
            return known
        said = {key: value for key, value in properties.items() if value}
        return self.crate.add(ContextEntity(self.crate, identifier, properties={"@type": kind, **said}))

    def agent(self, agent: Agent, kind: str, part: str) -> ContextEntity:
        return self.entity(agent.iri or f"#{part}", kind, name=agent.name or agent.iri or part)

    def of_file(self, file: File) -> Iterator[tuple[str, Value]]:
        nexus = self.entity(NEXUS, "WebPage", name="NeXus, a common data format")
        yield "name", file.name
        yield "encodingFormat", ["application/x-hdf5", {"@id": nexus.id}]
        yield "contentSize", str(file.size)
        yield "sha256", file.digest
        if file.download is not None:
            yield "contentUrl", str(file.download)

    def of_data_set(self) -> Iterator[tuple[str, Value]]:
        told = self.description
        yield "name", told.title
        yield "description", told.text
        yield "identifier", [told.pid, str(told.iri)]
        yield "datePublished", told.issued
        yield "url", told.landing_page
        yield "keywords", list(told.keywords)
        yield "temporalCoverage", "/".join(filter(None, (told.started, told.ended)))
        yield "license", self.entity(str(told.license), "CreativeWork", name=str(told.license))
        yield "conditionsOfAccess", told.access_rights
        yield (
            "creator",
            [
                self.agent(each, "Person", f"creator-{number}")
                for number, each in enumerate(told.creators or told.people, start=1)
            ],
        )
        if told.publisher is not None:
            yield "publisher", self.agent(told.publisher, "Organization", "publisher")
        yield (
            "measurementTechnique",
            [self.entity(str(each), "DefinedTerm", name=technique_name(each)) for each in told.techniques],
        )
        yield "variableMeasured", [self.variable(each) for each in told.parameters]
        yield "citation", [self.entity(str(each), "CreativeWork", name=str(each)) for each in told.citations]
        yield "isPartOf", [{"@id": str(each)} for each in told.part_of]

    def variable(self, parameter: Parameter) -> ContextEntity:
        unit = unit_term(parameter.units)
        ends: dict[str, Value] = {"value": repr(parameter.minimum)}
        if parameter.minimum != parameter.maximum:
            ends = {"minValue": repr(parameter.minimum), "maxValue": repr(parameter.maximum)}
        return self.entity(
            f"#{parameter.quantity.name}",
            "PropertyValue",
            name=parameter.quantity.name,
            propertyID=str(parameter.term),
            unitText=parameter.units,
            unitCode=str(unit.iri) if unit else None,
            **ends,
        )

    def measurement(self, data: ContextEntity) -> ContextEntity:
        told = self.description
        tools = []
        if told.instrument is not None or told.facility is not None:
            named = told.instrument or Agent(None, None)
            instrument = self.agent(named, "Thing", "instrument")
            if told.facility is not None:
                instrument["provider"] = self.agent(told.facility, "Organization", "facility")
            tools.append(instrument)
        objects = []
        if told.sample is not None:
            said = " ".join(dict.fromkeys(filter(None, (told.sample.name, told.sample.formula))))
            objects.append(self.entity("#sample", "Thing", name=said or "sample"))
        return self.entity(
            "#measurement",
            "CreateAction",
            name="Measurement",
            startTime=told.started,
            endTime=told.ended,
            agent=[
                self.agent(each, "Person", f"person-{number}")
                for number, each in enumerate(told.people, start=1)
            ],
            instrument=tools,
            object=objects,
            result=data,
        )

    def labelling(self, number: int, result: Result, data: ContextEntity) -> ContextEntity:
        """Who or what labelled the spectra, and how many bear each label."""
        program = self.entity(
            f"#program-{number}", "SoftwareApplication", name=result.program, softwareVersion=result.version
        )
        tools = [program]
        if result.model is not None:
            classifier, name, digest = result.model
            tools.append(
                self.entity(
                    model_iri(self.description.base, digest),
                    "SoftwareApplication",
                    name=name or classifier,
                    sha256=digest,
                )
            )
        return self.entity(
            f"#labels-{number}",
            "CreateAction",
            name=f"Labels at {result.path}",
            description=", ".join(f"{label}: {frames} frames" for label, frames in result.frames.items()),
            endTime=result.date,
            agent=self.agent(result.person, "Person", f"labeller-{number}") if result.person else None,
            instrument=tools,
            object=data,
            result=data,
        )
