"""Techniques: PaNET terms by every name, with their sub-trees."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyoxigraph
import pytest
from click.testing import CliRunner, Result
from described import PANET, read
from pyoxigraph import RdfFormat

from nxspectra.cli import program
from nxspectra.errors import Refused, SettingsError, UsageError
from nxspectra.rdf import describe
from nxspectra.rdf.ontology import as_json, compile_ontology
from nxspectra.rdf.techniques import load, table
from nxspectra.settings import Settings
from nxspectra.testing import conforming

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


# -- compiled from a release ---------------------------------------------------------------------

TURTLE = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix panet: <http://purl.org/pan-science/PaNET/> .

<http://purl.org/pan-science/PaNET/PaNET.owl> a owl:Ontology ; owl:versionInfo "2.0.0" ;
    dct:created "2027-01-01" ; dct:license <https://creativecommons.org/licenses/by/4.0/> .
panet:PaNET00001 a owl:Class ; rdfs:label "photon and neutron technique" .
panet:PaNET01022 a owl:Class ; rdfs:label "diffraction-based techniques"@en ;
    rdfs:subClassOf panet:PaNET00001 .
panet:PaNET01012 a owl:Class ; rdfs:label "x-ray probe-based techniques" ; skos:altLabel "Röntgen technique" ;
    rdfs:subClassOf panet:PaNET00001 .
panet:PaNET01216 a owl:Class ; rdfs:label "x-ray diffraction" ; skos:altLabel "XRD" ;
    owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( panet:PaNET01022 panet:PaNET01012 ) ] ;
    rdfs:subClassOf panet:PaNET01022, panet:PaNET01012 .
panet:PaNET01101 a owl:Class ; rdfs:label "x-ray powder diffraction" ; rdfs:subClassOf panet:PaNET01216 .
panet:PaNET2000000 a owl:Class ; rdfs:label "photon and neutron specifiers" .
panet:PaNET09999 a owl:Class ; rdfs:label "obsolete" ; owl:deprecated true ;
    rdfs:subClassOf panet:PaNET00001 .
"""
SYNTAXES = {
    "panet.ttl": RdfFormat.TURTLE,
    "panet.nt": RdfFormat.N_TRIPLES,
    "panet.owl": RdfFormat.RDF_XML,
}


def ontology(folder: Path, text: str = TURTLE, name: str = "panet.ttl") -> Path:
    path = folder / name
    triples = pyoxigraph.parse(text, format=RdfFormat.TURTLE)
    path.write_bytes(pyoxigraph.serialize(triples, format=SYNTAXES[name]))
    return path


def without_superclasses(text: str, term: str) -> str:
    """The ontology as its source has it: the term is defined, and what follows is not stated."""
    before, found, after = text.partition(f"panet:{term} a owl:Class")
    block, dot, rest = after.partition(" .\n")
    block = re.sub(r";\s*rdfs:subClassOf [^;]*", "", block)
    return before + found + block + dot + rest


@pytest.mark.parametrize("name", SYNTAXES)
def test_a_release_is_compiled_from_every_syntax(tmp_path: Path, name: str) -> None:
    compiled = compile_ontology(ontology(tmp_path, name=name))
    found = compiled.table
    assert compiled.findings == ()
    assert (found.version, found.released, found.reasoned) == ("2.0.0", "2027-01-01", True)
    assert set(found.terms) == {"PaNET00001", "PaNET01022", "PaNET01012", "PaNET01216", "PaNET01101"}
    powder = found.terms["PaNET01101"]
    assert powder.ancestors == {"PaNET01216", "PaNET01022", "PaNET01012", "PaNET00001"}
    assert found.terms["PaNET01012"].synonyms == ("Röntgen technique",)


