"""Trees, settings and descriptions that the tests of RDF and records start from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rdflib
from rdflib import Literal, URIRef

from nxspectra import rdf
from nxspectra.classifiers import Model
from nxspectra.classifiers.model import Card, Grid, TrainingFile
from nxspectra.findings import Report
from nxspectra.rdf import Description, describe
from nxspectra.settings import Settings
from nxspectra.spectra import Classification, annotate
from nxspectra.testing import DIGEST, conforming
from nxspectra.tree import Group

NXS = rdflib.Namespace("https://w3id.org/nxspectra/ns#")
SCHEMA = rdflib.Namespace("https://schema.org/")
QUDT = rdflib.Namespace("http://qudt.org/schema/qudt/")
MLS = rdflib.Namespace("http://www.w3.org/ns/mls#")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
PANET = "http://purl.org/pan-science/PaNET/"

BARE = Settings()
SITE = Settings.model_validate(
    {
        "base_iri": "https://data.example.org/id/",
        "pid_prefix": "20.500.99999/",
        "publisher": {"name": "DESY", "iri": "https://ror.org/01js2sh04"},
        "creators": [{"name": "Josiah Carberry", "orcid": "0000-0002-1825-0097"}],
        "license": "CC-BY-4.0",
        "access_rights": "public",
        "issued": "2026-02-01",
        "files": "https://data.example.org/files/",
        "keywords": ["dynamic compression"],
    }
)


@dataclasses.dataclass(frozen=True)
class Origin:
    """The file that a tree of these tests is said to come from."""

    path: str = "/data/2021/run_0042.nxs"
    size: int = 5617664
    digest: str = "9f" * 32


def read(tree: Group) -> Group:
    """A tree as if it had been read from a file."""
    return tree.read_from(Origin())


def described(tree: Group | None = None, settings: Settings = BARE, **facts: Report) -> Description:
    return describe(read(conforming(12, classified=True) if tree is None else tree), settings, **facts)


def labelled(labels: list[int], **named: object) -> Group:
    """A tree with these labels, given by a person unless said otherwise."""
    made = Classification(
        classes=("low", "high"),
        class_index=np.array(labels, dtype=np.int64),
        origin="expert",
        program="nxspectra",
        version="0.1.0",
        date="2026-05-10T03:20:00+00:00",
        by="0000-0002-1825-0097",
    )
    return annotate(conforming(len(labels)), dataclasses.replace(made, **named))  # type: ignore[arg-type]


def rules(description: Description) -> set[str]:
    return {each.rule for each in rdf.check(description)}


def techniques_of(tree: Group) -> list[str]:
    return [each.removeprefix(PANET) for each in described(tree).techniques]


def part(it: URIRef, name: str) -> URIRef:
    """The node of a part of the data set."""
    return URIRef(f"{it}#{name}")


def without(predicate: URIRef, name: str | None = None) -> Callable[[rdflib.Graph, URIRef], object]:
    return lambda graph, it: graph.remove((part(it, name) if name else it, predicate, None))


def instead(
    predicate: URIRef, value: object, name: str | None = None
) -> Callable[[rdflib.Graph, URIRef], object]:
    node = value if isinstance(value, URIRef) else Literal(value)
    return lambda graph, it: graph.set((part(it, name) if name else it, predicate, node))


def also(
    predicate: URIRef, value: object, name: str | None = None
) -> Callable[[rdflib.Graph, URIRef], object]:
    node = value if isinstance(value, URIRef) else Literal(value)
    return lambda graph, it: graph.add((part(it, name) if name else it, predicate, node))


def trained(**changes: object) -> Model:
    """A model as `nxspectra train` writes it, of an estimator that needs no training."""
    two_theta = np.linspace(9.6, 25.5, 48)
    card = Card(
        classifier="nearest",
        provider="tests 1.0",
        version="0.1.0",
        date="2026-05-10T03:20:00+00:00",
        seed=0,
        parameters={"bins": 5, "step": 0.5},
        classes=("low", "high"),
        grid=Grid(first=9.6, last=25.5, n_points=48),
        energy=25.6,
        preprocessing={"background": "als"},
        training=(
            TrainingFile(
                file_name="run_0042.nxs",
                sha256="9f" * 32,
                raw_sha256=DIGEST,
                entry="/entry",
                frames={"low": "0-3", "high": "8-11"},
            ),
        ),
        figures={"n_spectra": 8.0, "training_accuracy": 0.875, "separability": (0.9, 0.8), "margin": None},
        members={},
    )
    return Model.of(Nearest(), card.model_copy(update=changes), two_theta)


class Nearest:
    """An estimator that saves nothing but its classes."""

    classes_ = np.array([0, 1])

    def save(self, path: Path) -> None:
        np.savez(path, classes=self.classes_)
