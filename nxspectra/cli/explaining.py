"""explain: which angle regions decided about the class of a spectrum, and of the series."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter

import click
import numpy as np

from nxspectra import classifiers, hdf5
from nxspectra.cli.attempts import for_each
from nxspectra.cli.frame import (
    DONE,
    Format,
    Verb,
    files_argument,
    format_option,
    in_place_option,
    note,
    out_option,
    outputs,
    overwrite_option,
    say,
    say_json,
)
from nxspectra.cli.progress import busy
from nxspectra.cli.writing import write
from nxspectra.errors import NoSpectra, UsageError
from nxspectra.spectra import Classification, Explanation, Spectra, annotate, classifications
from nxspectra.tree import Group

STRONGEST = 5
"""Regions that are told of a frame."""
EVERY = 10
"""Frames between those that are explained where it takes long: what the series is drawn and judged by."""
PATIENCE = 180.0
"""Seconds that it may take to explain all spectra of a series."""


@click.command(cls=Verb)
@files_argument()
@click.option(
    "--model",
    metavar="MODEL",
    help="A model file, or the name of one in $NXSPECTRA_MODELS. Without it, what a classification in the"
    " file says.",
)
@click.option(
    "--frame",
    "frames",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="N",
    help="A spectrum to be told of, counted from 0; may be given several times. Without it, the one at each"
    " boundary.",
)
@out_option
@in_place_option
@overwrite_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="PNG",
    help="Draw the first of the frames over the series; with several files, a folder for the pictures.",
)
@format_option
def explain(
    *,
    files: tuple[Path, ...],
    model: str | None,
    frames: tuple[int, ...],
    output: Path | None,
    in_place: bool,
    overwrite: bool,
    plot: Path | None,
    form: Format,
) -> int:
    """Tell which angle regions decided about the class of a spectrum.

    A region weighs positive when it speaks for the class that was given and negative when it speaks against
    it. With -o or --in-place the labels and what decided are written into the file.
    """
    loaded = None if model is None else classifiers.Model.load(model)
    targets = outputs(files, output, in_place, overwrite=overwrite)
    if targets and loaded is None:
        raise click.UsageError("what is in the file already need not be written: give --model, too")
    pictures = outputs(files, plot, False, overwrite=True) if plot else {}

    def tell(path: Path) -> int:
        root = hdf5.read(path)
        spectra = Spectra.of(root)
        with busy(f"explaining {path.name}"):
            found = _stored(root, path) if loaded is None else classifiers.classify(root, loaded)
            asked = _frames(path, frames, found)
            explanation = found.explanation or _explanation(root, loaded, found, asked)
            found = replace(found, explanation=explanation)
        if path in targets:
            write(annotate(root, found), targets[path], in_place=in_place, overwrite=overwrite)
            note(f"written to {targets[path]}")
        if form == "json":
            say_json(as_json(path, found, explanation, asked))
        else:
            say_explanation(path, spectra, found, explanation, asked)
        if path in pictures:
            from nxspectra import pictures as drawn  # matplotlib is loaded for those who want a picture

            mean = None if loaded is None else classifiers.compared_with(loaded)
            compared = None if loaded is None or mean is None else (loaded.two_theta, mean)
            picture = drawn.explained(
                spectra, found, explanation, asked[0], compared=compared, title=path.name
            )
            drawn.save(picture, pictures[path])
            note(f"picture: {pictures[path]}")
        return DONE

    return for_each(files, form, tell)


def _explanation(
    root: Group, model: classifiers.Model | None, found: Classification, frames: tuple[int, ...]
) -> Explanation:
    """Of every frame; where that would take long, of those asked for and every tenth."""
    assert model is not None  # noqa: S101
    number = found.class_index.size
    began = perf_counter()
    classifiers.explain(root, model, np.array(frames))
    seconds = (perf_counter() - began) / len(frames) * number
    if seconds < PATIENCE:
        return classifiers.explain(root, model)
    note(f"every {EVERY}th spectrum is explained: all would take about {seconds / 60:.0f} minutes")
    return classifiers.explain(root, model, np.union1d(frames, np.arange(0, number, EVERY)))


def _stored(root: Group, path: Path) -> Classification:
    for found in classifications(root).values():
        if found.explanation is not None:
            return found
    raise NoSpectra(f"{path}: no classification in it says what decided; give --model MODEL")


def _frames(path: Path, frames: tuple[int, ...], found: Classification) -> tuple[int, ...]:
    """The frames that are to be told of. Raises UsageError for one that there is not."""
    number = found.class_index.size
    for frame in frames:
        if frame >= number:
            raise UsageError(f"{path}: there is no frame {frame}; it has {number} spectra, 0 to {number - 1}")
    return frames or tuple(each.frame for each in found.boundaries) or (number // 2,)


def say_explanation(
    path: Path, spectra: Spectra, found: Classification, explanation: Explanation, frames: tuple[int, ...]
) -> None:
    """What decided about each frame, strongest first, and in the series."""
    say(f"{path}: {len(spectra)} spectra, explained by {explanation.method}", bold=True)
    for frame in frames:
        pressure = ""
        if spectra.pressure is not None:
            pressure = f", {np.broadcast_to(spectra.pressure, len(spectra))[frame]:.1f} GPa"
        say(f"  frame {frame}{pressure}: {found.labels[frame] or 'no class assigned'}")
        for start, end, weight in explanation.strongest(frame, STRONGEST):
            side = "for it" if weight > 0 else "against it"
            say(f"    {start:7.2f} to {end:.2f} degrees  {abs(weight):6.1%} {side}")
    order = np.argsort(-explanation.overall)[:STRONGEST]
    said = ", ".join(
        f"{explanation.region_start[each]:.2f}-{explanation.region_end[each]:.2f}" for each in order
    )
    say(f"  decides most in the series: {said} degrees")


def as_json(
    path: Path, found: Classification, explanation: Explanation, frames: tuple[int, ...]
) -> dict[str, object]:
    return {
        "file": str(path),
        "model": None if found.model is None else found.model.file_name,
        "digest": None if found.model is None else found.model.digest,
        "method": explanation.method,
        "regions": np.stack([explanation.region_start, explanation.region_end], axis=1),
        "overall": explanation.overall,
        "frames": [
            {
                "frame": frame,
                "label": found.labels[frame],
                "weights": [
                    weight if np.isfinite(weight) else None for weight in explanation.weight[frame].tolist()
                ],
            }
            for frame in frames
        ],
    }
