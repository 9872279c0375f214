"""The worry: describing and filing a data set costs more than reading it.

Describing needs no RDF library; writing the graph with rdflib is the peer, in the same run. Filing is
measured inside a `with`, as ingest does it, and search on a catalogue of a thousand data sets.
`pytest benchmarks/test_describe.py`.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nxspectra import rdf
from nxspectra.catalogue import Catalogue
from nxspectra.rdf import Description, describe
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field

MANY = 1000


@dataclasses.dataclass(frozen=True)
class Origin:
    digest: str
    path: str = "/data/2021/run.nxs"
    size: int = 5617664


def described(number: int) -> Description:
    """One of many classified ramps, each over 10 GPa somewhere between 0 and 110 GPa."""
    low = number % 100
    tree = conforming(349, classified=True, n_points=8)
    tree = tree.put("entry/sample/pressure", Field(np.linspace(low, low + 10, 349), units="GPa"))
    tree = tree.put("entry/title", Field(f"Compression {number} of ferropericlase"))
    return describe(tree.read_from(Origin(f"{number:064x}")), Settings())


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    catalogue = Catalogue(tmp_path_factory.mktemp("many"))
    start = time.process_time()
    with catalogue:
        for number in range(MANY):
            catalogue.file(described(number))
    print(f"describe and file: {(time.process_time() - start) / MANY * 1e3:.1f} CPU ms a data set")
    return catalogue


def seconds(function: Callable[[], object]) -> float:
    """CPU seconds: the machine may have other things to do."""
    times = []
    for _ in range(5):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def test_describing(benchmark: BenchmarkFixture) -> None:
    tree = conforming(349, classified=True).read_from(Origin("0" * 64))
    benchmark(describe, tree, Settings())


@pytest.mark.parametrize("form", ["n-triples", "turtle", "json-ld"])
def test_writing(benchmark: BenchmarkFixture, form: rdf.Format) -> None:
    description = described(0)
    benchmark(description.serialize, format=form)


def test_writing_turtle_is_quicker_than_by_rdflib() -> None:
    description = described(0)
    description.graph()
    peer = seconds(lambda: description.graph().serialize(format="turtle"))
    ours = seconds(lambda: description.serialize(format="turtle"))
    print(f"turtle: rdflib {peer * 1e3:.1f} ms, ours {ours * 1e3:.1f} ms; ratio {peer / ours:.1f}")
    assert peer > 3 * ours


def test_checking(benchmark: BenchmarkFixture) -> None:
    description = described(0)
    rdf.check(description)
    benchmark.pedantic(rdf.check, (description,), rounds=5)


def test_filing(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    description = described(0)
    with Catalogue(tmp_path / "catalogue") as catalogue:
        benchmark.pedantic(catalogue.file, (description,), rounds=50)


@pytest.mark.parametrize(
    "question",
    [
        {"parameters": {"pressure": "> 108 GPa"}},
        {"technique": "x-ray diffraction"},
        {"label": "low"},
        {"text": "compression 17"},
        {"technique": "diffraction", "label": "low", "parameters": {"pressure": "10..20GPa"}},
    ],
    ids=["range", "technique", "label", "text", "combined"],
)
def test_searching_a_thousand(
    benchmark: BenchmarkFixture, catalogue: Catalogue, question: dict[str, str]
) -> None:
    benchmark.pedantic(catalogue.search, kwargs=question, rounds=5)
