"""Interpretation on request, by real servers: asked, made once, told, also when servers are killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyoxigraph
import pytest
from indexes import postgresql
from pyoxigraph import NamedNode, RdfFormat
from servers import Running, running

import nxspectra as nxs
from nxspectra.catalogue.index import Index
from nxspectra.hdf5 import sha256
from nxspectra.interpretation.answering import explained, interpret
from nxspectra.interpretation.jobs import Asked, Jobs
from nxspectra.rdf import describe
from nxspectra.settings import Settings
from nxspectra.simulation import simulate
from nxspectra.testing import conforming
from nxspectra.tree import Field

pytest.importorskip("torch", reason="torch is of the extra `train`")

PAGE = Path(__file__).parent.parent / "docs/how-to/ask-for-an-interpretation.md"
FRAMES = 24
HIDDEN = "embargoed"


def run(seed: int) -> nxs.Group:
    spectra = simulate(seed=seed, frames=FRAMES, points=500).spectra
    root = conforming(FRAMES, 500)
    root = root.put("entry/data/intensity", Field(spectra.intensity, units="counts"))
    root = root.put("entry/data/two_theta", Field(spectra.two_theta, units="deg"))
    return root.put("entry/sample/pressure", Field(spectra.pressure, units="GPa"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models: one that works, and one that is none."""
    folder = tmp_path_factory.mktemp("models")
    nxs.train([run(0)], ["low=4-8", "high=18-22"], bins=5, iterations=30, hidden=30).save(folder / "fe.npz")
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 no model")
    return folder


def catalogue(parent: Path, *names: str, index: str | None = None) -> Path:
    """A catalogue of files of these names, of which one may be under embargo."""
    folder = parent / "catalogue"
    with nxs.Catalogue(folder, index=index) as catalogue:
        for seed, name in enumerate(names, start=1):
            file = parent / f"{name}.nxs"
            nxs.write(run(seed), file)
            settings = Settings(access_rights="restricted") if name == HIDDEN else Settings()
            catalogue.file(describe(nxs.read(file), settings))
    return folder


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return catalogue(
        tmp_path_factory.mktemp("interpretation"), "one", "two", "changed", "missing", "damaged", HIDDEN
    )


@pytest.fixture(scope="module")
def portal(filed: Path, models: Path) -> Iterator[httpx.Client]:
    with server(filed, models) as started:
        yield started.client


def server(folder: Path, models: Path, *options: str) -> AbstractContextManager[Running]:
    return running(
        folder, *options, env={**os.environ, "NXSPECTRA_MODELS": str(models), "OMP_NUM_THREADS": "1"}
    )


def pid(folder: Path, name: str) -> str:
    return f"sha256:{sha256(folder.parent / f'{name}.nxs')}"


def ask(portal: httpx.Client, dataset: str, model: str = "fe") -> httpx.Response:
    return portal.post("/api/interpretations", json={"dataset": dataset, "model": model})


def answer(portal: httpx.Client, where: str, until: tuple[str, ...] = ("done", "failed")) -> dict[str, Any]:
    for _ in range(1200):
        told = portal.get(where).json()
        if told["state"] in until:
            return dict(told)
        time.sleep(0.1)
    raise AssertionError(told)


def message(response: httpx.Response) -> str:
    return str(response.json()["error"]["message"])


def test_the_answer_is_what_the_model_makes_of_the_file(
    portal: httpx.Client, filed: Path, models: Path
) -> None:
    file = filed.parent / "one.nxs"
    before = file.read_bytes()
    asked = ask(portal, pid(filed, "one"))
    assert asked.status_code == 202
    where = asked.headers["location"]
    told = answer(portal, where)
    assert told["state"] == "done", told
    expected = nxs.classify(nxs.read(file), nxs.Model.load(models / "fe.npz"))
    labels: list[str | None] = []
    for each in told["labels"]:
        labels += [each["label"]] * (each["last"] - each["first"] + 1)
    assert tuple(labels) == expected.labels
    assert np.allclose(told["probabilities"], expected.probability, atol=1e-6)
    assert told["boundaries"] == [each.as_json() for each in expected.boundaries]
    assert sum(each["part"] for each in told["regions"]) == pytest.approx(1, abs=1e-4)
    assert told["model"]["card"]["classes"] == ["low", "high"]
    assert told["provenance"]["file"]["sha256"] == sha256(file)
    again = ask(portal, pid(filed, "one"))
    assert again.status_code == 200
    assert again.json() == told, "the stored answer"
    assert portal.get(where, headers={"Accept": "image/png"}).status_code == 406
    check_linked(portal.get(where, headers={"Accept": "application/ld+json"}), told)
    assert file.read_bytes() == before


