"""evaluate: a model against truth."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from nxspectra import classifiers, hdf5
from nxspectra.classifiers import Evaluation
from nxspectra.cli.attempts import Failed, attempts, worst
from nxspectra.cli.frame import DONE, Format, Verb, files_argument, format_option, note, say, say_json
from nxspectra.cli.progress import busy
from nxspectra.errors import FileError, LabelError
from nxspectra.spectra import Spectra, classifications
from nxspectra.tree import Group

SHOWN = (
    "accuracy",
    "balanced accuracy",
    "boundary error, frames",
    "boundary error, GPa",
    "interval holds, frames",
    "interval width, frames",
    "spurious boundaries",
    "ECE near",
    "Brier near",
    "ECE",
    "Brier",
    "P_conf",
    "abstained",
)
"""The figures that the table has; JSON has all."""

truth_option = click.option(
    "--truth",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Look for FILE.truth.csv, as `simulate` writes it, in this folder too; beside FILE always.",
)


@click.command(cls=Verb)
@click.argument("model", metavar="MODEL")
@files_argument()
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="CLASS=FRAMES",
    help="True classes, as in train: low=0-180, FILE:high=200-348, low=pressure<12GPa. Without it the truth"
    " of a simulation beside the file, or labels that an expert has written into it.",
)
@truth_option
@click.option("--plot", type=click.Path(path_type=Path), metavar="PNG", help="Draw how far to believe it.")
@format_option
def evaluate(
    *,
    model: str,
    files: tuple[Path, ...],
    labels: tuple[str, ...],
    truth: Path | None,
    plot: Path | None,
    form: Format,
) -> int:
    """Hold a model against truth.

    Prints accuracy, how far off boundaries are, how often their intervals hold, and whether probabilities are
    what they say; with several files, 90 % intervals by drawing the files anew. A file that the model was
    trained on, with its classes or without, or calibrated on, is refused. Spectra up to the boundary need a
    true class: without them no boundary is known.
    """
    loaded = classifiers.Model.load(model)
    code, runs = read_all(files, form)
    if code != DONE:
        return code
    known = [None if labels else truth_of(file, truth) for file in files]
    with busy(f"evaluating {loaded.card.classifier}"):
        found = classifiers.evaluate(loaded, runs, labels, truth=known)
    if form == "json":
        say_json(found.as_json())
    else:
        say_evaluation(found)
    if plot is not None:
        draw(found, plot)
    return DONE


def read_all(
    files: Sequence[Path], form: Format, read: Callable[[Path], Group] = hdf5.read
) -> tuple[int, list[Group]]:
    """The trees of all files, and the exit code; every file that cannot be read, or has no spectra, is told.

    What is needed of a file is read where all of it is, in a process that may die over it.
    """

    def work(file: Path) -> Group:
        run = read(file).read_once()
        Spectra.of(run)
        classifications(run)
        return run

    done = list(attempts(files, form, work))
    return worst(each.code for each in done if isinstance(each, Failed)), [
        each for each in done if isinstance(each, Group)
    ]


def truth_of(file: Path, folder: Path | None) -> list[str | None] | None:
    """The class names in FILE.truth.csv, beside the file or in a folder; None if there is none."""
    name = file.with_suffix(".truth.csv").name
    places = [file.parent, *([folder] if folder is not None else [])]
    found = next((place / name for place in places if (place / name).is_file()), None)
    return None if found is None else read_truth(found)


def read_truth(path: Path) -> list[str | None]:
    """The column `label` of a file that `simulate` wrote. Raises LabelError if it has none, FileError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is None or "label" not in rows.fieldnames:
                raise LabelError(f"{path}: no column `label`; expected frame,pressure_GPa,label,fraction")
            return [row["label"] or None for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path}: cannot be read: {error}") from error


def say_evaluation(found: Evaluation) -> None:
    card, summary = found.model.card, found.summary
    how = "calibrated" if found.model.calibration is not None else "not calibrated"
    say(f"{found.model.file_name}: {card.classifier}, {how}; {summary.series} series", bold=True)
    for name in SHOWN:
        figure = summary.figures[name]
        if figure.value == figure.value:  # not NaN
            between = "" if summary.series == 1 else f"  ({figure.low:.4f} to {figure.high:.4f})"
            say(f"  {name:<24} {figure.value:8.4f}{between}")
    if summary.series > 1:
        say("  (between: 90 %, by drawing the series anew)")
    for each in found.verdicts:
        say(f"  {each.name}")
        say(f"    accuracy {each.accuracy:.4f}, {each.spurious} boundaries that are none")
        for one in each.boundaries:
            if one.boundary is None:
                say(f"    boundary at frame {one.truth} was not found")
                continue
            low, high = one.boundary.frame_interval
            holds = "holds it" if one.held else "does not hold it"
            say(f"    boundary at frame {one.truth}, found at {one.boundary.frame}; {low} to {high} {holds}")


def draw(found: Evaluation, path: Path) -> None:
    from nxspectra import pictures  # matplotlib is loaded for those who want a picture

    pictures.save(pictures.trial(found.reliability, found.verdicts), path)
    note(f"picture: {path}")
