"""A tree as JSON and as RDF: what the schemas, models and shapes of a definition are about."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pyoxigraph
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from nxspectra import hdf5, schemas
from nxspectra.errors import Refused
from nxspectra.schemas import form as form_module
from nxspectra.spectra import DEFINITION
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate


@pytest.fixture(scope="module")
def ours() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schemas.json_schema(DEFINITION))


def test_a_tree_that_was_read_has_the_form_of_the_one_that_was_written(
    tmp_path: Path, ours: jsonschema.Draft202012Validator
) -> None:
    tree = conforming(classified=True, migrated=True)
    read = hdf5.read(hdf5.write(tree, tmp_path / "run.nxs"))
    form = schemas.as_json(read)
    # the file system says which name of one object comes first; values and shapes are the same
    assert form["entry"]["sample"] == schemas.as_json(tree)["entry"]["sample"]
    assert ours.is_valid(form)


def test_real_files_have_a_form_and_a_graph(real_files: Path, ours: jsonschema.Draft202012Validator) -> None:
    files = [path for path in sorted(real_files.rglob("*")) if path.suffix in (".nxs", ".hdf5", ".nx5")]
    assert files
    for path in files:
        tree = hdf5.read(path)
        form = schemas.as_json(tree)
        json.dumps(form, allow_nan=False)
        assert ours.is_valid(form) is validate(tree).conforms
        assert list(pyoxigraph.parse(schemas.as_ntriples(tree), pyoxigraph.RdfFormat.N_TRIPLES))


@given(
    st.lists(st.floats() | st.just(float("nan")), max_size=5),
    st.text(max_size=8),
    st.sampled_from(["a", 'quo"te', "new\nline", "é", "\ud800", "<", "%", "@x", "1.1"]),
)
def test_any_value_and_name_is_json_and_rdf(values: list[float], text: str, name: str) -> None:
    name = name.replace("@", "at")
    tree = Group("NXroot", {name: Group("NXentry", {"x": Field(np.array(values)), "t": Field(text)}, a=text)})
    form = schemas.as_json(tree)
    assert json.loads(json.dumps(form, allow_nan=False)) == form
    assert form[name]["t"]["value"] == text
    graph = rdflib.Graph().parse(data=schemas.as_ntriples(tree), format="nt")
    assert (
        len(list(graph.subjects(rdflib.RDF.type, rdflib.URIRef("https://w3id.org/nxspectra/tree#Field"))))
        == 2
    )


def test_large_values_stay_out() -> None:
    form = schemas.as_json(conforming(6, 4000))
    assert "value" not in form["entry"]["data"]["intensity"]
    assert form["entry"]["data"]["intensity"]["shape"] == [6, 4000]


def test_links_that_lead_round_end(ours: jsonschema.Draft202012Validator) -> None:
    tree = conforming().put("entry/again", Link("/entry")).put("entry/sample/up", Link("/entry"))
    form = schemas.as_json(tree)
    assert form["entry"]["again"] == {
        "link": "/entry",
        "unopened": "what it leads to stands elsewhere in the tree",
    }
    assert ours.is_valid(form)


def test_a_tree_of_links_that_grows_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_module, "MOST", 1000)
    many = {f"g{number}": Group("NXnote", {"a": Field(1)}) for number in range(20)}
    links = {f"l{number}": Link("/entry/all") for number in range(30)}
    tree = Group("NXroot", {"entry": Group("NXentry", {"all": Group("NXcollection", many), **links})})
    with pytest.raises(Refused, match="more than"):
        schemas.as_json(tree)


def test_a_tree_that_is_absurdly_deep_is_refused() -> None:
    group = Group("NXnote")
    for _ in range(300):
        group = Group("NXnote", {"a": group})
    with pytest.raises(Refused, match="deeper"):
        schemas.as_json(Group("NXroot", {"entry": group}))
