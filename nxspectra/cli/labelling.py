"""annotate and classify: labels by a person, labels by a model."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import numpy as np

from nxspectra import __version__, classifiers, hdf5
from nxspectra.classifiers.labels import as_frames, labelled
from nxspectra.cli.attempts import for_each
from nxspectra.cli.frame import (
    DONE,
    Format,
    Verb,
    as_link_option,
    files_argument,
    format_option,
    in_place_option,
    note,
    out_option,
    outputs,
    overwrite_option,
    say,
    say_json,
    wait_option,
)
from nxspectra.cli.writing import write
from nxspectra.errors import UsageError
from nxspectra.settings import orcid_of
from nxspectra.spectra import Boundary, Classification, Spectra
from nxspectra.spectra import annotate as annotated


def orcid(text: str) -> str:
    """The ORCID iD in `text` as an IRI. Raises UsageError if it is none or its check digit is wrong."""
    known = orcid_of(text)
    if known is None:
        words = "not an ORCID iD, such as 0000-0002-1825-0097; if it looks like one, a digit is mistyped"
        raise UsageError(f"--by {text}: {words}")
    return f"https://orcid.org/{known}"


@click.command(cls=Verb)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--label",
    "labels",
    multiple=True,
    required=True,
    metavar="CLASS=FRAMES",
    help="Frames of a class, counted from 0, ranges inclusive: low=0-90,95; or a condition:"
    " low=pressure<12GPa. May be given several times.",
)
@click.option("--by", required=True, metavar="ORCID", help="The ORCID iD of the person who gives the labels.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help="The file to write.")
@as_link_option
@in_place_option
@wait_option
@overwrite_option
@format_option
def annotate(
    *,
    file: Path,
    labels: tuple[str, ...],
    by: str,
    output: Path | None,
    as_link: Path | None,
    in_place: bool,
    wait: float,
    overwrite: bool,
    form: Format,
) -> int:
    """Write labels given by a person into a file.

    The file has to follow NXdiffraction_spectra (see migrate). The labels become a classification of
    origin `expert`, from which classifiers can be trained. Giving the very same labels again adds nothing.
    """
    person = orcid(by)
    targets = outputs([file], output, in_place, as_link=as_link, overwrite=overwrite)
    if not targets:
        raise click.UsageError("say where to write: -o OUT, --as-link OUT, or --in-place")

    def label(path: Path) -> int:
        hdf5.settled(path, wait)
        root = hdf5.read(path)
        given = labelled([(str(path), Spectra.of(root), None)], labels, fewest=1)[0]
        classification = Classification(
            given.classes,
            given.class_index,
            "expert",
            "nxspectra",
            __version__,
            datetime.now().astimezone().isoformat(timespec="seconds"),
            by=person,
        )
        new = annotated(root, classification)
        linked = as_link is not None
        write(new, targets[path], in_place=in_place, overwrite=overwrite, as_link=linked)
        if form == "json":
            say_json({"file": str(path), "output": str(targets[path]), "added": list(new.additions.paths)})
        else:
            words = ", ".join(f"{len(given.frames(name))} {name}" for name in given.classes)
            say(f"{path}: {words}, by {person}; written to {targets[path]}")
        return DONE

    return for_each([file], form, label)


@click.command(cls=Verb)
@files_argument()
@click.option(
    "--model",
    required=True,
    metavar="MODEL",
    help="A model file, or the name of one in the folder $NXSPECTRA_MODELS.",
)
@out_option
@as_link_option
@in_place_option
@wait_option
@overwrite_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="PNG",
    help="Draw the series with its labels; with several files, a folder for the pictures.",
)
@format_option
def classify(
    *,
    files: tuple[Path, ...],
    model: str,
    output: Path | None,
    as_link: Path | None,
    in_place: bool,
    wait: float,
    overwrite: bool,
    plot: Path | None,
    form: Format,
) -> int:
    """Give every spectrum a class by a trained model.

    Prints the labels; with -o, --as-link or --in-place they are also written into a file, with
    probabilities, boundaries, which model gave them and, if it votes by bins, what decided (see explain).
    """
    loaded = classifiers.Model.load(model)
    targets = outputs(files, output, in_place, as_link=as_link, overwrite=overwrite)
    pictures = outputs(files, plot, False, overwrite=True) if plot else {}
    votes = isinstance(loaded.estimator, classifiers.VotesByBins)

    def label(path: Path) -> int:
        if path in targets:
            hdf5.settled(path, wait)
        root = hdf5.read(path)
        found = classifiers.classify(root, loaded, explained=votes and (path in targets or path in pictures))
        if path in targets:
            linked, labelled_run = as_link is not None, annotated(root, found)
            write(labelled_run, targets[path], in_place=in_place, overwrite=overwrite, as_link=linked)
        if path in pictures:
            draw(Spectra.of(root), found, pictures[path], path.name)
        if form == "json":
            say_json(as_json(path, found))
        else:
            say_labels(path, found)
        if path in targets:
            note(f"written to {targets[path]}")
        return DONE

    return for_each(files, form, label)


def draw(spectra: Spectra, classification: Classification, path: Path, title: str) -> None:
    from nxspectra import pictures  # matplotlib is loaded for those who want a picture

    pictures.save(pictures.heat_map(spectra, classification, title=title), path)
    note(f"picture: {path}")


def say_labels(file: Path, found: Classification) -> None:
    """The classification as a person reads it: where the labels change, how sure, what was odd."""
    number = found.class_index.size
    say(f"{file}: {number} spectra", bold=True)
    for index, first, last in found.runs():
        name = "no class assigned" if index < 0 else found.classes[index]
        frames = f"frame {first}" if first == last else f"frames {first} to {last}"
        say(f"  {frames:<22} {name}")
    for reason, without in sorted(_by_reason(found).items(), key=lambda each: each[1]):
        say(f"  no class for frames {as_frames(without)}: {reason}")
    for boundary in found.boundaries:
        say(f"  {boundary_words(boundary)}")
    if found.ambiguous is not None and found.sure is not None:
        unsure = np.flatnonzero(found.ambiguous).tolist()
        words = f"frames {as_frames(unsure)}" if unsure else "none"
        say(f"  ambiguous, less probable than {found.sure:g}: {words}")
    if found.confidence is not None:
        say(f"  P_conf {found.confidence:.4f} (how cleanly the labels switch once; not accuracy)")
    if found.model is not None:
        say(f"  by {found.model.classifier}, {found.model.file_name}, sha256 {found.model.digest[:12]}…")


def _by_reason(found: Classification) -> dict[str, list[int]]:
    """Frames without a class by why they have none; figures that differ from frame to frame are left out."""
    frames: dict[str, list[int]] = {}
    for frame, reason in found.reasons.items():
        frames.setdefault(reason.partition(":")[0], []).append(frame)
    return frames


def boundary_words(boundary: Boundary) -> str:
    first, last = boundary.frame_interval
    words = (
        f"{boundary.from_class} to {boundary.to_class} at frame {boundary.frame} (90 %: {first} to {last})"
    )
    if boundary.pressure is not None and boundary.pressure_interval is not None:
        low, high = boundary.pressure_interval
        words += f", {boundary.pressure:.2f} GPa (90 %: {low:.2f} to {high:.2f})"
    return words


def as_json(file: Path, found: Classification) -> dict[str, object]:
    """A classification as the contract has it: an abstention is null, never NaN."""
    number = found.class_index.size
    return {
        "file": str(file),
        "model": None if found.model is None else found.model.file_name,
        "digest": None if found.model is None else found.model.digest,
        "classes": list(found.classes),
        "labels": list(found.labels),
        "probabilities": [None] * number
        if found.probability is None
        else [
            None if index < 0 else row
            for index, row in zip(found.class_index, found.probability, strict=True)
        ],
        "unseen": [None] * number if found.unseen is None else found.unseen,
        "reasons": [found.reasons.get(frame) for frame in range(number)],
        "ambiguous": None if found.ambiguous is None else found.ambiguous.tolist(),
        "P_conf": found.confidence,
        "boundaries": [boundary.as_json() for boundary in found.boundaries],
    }
