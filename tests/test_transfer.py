"""import and harvest at the shell: what was taken over answers as the original, also after a rebuild."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import CliRunner, Result
from servers import described, serving
from test_transfer_memory import PID, filed, models

from nxspectra.catalogue import Catalogue
from nxspectra.cli import program
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field

OURS = {"id", "score"}
"""Numbers that a catalogue gives itself."""
PEOPLE = [{"relation": "person"}, {"relation": "affiliation"}]
MEMBERS = {"include": [{"relation": "members", "scope": {"include": PEOPLE}}]}
PLAIN = ("instrument", "techniques", "samples", "parameters", "files")
EVERYTHING = [{"relation": "documents", "scope": MEMBERS}, *({"relation": each} for each in PLAIN)]
PRESSED = {"and": [{"name": "sample_pressure"}, {"value": {"between": [300, 500]}}, {"unit": "kbar"}]}
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("/api/Datasets", {"filter": {"include": EVERYTHING, "order": "pid ASC", "limit": 0}}),
    ("/api/Documents", {"filter": {"include": [{"relation": "members"}], "limit": 0}}),
    ("/api/Instruments", {"filter": {"limit": 0}}),
    ("/api/Datasets", {"filter": {"include": [{"relation": "parameters", "scope": {"where": PRESSED}}]}}),
    (
        "/api/Datasets",
        {"filter": {"include": [{"relation": "techniques", "scope": {"where": {"name": "diffraction"}}}]}},
    ),
    ("/api/Datasets/count", {"where": {"title": {"ilike": "%perovskite%"}}}),
]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(program, list(map(str, arguments)))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A catalogue of ramps, of which one is under embargo."""
    folder = tmp_path_factory.mktemp("original") / "catalogue"
    with Catalogue(folder) as catalogue:
        for number in range(7):
            tree = conforming(4, classified=True).put(
                "entry/title", Field(f"Ramp {number}: <b>'perovskite'</b> ü")
            )
            pressure = np.linspace(10 * number, 10 * number + 8, 4)
            tree = tree.put("entry/sample/pressure", Field(pressure, units="GPa"))
            settings = Settings(access_rights="restricted" if number == 3 else "public", license="CC-BY-4.0")
            catalogue.file(described(tree, f"ramp_{number}", settings))
    with serving(folder) as client:
        yield client


def plain(answer: Any) -> Any:
    """An answer without the numbers that a catalogue gives itself, and without order where there is none."""
    if isinstance(answer, list):
        return sorted((plain(each) for each in answer), key=lambda each: json.dumps(each, sort_keys=True))
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items() if name not in OURS}
    return answer


def answers(client: httpx.Client) -> list[Any]:
    told = []
    for path, asked in QUESTIONS:
        response = client.get(path, params={name: json.dumps(value) for name, value in asked.items()})
        assert response.status_code == 200, response.text
        assert response.json(), f"{path} {asked} finds nothing, so it compares nothing"
        told.append(plain(response.json()))
    return told


def test_a_harvested_catalogue_answers_as_the_original(original: httpx.Client, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    arguments = (
        "catalogue",
        "harvest",
        str(original.base_url),
        "--catalogue",
        folder,
        "--page",
        "4",
        "--pause",
        "0",
    )
    done = run(*arguments)
    assert done.exit_code == 0, done.stderr
    assert "6 data sets from http://127.0.0.1" in done.stdout
    again = run(*arguments)
    assert again.exit_code == 0
    assert len(Catalogue(folder)) == 6
    with serving(folder) as copy:
        assert answers(copy) == answers(original)
        sparql = copy.get(
            "/sparql", params={"query": "SELECT ?d { ?d a <http://www.w3.org/ns/dcat#Dataset> }"}
        )
        assert len(sparql.json()["results"]["bindings"]) == 6


def test_an_import_is_found_and_found_again_after_a_rebuild(tmp_path: Path) -> None:
    folder, file = tmp_path / "catalogue", filed(tmp_path, models())
    done = run("catalogue", "import", file, "--catalogue", folder)
    assert (done.exit_code, done.stdout) == (0, f"2 data sets from {file}\n")
    (hit,) = Catalogue(folder).search(parameters={"pressure": "440..442 kbar"})
    assert hit.pid == PID
    assert run("catalogue", "rebuild", "--catalogue", folder).exit_code == 0
    assert [each.pid for each in Catalogue(folder).search(technique="powder diffraction")] == [PID]
    assert run("catalogue", "check", "--catalogue", folder).exit_code == 0


def test_importing_again_replaces(tmp_path: Path) -> None:
    folder, content = tmp_path / "catalogue", models()
    run("catalogue", "import", filed(tmp_path, content), "--catalogue", folder)
    del content["Dataset"][PID]
    assert run("catalogue", "import", filed(tmp_path, content), "--catalogue", folder).exit_code == 0
    assert len(Catalogue(folder)) == 1
    assert Catalogue(folder).get(PID) is None


def test_what_was_imported_and_is_not_public_is_shown_to_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    run("catalogue", "import", filed(tmp_path, models()), "--catalogue", folder)
    with serving(folder) as portal:
        assert portal.get("/api/Datasets/count").json() == {"count": 1}
        graphs = portal.get(
            "/sparql", params={"query": "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"}
        ).json()
        assert len(graphs["results"]["bindings"]) == 1
        asked = portal.post("/api/interpretations", json={"dataset": "20.500.99999/ramp-2", "model": "x"})
        assert asked.status_code == 404


def test_broken_things_are_findings(tmp_path: Path) -> None:
    file = filed(tmp_path, models(), Parameter__1="{")
    done = run("catalogue", "import", file, "--catalogue", tmp_path / "catalogue", "--format", "json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["datasets"] == 2
    assert [(each["path"], each["rule"]) for each in told["findings"]] == [("Parameter/1", "no-json")]


def test_a_file_that_cannot_be_read_leaves_no_catalogue(tmp_path: Path) -> None:
    done = run("catalogue", "import", tmp_path / "none.json", "--catalogue", tmp_path / "catalogue")
    assert done.exit_code == 3
    assert not (tmp_path / "catalogue").exists()


def test_an_address_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    done = run("catalogue", "harvest", "ftp://a", "--catalogue", tmp_path / "catalogue")
    assert done.exit_code == 2
    assert "is not an http or https address" in done.stderr