def check_linked(linked: httpx.Response, told: Mapping[str, Any]) -> None:
    """The JSON-LD says the same, in the terms of the descriptions."""
    assert linked.headers["content-type"] == "application/ld+json"
    store = pyoxigraph.Store()
    store.load(linked.content, format=RdfFormat.JSON_LD)
    found = store.query(
        "PREFIX nxs: <https://w3id.org/nxspectra/ns#> PREFIX prov: <http://www.w3.org/ns/prov#>"
        " SELECT ?first ?last ?data ?model WHERE { ?r a nxs:ClassificationResult ; prov:wasDerivedFrom"
        " ?data ; nxs:segment [ nxs:firstFrame ?first ; nxs:lastFrame ?last ] ;"
        " prov:wasGeneratedBy [ prov:used ?model ]"
        " . ?model a <http://www.w3.org/ns/mls#Model> } ORDER BY ?first"
    )
    rows = [
        (int(row["first"].value), int(row["last"].value), row["data"], row["model"].value) for row in found
    ]
    assert [row[:2] for row in rows] == [(each["first"], each["last"]) for each in told["labels"]]
    assert rows[0][2] == NamedNode(told["dataset"]["iri"])
    assert rows[0][3].endswith(told["model"]["sha256"])


def test_what_cannot_be_asked_is_refused_with_a_reason(
    portal: httpx.Client, filed: Path, models: Path
) -> None:
    unknown = ask(portal, "sha256:nothing")
    hidden = ask(portal, pid(filed, HIDDEN))
    strange = ask(portal, pid(filed, "one"), "fr")
    escaping = ask(portal, pid(filed, "one"), str(models / "fe.npz"))
    broken = ask(portal, pid(filed, "one"), "broken")
    refused = (unknown, hidden, strange, escaping, broken)
    assert [each.status_code for each in refused] == [404, 404, 404, 404, 409]
    assert "no public data set" in message(hidden)
    assert "there are: broken, fe" in message(strange)
    assert str(models) not in message(broken)
    assert portal.get("/api/interpretations/nothing").status_code == 404
    assert portal.get("/api/interpretations/%00").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"dataset": 1, "model": "fe"}',
        b'{"dataset": "a", "model": "b", "path": "/etc/passwd"}',
        b'{"dataset": "' + b"a" * 300 + b'", "model": "fe"}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_request_is_refused_with_a_reason(portal: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = portal.post("/api/interpretations", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert message(response)


def test_the_models_are_listed_with_their_cards(portal: httpx.Client, models: Path) -> None:
    broken, good = portal.get("/api/models").json()
    assert (good["name"], good["sha256"]) == ("fe", sha256(models / "fe.npz"))
    assert good["card"]["classifier"] == "weighted"
    assert portal.get("/api/models/fe").json() == good
    assert broken["card"] is None
    assert "not a model" in broken["reason"]
    assert portal.get("/api/models/none").status_code == 404


def test_a_file_that_is_not_what_was_filed_fails_with_the_reason(portal: httpx.Client, filed: Path) -> None:
    folder, names = filed.parent, ("changed", "missing", "damaged")
    asked = {name: pid(filed, name) for name in names}
    nxs.write(run(77), folder / "changed.nxs", overwrite=True)
    (folder / "missing.nxs").unlink()
    (folder / "damaged.nxs").write_bytes((folder / "damaged.nxs").read_bytes()[:5000])
    told = {name: answer(portal, ask(portal, asked[name]).headers["location"]) for name in names}
    assert {each["state"] for each in told.values()} == {"failed"}
    assert "has changed since it was filed" in told["changed"]["reason"]
    assert "not where it was" in told["missing"]["reason"]
    assert "damaged.nxs" in told["damaged"]["reason"]
    assert str(folder) not in str(told)


