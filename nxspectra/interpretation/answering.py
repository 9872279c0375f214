"""What a model makes of a data set, as JSON: labels as runs of frames, boundaries, and what decided."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra import classifiers, hdf5, rdf
from nxspectra.classifiers import Model, model_names
from nxspectra.errors import FileChanged, FileError, ModelError, UnsafeFile
from nxspectra.findings import Severity
from nxspectra.interpretation.jobs import Asked
from nxspectra.rdf.jsonld import json_ld
from nxspectra.rdf.terms import PROV, Iri
from nxspectra.settings import Settings
from nxspectra.spectra import Classification, Explanation, Votes, annotate
from nxspectra.tree import Group

DIGITS = 6
"""Decimals of a probability."""
USED = PROV["used"]
AFFORDABLE = 60.0
"""Seconds, about, that it may take to find out what decided."""


def interpret(asked: Asked, settings: Settings) -> dict[str, Any]:
    """The answer to what was asked, as JSON has it; nothing is written.

    Raises FileChanged if the file is not the one that was filed, UnsafeFile, FileError, ModelError,
    ModelMismatch and NoSpectra.
    """
    path = Path(asked.path)
    if not path.exists():
        raise FileError("its file is not where it was when it was filed")
    unsafe = [found for found in hdf5.guard(path) if found.severity is Severity.VIOLATION]
    if unsafe:
        raise UnsafeFile(f"its file is not safe to read: {unsafe[0].path}: {unsafe[0].message}")
    models = model_names()
    if asked.model not in models:
        raise ModelError(f"the model {asked.model!r} is not installed any more")
    model = Model.load(models[asked.model])
    if model.digest != asked.model_digest:
        raise ModelError(f"the model {asked.model!r} is another than when this was asked; ask again")
    root = hdf5.read(path)
    if root.source is None or root.source.digest != asked.digest:
        raise FileChanged("its file has changed since it was filed; it must be ingested again")
    found = classifiers.classify(root, model)
    return {
        "dataset": {"pid": asked.pid, "iri": asked.iri, "title": asked.title},
        "model": {
            "name": asked.model,
            "sha256": model.digest,
            "card": json.loads(model.card.model_dump_json()),
        },
        **_found(found, root, model),
        "provenance": {
            "program": found.program,
            "version": found.version,
            "date": found.date,
            "file": {"name": path.name, "sha256": asked.digest},
            "settings": {name: _plain(value) for name, value in found.parameters.items()},
        },
        "json_ld": linked(rdf.describe(annotate(root, found), settings), model.digest),
    }


def _found(found: Classification, root: Group, model: Model) -> dict[str, Any]:
    return {
        "classes": list(found.classes),
        "frames": int(found.class_index.size),
        "labels": list(_runs(found)),
        "probabilities": _rows(found.probability, found.class_index.size),
        "unseen": _rows(found.unseen, found.class_index.size),
        "P_conf": _plain(found.confidence),
        "boundaries": [boundary.as_json() for boundary in found.boundaries],
        **_decided(found, root, model),
    }


def _decided(found: Classification, root: Group, model: Model) -> dict[str, Any]:
    """Which regions decided, and how that was found out."""
    if found.votes is not None:
        return {"explained_by": "votes", "regions": list(_regions(found, found.votes))}
    explanation = explained(found, root, model)
    if explanation is None:
        return {"explained_by": None, "regions": []}
    return {"explained_by": explanation.method, "regions": list(_shares(found, explanation))}


def _runs(found: Classification) -> Iterator[dict[str, Any]]:
    """Frames from first to last, inclusive, that bear one label; null where none was given."""
    for index, first, last in found.runs():
        sure = None
        if index >= 0 and found.probability is not None:
            sure = found.probability[first : last + 1, index]
        yield {
            "label": None if index < 0 else found.classes[index],
            "first": first,
            "last": last,
            "mean_probability": None if sure is None else _plain(sure.mean()),
            "least_probability": None if sure is None else _plain(sure.min()),
        }


def _regions(found: Classification, votes: Votes) -> Iterator[dict[str, Any]]:
    """Stretches of the angle axis with their part in the labels that were given.

    `part` is the mean, over the frames with a label, of the share that a bin has in the weighted vote for
    the label that won; over all bins it adds up to 1.
    """
    labelled = np.flatnonzero(found.class_index >= 0)
    won = votes.share[labelled, :, found.class_index[labelled]] * votes.believability
    whole = won.sum(axis=1, keepdims=True)
    part = np.divide(won, whole, out=np.zeros_like(won), where=whole > 0)
    parts = part.mean(axis=0) if labelled.size else np.full(votes.believability.shape, math.nan)
    for number in range(votes.believability.size):
        yield {
            "from": _plain(votes.bin_start[number]),
            "to": _plain(votes.bin_end[number]),
            "unit": "deg",
            "part": _plain(parts[number]),
            "believability": _plain(votes.believability[number]),
            "separability": _plain(votes.separability[number]),
            "votes": {
                name: _plain(_mean(votes.share[found.class_index == index, number, index]))
                for index, name in enumerate(found.classes)
            },
        }


def explained(
    found: Classification, root: Group, model: Model, seconds: float = AFFORDABLE
) -> Explanation | None:
    """What decided about frames with a label, as many as can be explained in about so long, evenly spread.

    How long one takes is measured. None if there is none.
    """
    labelled = np.flatnonzero(found.class_index >= 0)
    if not labelled.size:
        return None
    began = time.monotonic()
    one = classifiers.explain(root, model, labelled[:1])
    number = min(labelled.size, int((seconds - (time.monotonic() - began)) / (time.monotonic() - began)))
    if number < 2:
        return one
    chosen = labelled[np.linspace(0, labelled.size - 1, number).round().astype(np.intp)]
    return classifiers.explain(root, model, chosen)


def _shares(found: Classification, explanation: Explanation) -> Iterator[dict[str, Any]]:
    """Stretches of the angle axis with their part in the decisions, and what they say for each class.

    `part` adds up to 1 over all; `weights` are means over the frames with that label: positive where the
    stretch speaks for it, negative where against.
    """
    known = np.isfinite(explanation.weight).all(axis=1)
    for number, part in enumerate(explanation.overall):
        yield {
            "from": _plain(explanation.region_start[number]),
            "to": _plain(explanation.region_end[number]),
            "unit": "deg",
            "part": _plain(part),
            "weights": {
                name: _plain(_mean(explanation.weight[known & (found.class_index == index), number]))
                for index, name in enumerate(found.classes)
            },
        }


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else math.nan


def _rows(values: NDArray[np.float64] | None, number: int) -> list[Any]:
    return [None] * number if values is None else [_plain(row) for row in values]


def _plain(value: Any) -> Any:
    """As JSON has it: NaN is null, and a row without numbers too."""
    if isinstance(value, np.ndarray):
        plain = [_plain(each) for each in value.tolist()]
        return None if plain and all(each is None for each in plain) else plain
    if isinstance(value, float | np.floating):
        return round(float(value), DIGITS) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def linked(description: rdf.Description, digest: str) -> Any:
    """The result that the model of this digest gave, as JSON-LD and as the catalogue describes results."""
    triples = description.triples()
    model = Iri(f"{description.base}model/{digest}")
    made = next(subject for subject, predicate, value in triples if predicate == USED and value == model)
    result = next(subject for subject, _, value in triples if value == made)
    # of the data set only its name: what else there is to say of it is asked at its own address
    parts = [each for each in triples if each[0] != description.iri]
    return json.loads(json_ld(result, parts, with_ours=True))
