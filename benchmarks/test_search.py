"""The worry: search in a million data sets is not instant, or costs more with every data set that is filed.

    python benchmarks/test_search.py                  a million: load, pages, counts, facets, memory
    python benchmarks/test_search.py 100000 10000     other sizes; each beside the one before it
    pytest benchmarks/test_search.py                  ten thousand, beside Oxigraph and rdflib in the same run

Times are of the processor, so that the machine may have other things to do, and each is for what a search
does: find, and read what is shown. p50 and p95 are over all questions, each asked ROUNDS times.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest
import rdflib
from questions import QUESTIONS

from nxspectra.catalogue.facets import facets
from nxspectra.catalogue.finding import Finder
from nxspectra.catalogue.graphs import graph_of_record
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.query import parse
from nxspectra.catalogue.reading import records as read
from nxspectra.rdf import techniques
from nxspectra.testing.records import records

ROUNDS = 10
SMALL = 10_000

PREFIXES = """
PREFIX schema: <https://schema.org/> PREFIX nxs: <https://w3id.org/nxspectra/ns#> PREFIX dct: <http://purl.org/dc/terms/>
"""


def seconds(function: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """CPU seconds of each of some calls."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return times


def quantile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def loaded(number: int, folder: Path) -> tuple[Index, float]:
    """An index of so many, and how many a CPU second it took in, without their making."""
    index, making = Index.in_folder(folder), 0.0

    def made() -> Iterator[Any]:
        nonlocal making
        start = time.process_time()
        for record in records(number):
            making += time.process_time() - start
            yield record
            start = time.process_time()

    start = time.process_time()
    index.put(made())
    index.close()
    return index, number / (time.process_time() - start - making)


def measure(index: Index) -> dict[str, dict[str, list[float]]]:
    """CPU seconds by question and by what is wanted of its answer."""
    times: dict[str, dict[str, list[float]]] = {}
    with index.reading() as connection:
        for name, asked in QUESTIONS.items():
            query = parse(**asked)

            def page(query: Any = query) -> object:
                return read(
                    connection, [each for each, _ in Finder(connection, query).page(20).ids], whole=False
                )

            def count(query: Any = query) -> object:
                return Finder(connection, query).count()

            def facet(query: Any = query) -> object:
                return facets(Finder(connection, query))

            page()
            times[name] = {"page": seconds(page), "count": seconds(count), "facets": seconds(facet, 3)}
    return times


def report(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index, rate = loaded(number, Path(folder))
        size = (Path(folder) / "index.sqlite").stat().st_size
        print(f"\n{number:,} data sets: loaded {rate:,.0f} a CPU second, {size / number:,.0f} bytes each")
        times = measure(index)
        with index.reading() as connection:
            for name, asked in QUESTIONS.items():
                said = "  ".join(
                    f"{what} {statistics.median(found) * 1e3:7.1f} / {quantile(found, 0.95) * 1e3:7.1f} ms"
                    for what, found in times[name].items()
                )
                print(f"  {name:22} {said}  {Finder(connection, parse(**asked)).count()}")
        for what in ("page", "count", "facets"):
            every = [each for found in times.values() for each in found[what]]
            p50, p95 = (quantile(every, share) * 1e3 for share in (0.5, 0.95))
            print(f"  {what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
        index.close()
    print(
        f"  most memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


# -- beside others -----------------------------------------------------------------------------


def as_sparql() -> dict[str, tuple[dict[str, Any], str]]:
    """The same questions to us and, in SPARQL, to those that keep graphs."""
    narrower = " ".join(f"<{iri}>" for iri in techniques.table().resolve("small angle x-ray scattering"))
    ranged = (
        "?d schema:variableMeasured ?p . ?p schema:name 'sample_pressure' ;"
        " nxs:siMin ?low ; nxs:siMax ?high ."
    )
    return {
        "range": (
            {"parameters": {"pressure": "118..119GPa"}},
            f"{ranged} FILTER(?low <= 119e9 && ?high >= 118e9)",
        ),
        "technique": (
            {"technique": "small angle x-ray scattering"},
            f"VALUES ?t {{ {narrower} }} ?d schema:measurementTechnique ?t .",
        ),
        "text": (
            {"text": "decompression bridgmanite"},
            "?d dct:title ?title FILTER(CONTAINS(LCASE(?title), 'decompression')"
            " && CONTAINS(LCASE(?title), 'bridgmanite'))",
        ),
        "combined": (
            {"text": "bridgmanite", "parameters": {"pressure": "118..119GPa"}},
            f"{ranged} FILTER(?low <= 119e9 && ?high >= 118e9)"
            " ?d dct:title ?title FILTER(CONTAINS(LCASE(?title), 'bridgmanite'))",
        ),
    }


@pytest.mark.parametrize("question", list(as_sparql()))
def test_a_page_comes_sooner_than_from_graphs(question: str, peers: Any) -> None:
    index, oxigraph, graph = peers
    asked, pattern = as_sparql()[question]
    sparql = f"{PREFIXES} SELECT DISTINCT ?d WHERE {{ {pattern} }}"
    with index.reading() as connection:
        page = Finder(connection, parse(**asked)).page(20).ids
        ours = min(seconds(lambda: Finder(connection, parse(**asked)).page(20)))
    found = len(list(oxigraph.query(sparql, use_default_graph_as_union=True)))
    theirs = min(seconds(lambda: list(oxigraph.query(sparql, use_default_graph_as_union=True)), 3))
    rdflibs = min(seconds(lambda: list(graph.query(sparql)), 1))
    print(
        f"{question}: {found} of {SMALL:,}; index {ours * 1e3:.1f} ms, Oxigraph {theirs * 1e3:.1f} ms"
        f" (ratio {theirs / ours:.1f}), rdflib {rdflibs * 1e3:.0f} ms (ratio {rdflibs / ours:.0f})"
    )
    assert min(found, 20) == len(page)
    assert rdflibs > ours


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The index, Oxigraph in memory and rdflib in memory, each with the same ten thousand data sets."""
    index, rate = loaded(SMALL, tmp_path_factory.mktemp("index"))
    print(f"loaded {rate:,.0f} a CPU second")
    store, graph = pyoxigraph.Store(), rdflib.Graph()
    quads = []
    for record in records(SMALL):
        made = graph_of_record(record)
        assert made is not None
        quads += [pyoxigraph.Quad(*triple, made.name) for triple in made.triples]
    store.bulk_extend(quads)
    graph.parse(
        data=pyoxigraph.serialize([q.triple for q in quads], format=pyoxigraph.RdfFormat.N_TRIPLES),
        format="nt",
    )
    yield index, store, graph
    index.close()


if __name__ == "__main__":
    for size in [int(each) for each in sys.argv[1:]] or [1_000_000]:
        report(size)
