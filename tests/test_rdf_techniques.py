"""Techniques: PaNET terms by every name, with their sub-trees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from described import PANET

from nxspectra.errors import UsageError
from nxspectra.rdf.techniques import load, table

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
