"""The description of a model as triples: ML-Schema for the run that trained it, PROV, DCAT, schema.org.

The vocabulary is http://www.w3.org/ns/mls; what has no term there is said in words of our own, which are left
out of JSON-LD.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nxspectra.rdf.publication import checksum, published
from nxspectra.rdf.quantities import BEAM_ENERGY, unit_term
from nxspectra.rdf.terms import (
    DCAT,
    DCT,
    MLS,
    NXS,
    PROV,
    QUDT,
    RDF,
    SCHEMA,
    SKOS,
    XSD,
    Iri,
    Literal,
    Triple,
    concept,
    double,
    integer,
    moment,
    segment,
    string,
)

if TYPE_CHECKING:
    from nxspectra.rdf.models import HeldOutData, ModelDescription, TrainingData

NPZ = Iri("https://www.iana.org/assignments/media-types/application/zip")

_A = RDF["type"]
_NAME = SCHEMA["name"]


def triples(description: ModelDescription) -> list[Triple]:
    """All triples, each once, in a stable order: the model first, then its parts."""
    return list(dict.fromkeys(_all(description)))


def _all(description: ModelDescription) -> Iterator[Triple]:
    yield from _model(description)
    yield from published(description.iri, description)
    yield from _file(description)
    yield from _run(description)
    for number, used in enumerate(description.training, start=1):
        yield from _training(description, number, used)
    if description.calibration is not None:
        yield from _calibration(description, description.calibration)
    for kind, values in (
        ("parameter", description.parameters),
        ("preprocessing", description.preprocessing),
    ):
        for name, value in values.items():
            yield from _setting(description, kind, name, value)
    for name, figure in description.figures.items():
        if isinstance(figure, tuple):
            for number, each in enumerate(figure):
                yield from _figure(description, name, each, number)
        else:
            yield from _figure(description, name, figure)


def _part(description: ModelDescription, *names: str) -> Iri:
    return Iri(f"{description.iri}#{'-'.join(segment(name) for name in names)}")


def _model(description: ModelDescription) -> Iterator[Triple]:
    it = description.iri
    for each in (MLS["Model"], DCAT["Resource"], SCHEMA["CreativeWork"], PROV["Entity"]):
        yield it, _A, each
    for predicate, text in (
        (DCT["identifier"], description.pid),
        (SCHEMA["identifier"], description.pid),
        (DCT["title"], description.title),
        (_NAME, description.title),
        (DCT["description"], description.text),
        (SCHEMA["description"], description.text),
        (NXS["classifier"], description.classifier),
    ):
        yield it, predicate, string(text)
    for word in description.keywords:
        yield it, DCAT["keyword"], string(word)
        yield it, SCHEMA["keywords"], string(word)
    if description.trained is not None:
        yield it, DCT["created"], moment(description.trained)
        yield it, SCHEMA["dateCreated"], moment(description.trained)
    yield it, NXS["twoThetaMin"], double(description.two_theta[0])
    yield it, NXS["twoThetaMax"], double(description.two_theta[1])
    yield it, NXS["points"], integer(description.n_points)
    yield from _labels(description)
    if description.energy is not None:
        yield from _energy(description, description.energy)


def _labels(description: ModelDescription) -> Iterator[Triple]:
    scheme = description.label_scheme
    yield scheme, _A, SKOS["ConceptScheme"]
    for label in description.classes:
        it = concept(scheme, label)
        yield description.iri, DCT["subject"], it
        yield it, _A, SKOS["Concept"]
        yield it, SKOS["prefLabel"], string(label)
        yield it, SKOS["inScheme"], scheme


def _energy(description: ModelDescription, energy: float) -> Iterator[Triple]:
    where, unit = _part(description, "beam_energy"), unit_term("keV")
    yield description.iri, SCHEMA["variableMeasured"], where
    yield where, _A, SCHEMA["PropertyValue"]
    yield where, _NAME, string(BEAM_ENERGY.name)
    yield where, QUDT["hasQuantityKind"], BEAM_ENERGY.kind
    yield where, SCHEMA["value"], double(energy)
    yield where, QUDT["numericValue"], double(energy)
    yield where, SCHEMA["unitText"], string("keV")
    if unit is not None:
        yield where, QUDT["hasUnit"], unit.iri


def _file(description: ModelDescription) -> Iterator[Triple]:
    it, file, where = description.iri, description.file, _part(description, "file")
    yield it, DCAT["distribution"], where
    yield it, SCHEMA["encoding"], where
    for each in (DCAT["Distribution"], SCHEMA["MediaObject"], PROV["Entity"]):
        yield where, _A, each
    yield where, DCT["title"], string(file.name)
    yield where, _NAME, string(file.name)
    yield where, DCAT["accessURL"], description.landing_page or it
    if file.download is not None:
        yield where, DCAT["downloadURL"], file.download
        yield where, SCHEMA["contentUrl"], file.download
    yield where, DCAT["mediaType"], NPZ
    yield where, SCHEMA["encodingFormat"], string("application/zip")
    yield where, DCAT["byteSize"], Literal(str(file.size), XSD["nonNegativeInteger"])
    yield where, SCHEMA["contentSize"], string(str(file.size))
    yield where, SCHEMA["sha256"], string(file.digest)
    yield from checksum(it, Iri(f"{it}#checksum"), file.digest)
    yield from checksum(where, _part(description, "file-checksum"), file.digest)


def _run(description: ModelDescription) -> Iterator[Triple]:
    it, run, program = description.iri, _part(description, "training"), _part(description, "implementation")
    yield it, PROV["wasGeneratedBy"], run
    yield run, _A, MLS["Run"]
    yield run, _A, PROV["Activity"]
    yield run, MLS["hasOutput"], it
    yield run, MLS["executes"], program
    yield run, PROV["wasAssociatedWith"], program
    yield run, NXS["seed"], integer(description.seed)
    if description.trained is not None and "T" in description.trained:
        yield run, PROV["endedAtTime"], moment(description.trained)
    for each in (MLS["Implementation"], PROV["SoftwareAgent"], SCHEMA["SoftwareApplication"]):
        yield program, _A, each
    yield program, _NAME, string(description.classifier)
    yield program, SCHEMA["softwareVersion"], string(description.provider)
    algorithm = _part(description, "algorithm")
    yield program, MLS["implements"], algorithm
    yield run, MLS["realizes"], algorithm
    yield algorithm, _A, MLS["Algorithm"]
    yield algorithm, _NAME, string(description.classifier)
    host = _part(description, "program")
    yield run, PROV["wasAssociatedWith"], host
    yield host, _A, PROV["SoftwareAgent"]
    yield host, _A, SCHEMA["SoftwareApplication"]
    yield host, _NAME, string(description.program)
    yield host, SCHEMA["softwareVersion"], string(description.version)


def _training(description: ModelDescription, number: int, used: TrainingData) -> Iterator[Triple]:
    run, where = _part(description, "training"), _part(description, "data", str(number))
    yield run, MLS["hasInput"], where
    yield run, PROV["used"], where
    yield description.iri, PROV["wasDerivedFrom"], where
    if used.data_set is not None:
        yield description.iri, DCT["source"], used.data_set
        yield description.iri, SCHEMA["isBasedOn"], used.data_set
    yield from _data(description, where, used)


def _calibration(description: ModelDescription, held: HeldOutData) -> Iterator[Triple]:
    it, activity = description.iri, _part(description, "calibration")
    yield it, PROV["wasInfluencedBy"], activity
    yield activity, _A, PROV["Activity"]
    yield activity, _NAME, string(f"calibration by {held.method}")
    yield activity, PROV["wasInformedBy"], _part(description, "training")
    for number, used in enumerate(held.files, start=1):
        where = _part(description, "held-out", str(number))
        yield activity, PROV["used"], where
        yield from _data(description, where, used)
    for name, value in held.figures.items():
        figure, measure = (_part(description, "calibration", kind, name) for kind in ("figure", "measure"))
        yield figure, PROV["wasGeneratedBy"], activity
        yield from _evaluation(figure, measure, name, value)


def _data(description: ModelDescription, where: Iri, used: TrainingData) -> Iterator[Triple]:
    """Spectra of a file, and which of them have which label."""
    yield where, _A, MLS["Dataset"]
    yield where, _A, PROV["Entity"]
    yield where, _NAME, string(used.file_name)
    yield where, NXS["hdf5Path"], string(used.entry)
    if used.data_set is not None:
        # the spectra are some of the frames of the data set
        yield where, PROV["specializationOf"], used.data_set
    if used.digest is not None:
        yield from checksum(where, Iri(f"{where}-checksum"), used.digest)
    for label, frames in used.frames.items():
        chosen = Iri(f"{where}-{segment(label)}")
        yield where, NXS["labelled"], chosen
        yield chosen, _A, NXS["LabelledFrames"]
        yield chosen, NXS["label"], concept(description.label_scheme, label)
        yield chosen, NXS["frames"], string(frames)
    if not used.frames:
        yield where, DCT["description"], string("learned from without labels")


def _setting(description: ModelDescription, kind: str, name: str, value: str) -> Iterator[Triple]:
    where, what = _part(description, kind, name), _part(description, kind, name, "meaning")
    yield _part(description, "training"), MLS["hasInput"], where
    yield where, _A, MLS["HyperParameterSetting"]
    yield where, MLS["specifiedBy"], what
    yield where, MLS["hasValue"], string(value)
    yield what, _A, MLS["HyperParameter"]
    yield what, _NAME, string(name)
    if kind == "parameter":
        yield _part(description, "implementation"), MLS["hasHyperParameter"], what


def _figure(
    description: ModelDescription, name: str, value: float, number: int | None = None
) -> Iterator[Triple]:
    """A figure that was measured: of the whole model, or of its bin of that number, from 0."""
    measure = _part(description, "measure", name)
    it = _part(description, "figure", name, *([] if number is None else [str(number)]))
    yield _part(description, "training"), MLS["hasOutput"], it
    yield from _evaluation(it, measure, name, value)
    if number is not None:
        yield it, NXS["bin"], integer(number)


def _evaluation(it: Iri, measure: Iri, name: str, value: float) -> Iterator[Triple]:
    yield it, _A, MLS["ModelEvaluation"]
    yield it, MLS["specifiedBy"], measure
    yield it, MLS["hasValue"], double(value)
    yield measure, _A, MLS["EvaluationMeasure"]
    yield measure, _NAME, string(name)
