"""A classification written into the tree of a series, and read from it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from nxspectra.errors import NoSpectra, Refused
from nxspectra.spectra.classification import (
    Boundary,
    Classification,
    ModelReference,
    Origin,
    Votes,
)
from nxspectra.spectra.explanation import explanation_group, explanation_of
from nxspectra.spectra.raw_files import RawFile, raw_file
from nxspectra.spectra.series import Floats, Spectra, concept_path, spectra_entry
from nxspectra.tree import Array, Field, Group, Link, Node, accounted

SUFFIX = "_classification"


def annotate(root: Group, classification: Classification) -> Group:
    """`root` with the classification added to its entry; unchanged if the very same one is there.

    Where nothing in a file says which raw file it was made from, the classification does: writing it changes
    the digest of the file, and the data set stays the same.
    Raises NoSpectra when no entry holds spectra, Refused when it is of another number of spectra.
    """
    entry = spectra_entry(root)
    if entry is None:
        raise NoSpectra("no entry holds spectra to annotate; run `nxspectra migrate` first")
    series = Spectra.of(root, entry)
    if classification.class_index.size != len(series):
        raise Refused(
            f"{entry}: {classification.class_index.size} labels for {len(series)} spectra; nothing was added"
        )
    there = classifications(root, entry).values()
    if any(_same(classification, other) for other in there):
        return root
    path = _free_path(root, entry, classification.word)
    pressure = None if series.pressure is None else concept_path(root, entry, "sample/pressure")
    group = _group(classification, pressure)
    if root.source is not None and raw_file(root, entry) is None:
        name = PurePath(root.source.path).name
        group = group.put("source_file", RawFile(name, root.source.digest, path).note)
    return root.add([accounted(path, group)])


def classifications(root: Group, entry: str | None = None) -> dict[str, Classification]:
    """The classifications in an entry, by the path of their group; those that are damaged are left out."""
    where = entry or spectra_entry(root)
    group = root.group(where) if where else None
    found = {}
    for name in group.children if group else ():
        process = root.group(f"{where}/{name}")
        if name.endswith(SUFFIX) and process is not None and process.nx_class == "NXprocess":
            classification = _classification(process)
            if classification is not None:
                found[f"{where}/{name}"] = classification
    return found


def _free_path(root: Group, entry: str, word: str) -> str:
    path, number = f"{entry}/{word}{SUFFIX}", 1
    while path in root:
        number += 1
        path = f"{entry}/{word}_{number}{SUFFIX}"
    return path


def _same(one: Classification, other: Classification) -> bool:
    """The same labels by the same model, or by the same person; when it was done does not matter."""
    return (
        one.origin == other.origin
        and (one.model and one.model.digest) == (other.model and other.model.digest)
        and one.by == other.by
        and one.classes == other.classes
        and np.array_equal(one.class_index, other.class_index)
    )


# -- to the tree -------------------------------------------------------------------------------


def _group(made: Classification, pressure: str | None) -> Group:
    children: dict[str, Node] = {
        "program": Field(made.program),
        "version": Field(made.version),
        "date": Field(made.date),
        "label_origin": Field(made.origin),
    }
    if made.by is not None:
        children["by"] = Field(made.by)
    if made.confidence is not None:
        children["confidence"] = Field(made.confidence, units="")
    if made.model is not None:
        children["model"] = Group(
            "NXnote",
            {
                "description": Field(made.model.classifier),
                "file_name": Field(made.model.file_name),
                "checksum": Field(made.model.digest),
                "algorithm": Field("sha256"),
            },
        )
    if made.parameters:
        children["input"] = Group(
            "NXparameters",
            {
                name: Field(cast("Array", value))
                for name, value in made.parameters.items()
                if value is not None
            },
        )
    children["labels"] = _labels(made, pressure)
    if made.votes is not None:
        children["votes"] = _votes(made.votes)
    if made.explanation is not None:
        children["explanation"] = explanation_group(made.explanation)
    if made.boundaries:
        children["boundaries"] = _boundaries(made.boundaries)
    return Group("NXprocess", children)


def _labels(made: Classification, pressure: str | None) -> Group:
    children: dict[str, Node] = {
        "class_index": Field(made.class_index.astype(np.int64)),
        "class_names": Field(np.array(made.classes, dtype=str)),
    }
    if made.probability is not None:
        children["probability"] = Field(made.probability, units="")
    if made.unseen is not None:
        children["unseen_score"] = Field(made.unseen, units="")
    if made.reasons:
        said = [made.reasons.get(frame, "") for frame in range(made.class_index.size)]
        children["reason"] = Field(np.array(said, dtype=str))
    if made.ambiguous is not None and made.sure is not None:
        children["ambiguous"] = Field(made.ambiguous.astype(np.int8), sure=made.sure)
    if pressure is not None:
        children["pressure"] = Link(pressure)
    axes = np.array(["pressure" if pressure else "."])
    return Group("NXdata", children, signal="class_index", axes=axes)


def _votes(votes: Votes) -> Group:
    return Group(
        "NXdata",
        {
            "share": Field(votes.share, units=""),
            "bin_start": Field(votes.bin_start, units="deg"),
            "bin_end": Field(votes.bin_end, units="deg"),
            "separability": Field(votes.separability, units=""),
            "believability": Field(votes.believability, units=""),
        },
        signal="share",
        axes=np.array([".", "bin_start", "."]),
    )


def _boundaries(boundaries: tuple[Boundary, ...]) -> Group:
    children: dict[str, Node] = {
        "from_class": Field([each.from_class for each in boundaries]),
        "to_class": Field([each.to_class for each in boundaries]),
        "frame": Field(np.array([each.frame for each in boundaries], dtype=np.int64)),
        "frame_interval": Field(np.array([each.frame_interval for each in boundaries], dtype=np.int64)),
    }
    if any(each.interval_from for each in boundaries):
        children["interval_from"] = Field([each.interval_from or "" for each in boundaries])
    pressures = [each.pressure for each in boundaries if each.pressure is not None]
    if len(pressures) == len(boundaries):
        nowhere = (np.nan, np.nan)
        children["pressure"] = Field(pressures, units="GPa")
        children["pressure_interval"] = Field(
            [each.pressure_interval or nowhere for each in boundaries], units="GPa"
        )
    return Group("NXparameters", children)


# -- from the tree -----------------------------------------------------------------------------


def _classification(process: Group) -> Classification | None:
    labels = process.group("labels")
    index, names = process.field("labels/class_index"), process.field("labels/class_names")
    origin = _text(process, "label_origin")
    if labels is None or index is None or names is None or origin not in get_args(Origin):
        return None
    classes = tuple(str(name) for name in names.array.reshape(-1))
    class_index = index.array
    if class_index.dtype.kind not in "iu" or class_index.ndim != 1 or names.dtype.kind != "U":
        return None
    if class_index.size and not -1 <= int(class_index.min()) <= int(class_index.max()) < len(classes):
        return None
    confidence = process.field("confidence")
    return Classification(
        classes=classes,
        class_index=class_index.astype(np.int64),
        origin=cast("Origin", origin),
        program=_text(process, "program") or "",
        version=_text(process, "version") or "",
        date=_text(process, "date") or "",
        probability=_numbers(labels, "probability", (class_index.size, len(classes))),
        unseen=_numbers(labels, "unseen_score", (class_index.size,)),
        reasons=_reasons_of(labels, class_index.size),
        ambiguous=_ambiguous_of(labels, class_index.size),
        sure=_sure_of(labels),
        votes=_votes_of(process.group("votes"), class_index.size, len(classes)),
        explanation=explanation_of(process.group("explanation"), class_index.size),
        confidence=None if confidence is None else confidence.number,
        boundaries=tuple(_boundaries_of(process.group("boundaries"))),
        model=_model_of(process),
        by=_text(process, "by"),
        parameters=_parameters_of(process.group("input")),
    )


def _reasons_of(labels: Group, number: int) -> Mapping[int, str]:
    field = labels.field("reason")
    if field is None or field.shape != (number,) or field.dtype.kind != "U":
        return {}
    return {frame: str(said) for frame, said in enumerate(field.array) if said}


def _ambiguous_of(labels: Group, number: int) -> NDArray[np.bool_] | None:
    marks = _numbers(labels, "ambiguous", (number,))
    return None if marks is None else marks != 0


def _sure_of(labels: Group) -> float | None:
    field = labels.field("ambiguous")
    sure = None if field is None else field.attributes.get("sure")
    return float(sure) if isinstance(sure, float | np.floating) else None


def _parameters_of(group: Group | None) -> Mapping[str, Array]:
    fields = group.children.items() if group else ()
    return {name: node.array for name, node in fields if isinstance(node, Field)}


def _model_of(process: Group) -> ModelReference | None:
    digest = _text(process, "model/checksum")
    if digest is None:
        return None
    return ModelReference(
        _text(process, "model/description") or "", _text(process, "model/file_name") or "", digest
    )


def _votes_of(group: Group | None, spectra: int, classes: int) -> Votes | None:
    if group is None:
        return None
    starts = group.field("bin_start")
    bins = starts.size if starts else 0
    first, last = _numbers(group, "bin_start", (bins,)), _numbers(group, "bin_end", (bins,))
    separability = _numbers(group, "separability", (bins,))
    believability = _numbers(group, "believability", (bins,))
    share = _numbers(group, "share", (spectra, bins, classes))
    if first is None or last is None or separability is None or believability is None or share is None:
        return None
    return Votes(first, last, separability, believability, share)


def _boundaries_of(group: Group | None) -> Iterator[Boundary]:
    if group is None:
        return
    sources, targets = group.field("from_class"), group.field("to_class")
    number = sources.size if sources else 0
    frames, intervals = _numbers(group, "frame", (number,)), _numbers(group, "frame_interval", (number, 2))
    if sources is None or targets is None or targets.size != number or frames is None or intervals is None:
        return
    origins = group.field("interval_from")
    said = origins.array if origins and origins.shape == (number,) and origins.dtype.kind == "U" else None
    pressures = _numbers(group, "pressure", (number,))
    spans = _numbers(group, "pressure_interval", (number, 2))
    for row in range(number):
        yield Boundary(
            str(sources.array.reshape(-1)[row]),
            str(targets.array.reshape(-1)[row]),
            int(frames[row]),
            (int(intervals[row, 0]), int(intervals[row, 1])),
            None if pressures is None else float(pressures[row]),
            None if spans is None else (float(spans[row, 0]), float(spans[row, 1])),
            None if said is None else str(said[row]) or None,
        )


def _text(group: Group, path: str) -> str | None:
    field = group.field(path)
    return None if field is None else field.text


def _numbers(group: Group, name: str, shape: tuple[int, ...]) -> Floats | None:
    field = group.field(name)
    if field is None or field.shape != shape or field.dtype.kind not in "iuf":
        return None
    return field.array.astype(np.float64)
