"""The worry: search in a million data sets is not instant, or costs more with every data set that is filed.

    python benchmarks/test_search.py                  a million: load, pages, counts, facets, memory, PaN API
    python benchmarks/test_search.py 100000 10000     other sizes; each beside the one before it
    python benchmarks/test_search.py catalogue        the index of a catalogue that is there
    pytest benchmarks/test_search.py                  ten thousand, beside Oxigraph and rdflib in the same run

Times are of the processor, so that the machine may have other things to do, and each is for what a search
does: find, and read what is shown. p50 and p95 are over all questions, each asked ROUNDS times.
"""

from __future__ import annotations

import math
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest
import rdflib
from questions import FILTERS, QUESTIONS, WHERES

from nxspectra.catalogue.facets import facets
from nxspectra.catalogue.finding import Finder
from nxspectra.catalogue.graphs import graph_of_record
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan import answers
from nxspectra.catalogue.pan.answers import Page
from nxspectra.catalogue.pan.asking import asking
from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.filters import parse as read_filter
from nxspectra.catalogue.pan.filters import parse_where
from nxspectra.catalogue.pan.schema import MODELS
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
    """The smallest of these times that so great a part of them do not exceed."""
    return sorted(times)[max(0, math.ceil(share * len(times)) - 1)]


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


def measure_pan(index: Index) -> dict[str, dict[str, list[float]]]:
    """The same of the PaN search API: first pages of ten, with what is asked for joined, and counts."""
    times: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for name, (model, asked) in FILTERS.items():
        page = Page(model, read_filter({"limit": 10, **asked}, MODELS[model]))

        def shown(page: Page = page) -> object:
            with asking(index, 600) as connection:
                conditions = Conditions(connection)
                return answers.things(conditions, page, answers.found(conditions, page))

        times[f"list: {name}"]["page"] = seconds(shown)
    for name, (model, where) in WHERES.items():
        wanted = parse_where(where, MODELS[model])

        def counted(model: str = model, wanted: Any = wanted) -> object:
            with asking(index, 600) as connection:
                return answers.count(Conditions(connection), model, wanted)

        times[f"count: {name}"]["count"] = seconds(counted)
    return times


def tell(times: dict[str, dict[str, list[float]]], found: dict[str, object]) -> None:
    for name, measured in times.items():
        said = "  ".join(
            f"{what} {statistics.median(each) * 1e3:7.1f} / {quantile(each, 0.95) * 1e3:7.1f} ms"
            for what, each in measured.items()
        )
        print(f"  {name:28} {said}  {found.get(name, '')}", flush=True)
    for what in ("page", "count", "facets"):
        every = [each for measured in times.values() for each in measured.get(what, ())]
        if every:
            p50, p95, most = (quantile(every, share) * 1e3 for share in (0.5, 0.95, 1))
            print(f"  {what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, the slowest {most:.1f} ms", flush=True)


def report(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index, rate = loaded(number, Path(folder))
        size = (Path(folder) / "index.sqlite").stat().st_size
        print(
            f"\n{number:,} data sets: loaded {rate:,.0f} a CPU second, {size / number:,.0f} bytes each",
            flush=True,
        )
        asked_of(index)


def asked_of(index: Index) -> None:
    """All that is asked of an index, with how long it took; median / p95 of each."""
    times = measure(index)
    with index.reading() as connection:
        found: dict[str, object] = {
            name: Finder(connection, parse(**asked)).count() for name, asked in QUESTIONS.items()
        }
    tell(times, found)
    print("  of the PaN search API:")
    tell(measure_pan(index), {})
    index.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  most memory of this process: {peak:.0f} MB", flush=True)


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
    for given in sys.argv[1:] or ["1000000"]:
        # an index that is there already is only asked
        report(int(given)) if given.isdigit() else asked_of(Index.in_folder(Path(given)))