def test_the_table_of_the_package_comes_back_from_its_own_triples(tmp_path: Path) -> None:
    shipped_table = load()
    owl, rdfs = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#"
    lines = [f'<{PANET}PaNET.owl> <{owl}versionInfo> "{shipped_table.version}" .']
    lines.append(f"<{PANET}PaNET.owl> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{owl}Ontology> .")
    for key, term in shipped_table.terms.items():
        it = f"<{PANET}{key}>"
        lines.append(f"{it} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{owl}Class> .")
        lines.append(f"{it} <{rdfs}label> {json.dumps(term.label)} .")
        for synonym in term.synonyms:
            name = json.dumps(synonym)
            lines.append(f"{it} <http://www.w3.org/2004/02/skos/core#altLabel> {name} .")
        lines += [f"{it} <{rdfs}subClassOf> <{PANET}{parent}> ." for parent in term.parents]
    path = tmp_path / "panet.nt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    compiled = compile_ontology(path, earlier=shipped_table)
    assert compiled.findings == ()
    assert dict(compiled.table.terms) == dict(shipped_table.terms)


def test_what_was_compiled_is_read_back(tmp_path: Path) -> None:
    compiled = compile_ontology(ontology(tmp_path)).table
    path = tmp_path / "panet.json"
    path.write_text(as_json(compiled), encoding="utf-8")
    assert load(path) == compiled


def test_a_source_that_was_not_reasoned_is_said_to_be_none(tmp_path: Path) -> None:
    text = without_superclasses(TURTLE, "PaNET01216")
    compiled = compile_ontology(ontology(tmp_path, text))
    (finding,) = compiled.findings
    assert finding.rule == "not-reasoned"
    assert "x-ray diffraction (PaNET01216)" in finding.message
    assert not compiled.table.reasoned
    # what the definition names is followed all the same
    assert compiled.table.terms["PaNET01101"].ancestors >= {"PaNET01022", "PaNET01012"}


def test_a_definition_by_restriction_alone_needs_a_reasoner(tmp_path: Path) -> None:
    text = TURTLE.replace(
        "panet:PaNET01012 a owl:Class ;",
        "panet:PaNET01012 a owl:Class ; owl:equivalentClass [ a owl:Restriction ;"
        " owl:onProperty panet:definedbyprobe ; owl:someValuesFrom panet:PaNET2000000 ] ;",
    )
    assert compile_ontology(ontology(tmp_path, text)).findings == ()
    text = without_superclasses(text, "PaNET01012")
    found = compile_ontology(ontology(tmp_path, text))
    assert [each.rule for each in found.findings] == ["not-reasoned"]
    assert found.table.terms["PaNET01012"].ancestors == frozenset()
    assert "PaNET2000000" not in found.table.terms


def test_a_technique_that_is_not_below_the_root_is_left_out_with_a_warning(tmp_path: Path) -> None:
    text = TURTLE + 'panet:PaNET07777 a owl:Class ; rdfs:label "stray" .\n'
    found = compile_ontology(ontology(tmp_path, text))
    assert [each.rule for each in found.findings] == ["not-below-root"]
    assert "PaNET07777" not in found.table.terms


def test_labels_change_and_terms_stay(tmp_path: Path) -> None:
    earlier = load()
    compiled = compile_ontology(ontology(tmp_path), earlier=earlier)
    found = compiled.table
    assert found.terms["PaNET01022"].label == "diffraction-based techniques"
    assert found.term("diffraction").id == found.term("Diffraction-based techniques").id == "PaNET01022"
    changed = [each for each in compiled.findings if each.rule == "label-changed"]
    assert PANET + "PaNET01022" in {each.path for each in changed}


def test_a_term_that_is_gone_stays_findable(tmp_path: Path) -> None:
    compiled = compile_ontology(ontology(tmp_path), earlier=load())
    assert compiled.table.terms["PaNET01065"] == load().terms["PaNET01065"]
    assert PANET + "PaNET01065" in {each.path for each in compiled.findings if each.rule == "term-is-gone"}


def test_an_old_name_that_is_now_another_terms_is_not_kept(tmp_path: Path) -> None:
    text = TURTLE.replace('"x-ray diffraction" ;', '"diffraction" ;')
    found = compile_ontology(ontology(tmp_path, text), earlier=load()).table
    assert found.term("diffraction").id == "PaNET01216"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&b;</rdf:RDF>'
)


@pytest.mark.parametrize("name", ["panet.owl", "panet.rdf", "panet.xml", "panet"])
def test_entities_are_refused_before_anything_is_parsed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(BOMB)
    with pytest.raises(Refused, match="DOCTYPE"):
        compile_ontology(path)


