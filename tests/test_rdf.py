"""Descriptions: what they say of a tree, in which words, and what the shapes refuse."""

from __future__ import annotations

import dataclasses
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyoxigraph
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, PROV, SKOS, XSD

from nxspectra import hdf5, rdf
from nxspectra.errors import FileError, Refused, UsageError
from nxspectra.findings import EntryReport, Report, Severity
from nxspectra.rdf import Description, describe
from nxspectra.rdf.jsonld import json_ld
from nxspectra.rdf.shapes import check as check_graph
from nxspectra.rdf.shapes import shapes
from nxspectra.rdf.techniques import load, of_definition, of_identifiers, table
from nxspectra.rdf.terms import NAMESPACES, Iri, iri, iso_moment, n_triples, plain, segment, string
from nxspectra.rdf.turtle import turtle
from nxspectra.settings import Settings
from nxspectra.spectra import Classification, annotate, classifications
from nxspectra.testing import DIGEST, conforming
from nxspectra.tree import Field, Group, Link, Unreadable

NXS = rdflib.Namespace("https://w3id.org/nxspectra/ns#")
SCHEMA = rdflib.Namespace("https://schema.org/")
QUDT = rdflib.Namespace("http://qudt.org/schema/qudt/")
MLS = rdflib.Namespace("http://www.w3.org/ns/mls#")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
PANET = "http://purl.org/pan-science/PaNET/"

BARE = Settings()
SITE = Settings.model_validate(
    {
        "base_iri": "https://data.example.org/id/",
        "pid_prefix": "20.500.99999/",
        "publisher": {"name": "DESY", "iri": "https://ror.org/01js2sh04"},
        "creators": [{"name": "Josiah Carberry", "orcid": "0000-0002-1825-0097"}],
        "license": "CC-BY-4.0",
        "access_rights": "public",
        "issued": "2026-02-01",
        "files": "https://data.example.org/files/",
        "keywords": ["dynamic compression"],
    }
)


@dataclasses.dataclass(frozen=True)
class Origin:
    """The file that a tree of these tests is said to come from."""

    path: str = "/data/2021/run_0042.nxs"
    size: int = 5617664
    digest: str = "9f" * 32


def read(tree: Group) -> Group:
    """A tree as if it had been read from a file."""
    return tree.read_from(Origin())


def described(tree: Group | None = None, settings: Settings = BARE, **facts: Report) -> Description:
    return describe(read(conforming(12, classified=True) if tree is None else tree), settings, **facts)


def labelled(labels: list[int], **named: object) -> Group:
    """A tree with these labels, given by a person unless said otherwise."""
    made = Classification(
        classes=("low", "high"),
        class_index=np.array(labels, dtype=np.int64),
        origin="expert",
        program="nxspectra",
        version="0.1.0",
        date="2026-05-10T03:20:00+00:00",
        by="0000-0002-1825-0097",
    )
    return annotate(conforming(len(labels)), dataclasses.replace(made, **named))  # type: ignore[arg-type]


def rules(description: Description) -> set[str]:
    return {each.rule for each in rdf.check(description)}


def techniques_of(tree: Group) -> list[str]:
    return [each.removeprefix(PANET) for each in described(tree).techniques]


# -- who it is ---------------------------------------------------------------------------------


def test_the_pid_is_the_prefix_and_the_digest_of_the_raw_file() -> None:
    description = described(conforming(migrated=True), SITE)
    assert description.pid == f"20.500.99999/{DIGEST}"
    assert description.iri == f"https://data.example.org/id/20.500.99999/{DIGEST}"


def test_without_a_migration_the_file_itself_is_the_raw_file() -> None:
    assert described().pid == "sha256:" + "9f" * 32


def test_a_pid_that_is_an_address_is_the_iri() -> None:
    settings = Settings(pid_prefix="https://hdl.example.org/21.99999/")
    description = described(settings=settings)
    assert description.iri == description.pid == "https://hdl.example.org/21.99999/" + "9f" * 32


def test_a_raw_checksum_that_is_none_is_not_believed() -> None:
    tree = conforming(migrated=True).put("entry/migration/source_file/checksum", Field("see logbook"))
    assert described(tree).pid.endswith("9f" * 32)


def test_a_tree_that_comes_from_no_file_is_refused() -> None:
    with pytest.raises(Refused, match="does not come from a file"):
        describe(conforming(), BARE)