def test_the_client_of_the_page_works(
    portal: httpx.Client, filed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    block = re.search(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block is not None
    program = block[1].replace("fe80mg20", "fe")
    assert len(program.splitlines()) == 3
    address = str(portal.base_url).rstrip("/")
    names = {"httpx": httpx, "time": time, "portal": address, "pid": pid(filed, "two")}
    exec(compile(program, PAGE.name, "exec"), names)
    assert capsys.readouterr().out.startswith("done [{'label': ")


def test_a_model_that_does_not_vote_tells_which_regions_decided_too(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    model = nxs.train([run(0)], ["low=4-8", "high=18-22"], classifier="reference")
    model.save(folder / "plain.npz")
    nxs.write(run(1), tmp_path / "one.nxs")
    root, saved = nxs.read(tmp_path / "one.nxs"), nxs.Model.load(folder / "plain.npz")
    found = nxs.classify(root, saved)
    assert found.votes is None
    whole = explained(found, root, saved)
    assert whole is not None
    assert np.isfinite(whole.weight).all(axis=1).tolist() == [label is not None for label in found.labels]
    hurried = explained(found, root, saved, seconds=0)
    assert hurried is not None
    assert np.isfinite(hurried.weight).all(axis=1).sum() == 1
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NXSPECTRA_MODELS", str(folder))
        file = tmp_path / "one.nxs"
        asked = Asked("20.500/1", "https://a/b", "x", str(file), sha256(file), "plain", saved.digest)
        told = interpret(asked, Settings())
    assert told["explained_by"] == whole.method == "attribution"
    assert sum(each["part"] for each in told["regions"]) == pytest.approx(1, abs=1e-3)
    deciding = max(told["regions"], key=lambda each: each["part"])
    assert set(deciding["weights"]) == {"low", "high"}
    assert max(deciding["weights"].values()) > 0


# -- servers that end --------------------------------------------------------------------------


def test_a_job_of_a_server_that_was_killed_is_done_by_the_next(tmp_path: Path, models: Path) -> None:
    folder = catalogue(tmp_path, "one", "two")
    with server(folder, models) as first:
        places = [ask(first.client, pid(folder, name)).headers["location"] for name in ("one", "two")]
        answer(first.client, places[0], ("running",))
        first.process.kill()
    with server(folder, models) as second:
        told = [answer(second.client, where) for where in places]
    assert [each["state"] for each in told] == ["done", "done"]
    assert attempts(folder) == {"one": 2, "two": 1}


def test_a_job_of_a_server_that_was_interrupted_waits_for_the_next(tmp_path: Path, models: Path) -> None:
    folder = catalogue(tmp_path, "one")
    with server(folder, models) as first:
        where = ask(first.client, pid(folder, "one")).headers["location"]
        answer(first.client, where, ("running",))
    with server(folder, models) as second:
        assert answer(second.client, where)["state"] == "done"
    assert attempts(folder) == {"one": 1}


def test_two_servers_share_the_work_and_do_each_job_once(tmp_path: Path, models: Path) -> None:
    names = ("one", "two", "three")
    folder = catalogue(tmp_path, *names)
    with server(folder, models) as one, server(folder, models) as two:
        places = []
        for name in names:
            first, second = ask(one.client, pid(folder, name)), ask(two.client, pid(folder, name))
            assert first.headers["location"] == second.headers["location"]
            places.append(first.headers["location"])
        told = [answer(two.client, where) for where in places]
        assert told == [answer(one.client, where) for where in places]
    assert [each["state"] for each in told] == ["done"] * len(names)
    assert attempts(folder) == dict.fromkeys(names, 1)


def test_jobs_in_postgresql_outlive_a_server_too(tmp_path: Path, models: Path) -> None:
    with postgresql() as url:
        folder = catalogue(tmp_path, "one", index=url)
        with server(folder, models, "--index", url) as first:
            where = ask(first.client, pid(folder, "one")).headers["location"]
            answer(first.client, where, ("running",))
            first.process.kill()
        with server(folder, models, "--index", url) as second:
            told = answer(second.client, where)
            assert told["state"] == "done"
            assert ask(second.client, pid(folder, "one")).json() == told, "the stored answer"
        assert not (folder / "index.sqlite").exists()


def test_a_long_queue_is_told_to_come_again(tmp_path: Path, models: Path) -> None:
    folder = catalogue(tmp_path, "one")
    jobs = Jobs(Index.in_folder(folder), "another", most_waiting=1000)
    for number in range(130):
        jobs.ask(Asked(f"20.500/{number}", "https://a/b", "x", "/nowhere/x.nxs", "a" * 64, "fe", "b" * 64))
    with server(folder, models) as full:
        response = ask(full.client, pid(folder, "one"))
    assert response.status_code == 429
    assert response.headers["retry-after"] == "60"


def test_the_server_itself_cannot_open_a_file_of_data() -> None:
    program = (
        "import sys, nxspectra.portal.application; sys.exit('h5py' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def attempts(folder: Path) -> dict[str, int]:
    """How often each job was taken up, by the name of its file."""
    with Index.in_folder(folder).reading() as connection:
        rows = connection.exec_driver_sql("SELECT id, attempts FROM jobs").all()
    jobs = Jobs(Index.in_folder(folder), "who looks")
    found = {row.id: jobs.get(row.id) for row in rows}
    return {Path(job.asked.path).stem: job.attempts for job in found.values() if job is not None}
