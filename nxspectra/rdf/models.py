"""A trained model described for the web, as a file is: what it is, what it was trained on, how good it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from nxspectra.files import write_whole
from nxspectra.rdf.description import File
from nxspectra.rdf.facts import data_set_iri
from nxspectra.rdf.model_triples import triples
from nxspectra.rdf.publication import Publication
from nxspectra.rdf.results import NAME
from nxspectra.rdf.terms import Iri, Triple, iso_moment, model_iri, plain, segment
from nxspectra.rdf.writing import Format, as_text
from nxspectra.settings import Settings

if TYPE_CHECKING:
    import rdflib

PREFIX = "sha256:"
"""The identifier of a model is this and the sha256 of its file."""


class TrainedOn(Protocol):
    """A file that a model was trained on."""

    @property
    def file_name(self) -> str: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def raw_sha256(self) -> str | None: ...
    @property
    def entry(self) -> str: ...
    @property
    def frames(self) -> Mapping[str, str]: ...


class Axis(Protocol):
    """The angle axis of a model, in degrees."""

    @property
    def first(self) -> float: ...
    @property
    def last(self) -> float: ...
    @property
    def n_points(self) -> int: ...


class HeldOut(Protocol):
    """The files that a model was calibrated on, and what that gave."""

    @property
    def method(self) -> str: ...
    @property
    def files(self) -> Sequence[TrainedOn]: ...
    @property
    def figures(self) -> Mapping[str, float | None]: ...


class ModelCard(Protocol):
    """What a model file says of itself."""

    @property
    def classifier(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def program(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def date(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def parameters(self) -> Mapping[str, object]: ...
    @property
    def classes(self) -> Sequence[str]: ...
    @property
    def grid(self) -> Axis: ...
    @property
    def energy(self) -> float | None: ...
    @property
    def preprocessing(self) -> Mapping[str, object]: ...
    @property
    def training(self) -> Sequence[TrainedOn]: ...
    @property
    def figures(self) -> Mapping[str, float | tuple[float, ...] | None]: ...
    @property
    def calibration(self) -> HeldOut | None: ...


class TrainedModel(Protocol):
    """A model as it was read from its file: `nxspectra.Model` is one."""

    @property
    def card(self) -> ModelCard: ...
    @property
    def digest(self) -> str: ...
    @property
    def file_name(self) -> str: ...
    @property
    def content(self) -> bytes: ...


@dataclass(frozen=True)
class TrainingData:
    """The spectra of one file that a model was trained on."""

    file_name: str
    digest: str | None
    """sha256 of the file in hex."""
    data_set: Iri | None
    """The data set it belongs to, as the site names it; None where no digest is known."""
    entry: str
    frames: Mapping[str, str]
    """Which frames, by class: `80,120-125`; none where it was learned from without classes."""


@dataclass(frozen=True)
class HeldOutData:
    """What a model was calibrated on, and what was measured there."""

    method: str
    files: tuple[TrainingData, ...]
    figures: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ModelDescription(Publication):
    """A model: what it is for, how it was made, of what, and what was measured of it."""

    pid: str
    iri: Iri
    title: str
    text: str
    classifier: str
    provider: str
    """Distribution that the classifier comes from, with version."""
    program: str
    version: str
    trained: str | None
    """When; ISO 8601."""
    seed: int
    parameters: Mapping[str, str]
    """Hyperparameters, as text."""
    preprocessing: Mapping[str, str]
    classes: tuple[str, ...]
    two_theta: tuple[float, float]
    """Degrees."""
    n_points: int
    energy: float | None
    """keV, of the beam of the training spectra."""
    training: tuple[TrainingData, ...]
    figures: Mapping[str, float | tuple[float, ...]]
    """What was measured; a tuple has one value a bin."""
    calibration: HeldOutData | None = None
    """None for a model that was not calibrated."""
    file: File
    keywords: tuple[str, ...]
    label_scheme: Iri

    def triples(self) -> list[Triple]:
        """Everything that is published about the model, without blank nodes and in a stable order."""
        return triples(self)

    def graph(self) -> rdflib.Graph:
        """The triples as an rdflib Graph, with prefixes."""
        # rdflib takes longer to import than describing does
        from nxspectra.rdf.graph import graph  # noqa: PLC0415

        return graph(self)

    def serialize(self, destination: str | os.PathLike[str] | None = None, format: Format = "turtle") -> str:  # noqa: A002
        """The description as text, also written to `destination` if that is given.

        Raises UsageError for another format, FileError if it cannot be written.
        """
        text = as_text(self, format)
        if destination is not None:
            write_whole(destination, text)
        return text


def describe_model(model: TrainedModel, settings: Settings | None = None) -> ModelDescription:
    """The description of a model. Settings are those of $NXSPECTRA_CONFIG unless given.

    Raises SettingsError.
    """
    site = Settings.load() if settings is None else settings
    card, pid = model.card, PREFIX + model.digest
    name, what = plain(PurePath(model.file_name).name, NAME), plain(card.classifier, NAME)
    classes = tuple(dict.fromkeys(plain(each, NAME) for each in card.classes))
    return ModelDescription(
        pid=pid,
        iri=model_iri(site.base_iri, model.digest),
        title=f"{PurePath(name).stem}: a {what} classifier of {' and '.join(classes)}",
        text=" ".join(_summary(card, classes)),
        classifier=what,
        provider=plain(card.provider, NAME),
        program=plain(card.program, NAME),
        version=plain(card.version, NAME),
        trained=iso_moment(card.date),
        seed=card.seed,
        parameters=_texts(card.parameters),
        preprocessing=_texts(card.preprocessing),
        classes=classes,
        two_theta=(card.grid.first, card.grid.last),
        n_points=card.grid.n_points,
        energy=card.energy,
        training=tuple(_training(each, site) for each in card.training),
        figures={plain(key, NAME): value for key, value in card.figures.items() if value is not None},
        calibration=None if card.calibration is None else _held_out(card.calibration, site),
        file=File(
            name,
            len(model.content),
            model.digest,
            model.file_name,
            Iri(site.models + segment(name)) if site.models else None,
        ),
        keywords=tuple(
            dict.fromkeys(("classifier", "diffraction", *(plain(word, NAME) for word in site.keywords)))
        ),
        label_scheme=Iri(site.label_scheme),
        # the pages of a site are of data sets
        **vars(replace(Publication.of(site, pid), landing_page=None)),
    )


def _held_out(held: HeldOut, site: Settings) -> HeldOutData:
    return HeldOutData(
        plain(held.method, NAME),
        tuple(_training(each, site) for each in held.files),
        {plain(key, NAME): value for key, value in held.figures.items() if value is not None},
    )


def _training(used: TrainedOn, site: Settings) -> TrainingData:
    raw = used.raw_sha256 or used.sha256
    return TrainingData(
        file_name=plain(PurePath(used.file_name).name, NAME),
        digest=used.sha256,
        data_set=None if raw is None else data_set_iri(site, raw),
        entry=plain(used.entry, NAME),
        frames={plain(label, NAME): plain(frames, NAME) for label, frames in used.frames.items()},
    )


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {plain(key, NAME): plain(_text(value), NAME) for key, value in values.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _summary(card: ModelCard, classes: Sequence[str]) -> Iterator[str]:
    yield (
        f"Tells {', '.join(classes)} apart in diffraction spectra between {card.grid.first:g} and"
        f" {card.grid.last:g} degrees two theta ({card.grid.n_points} points)"
        + (f", measured at {card.energy:g} keV." if card.energy is not None else ".")
    )
    spectra = card.figures.get("n_spectra")
    labelled = sum(bool(each.frames) for each in card.training)
    many = _files(labelled)
    if isinstance(spectra, float | int):
        many = f"{spectra:.0f} labelled spectra of {many}"
    if labelled < len(card.training):
        many += f", and on spectra without a label of {_files(len(card.training) - labelled)}"
    yield f"Trained on {many}"
    yield f"by {plain(card.program, NAME)} {plain(card.version, NAME)} with seed {card.seed}."


def _files(number: int) -> str:
    return "one file" if number == 1 else f"{number} files"
