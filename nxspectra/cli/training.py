"""train and plugins: a classifier from labelled files, and which classifiers there are."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any, get_args

import click

from nxspectra import classifiers
from nxspectra.classifiers import Model, ambiguous_region
from nxspectra.classifiers.active import Question, next_questions
from nxspectra.classifiers.calibration import Method
from nxspectra.classifiers.plugins import BINNED, DEFAULT
from nxspectra.cli.attempts import worst
from nxspectra.cli.evaluating import read_all, truth_of, truth_option
from nxspectra.cli.frame import (
    DONE,
    Format,
    Verb,
    files_argument,
    format_option,
    note,
    say,
    say_json,
)
from nxspectra.cli.labelling import boundary_words
from nxspectra.cli.progress import busy
from nxspectra.errors import LabelError, NxspectraError
from nxspectra.spectra import Classification
from nxspectra.tree import Group


class Numbers(click.ParamType[tuple[int, ...]]):
    """`15`, or several: `1,5,10,15,24`."""

    name = "numbers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a number of bins, or several such as 1,5,15", param, ctx)
        if min(numbers) < 1:
            self.fail(f"{value!r}: there is at least one bin", param, ctx)
        return tuple(dict.fromkeys(numbers))


@click.command(cls=Verb)
@files_argument(required=False)
@click.option(
    "--from-catalogue",
    "catalogue",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Train on files of this catalogue, all for which --where holds.",
)
@click.option(
    "--where",
    metavar="CONDITIONS",
    help="Which files of the catalogue: 'technique=x-ray powder diffraction; sample~(Mg,Fe)O;"
    " pressure=10..20GPa', as in search; ~ means contains.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="MODEL.npz",
    help="The model file to write; with several numbers of bins, one each: MODEL-bins15.npz.",
)
@click.option(
    "--classifier",
    metavar="NAME",
    help=f"See `nxspectra plugins`.  [default: {DEFAULT}; with --bins, {BINNED}]",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="CLASS=FRAMES",
    help="Frames of a class, counted from 0, ranges inclusive: low=80,120-125; of one of several files:"
    " FILE:low=80; or a condition: low=pressure<12GPa. Without it, labels that an expert or a simulation has"
    " written into the files.",
)
@click.option(
    "--bins",
    type=Numbers(),
    metavar="N[,N...]",
    help="Into how many bins the angle axis is cut (the default of the classifier: 15). Several numbers make"
    " a table of P_conf and the ambiguous region against them.",
)
@click.option("--plot", type=click.Path(path_type=Path), metavar="PNG", help="Draw that table.")
@click.option(
    "--calibrate",
    "held_out",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A labelled file that is not trained on: probabilities, intervals and what is too strange are set by"
    " it. May be given several times; its truth as for `evaluate`.",
)
@click.option(
    "--method",
    type=click.Choice(get_args(Method)),
    default="temperature",
    show_default=True,
    help="How --calibrate corrects probabilities.",
)
@truth_option
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Where chance begins; the same gives the same.",
)
@click.option(
    "--next",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="Name the N unlabelled frames whose labels would help most; -o may then be left out.",
)
@click.option("--overwrite", is_flag=True, help="Replace the model file if it is there.")
@format_option
def train(
    *,
    files: tuple[Path, ...],
    catalogue: Path | None,
    where: str | None,
    number: int | None,
    output: Path | None,
    classifier: str | None,
    labels: tuple[str, ...],
    bins: tuple[int, ...] | None,
    plot: Path | None,
    held_out: tuple[Path, ...],
    method: Method,
    truth: Path | None,
    seed: int,
    overwrite: bool,
    form: Format,
) -> int:
    """Train a classifier on labelled files.

    The files have to follow NXdiffraction_spectra (see migrate). A handful of labelled spectra will do.
    P_conf says how cleanly the labels of the training series switch once; it is not accuracy.
    """
    classifier = classifier or (DEFAULT if bins is None else BINNED)
    classifiers.classifier(classifier)  # an unknown one is told before any file is touched
    several = bins is not None and len(bins) > 1
    _check_usage(
        files, output=output, catalogue=catalogue, where=where, plot=plot, number=number, several=several
    )
    places = _places(output, bins, overwrite)
    code, runs = read_all((*files, *held_out), form)
    held = Held(runs[len(files) :], [truth_of(file, truth) for file in held_out], method)
    runs = runs[: len(files)]
    if catalogue is not None and where is not None:
        code_there, found_there = _found(catalogue, where, form)
        code, runs = worst((code, code_there)), runs + found_there
        files = tuple(Path(run.source.path) for run in runs if run.source is not None)
    if code != DONE:
        return code  # every file that cannot be read is told, and a model of the others is not what was asked
    rows: list[Row] = []
    problem: LabelError | None = None
    for cut, place in places.items():
        parameters: dict[str, Any] = {} if cut is None else {"bins": cut}
        with busy(f"training {classifier}" + ("" if cut is None else f" with {cut} bins")):
            start = process_time()
            try:
                model = classifiers.train(runs, labels, classifier, seed, **parameters)
            except LabelError as error:
                if not several:
                    raise
                # so many bins may not tell the classes apart where others do; if none does, that is told
                rows += [Row(cut, file, None) for file in files]
                problem = error
                continue
            seconds = process_time() - start
            model = held.calibrated(model)
            found = [classifiers.classify(run, model) for run in runs]
        if place is not None:
            model = model.save(place)
        weights = getattr(model.estimator, "n_parameters_", None)
        rows += [Row(cut, file, each, weights, seconds) for file, each in zip(files, found, strict=True)]
        if form == "json":
            say_json(as_json(model, cut, place, zip(files, found, strict=True)))
        elif not several:
            say_model(model, place, zip(files, found, strict=True))
        if number is not None:
            say_questions(next_questions(runs, model, labels, number), form)
    if problem is not None and not any(row.found for row in rows):
        raise problem
    if several and form == "text":
        say_table(rows, many=len(files) > 1)
    if plot is not None:
        draw(rows, plot)
    return DONE


def _check_usage(
    files: Sequence[Path],
    *,
    output: Path | None,
    catalogue: Path | None,
    where: str | None,
    plot: Path | None,
    number: int | None,
    several: bool,
) -> None:
    problems = {
        "say where the model is to be written: -o MODEL.npz": not (output or several or number),
        "--next asks one model: give one number of bins": number is not None and several,
        "--from-catalogue DIR and --where CONDITIONS go together": (catalogue is None) != (where is None),
        "name the files to train on, or --from-catalogue DIR --where CONDITIONS": not (files or catalogue),
        "--plot draws P_conf against the number of bins: give several, --bins 1,5,10,15": (
            plot is not None and not several
        ),
    }
    for problem, is_there in problems.items():
        if is_there:
            raise click.UsageError(problem)


def _found(catalogue: Path, where: str, form: Format) -> tuple[int, list[Group]]:
    """The exit code, and the runs of a catalogue for which conditions hold."""
    # the catalogue is for those who ask it
    from nxspectra.catalogue import Hit
    from nxspectra.ingestion.training_sets import as_filed, members

    with busy("searching the catalogue"):
        hits = members(catalogue, where)
    note(f"{len(hits)} files of {catalogue} to train on")
    by_file: dict[Path, list[Hit]] = {}
    for hit in hits:
        by_file.setdefault(Path(hit.file or hit.title), []).append(hit)

    def read(file: Path) -> Group:
        first, *_ = [as_filed(hit) for hit in by_file[file]]
        return first

    return read_all(list(by_file), form, read)


@dataclass(frozen=True)
class Held:
    """The files that a model is calibrated on, if there are some."""

    runs: list[Group]
    truth: list[list[str | None] | None]
    method: Method

    def calibrated(self, model: Model) -> Model:
        if not self.runs:
            return model
        return classifiers.calibrate(model, self.runs, truth=self.truth, method=self.method)


@dataclass(frozen=True)
class Row:
    """What a model with so many bins made of one of the files it was trained on."""

    bins: int | None
    file: Path
    found: Classification | None
    """None where the classes cannot be told apart with so many bins."""
    weights: int | None = None
    """How many numbers training has set, where the classifier says so."""
    seconds: float | None = None
    """Of processor time that training took."""

    @property
    def region(self) -> tuple[int, int] | None:
        """Last frame of the first class and first of the second; what lies between is ambiguous."""
        return None if self.found is None else ambiguous_region(self.found.class_index)

    @property
    def confidence(self) -> float:
        """P_conf."""
        return 0.0 if self.found is None else self.found.confidence or 0.0


def _places(
    output: Path | None, bins: tuple[int, ...] | None, overwrite: bool
) -> dict[int | None, Path | None]:
    """Where the model for each number of bins is to be written."""
    numbers: tuple[int | None, ...] = bins or (None,)
    places: dict[int | None, Path | None] = {}
    for number in numbers:
        place = output
        if output is not None and len(numbers) > 1:
            place = output.with_name(f"{output.stem}-bins{number}{output.suffix}")
        if place is not None and place.exists() and not overwrite:
            raise click.UsageError(f"{place} is already there; --overwrite replaces it")
        places[number] = place
    return places


def say_questions(questions: Sequence[Question], form: Format) -> None:
    """The frames that a person should label next."""
    if form == "json":
        say_json({"next": [question.as_json() for question in questions]})
        return
    say("label next:" if questions else "there is no unlabelled frame left to ask about", bold=True)
    for question in questions:
        pressure = "" if question.pressure is None else f", {question.pressure:.1f} GPa"
        thought = "it abstains"
        if question.label is not None:
            sure = "" if question.probability is None else f" ({question.probability:.2f})"
            thought = f"it says {question.label}{sure}"
        say(f"  {question.file} frame {question.frame}{pressure}: {thought}")


def say_model(model: Model, place: Path | None, found: Iterable[tuple[Path, Classification]]) -> None:
    """A trained model as a person reads it: from what it learned, and what it makes of the series."""
    where = "not written" if place is None else str(place)
    say(f"{where}: {model.card.classifier}, classes {', '.join(model.card.classes)}", bold=True)
    for file, each in found:
        say(f"  {file}")
        for boundary in each.boundaries:
            say(f"    {boundary_words(boundary)}")
        if each.confidence is not None:
            say(f"    P_conf {each.confidence:.4f} (how cleanly the labels switch once; not accuracy)")
    if model.card.calibration is not None:
        figures = model.card.calibration.figures
        before, after = figures["calibration error before"], figures["calibration error"]
        if before is not None and after is not None:
            say(f"  calibrated on {figures['series']:.0f} series: error {before:.3f}, now {after:.3f}")
    say(f"  sha256 {model.digest}")


def say_table(rows: Iterable[Row], *, many: bool) -> None:
    """P_conf and the ambiguous region against the number of bins."""
    say("bins  P_conf  ambiguous  between frames    weights   CPU s" + ("  file" if many else ""), bold=True)
    for row in rows:
        between, number = "-", "-"
        if row.region is not None:
            between, number = f"{row.region[0]} and {row.region[1]}", str(row.region[1] - row.region[0] - 1)
        words = f"{row.bins or '':>4}  {row.confidence:.4f}  {number:>9}  {between:<14}"
        words += f"  {row.weights if row.weights is not None else '-':>9}"
        words += f"  {'-' if row.seconds is None else format(row.seconds, '.1f'):>6}"
        say(f"{words}  {row.file}" if many else words.rstrip())


def draw(rows: Sequence[Row], path: Path) -> None:
    from nxspectra import pictures  # matplotlib is loaded for those who want a picture

    first = [row for row in rows if row.file == rows[0].file]
    number = max(row.found.class_index.size for row in first if row.found is not None)
    results = [pictures.BinsResult(row.bins or 0, row.confidence, row.region) for row in first]
    pictures.save(pictures.bins_study(results, number), path)
    note(f"picture: {path}")


def as_json(
    model: Model, bins: int | None, place: Path | None, found: Iterable[tuple[Path, Classification]]
) -> dict[str, object]:
    return {
        "file": None if place is None else str(place),
        "classifier": model.card.classifier,
        "digest": model.digest,
        "classes": list(model.card.classes),
        "bins": bins,
        "series": [
            {
                "file": str(file),
                "P_conf": each.confidence,
                "ambiguous": ambiguous_region(each.class_index),
                "boundaries": [boundary.as_json() for boundary in each.boundaries],
            }
            for file, each in found
        ],
    }


@click.command(cls=Verb)
@format_option
def plugins(*, form: Format) -> int:
    """List the classifiers that are installed.

    They come in by the entry-point group `nxspectra.classifiers`; their names are what --classifier takes.
    """
    for name, entry in sorted(classifiers.installed().items()):
        try:
            about, problem = (inspect.getdoc(classifiers.classifier(name)) or "").partition("\n")[0], None
        except NxspectraError as error:
            about, problem = "", str(error)
        package = None if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
        if form == "json":
            say_json(
                {"name": name, "package": package, "entry": entry.value, "about": about, "error": problem}
            )
        else:
            say(f"{name:<16} {about or problem}")
            say(f"{'':<16} {entry.value}, from {package}")
    return DONE