def test_a_tree_that_names_its_raw_file_can_be_described_before_it_is_written() -> None:
    description = describe(conforming(migrated=True), BARE)
    assert description.file is None
    assert description.raw is not None
    assert description.raw.name == "raw_0042.nxs"


def test_file_facts_are_those_of_the_real_file(tmp_path: Path) -> None:
    path = hdf5.write(conforming(classified=True, migrated=True), tmp_path / "run_0042.nxs")
    file = describe(hdf5.read(path), BARE).file
    assert file is not None
    assert (file.name, file.size) == ("run_0042.nxs", path.stat().st_size)
    assert file.digest == hdf5.sha256(path)


def test_what_is_described_from_a_written_file_is_what_was_described_from_the_tree(tmp_path: Path) -> None:
    tree = conforming(12, classified=True, migrated=True)
    path = hdf5.write(tree, tmp_path / "run_0042.nxs")
    from_file, from_tree = describe(hdf5.read(path), BARE), describe(tree, BARE)
    assert dataclasses.replace(from_file, file=None) == from_tree


def test_where_the_file_lies_is_not_published() -> None:
    description = described()
    texts = [description.serialize(format=form) for form in ("turtle", "n-triples", "json-ld")]
    assert not any("/data/2021" in text for text in texts)


def test_a_description_travels_between_processes() -> None:
    description = described(settings=SITE)
    assert pickle.loads(pickle.dumps(description)) == description


# -- what it says ------------------------------------------------------------------------------


def test_a_pressure_ramp_is_its_range_in_its_unit_and_in_pascal() -> None:
    pressure = next(each for each in described().parameters if each.quantity.name == "pressure")
    assert (pressure.minimum, pressure.maximum, pressure.units) == (0.1, 44.1, "GPa")
    assert (pressure.si_minimum, pressure.si_maximum) == pytest.approx((1e8, 4.41e10))
    assert pressure.path == "/entry/sample/pressure"


def test_the_unit_stays_as_the_file_has_it() -> None:
    tree = conforming().put("entry/sample/pressure", Field([1.0, 441.0] * 3, units="kbar"))
    pressure = described(tree).parameters[0]
    assert (pressure.units, pressure.maximum, pressure.si_maximum) == ("kbar", 441.0, pytest.approx(4.41e10))


def test_a_unit_without_a_term_is_told_in_si() -> None:
    tree = conforming().put("entry/sample/pressure", Field([0.01, 0.044] * 3, units="TPa"))
    pressure = described(tree).parameters[0]
    assert (pressure.units, pressure.maximum) == ("Pa", pytest.approx(4.4e10))
    assert "parameter-unit" not in rules(described(tree))


@pytest.mark.parametrize("units", ["V", "not a unit", None])
def test_a_value_whose_unit_is_none_of_the_quantity_is_left_out(units: str | None) -> None:
    tree = conforming().put("entry/instrument/beam/incident_energy", Field(25.6, units=units))
    assert "beam_energy" not in {each.quantity.name for each in described(tree).parameters}


def test_nan_pressures_do_not_count() -> None:
    tree = conforming().put("entry/sample/pressure", Field([np.nan, 3, 4, 5, 6, np.inf], units="GPa"))
    pressure = described(tree).parameters[0]
    assert (pressure.minimum, pressure.maximum, pressure.count) == (3, 6, 4)


def test_a_pressure_that_is_nowhere_a_number_is_left_out() -> None:
    tree = conforming().put("entry/sample/pressure", Field([np.nan] * 6, units="GPa"))
    assert "pressure" not in {each.quantity.name for each in described(tree).parameters}


def test_a_photon_energy_is_derived_from_the_wavelength() -> None:
    tree = conforming().without("entry/instrument/beam/incident_energy")
    tree = tree.put("entry/instrument/beam/incident_wavelength", Field(0.4836, units="angstrom"))
    energy = next(each for each in described(tree).parameters if each.quantity.name == "beam_energy")
    # CODATA 2018: h c = 12.398419843 keV angstrom
    assert energy.minimum == pytest.approx(12.398419843 / 0.4836)
    assert energy.derived


def test_the_wavelength_of_neutrons_is_no_photon_energy() -> None:
    tree = conforming().without("entry/instrument/beam/incident_energy")
    tree = tree.put("entry/instrument/beam/incident_wavelength", Field(2.4, units="angstrom"))
    tree = tree.put("entry/instrument/source/probe", Field("neutron"))
    assert "beam_energy" not in {each.quantity.name for each in described(tree).parameters}


