"""Labels in descriptions: runs of frames, who gave them, and the transition."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from described import BARE, MLS, NXS, SPDX, described, labelled, read, rules
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, URIRef
from rdflib.namespace import PROV, SKOS

from nxspectra.rdf import describe
from nxspectra.settings import Settings
from nxspectra.spectra import Classification, annotate, classifications
from nxspectra.testing import DIGEST, conforming
from nxspectra.tree import Group

# -- labels ------------------------------------------------------------------------------------


def test_labels_are_runs_of_frames() -> None:
    runs = described(labelled([0, 0, 0, 1, 0, 1, 1, -1])).results[0].runs
    assert [(run.label, run.first, run.last, run.frames) for run in runs] == [
        ("low", 0, 2, 3),
        ("high", 3, 3, 1),
        ("low", 4, 4, 1),
        ("high", 5, 6, 2),
    ]


@given(st.lists(st.integers(-1, 1), min_size=1, max_size=40))
def test_every_labelled_frame_is_in_exactly_one_run(labels: list[int]) -> None:
    (result,) = described(labelled(labels)).results
    assert sum(run.frames for run in result.runs) + result.unlabelled == len(labels)
    for run in result.runs:
        assert {labels[frame] for frame in range(run.first, run.last + 1)} == {
            ("low", "high").index(run.label)
        }


def test_labels_that_alternate_all_the_time_are_told_label_by_label() -> None:
    (result,) = described(labelled([0, 1] * 400)).results
    assert [(run.label, run.first, run.last, run.frames) for run in result.runs] == [
        ("low", 0, 798, 400),
        ("high", 1, 799, 400),
    ]
    assert "segment-first" not in rules(described(labelled([0, 1] * 400)))


def test_a_run_has_the_mean_and_least_probability_of_its_frames() -> None:
    probability = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])
    low, high = described(labelled([0, 0, 1], probability=probability)).results[0].runs
    assert (low.mean_probability, low.least_probability) == (pytest.approx(0.8), 0.7)
    assert high.least_probability == 0.8


def test_an_expert_goes_before_a_model() -> None:
    tree = conforming(6, classified=True).add(labelled([0] * 6).additions)
    assert [result.origin for result in described(tree).results] == ["expert", "model"]


def test_labels_of_a_person_used_the_file_alone() -> None:
    graph = described(labelled([0, 0, 1, 1])).graph()
    (result,) = graph.subjects(RDF.type, NXS.ClassificationResult)
    made = graph.value(result, PROV.wasGeneratedBy)
    assert len(list(graph.objects(made, PROV.used))) == 1
    assert URIRef("https://orcid.org/0000-0002-1825-0097") in set(graph.objects(made, PROV.wasAssociatedWith))
    assert (made, RDF.type, MLS.Run) not in graph


def test_a_model_is_known_by_the_digest_of_its_file() -> None:
    graph = described().graph()
    (model,) = graph.subjects(RDF.type, MLS.Model)
    checksum = graph.value(model, SPDX.checksum)
    assert str(graph.value(checksum, SPDX.checksumValue)).lower() == DIGEST
    assert DIGEST in str(model)


def test_labels_are_concepts_of_the_scheme_of_the_site() -> None:
    graph = described(settings=Settings(label_scheme="https://data.example.org/phases")).graph()
    assert {str(each) for each in graph.subjects(RDF.type, SKOS.Concept)} == {
        "https://data.example.org/phases#low",
        "https://data.example.org/phases#high",
    }


def test_the_transition_is_a_fact_with_its_interval() -> None:
    graph = described().graph()
    (boundary,) = graph.subjects(RDF.type, NXS.Boundary)
    low, value, high = (
        float(str(graph.value(boundary, term))) for term in (NXS.siMin, NXS.siValue, NXS.siMax)
    )
    assert 1e8 < low < value < high < 4.41e10


def test_labels_that_are_still_to_be_written_are_not_said_to_be_in_the_file() -> None:
    tree = read(conforming(4))
    added = annotate(tree, dataclasses.replace(_classification_of(labelled([0, 0, 1, 1])), by=None))
    graph = describe(added, BARE).graph()
    (result,) = graph.subjects(RDF.type, NXS.ClassificationResult)
    assert graph.value(result, NXS.inFile) is None
    assert graph.value(URIRef(f"{describe(added, BARE).iri}#pressure"), NXS.inFile) is not None


def _classification_of(tree: Group) -> Classification:
    (made,) = classifications(tree).values()
    return made
