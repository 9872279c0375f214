"""A Description as triples: DCAT 3, schema.org, PROV-O, QUDT, SOSA, SPDX, SKOS, ML-Schema, a few of our own.

Parts of a data set are `#fragments` of its IRI. Arrays stay in the file; the graph has their ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nxspectra import units
from nxspectra.rdf.publication import checksum, named, person, published
from nxspectra.rdf.quantities import PRESSURE, unit_term
from nxspectra.rdf.terms import (
    DCAT,
    DCT,
    MLS,
    NX,
    NXS,
    PROV,
    QUDT,
    RDF,
    SCHEMA,
    SKOS,
    SOSA,
    XSD,
    Iri,
    Literal,
    Triple,
    boolean,
    concept,
    double,
    integer,
    model_iri,
    moment,
    string,
)

if TYPE_CHECKING:
    from nxspectra.rdf.description import Description, File, Parameter
    from nxspectra.rdf.results import Result, Transition

HDF5 = Iri("https://www.iana.org/assignments/media-types/application/x-hdf5")

_A = RDF["type"]
_NAME = SCHEMA["name"]


def triples(description: Description) -> list[Triple]:
    """All triples, each once, in a stable order: the data set first, then its parts."""
    return list(dict.fromkeys(_all(description)))


def part(description: Description, name: str) -> Iri:
    """The IRI of a part of the data set."""
    return Iri(f"{description.iri}#{name}")


def label_iri(description: Description, label: str) -> Iri:
    """The SKOS concept of a class name."""
    return concept(description.label_scheme, label)


def _all(description: Description) -> Iterator[Triple]:
    yield from _data_set(description)
    yield from published(description.iri, description, description.people)
    if description.file is not None:
        yield from _file(description, description.file)
    for parameter in description.parameters:
        yield from _parameter(description, parameter)
    yield from _measurement(description)
    yield from _raw(description)
    for number, result in enumerate(description.results, start=1):
        yield from _result(description, number, result)


def _data_set(description: Description) -> Iterator[Triple]:
    it = description.iri
    for each in (DCAT["Dataset"], SCHEMA["Dataset"], PROV["Entity"]):
        yield it, _A, each
    for predicate, text in (
        (DCT["identifier"], description.pid),
        (SCHEMA["identifier"], description.pid),
        (DCT["title"], description.title),
        (_NAME, description.title),
        (DCT["description"], description.text),
        (SCHEMA["description"], description.text),
    ):
        yield it, predicate, string(text)
    for standard in description.conforms_to:
        yield it, DCT["conformsTo"], standard
    if description.entry is not None:
        yield it, NXS["hdf5Path"], string(description.entry)
    if description.definition is not None:
        yield it, NXS["definition"], string(description.definition)
    if description.conforms is not None:
        yield it, NXS["conforms"], boolean(description.conforms)
    if description.spectra is not None:
        yield it, NXS["spectra"], integer(description.spectra)
    for technique in description.techniques:
        yield it, SCHEMA["measurementTechnique"], technique
    for word in description.keywords:
        yield it, DCAT["keyword"], string(word)
        yield it, SCHEMA["keywords"], string(word)
    if description.experiment is not None:
        yield it, NXS["experiment"], string(description.experiment)
    if description.started is not None:
        ends = (description.started, description.ended)
        yield it, SCHEMA["temporalCoverage"], string("/".join(end for end in ends if end))


def _file(description: Description, file: File) -> Iterator[Triple]:
    it, where = description.iri, part(description, "file")
    yield it, DCAT["distribution"], where
    yield it, SCHEMA["distribution"], where
    for each in (DCAT["Distribution"], SCHEMA["DataDownload"], PROV["Entity"]):
        yield where, _A, each
    yield where, DCT["title"], string(file.name)
    yield where, _NAME, string(file.name)
    yield where, DCAT["accessURL"], description.landing_page or it
    if file.download is not None:
        yield where, DCAT["downloadURL"], file.download
        yield where, SCHEMA["contentUrl"], file.download
    yield where, DCAT["mediaType"], HDF5
    yield where, SCHEMA["encodingFormat"], string("application/x-hdf5")
    yield where, DCAT["byteSize"], Literal(str(file.size), XSD["nonNegativeInteger"])
    yield where, SCHEMA["contentSize"], string(str(file.size))
    yield where, SCHEMA["sha256"], string(file.digest)
    for standard in description.conforms_to:
        yield where, DCT["conformsTo"], standard
    yield from checksum(where, part(description, "file-checksum"), file.digest)


def _parameter(description: Description, parameter: Parameter) -> Iterator[Triple]:
    quantity = parameter.quantity
    where = part(description, quantity.name)
    yield description.iri, SCHEMA["variableMeasured"], where
    yield where, _A, QUDT["QuantityValue"]
    yield where, _A, SCHEMA["PropertyValue"]
    yield where, _NAME, string(quantity.name)
    yield where, SCHEMA["propertyID"], parameter.term
    yield where, QUDT["hasQuantityKind"], quantity.kind
    yield from _range(where, parameter.minimum, parameter.maximum, parameter.units)
    yield where, NXS["siMin"], double(parameter.si_minimum)
    yield where, NXS["siMax"], double(parameter.si_maximum)
    yield where, NXS["values"], integer(parameter.count)
    if quantity.pan_name is not None:
        yield where, NXS["panName"], string(quantity.pan_name)
    if parameter.derived:
        yield where, NXS["derived"], boolean(True)
    yield from _in_file(description, where, parameter.path, parameter.stored)


def _range(where: Iri, minimum: float, maximum: float, spelled: str) -> Iterator[Triple]:
    term = unit_term(spelled)
    if term is not None:
        yield where, QUDT["hasUnit"], term.iri
        if term.code is not None:
            yield where, SCHEMA["unitCode"], string(term.code)
    yield where, SCHEMA["unitText"], string(spelled)
    if minimum == maximum:
        yield where, QUDT["numericValue"], double(minimum)
        yield where, SCHEMA["value"], double(minimum)
    else:
        yield where, SCHEMA["minValue"], double(minimum)
        yield where, SCHEMA["maxValue"], double(maximum)


def _in_file(description: Description, thing: Iri, path: str, stored: bool) -> Iterator[Triple]:
    yield thing, NXS["hdf5Path"], string(path)
    if stored and description.file is not None:
        yield thing, NXS["inFile"], part(description, "file")


def _measurement(description: Description) -> Iterator[Triple]:
    made = part(description, "measurement")
    yield description.iri, PROV["wasGeneratedBy"], made
    yield made, _A, PROV["Activity"]
    yield made, _A, SOSA["Observation"]
    if description.started is not None:
        yield made, PROV["startedAtTime"], moment(description.started)
    if description.ended is not None:
        yield made, PROV["endedAtTime"], moment(description.ended)
    if description.probe is not None:
        yield made, NXS["probe"], string(description.probe)
    for number, someone in enumerate(description.people, start=1):
        who = someone.iri or part(description, f"person-{number}")
        yield made, PROV["wasAssociatedWith"], who
        yield from person(who, someone)
    yield from _sample(description, made)
    yield from _instrument(description, made)


def _sample(description: Description, made: Iri) -> Iterator[Triple]:
    sample = description.sample
    if sample is None:
        return
    where = part(description, "sample")
    yield made, SOSA["hasFeatureOfInterest"], where
    yield made, PROV["used"], where
    for each in (SOSA["Sample"], NX["NXsample"], PROV["Entity"]):
        yield where, _A, each
    if sample.name is not None:
        yield where, _NAME, string(sample.name)
    if sample.formula is not None:
        yield where, NXS["chemicalFormula"], string(sample.formula)
    yield where, NXS["hdf5Path"], string(sample.path)


def _instrument(description: Description, made: Iri) -> Iterator[Triple]:
    instrument, facility = description.instrument, description.facility
    if instrument is None and facility is None:
        return
    where = (instrument.iri if instrument else None) or part(description, "instrument")
    yield made, SOSA["madeBySensor"], where
    yield made, PROV["used"], where
    for each in (SOSA["Sensor"], NX["NXinstrument"], PROV["Entity"]):
        yield where, _A, each
    if instrument is not None:
        yield from named(where, instrument)
    if facility is not None:
        owner = facility.iri or part(description, "facility")
        yield where, SCHEMA["provider"], owner
        yield owner, _A, SCHEMA["Organization"]
        yield from named(owner, facility)
        if description.operator is not None:
            runs = description.operator.iri or part(description, "operator")
            yield owner, SCHEMA["parentOrganization"], runs
            yield runs, _A, SCHEMA["Organization"]
            yield from named(runs, description.operator)


def _raw(description: Description) -> Iterator[Triple]:
    raw = description.raw
    if raw is None:
        return
    source, made, program = (part(description, name) for name in ("raw", "migration", "migration-program"))
    yield description.iri, PROV["wasDerivedFrom"], source
    yield source, _A, PROV["Entity"]
    yield source, _NAME, string(raw.name)
    yield from checksum(source, part(description, "raw-checksum"), raw.digest)
    if description.file is not None:
        yield part(description, "file"), PROV["wasGeneratedBy"], made
    yield made, _A, PROV["Activity"]
    yield made, PROV["used"], source
    yield made, PROV["wasAssociatedWith"], program
    if raw.date is not None and "T" in raw.date:
        yield made, PROV["endedAtTime"], moment(raw.date)
    yield program, _A, PROV["SoftwareAgent"]
    yield program, _NAME, string(raw.program)


def _result(description: Description, number: int, result: Result) -> Iterator[Triple]:
    where, made = part(description, f"result-{number}"), part(description, f"classification-{number}")
    yield description.iri, DCT["relation"], where
    yield where, _A, NXS["ClassificationResult"]
    yield where, _A, PROV["Entity"]
    yield where, PROV["wasGeneratedBy"], made
    yield where, PROV["wasDerivedFrom"], description.iri
    yield where, NXS["labelOrigin"], string(result.origin)
    yield where, NXS["labelScheme"], description.label_scheme
    yield description.label_scheme, _A, SKOS["ConceptScheme"]
    for label in result.classes:
        it = label_iri(description, label)
        yield it, _A, SKOS["Concept"]
        yield it, SKOS["prefLabel"], string(label)
        yield it, SKOS["inScheme"], description.label_scheme
    for label in result.frames:
        yield where, DCT["subject"], label_iri(description, label)
    yield where, NXS["unlabelled"], integer(result.unlabelled)
    if result.confidence is not None:
        yield where, NXS["confidence"], double(result.confidence)
    yield from _in_file(description, where, result.path, result.stored)
    yield from _classification(description, number, result, made)
    yield from _segments(description, number, result, where)
    for index, transition in enumerate(result.transitions, start=1):
        boundary = part(description, f"boundary-{number}-{index}")
        yield where, NXS["boundary"], boundary
        yield from _transition(description, boundary, transition)


def _classification(description: Description, number: int, result: Result, made: Iri) -> Iterator[Triple]:
    """The activity: a run of a model, or somebody who looked at the spectra."""
    yield made, _A, PROV["Activity"]
    if description.file is not None:
        yield made, PROV["used"], part(description, "file")
    else:
        yield made, PROV["used"], description.iri
    if result.date is not None and "T" in result.date:
        yield made, PROV["endedAtTime"], moment(result.date)
    program = part(description, f"program-{number}")
    yield made, PROV["wasAssociatedWith"], program
    yield program, _A, PROV["SoftwareAgent"]
    yield program, _A, SCHEMA["SoftwareApplication"]
    yield program, _NAME, string(result.program)
    if result.version:
        yield program, SCHEMA["softwareVersion"], string(result.version)
    if result.person is not None:
        who = result.person.iri or part(description, f"labeller-{number}")
        yield made, PROV["wasAssociatedWith"], who
        yield from person(who, result.person)
    if result.origin == "model":
        yield made, _A, MLS["Run"]
    if result.model is not None:
        classifier, file_name, digest = result.model
        model = model_iri(description.base, digest)
        yield made, PROV["used"], model
        yield model, _A, MLS["Model"]
        yield model, _A, PROV["Entity"]
        yield model, _NAME, string(file_name or classifier or "model")
        if classifier:
            yield model, NXS["classifier"], string(classifier)
        yield from checksum(model, Iri(f"{model}#checksum"), digest)


def _segments(description: Description, number: int, result: Result, where: Iri) -> Iterator[Triple]:
    for index, run in enumerate(result.runs, start=1):
        it = part(description, f"segment-{number}-{index}")
        yield where, NXS["segment"], it
        yield it, _A, NXS["LabelSegment"]
        yield it, NXS["label"], label_iri(description, run.label)
        yield it, NXS["firstFrame"], integer(run.first)
        yield it, NXS["lastFrame"], integer(run.last)
        yield it, NXS["frameCount"], integer(run.frames)
        if run.mean_probability is not None:
            yield it, NXS["meanProbability"], double(run.mean_probability)
        if run.least_probability is not None:
            yield it, NXS["leastProbability"], double(run.least_probability)


def _transition(description: Description, it: Iri, transition: Transition) -> Iterator[Triple]:
    yield it, _A, NXS["Boundary"]
    yield it, NXS["fromLabel"], label_iri(description, transition.from_label)
    yield it, NXS["toLabel"], label_iri(description, transition.to_label)
    yield it, NXS["frame"], integer(transition.frame)
    yield it, NXS["frameMin"], integer(transition.frame_interval[0])
    yield it, NXS["frameMax"], integer(transition.frame_interval[1])
    if transition.pressure is not None:
        low, high = transition.pressure_interval or (transition.pressure, transition.pressure)
        si = units.to_si([transition.pressure, low, high], "GPa")
        unit = unit_term(PRESSURE.usual)
        if unit is not None:
            yield it, QUDT["hasUnit"], unit.iri
        yield it, QUDT["numericValue"], double(transition.pressure)
        yield it, SCHEMA["minValue"], double(low)
        yield it, SCHEMA["maxValue"], double(high)
        yield it, NXS["siValue"], double(si[0])
        yield it, NXS["siMin"], double(si[1])
        yield it, NXS["siMax"], double(si[2])