def test_a_ramp_of_x_ray_powder_diffraction_has_its_three_techniques() -> None:
    assert techniques_of(conforming(12)) == ["PaNET01101", "PaNET01065", "PaNET01264"]


def test_a_few_steps_of_pressure_are_no_time_dependent_study() -> None:
    assert techniques_of(conforming(6)) == ["PaNET01101", "PaNET01065"]


def test_a_constant_pressure_is_no_ramp() -> None:
    tree = conforming(12).put("entry/sample/pressure", Field(np.full(12, 20.0), units="GPa"))
    assert techniques_of(tree) == ["PaNET01101", "PaNET01065"]


def test_neutrons_do_neutron_powder_diffraction() -> None:
    tree = conforming(12).put("entry/instrument/source/probe", Field("neutron"))
    assert techniques_of(tree)[0] == "PaNET01100"


def test_esrfet_identifiers_are_kept_and_carried_over_to_panet() -> None:
    tree = conforming().put(
        "entry/identifier_technique_1", Field("https://w3id.org/PaN/ESRFET#HP-XRD", type="W3ID")
    )
    found = described(tree).techniques
    assert "https://w3id.org/PaN/ESRFET#HP-XRD" in found
    assert {PANET + "PaNET01216", PANET + "PaNET01065"} <= set(found)


@pytest.mark.parametrize("hostile", ["https://evil.example.org/#XRD", "PaNET01101> . <x:y> <x:z> <x:w", ""])
def test_an_identifier_of_no_technique_is_left_out(hostile: str) -> None:
    assert of_identifiers([hostile]) == ()


@pytest.mark.parametrize(
    ("definition", "probe", "technique"),
    [("NXsas", "x-ray", "PaNET01188"), ("NXsas", "neutron", "PaNET01189"), ("NXtomo", "", "PaNET01129")],
)
def test_other_definitions_have_the_technique_they_are_for(
    definition: str, probe: str, technique: str
) -> None:
    assert of_definition(definition, probe) == (PANET + technique,)


def test_a_definition_of_no_particular_technique_has_none() -> None:
    assert of_definition("NXsensor_scan", "x-ray") == ()


def test_without_a_title_the_file_is_called_by_its_name() -> None:
    assert described(conforming().without("entry/title")).title == "run_0042"


def test_the_text_says_what_a_scientist_would_ask_first() -> None:
    text = described().text
    for said in (
        "12 x-ray diffraction spectra",
        "0.1 to 44.1 GPa",
        "25.6 keV",
        "0.1 s",
        "P02.2",
        "PETRA III",
    ):
        assert said in text


def test_a_subentry_asks_its_entry_for_what_it_does_not_know() -> None:
    ours = conforming().group("entry")
    assert ours is not None
    mine = Group("NXsubentry", ours.without("title").without("start_time").children)
    tree = Group(
        "NXroot", {"scan": Group("NXentry", {"title": Field("Scan 7"), "diffraction_spectra": mine})}
    )
    description = described(tree)
    assert description.entry == "/scan/diffraction_spectra"
    assert description.title == "Scan 7"


def test_people_in_the_file_are_named_with_their_orcid_and_nothing_else() -> None:
    user = Group(
        "NXuser",
        {
            "name": Field("Josiah Carberry"),
            "ORCID": Field("https://orcid.org/0000-0002-1825-0097"),
            "email": Field("josiah@example.org"),
        },
    )
    description = described(conforming().put("entry/user", user))
    assert [(each.name, each.iri) for each in description.people] == [
        ("Josiah Carberry", "https://orcid.org/0000-0002-1825-0097")
    ]
    assert "josiah@example.org" not in description.serialize()


def test_conformity_is_what_validation_said() -> None:
    def verdict(conforms: bool) -> Report:
        return Report(None, (EntryReport("/entry", "NXdiffraction_spectra", conforms),))

    assert described().conforms is None
    assert described(report=verdict(True)).conforms is True
    refused = described(report=verdict(False))
    assert refused.conforms is False
    assert not any("NXdiffraction_spectra" in standard for standard in refused.conforms_to)


def test_a_file_without_an_entry_is_described_by_what_is_known() -> None:
    description = described(Group("NXroot"))
    assert (description.entry, description.title, description.parameters) == (None, "run_0042", ())


def test_publication_facts_come_from_the_site() -> None:
    graph, site = described(settings=SITE).graph(), URIRef(described(settings=SITE).iri)
    assert graph.value(site, DCTERMS.license) == URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert graph.value(site, DCTERMS.creator) == URIRef("https://orcid.org/0000-0002-1825-0097")
    assert graph.value(site, DCTERMS.issued) == Literal("2026-02-01", datatype=XSD.date)
    (download,) = graph.objects(None, DCAT.downloadURL)
    assert download == URIRef("https://data.example.org/files/run_0042.nxs")


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


