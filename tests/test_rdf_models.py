"""Descriptions of models: as FAIR as those of files, in RDF and to read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import hypothesis
import pyoxigraph
import pytest
import rdflib
from described import BARE, MLS, NXS, SCHEMA, SITE, SPDX, described, part, trained
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, URIRef
from rdflib.namespace import DCTERMS, PROV

import nxspectra as nxs
from nxspectra import rdf
from nxspectra.classifiers.model import TrainingFile
from nxspectra.findings import Severity
from nxspectra.rdf import describe, model_card
from nxspectra.testing import DIGEST, conforming


def test_a_model_is_identified_by_the_digest_of_its_file() -> None:
    model = trained()
    description = describe(model, SITE)
    assert description.pid == f"sha256:{model.digest}"
    assert description.iri == f"https://data.example.org/id/model/{model.digest}"


def test_the_model_that_labelled_a_file_is_the_model_that_is_described() -> None:
    model = trained()
    tree = conforming(12, classified=True)
    tree = tree.put("entry/weighted_classification/model/checksum", nxs.Field(model.digest))
    (used,) = described(tree, SITE).graph().subjects(RDF.type, MLS.Model)
    assert str(used) == describe(model, SITE).iri


def test_training_spectra_belong_to_the_data_set_that_describes_their_file() -> None:
    graph = describe(trained(), SITE).graph()
    run = described(conforming(12, migrated=True), SITE)
    (used,) = graph.objects(None, PROV.specializationOf)
    assert str(used) == run.iri
    (where,) = graph.subjects(PROV.specializationOf, used)
    digest = graph.value(graph.value(where, SPDX.checksum), SPDX.checksumValue)
    assert str(digest).lower() == "9f" * 32


def test_the_run_that_trained_it_is_told_in_ml_schema() -> None:
    description = describe(trained(), SITE)
    graph, it = description.graph(), URIRef(description.iri)
    run = graph.value(it, PROV.wasGeneratedBy)
    assert (run, RDF.type, MLS.Run) in graph
    assert (run, MLS.hasOutput, it) in graph
    settings = {
        str(graph.value(graph.value(each, MLS.specifiedBy), SCHEMA.name)): str(
            graph.value(each, MLS.hasValue)
        )
        for each in graph.subjects(RDF.type, MLS.HyperParameterSetting)
    }
    assert settings == {"bins": "5", "step": "0.5", "background": "als"}
    program = graph.value(run, MLS.executes)
    assert str(graph.value(program, SCHEMA.name)) == "nearest"


def test_settings_that_are_nested_are_told_as_json() -> None:
    description = describe(trained(preprocessing={"background": {"smoothness": 1e5}, "gaps": None}), SITE)
    assert description.preprocessing == {"background": '{"smoothness": 100000.0}', "gaps": "null"}


def test_figures_are_evaluations_each_with_its_measure() -> None:
    description = describe(trained(), SITE)
    graph = description.graph()
    figure = part(URIRef(description.iri), "figure-separability-1")
    assert float(str(graph.value(figure, MLS.hasValue))) == 0.8
    assert int(str(graph.value(figure, NXS.bin))) == 1
    names = {str(graph.value(each, SCHEMA.name)) for each in graph.subjects(RDF.type, MLS.EvaluationMeasure)}
    assert names == {"n_spectra", "training_accuracy", "separability"}


def test_a_model_is_downloaded_where_the_site_keeps_models_and_has_no_page_of_data() -> None:
    site = SITE.model_copy(
        update={
            "models": "https://data.example.org/models/",
            "landing_pages": "https://data.example.org/datasets/",
        }
    )
    description = describe(trained(), site)
    assert description.file.download == f"https://data.example.org/models/{description.file.name}"
    assert description.landing_page is None
    assert describe(trained(), SITE).file.download is None


def test_a_described_model_conforms_when_the_site_has_said_who_it_is() -> None:
    assert rdf.check(describe(trained(), SITE)) == ()


def test_what_the_site_has_not_set_is_a_warning_for_a_model_too() -> None:
    findings = rdf.check(describe(trained(), BARE))
    assert {each.severity for each in findings} == {Severity.WARNING}
    assert "missing-license" in {each.rule for each in findings}


def test_a_training_file_without_a_digest_is_a_warning() -> None:
    unknown = TrainingFile(file_name="run 0", entry="/entry", frames={"low": "0-3"})
    description = describe(trained(training=(unknown,)), SITE)
    assert [(each.rule, each.severity) for each in rdf.check(description)] == [
        ("training-checksum", Severity.WARNING)
    ]
    assert description.training[0].data_set is None


@pytest.mark.parametrize(("form", "reader"), [("turtle", "turtle"), ("n-triples", "nt")])
def test_what_is_written_of_a_model_is_the_graph(form: rdf.Format, reader: str) -> None:
    description = describe(trained(), SITE)
    written = rdflib.Graph().parse(data=description.serialize(format=form), format=reader)
    assert set(written) == set(description.graph())


def test_json_ld_of_a_model_is_the_graph_without_our_own_terms() -> None:
    description = describe(trained(), SITE)
    text = description.serialize(format="json-ld")
    assert "nxspectra/ns#" not in text
    quads = pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.JSON_LD)
    read_back = set(rdflib.Graph().parse(data="".join(f"{each.triple} .\n" for each in quads), format="nt"))
    assert read_back < set(description.graph())
    assert {"dct:title", "schema:name", "dct:license", "schema:isBasedOn"} <= set(json.loads(text))
    assert (part(URIRef(description.iri), "training"), RDF.type, MLS.Run) in read_back


@given(name=st.text(max_size=40))
@hypothesis.settings(max_examples=20)
def test_whatever_a_card_says_is_data(name: str) -> None:
    hostile = TrainingFile(file_name=name, entry=name, frames={name: name})
    description = describe(
        trained(classes=(name, "b"), parameters={name: name}, training=(hostile,), classifier=name), SITE
    )
    text = description.serialize(format="turtle")
    assert set(rdflib.Graph().parse(data=text, format="turtle")) == set(description.graph())


# -- the card to read ----------------------------------------------------------------------------


def test_the_card_says_what_one_must_know_to_believe_a_model() -> None:
    card = model_card(describe(trained(), SITE))
    for said in (
        "low, high",
        "25.6 keV",
        "9.6 to 25.5 degrees",
        "run\\_0042.nxs",
        "9f" * 32,
        "0.875",
        "CC",
        DIGEST,
    ):
        assert said.replace("CC", "creativecommons.org") in card


def test_a_hostile_name_is_no_markup_in_a_card() -> None:
    hostile = TrainingFile(file_name="a|b<script>`x`.nxs", entry="/entry", frames={"low": "0"})
    card = model_card(describe(trained(training=(hostile,)), SITE))
    assert "<script>" not in card
    assert "a\\|b\\<script\\>\\`x\\`.nxs" in card


def test_describing_a_model_loads_neither_torch_nor_rdflib(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from described import trained, SITE\n"
        "for name in list(sys.modules):\n"
        "    if name.partition('.')[0] in ('rdflib', 'torch'): del sys.modules[name]\n"
        "import nxspectra as nxs\n"
        "nxs.describe(trained(), SITE).serialize()\n"
        "assert not {'rdflib', 'pyshacl', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], check=True)


def test_the_title_of_a_model_is_its_name_and_what_it_tells_apart() -> None:
    description = describe(trained(), SITE)
    assert str(description.graph().value(URIRef(description.iri), DCTERMS.title)).endswith(
        "a nearest classifier of low and high"
    )
