"""Shapes: what they refuse, each by the shape that is there for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import rdflib
from described import (
    MLS,
    NXS,
    QUDT,
    SCHEMA,
    SITE,
    SPDX,
    also,
    described,
    instead,
    labelled,
    part,
    trained,
    without,
)
from rdflib import RDF, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, PROV, SKOS

from nxspectra import rdf
from nxspectra.findings import EntryReport, Report, Severity
from nxspectra.rdf import describe
from nxspectra.rdf.shapes import check as check_graph
from nxspectra.rdf.shapes import shapes
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group

# -- shapes ------------------------------------------------------------------------------------


def test_a_described_file_conforms_when_the_site_has_said_who_it_is() -> None:
    assert rdf.check(described(conforming(12, classified=True, migrated=True), SITE)) == ()


def test_what_the_site_has_not_set_is_a_warning() -> None:
    findings = rdf.check(described())
    assert {each.rule for each in findings} == {
        "missing-creator",
        "missing-publisher",
        "missing-license",
        "missing-access-rights",
        "missing-date-of-issue",
    }
    assert {each.severity for each in findings} == {Severity.WARNING}
    assert {each.path for each in findings} == {"/entry"}


def test_labels_of_a_person_conform() -> None:
    assert rdf.check(described(labelled([0, 0, 1, 1]), SITE)) == ()


def test_a_file_of_another_kind_needs_no_technique() -> None:
    entry = Group("NXentry", {"definition": Field("NXsensor_scan"), "title": Field("Scan")})
    assert rdf.check(described(Group("NXroot", {"entry": entry}), SITE)) == ()


def test_a_series_without_its_conditions_is_refused() -> None:
    findings = rdf.check(described(conforming().without("entry/sample/pressure"), SITE))
    assert [each.rule for each in findings] == ["missing-conditions"]


def test_a_series_that_was_found_not_to_conform_may_lack_its_conditions() -> None:
    report = Report(None, (EntryReport("/entry", "NXdiffraction_spectra", False),))
    assert rdf.check(described(conforming().without("entry/sample/pressure"), SITE, report=report)) == ()


def damaged(change: Callable[[rdflib.Graph, URIRef], object]) -> set[str]:
    """The rules that refuse the graph of a good description after one change to it."""
    description = described(conforming(12, classified=True, migrated=True), SITE)
    graph = description.graph()
    change(graph, URIRef(description.iri))
    return {each.rule for each in check_graph(graph)}


def without_model(graph: rdflib.Graph, it: URIRef) -> None:
    (model,) = graph.subjects(RDF.type, MLS.Model)
    graph.remove((part(it, "classification-1"), PROV.used, model))


def without_model_checksum(graph: rdflib.Graph, it: URIRef) -> None:
    (model,) = graph.subjects(RDF.type, MLS.Model)
    graph.remove((model, SPDX.checksum, None))


def without_label_name(graph: rdflib.Graph, it: URIRef) -> None:
    graph.remove((URIRef("https://w3id.org/nxspectra/labels/phase#low"), SKOS.prefLabel, None))


def without_label_scheme(graph: rdflib.Graph, it: URIRef) -> None:
    graph.remove((URIRef("https://w3id.org/nxspectra/labels/phase#low"), SKOS.inScheme, None))


def on_a_blank_node(graph: rdflib.Graph, it: URIRef) -> None:
    for _, predicate, value in list(graph.triples((it, None, None))):
        graph.remove((it, predicate, value))
        graph.add((rdflib.BNode("nobody"), predicate, value))


DAMAGE: dict[str, Callable[[rdflib.Graph, URIRef], object]] = {
    "data-set": on_a_blank_node,
    "data-set-identifier": without(DCTERMS.identifier),
    "data-set-title": without(DCTERMS.title),
    "data-set-description": without(DCTERMS.description),
    "data-set-standard": without(DCTERMS.conformsTo),
    "data-set-file": without(DCAT.distribution),
    "data-set-technique": also(SCHEMA.measurementTechnique, "x-ray powder diffraction"),
    "data-set-verdict": also(NXS.conforms, "perhaps"),
    "missing-technique": without(SCHEMA.measurementTechnique),
    "missing-conditions": without(SCHEMA.name, "exposure"),
    "missing-creator": without(DCTERMS.creator),
    "missing-publisher": instead(DCTERMS.publisher, "DESY"),
    "missing-date-of-issue": instead(DCTERMS.issued, "last spring"),
    "missing-license": also(DCTERMS.license, URIRef("https://example.org/other")),
    "missing-access-rights": without(DCTERMS.accessRights),
    "file-access": without(DCAT.accessURL, "file"),
    "file-download": also(DCAT.downloadURL, "run_0042.nxs", "file"),
    "file-media-type": without(DCAT.mediaType, "file"),
    "file-size": instead(DCAT.byteSize, -1, "file"),
    "file-checksum": without(SPDX.checksum, "file"),
    "checksum-algorithm": without(SPDX.algorithm, "file-checksum"),
    "checksum-value": instead(SPDX.checksumValue, "see logbook", "file-checksum"),
    "parameter-name": without(SCHEMA.name, "pressure"),
    "parameter-term": instead(SCHEMA.propertyID, "pressure", "pressure"),
    "parameter-unit": instead(QUDT.hasUnit, "GPa", "pressure"),
    "parameter-value": instead(QUDT.numericValue, "25.6 keV", "beam_energy"),
    "parameter-range": instead(SCHEMA.minValue, 99.0, "pressure"),
    "parameter-si-range": instead(NXS.siMin, 9.9e12, "pressure"),
    "parameter-si-end": without(NXS.siMax, "pressure"),
    "parameter-path": instead(NXS.hdf5Path, "sample/pressure", "pressure"),
    "parameter-value-or-range": also(QUDT.numericValue, 20.0, "pressure"),
    "result-activity": without(PROV.wasGeneratedBy, "result-1"),
    "result-source": without(PROV.wasDerivedFrom, "result-1"),
    "result-path": without(NXS.hdf5Path, "result-1"),
    "result-origin": instead(NXS.labelOrigin, "rumour", "result-1"),
    "result-segment": also(NXS.segment, "frames 0 to 5", "result-1"),
    "run-model": without_model,
    "model-checksum": without_model_checksum,
    "activity-end": without(PROV.endedAtTime, "classification-1"),
    "segment-label": instead(NXS.label, "low", "segment-1-1"),
    "segment-first": instead(NXS.firstFrame, -1, "segment-1-1"),
    "segment-last": without(NXS.lastFrame, "segment-1-1"),
    "segment-count": instead(NXS.frameCount, 0, "segment-1-1"),
    "segment-mean": instead(NXS.meanProbability, 1.2, "segment-1-1"),
    "segment-least": instead(NXS.leastProbability, float("nan"), "segment-1-1"),
    "concept-name": without_label_name,
    "concept-scheme": without_label_scheme,
    "boundary-from": without(NXS.fromLabel, "boundary-1-1"),
    "boundary-to": instead(NXS.toLabel, "high", "boundary-1-1"),
    "boundary-frame": instead(NXS.frame, -1, "boundary-1-1"),
    "boundary-frames": instead(NXS.frameMin, 999, "boundary-1-1"),
    "boundary-pressure": instead(NXS.siMin, 9.9e12, "boundary-1-1"),
}


@pytest.mark.parametrize("rule", DAMAGE)
def test_damage_is_refused_by_the_shape_that_is_there_for_it(rule: str) -> None:
    assert rule in damaged(DAMAGE[rule])


def damaged_model(change: Callable[[rdflib.Graph, URIRef], object]) -> set[str]:
    """The rules that refuse the graph of a good description of a model after one change to it."""
    description = describe(trained(), SITE)
    graph = description.graph()
    change(graph, URIRef(description.iri))
    return {each.rule for each in check_graph(graph)}


MODEL_DAMAGE: dict[str, Callable[[rdflib.Graph, URIRef], object]] = {
    "model": on_a_blank_node,
    "model-identifier": instead(DCTERMS.identifier, "fe80mg20"),
    "model-title": without(DCTERMS.title),
    "model-description": without(DCTERMS.description),
    "model-classifier": without(NXS.classifier),
    "model-file": without(DCAT.distribution),
    "model-class": instead(DCTERMS.subject, "low"),
    "model-angles": instead(NXS.twoThetaMin, 90.0),
    "model-points": instead(NXS.points, 0),
    "model-training": without(MLS.hasInput, "training"),
    "training-file": without(SCHEMA.name, "data-1"),
    "training-frames": without(NXS.labelled, "data-1"),
    "training-checksum": without(SPDX.checksum, "data-1"),
    "setting-name": without(MLS.specifiedBy, "parameter-bins"),
    "setting-value": also(MLS.hasValue, "7", "parameter-bins"),
    "figure-measure": instead(MLS.specifiedBy, "accuracy", "figure-training_accuracy"),
    "figure-value": instead(MLS.hasValue, "very good", "figure-training_accuracy"),
}


@pytest.mark.parametrize("rule", MODEL_DAMAGE)
def test_damage_to_a_model_is_refused_by_the_shape_that_is_there_for_it(rule: str) -> None:
    assert rule in damaged_model(MODEL_DAMAGE[rule])


def test_every_shape_that_can_complain_has_been_made_to() -> None:
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    named = {str(each).rpartition("#")[2] for each in shapes().subjects(sh.message)}
    assert named == {*DAMAGE, *MODEL_DAMAGE}


def test_a_finding_says_where_in_the_file_and_what() -> None:
    description = described(conforming(12, classified=True), SITE)
    graph = description.graph()
    graph.set((part(URIRef(description.iri), "pressure"), NXS.siMin, Literal(9.9e12)))
    (finding,) = check_graph(graph)
    assert finding.path == "/entry/sample/pressure"
    assert finding.severity is Severity.VIOLATION
    assert "lower end in SI" in finding.message


def test_a_finding_about_what_is_not_in_the_file_names_the_part() -> None:
    description = described(conforming(12, classified=True), SITE)
    graph = description.graph()
    graph.remove((part(URIRef(description.iri), "file"), DCAT.mediaType, None))
    assert [each.path for each in check_graph(graph)] == ["#file"]
