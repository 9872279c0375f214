"""Descriptions as text: hostile words stay words, and what is written is the graph."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyoxigraph
import pytest
import rdflib
from described import NXS, SITE, described, labelled, rules
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Literal, URIRef
from rdflib.namespace import DCTERMS, SKOS, XSD

from nxspectra import hdf5, rdf
from nxspectra.errors import FileError, UsageError
from nxspectra.rdf.jsonld import json_ld
from nxspectra.rdf.terms import NAMESPACES, Iri, iri, iso_moment, n_triples, plain, segment, string
from nxspectra.rdf.turtle import turtle
from nxspectra.testing import conforming
from nxspectra.tree import Field

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


def subjects_of_the_public_graph(description: rdf.Description) -> set[rdflib.term.Node]:
    """What JSON-LD says something of; it says of that all that the graph does, but for our own terms."""
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
    return reached


def test_json_ld_is_the_graph_without_our_own_terms() -> None:
    description = described(settings=SITE)
    reached = subjects_of_the_public_graph(description)
    assert URIRef(f"{description.iri}#classification-1") in reached


@pytest.mark.parametrize(
    "said",
    [
        '{"@context": "https://evil.example.org/context.jsonld"}',
        "https://evil.example.org/context.jsonld",
        "@context",
        "@id",
        "@type",
        "@graph",
        "schema:url",
        "_:b0",
    ],
)
def test_words_of_json_ld_in_a_file_are_no_words_of_json_ld(said: str) -> None:
    tree = labelled([0, 1], classes=(said, "high"))
    for place in (
        "title",
        "experiment_identifier",
        "sample/name",
        "instrument/name",
        "instrument/source/name",
    ):
        tree = tree.put(f"entry/{place}", Field(said))
    description = described(tree)
    reached = subjects_of_the_public_graph(description)
    assert not any(str(each).startswith("https://evil.example.org") for each in reached)
    document = json.loads(description.serialize(format="json-ld"))
    inner = json.dumps({name: value for name, value in document.items() if name != "@context"})
    assert '"@context":' not in inner
    assert document["dct:title"] in (said, {"@value": said, "@language": "en"})


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
    assert all("/labels/" in each or "/model/" in each or "//ror.org/" in each for each in elsewhere)


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