def test_entities_in_another_encoding_are_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "panet.owl"
    path.write_bytes(BOMB.encode("utf-16"))
    with pytest.raises(Refused, match="not UTF-8"):
        compile_ontology(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("this is no RDF", "is not RDF"),
        ("<http://a.example.org/> a <http://a.example.org/T> .", "has no term"),
    ],
)
def test_what_is_no_release_of_panet_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "panet.ttl"
    path.write_text(text)
    with pytest.raises(Refused, match=said):
        compile_ontology(path, release="1")


def test_a_release_must_be_known(tmp_path: Path) -> None:
    text = TURTLE.replace(' owl:versionInfo "2.0.0" ;', "")
    with pytest.raises(UsageError, match="--release"):
        compile_ontology(ontology(tmp_path, text))
    assert compile_ontology(ontology(tmp_path, text), release="2.0.0").table.version == "2.0.0"


def test_terms_above_each_other_do_not_loop(tmp_path: Path) -> None:
    text = TURTLE + "panet:PaNET01022 rdfs:subClassOf panet:PaNET01216 .\n"
    found = compile_ontology(ontology(tmp_path, text)).table.terms
    assert "PaNET01216" in found["PaNET01022"].ancestors
    assert "PaNET01022" not in found["PaNET01022"].ancestors


# -- of the site ---------------------------------------------------------------------------------


def test_a_site_may_use_a_later_table(tmp_path: Path) -> None:
    (tmp_path / "panet.json").write_text(
        as_json(compile_ontology(ontology(tmp_path)).table), encoding="utf-8"
    )
    (tmp_path / "site.toml").write_text('techniques = "panet.json"\n')
    site = Settings.load(tmp_path / "site.toml")
    assert table(site).version == "2.0.0"
    description = describe(read(conforming(12)), site)
    assert description.techniques[0] == PANET + "PaNET01101"
    assert "x-ray powder diffraction" in description.keywords


@pytest.mark.parametrize("text", ["", "[]", '{"version": "1"}', '{"version": "1", "terms": {"a": 3}}'])
def test_a_table_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "panet.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match="technique compile"):
        load(path)


# -- in the shell --------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(each) for each in arguments])


def test_technique_show_prints_what_is_above_and_below() -> None:
    result = run("technique", "show", "XPD")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"x-ray powder diffraction  {PANET}PaNET01101")
    assert "PaNET01022 diffraction" in result.stdout
    as_value = json.loads(run("technique", "show", "PaNET01022", "--format", "json").stdout)
    assert len(as_value["narrower"]) == 69


def test_technique_compile_writes_a_table_and_says_what_changed(tmp_path: Path) -> None:
    out = tmp_path / "table.json"
    result = run("technique", "compile", ontology(tmp_path), "-o", out)
    assert result.exit_code == 0
    assert "is now 'diffraction-based techniques'" in result.stderr
    assert load(out).version == "2.0.0"
    told = json.loads(
        run("technique", "compile", tmp_path / "panet.ttl", "-o", out, "--format", "json").stdout
    )
    assert (told["release"], told["reasoned"]) == ("2.0.0", True)


def test_technique_compile_of_what_was_not_reasoned_is_a_finding(tmp_path: Path) -> None:
    out = tmp_path / "table.json"
    result = run(
        "technique", "compile", ontology(tmp_path, without_superclasses(TURTLE, "PaNET01216")), "-o", out
    )
    assert result.exit_code == 1
    assert "compile the reasoned release" in result.stderr
    assert not load(out).reasoned


def test_technique_compile_of_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    assert run("technique", "compile", tmp_path / "none.owl", "-o", tmp_path / "t.json").exit_code == 3


def test_technique_compile_needs_to_know_the_release(tmp_path: Path) -> None:
    path = ontology(tmp_path, TURTLE.replace(' owl:versionInfo "2.0.0" ;', ""))
    result = run("technique", "compile", path, "-o", tmp_path / "t.json")
    assert result.exit_code == 1
    assert "give it with --release" in result.stderr
    assert not (tmp_path / "t.json").exists()