# -- text from outside -------------------------------------------------------------------------

HOSTILE = [
    '"; DROP GRAPH <http://x> ; INSERT DATA { <x:a> <x:b> "',
    "</script><script>alert(1)</script>",
    'a "quoted" \\ backslash \\u0022 } . <http://evil.example.org/> a <http://evil.example.org/T> . #',
    "bell \x07 null \x00 escape \x1b[31m",
    "right-to-left \u202e gpj.exe",
    "lone surrogate \ud800 and noncharacter \ufffe",
    "two\nlines\r\nand\ta tab",
    "(Mg₀.₂,Fe₀.₈)O – Å, 日本語, 🔬",
]


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("form", ["turtle", "n-triples", "json-ld"])
def test_a_hostile_title_stays_a_title(title: str, form: rdf.Format) -> None:
    description = described(conforming().put("entry/title", Field(title)))
    text = description.serialize(format=form)
    text.encode("utf-8")
    parser = {"turtle": "TURTLE", "n-triples": "N_TRIPLES", "json-ld": "JSON_LD"}[form]
    parsed = list(pyoxigraph.parse(text, format=getattr(pyoxigraph.RdfFormat, parser)))
    titles = [each.object.value for each in parsed if each.predicate.value == str(DCTERMS.title)]
    assert plain(title, 300) in titles
    assert not any("evil" in each.subject.value for each in parsed)
    assert "\x00" not in text
    assert "\u202e" not in text


def test_json_ld_can_stand_in_a_page() -> None:
    description = described(conforming().put("entry/title", Field("</script><!--")))
    assert "<" not in description.serialize(format="json-ld")


@given(st.text())
def test_plain_text_is_plain_and_stays_so(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    once.encode("utf-8")
    assert not any(ord(character) < 32 for character in once)


@given(st.text())
def test_any_text_survives_n_triples_and_turtle(text: str) -> None:
    triple = (Iri("https://x.example.org/a"), Iri("https://x.example.org/p"), string(plain(text)))
    for written, form in (
        (n_triples([triple]), pyoxigraph.RdfFormat.N_TRIPLES),
        (turtle(triple[0], [triple]), pyoxigraph.RdfFormat.TURTLE),
        (json_ld(triple[0], [triple]), pyoxigraph.RdfFormat.JSON_LD),
    ):
        (back,) = pyoxigraph.parse(written, format=form)
        assert back.object == pyoxigraph.Literal(plain(text))


@given(st.text())
def test_a_step_of_an_iri_never_ends_it(text: str) -> None:
    assert iri(f"https://x.example.org/{segment(text)}")


@pytest.mark.parametrize("text", ["", "x", "no scheme", "http://a b", "http://a>", 'http://"', "http://a\n"])
def test_text_that_is_no_iri_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an IRI"):
        iri(text)


def test_class_names_from_a_file_cannot_break_out_of_their_iri() -> None:
    tree = labelled([0, 1], classes=("low> <x:y> <x:z", "a#b/../c"))
    graph = described(tree).graph()
    names = {str(graph.value(each, SKOS.prefLabel)) for each in graph.subjects(RDF.type, SKOS.Concept)}
    assert names == {"low> <x:y> <x:z", "a#b/../c"}
    assert "segment-label" not in rules(described(tree))


def test_a_very_long_title_is_cut() -> None:
    title = described(conforming().put("entry/title", Field("x" * 1_000_000))).title
    assert len(title) <= 300
    assert title.endswith("…")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2021-05-27T10:15:00+02:00", "2021-05-27T10:15:00+02:00"),
        ("2013-09-28T04:50:48+0100", "2013-09-28T04:50:48+01:00"),
        ("2005-05-27 05:44:13", "2005-05-27T05:44:13"),
        ("2021-05-27", "2021-05-27"),
        ("Fri Jun 03 17:38:36 2016", None),
        ("2021-02-30T00:00:00", None),
        (None, None),
    ],
)
def test_dates_are_taken_as_xml_schema_has_them_or_not_at_all(said: str | None, meant: str | None) -> None:
    assert iso_moment(said) == meant


