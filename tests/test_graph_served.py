"""A catalogue whose graphs a real Oxigraph server keeps: filed, found, checked, made again, and asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from pyoxigraph import NamedNode
from servers import described, serving
from test_graph_server import oxigraph

from nxspectra.catalogue import Catalogue
from nxspectra.catalogue.checking import check
from nxspectra.catalogue.server import GraphServer
from nxspectra.cli import program
from nxspectra.errors import FileBusy, ServerFailed, UsageError
from nxspectra.hdf5 import read, write
from nxspectra.rdf import Description, describe
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field

TITLE = "<http://purl.org/dc/terms/title>"
TITLES = f"SELECT ?title WHERE {{ ?d a <http://www.w3.org/ns/dcat#Dataset> ; {TITLE} ?title }}"


def titled(title: str, settings: Settings | None = None) -> Description:
    return described(conforming(4).put("entry/title", Field(title)), title.lower(), settings)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with oxigraph(tmp_path / "oxigraph") as address:
        yield address


def filed(folder: Path, address: str) -> Catalogue:
    with Catalogue(folder, graph=address) as catalogue:
        catalogue.file(titled("Ferropericlase"))
        catalogue.file(titled("Bridgmanite"))
        catalogue.file(titled("Embargoed", Settings(access_rights="restricted")))
    return Catalogue(folder)


def test_graphs_are_at_the_server_and_the_folder_remembers_it(tmp_path: Path, address: str) -> None:
    catalogue = filed(tmp_path / "catalogue", address)
    assert len(GraphServer(address).names()) == 3
    assert not (tmp_path / "catalogue" / "graph").exists()
    assert {hit.title for hit in catalogue.search("bridgmanite")} == {"Bridgmanite"}
    catalogue.remove(titled("Bridgmanite").pid)
    assert [name.value for name in GraphServer(address).names()] == sorted(
        (titled("Ferropericlase").iri, titled("Embargoed").iri)
    )
    with pytest.raises(UsageError, match=f"keeps its graphs at {address}"):
        Catalogue(tmp_path / "catalogue", graph="http://elsewhere.example.org")


def test_a_graph_that_is_lost_at_the_server_is_a_difference(tmp_path: Path, address: str) -> None:
    catalogue = filed(tmp_path / "catalogue", address)
    lost = titled("Bridgmanite")
    missing = {"file-missing"}  # the files of these data sets were never there
    assert {each.rule for each in check(catalogue)} == missing
    GraphServer(address).remove(NamedNode(lost.iri))
    assert [each.pid for each in check(catalogue) if each.rule == "not-in-graph"] == [lost.pid]


def test_a_rebuild_makes_the_graphs_at_the_server_again(tmp_path: Path, address: str) -> None:
    folder, file = tmp_path / "catalogue", tmp_path / "run.nxs"
    write(conforming(4), file)
    description = describe(read(file), Settings())
    Catalogue(folder, graph=address).file(description)
    before = GraphServer(address).triples(NamedNode(description.iri))
    GraphServer(address).replace(NamedNode("urn:stray"), before)
    GraphServer(address).remove(NamedNode(description.iri))
    done = CliRunner().invoke(program, ["catalogue", "rebuild", "--catalogue", str(folder)])
    assert done.exit_code == 0, done.output
    assert [name.value for name in GraphServer(address).names()] == [description.iri]
    assert list(check(Catalogue(folder))) == []


def test_one_files_at_a_time(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "catalogue"
    with Catalogue(folder, graph=address) as catalogue:
        catalogue.file(titled("First"))
        with pytest.raises(FileBusy, match="another program is filing"):
            Catalogue(folder).file(titled("Second"))
    Catalogue(folder).file(titled("Second"))
    assert len(Catalogue(folder)) == 2


def test_what_could_not_be_filed_is_filed_when_the_server_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    with oxigraph(tmp_path / "oxigraph") as address:
        Catalogue(folder, graph=address).file(titled("First"))
        port = int(address.rpartition(":")[2])
    with pytest.raises(ServerFailed, match="nothing answers there"):
        Catalogue(folder).file(titled("Second"))
    assert len(Catalogue(folder)) == 1
    with oxigraph(tmp_path / "oxigraph", port) as address:
        Catalogue(folder).file(titled("Third"))
        assert len(GraphServer(address).names()) == 3
    assert len(Catalogue(folder)) == 3


def test_a_server_is_named_at_the_shell(tmp_path: Path, address: str) -> None:
    file, folder = tmp_path / "run.nxs", tmp_path / "catalogue"
    write(conforming(4, migrated=True), file)
    arguments = ["ingest", str(file), "--catalogue", str(folder), "--graph", address]
    done = CliRunner().invoke(program, arguments)
    assert done.exit_code == 0, done.output
    assert len(GraphServer(address).names()) == 1
    done = CliRunner().invoke(
        program, ["ingest", str(file), "--catalogue", str(folder), "--graph", "ftp://a"]
    )
    assert done.exit_code == 2


@pytest.fixture
def portal(tmp_path: Path, address: str) -> Iterator[httpx.Client]:
    filed(tmp_path / "catalogue", address)
    with serving(tmp_path / "catalogue", "--query-seconds", "2") as client:
        yield client


def ask(portal: httpx.Client, query: str, **parameters: str) -> httpx.Response:
    return portal.get("/sparql", params={"query": query, **parameters})


def found(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {row["title"]["value"] for row in answer.json()["results"]["bindings"]}


def test_queries_are_handed_on_within_the_same_limits(portal: httpx.Client) -> None:
    assert found(ask(portal, TITLES)) == {"Ferropericlase", "Bridgmanite"}
    public, hidden = titled("Bridgmanite").iri, titled("Embargoed").iri
    assert found(ask(portal, TITLES.replace("WHERE", f"FROM <{public}> WHERE"))) == {"Bridgmanite"}
    assert ask(portal, f"ASK {{ GRAPH <{hidden}> {{ ?s ?p ?o }} }}").json()["boolean"] is False
    for parameters in ({"default-graph-uri": hidden}, {"named-graph-uri": "x y"}):
        refused = ask(portal, TITLES, **parameters)
        assert refused.status_code == 400
        assert "none is fetched" in refused.json()["error"]["message"]
    assert ask(portal, "SELECT * WHERE {").status_code == 400
    assert ask(portal, "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }").status_code == 400
    endless = ask(portal, "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }")
    assert endless.status_code == 503
    assert found(ask(portal, TITLES)) == {"Ferropericlase", "Bridgmanite"}