# -- how it is written -------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "reader"), [("turtle", "turtle"), ("n-triples", "nt")])
def test_what_is_written_is_the_graph(form: rdf.Format, reader: str) -> None:
    description = described(settings=SITE)
    assert set(rdflib.Graph().parse(data=description.serialize(format=form), format=reader)) == set(
        description.graph()
    )


def test_turtle_keeps_every_digit() -> None:
    energy = 25.6 + 1 / 3
    tree = conforming().put("entry/instrument/beam/incident_energy", Field(energy, units="keV"))
    assert f"{energy!r}e0" in described(tree).serialize(format="turtle")


def test_json_ld_is_the_graph_without_our_own_terms() -> None:
    description = described(settings=SITE)
    quads = pyoxigraph.parse(description.serialize(format="json-ld"), format=pyoxigraph.RdfFormat.JSON_LD)
    lines = "".join(f"{quad.triple} .\n" for quad in quads)
    read_back = set(rdflib.Graph().parse(data=lines, format="nt"))
    public = {
        (subject, predicate, value)
        for subject, predicate, value in description.graph()
        if not predicate.startswith(NXS) and not (predicate == RDF.type and str(value).startswith(NXS))
    }
    reached = {subject for subject, _, _ in read_back}
    assert read_back == {triple for triple in public if triple[0] in reached}
    assert URIRef(f"{description.iri}#classification-1") in reached


def test_json_ld_carries_its_context_and_the_names_that_search_engines_read() -> None:
    document = json.loads(described(settings=SITE).serialize(format="json-ld"))
    assert isinstance(document["@context"], dict)
    assert {"dct:title", "schema:name", "dct:license", "schema:license", "dcat:distribution"} <= set(document)
    assert "nxspectra/ns#" not in json.dumps(document)


def test_there_are_no_blank_nodes() -> None:
    nodes = {node for triple in described(settings=SITE).graph() for node in triple}
    assert not any(isinstance(node, rdflib.BNode) for node in nodes)


def test_every_number_with_a_point_is_a_double() -> None:
    datatypes = {value.datatype for value in described().graph().objects() if isinstance(value, Literal)}
    assert XSD.double in datatypes
    assert not datatypes & {XSD.decimal, XSD.float}


def test_every_part_is_a_fragment_of_the_data_set() -> None:
    description = described()
    own = {str(subject) for subject in description.graph().subjects()}
    elsewhere = {each for each in own if not each.startswith(description.iri)}
    assert all("/labels/" in each or "/model/" in each for each in elsewhere)


def test_a_description_is_written_to_a_file(tmp_path: Path) -> None:
    description, path = described(), tmp_path / "run.ttl"
    assert description.serialize(path) == path.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        described().serialize(tmp_path / "none" / "run.ttl")


def test_an_unknown_format_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="turtle, json-ld, n-triples"):
        described().serialize(format="rdf/xml")  # type: ignore[arg-type]


def test_describing_and_writing_load_neither_rdflib_nor_pint(tmp_path: Path) -> None:
    path = hdf5.write(conforming(classified=True), tmp_path / "run.nxs")
    code = (
        "import sys, nxspectra as nxs\n"
        "d = nxs.describe(nxs.read(sys.argv[1]))\n"
        "for form in ('turtle', 'json-ld', 'n-triples'): d.serialize(format=form)\n"
        "assert not {'rdflib', 'pyshacl', 'pint', 'pyoxigraph', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def test_prefixes_are_those_of_the_vocabularies() -> None:
    assert len({space.prefix for space in NAMESPACES}) == len({space.base for space in NAMESPACES})


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


def part(it: URIRef, name: str) -> URIRef:
    return URIRef(f"{it}#{name}")


def without(predicate: URIRef, name: str | None = None) -> Callable[[rdflib.Graph, URIRef], object]:
    return lambda graph, it: graph.remove((part(it, name) if name else it, predicate, None))


def instead(
    predicate: URIRef, value: object, name: str | None = None
) -> Callable[[rdflib.Graph, URIRef], object]:
    node = value if isinstance(value, URIRef) else Literal(value)
    return lambda graph, it: graph.set((part(it, name) if name else it, predicate, node))


def also(
    predicate: URIRef, value: object, name: str | None = None
) -> Callable[[rdflib.Graph, URIRef], object]:
    node = value if isinstance(value, URIRef) else Literal(value)
    return lambda graph, it: graph.add((part(it, name) if name else it, predicate, node))


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


def test_every_shape_that_can_complain_has_been_made_to() -> None:
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    named = {str(each).rpartition("#")[2] for each in shapes().subjects(sh.message)}
    assert named == set(DAMAGE)


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


# -- techniques --------------------------------------------------------------------------------


def test_ancestors_are_the_closure_of_what_panet_states() -> None:
    facts = json.loads((Path(__file__).parent.parent / "appdefs" / "panet.json").read_text(encoding="utf-8"))
    terms = facts["terms"]

    def closure(term: str) -> set[str]:
        return {each for parent in terms[term]["parents"] for each in (parent, *closure(parent))}

    assert all(set(terms[term]["ancestors"]) == closure(term) for term in terms)


@pytest.mark.parametrize(
    "said",
    ["PaNET01101", "panet:panet01101", PANET + "PaNET01101", "X-Ray Powder Diffraction", "XPD", " xpd "],
)
def test_a_technique_is_known_by_iri_id_label_and_synonym(said: str) -> None:
    assert table().resolve(said) == (PANET + "PaNET01101",)


def test_a_technique_stands_for_all_below_it() -> None:
    found = table().resolve("powder diffraction")
    assert {PANET + each for each in ("PaNET01030", "PaNET01101", "PaNET01100")} <= set(found)
    assert len(table().resolve("diffraction")) == 70


def test_the_label_of_a_later_release_is_known() -> None:
    assert table().resolve("x-ray probe technique") == table().resolve("x-ray probe")


def test_a_label_goes_before_a_synonym() -> None:
    assert PANET + "PaNET01022" in table().resolve("Diffraction")


def test_an_unknown_technique_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'x-ray powder diffraction'"):
        table().resolve("x-ray powder difraction")


def test_an_id_that_panet_does_not_have_is_told_with_the_release() -> None:
    with pytest.raises(UsageError, match=r"PaNET 1\.3\.0"):
        table().resolve("PaNET99999")


def test_a_name_of_several_techniques_must_be_said_more_exactly(tmp_path: Path) -> None:
    def term(label: str) -> dict[str, object]:
        return {"label": label, "synonyms": ["XD"], "parents": [], "ancestors": []}

    path = tmp_path / "panet.json"
    path.write_text(json.dumps({"version": "0", "terms": {"PaNET00001": term("a"), "PaNET00002": term("b")}}))
    with pytest.raises(UsageError, match="several techniques"):
        load(path).resolve("XD")


# -- real files --------------------------------------------------------------------------------


def test_a_raw_lambda_file_is_described_by_its_exposure_and_nothing_false(real_files: Path) -> None:
    description = describe(hdf5.read(real_files / "lambda_p02.2_m1_part00000.nxs"), SITE)
    (exposure,) = description.parameters
    assert (exposure.quantity.name, exposure.minimum, exposure.units) == ("exposure", 100.0, "ms")
    assert description.techniques == ()
    assert rdf.check(description) == ()


@pytest.mark.parametrize(
    ("name", "energy"), [("538039.nxs", 5.223), ("AgBehenate_228.hdf5", 16.9), ("Therm_6_2.nxs", 12.648)]
)
def test_the_beam_energy_of_real_files_is_found(real_files: Path, name: str, energy: float) -> None:
    description = describe(hdf5.read(real_files / name), SITE)
    found = next(each for each in description.parameters if each.quantity.name == "beam_energy")
    assert found.minimum == pytest.approx(energy, abs=5e-3)
    assert not [each for each in rdf.check(description) if each.severity is Severity.VIOLATION]


def test_links_are_followed_to_parameters() -> None:
    tree = conforming().put("entry/elsewhere", Field(0.2, units="s"))
    tree = tree.put("entry/instrument/detector/count_time", Link("/entry/elsewhere"))
    exposure = next(each for each in described(tree).parameters if each.quantity.name == "exposure")
    assert exposure.minimum == 0.2


STRANGE = [
    Unreadable("checksum error"),
    Link("/entry", kind="hard"),
    Link("data", file="/etc/passwd", kind="external"),
    Group(None),
    Field(["a", "b"]),
    Field(np.array([], dtype=np.float64), units="GPa"),
    Field(np.array(1 + 2j), units="keV"),
    Field(np.nan, units="\x00"),
    Field(np.full((2, 3, 4), 10**300), units="keV"),
]


@pytest.mark.parametrize("item", STRANGE, ids=lambda item: repr(item)[:40])
def test_whatever_stands_at_a_place_a_file_is_described(item: Group | Field | Link | Unreadable) -> None:
    tree = conforming(3, classified=True, migrated=True).without("entry/reduction")
    for path, _ in tree.walk():
        assert described(tree.put(path, item)).triples()
