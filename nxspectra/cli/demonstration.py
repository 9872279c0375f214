"""demo: a raw ramp with known truth, and the whole way with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

import nxspectra as nxs
from nxspectra import migration, pictures, rdf
from nxspectra.cli.frame import DONE, Format, Verb, format_option, human_bytes, say, say_json
from nxspectra.cli.labelling import boundary_words
from nxspectra.cli.progress import busy
from nxspectra.cli.simulating import series_words
from nxspectra.cli.validating import count_line
from nxspectra.errors import FileError
from nxspectra.files import write_whole
from nxspectra.findings import Severity
from nxspectra.simulation import Ramp

SEED, TRAINING_SEED = 1, 2
"""The demo classifies one ramp by what it learned from another."""
LABELS = ("low=80,120", "high=260,300")
"""Four spectra of the training ramp, named by a person who looked at them."""
TITLE = "Simulated compression of (Mg0.2,Fe0.8)O: what the classifier says, and the truth"
TRAPS = ("/beam_energy", "/membrane_pressure_bar", "/source/energy")
"""Of the raw keys that are refused, those that every newcomer asks about."""


@click.command(cls=Verb)
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default="nxspectra-demo", metavar="[DIR]"
)
@format_option
def demo(*, folder: Path, form: Format) -> int:
    """Simulate a raw ramp and take it the whole way, with a picture.

    Everything is written to DIR (./nxspectra-demo). The truth about a simulated ramp is known, so the demo
    says how accurate the labels are, beside the P_conf that a real series would have.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: cannot be made: {error.strerror}") from None
    steps = Steps(form)
    ramp, run = migrated_ramp(folder, steps)
    labels, run, report = labelled_ramp(folder, steps, ramp, run)
    published_ramp(folder, steps, run, report)
    with steps("Draw") as tell:
        figure = pictures.heat_map(nxs.Spectra.of(run), labels, ramp.truth, title=TITLE)
        picture = pictures.save(figure, folder / "ramp.png")
        tell(
            f"the series, its labels against the truth, and what each bin is worth: {picture}",
            picture=picture,
        )
    steps.end()
    return DONE


def migrated_ramp(folder: Path, steps: Steps) -> tuple[Ramp, nxs.Group]:
    """A raw ramp, and the same with its raw keys at their standard places."""
    with steps("Simulate") as tell:
        ramp = nxs.simulate(seed=SEED)
        raw_file = nxs.write(ramp.tree(), folder / "raw.nxs", overwrite=True)
        write_whole(folder / "raw.truth.csv", ramp.truth_csv())
        tell("a compression ramp of (Mg0.2,Fe0.8)O in a diamond anvil cell, as the beamline leaves it")
        tell(f"{raw_file}: {series_words(ramp)}; {human_bytes(raw_file.stat().st_size)}", file=raw_file)

    with steps("Validate") as tell:
        raw = nxs.read(raw_file)
        report = nxs.validate(raw)
        tell(f"{verdict(report)}: {count_line(report)}", conforms=report.conforms)
        for finding in report.of(Severity.VIOLATION):
            tell(f"  {finding.path}  {finding.rule}")

    with steps("Migrate") as tell:
        run, review = migration.migrate_and_review(raw, "p02.2")
        tell(f"{len(run.additions)} additions; the raw keys stay where they are", added=len(run.additions))
        for found in review.placed:
            how = f" ({found.conversion})" if found.conversion else ""
            tell(f"  {found.path} = {found.shown}{how}")
            tell(f"      from {found.origin}")
        tell(f"{len(review.refused)} keys look like it and are refused, among them")
        for refusal in review.refused:
            if refusal.path.endswith(TRAPS):
                tell(f"  {refusal.path}")
                tell(f"      {refusal.message.partition(': ')[2]}")

    with steps("Validate again") as tell:
        report = nxs.validate(run)
        tell(f"{verdict(report)}: {count_line(report)}", conforms=report.conforms)
    return ramp, run


def labelled_ramp(
    folder: Path, steps: Steps, ramp: Ramp, run: nxs.Group
) -> tuple[nxs.Classification, nxs.Group, nxs.Report]:
    """The ramp with the labels of a classifier that learned from another ramp, written and read back."""
    with steps("Train") as tell:
        other = nxs.simulate(seed=TRAINING_SEED)
        other_file = nxs.write(other.tree(), folder / "training.nxs", overwrite=True)
        known = nxs.migrate(nxs.read(other_file), "p02.2")
        model = nxs.train([known], LABELS).save(folder / "fe80mg20.npz")
        tell(f"{model.card.classifier}, on four curves of another ramp: {', '.join(LABELS)}")
        tell(f"{folder / 'fe80mg20.npz'}, sha256 {model.digest[:16]}…", model=model.digest)

    with steps("Classify") as tell:
        labels = nxs.classify(run, model)
        wrong = labels.class_index != ramp.truth.label
        for index, first, last in labels.runs():
            name = labels.classes[index] if index >= 0 else "no class assigned"
            tell(f"  frames {first:>3} to {last:>3}  {name}")
        for boundary in labels.boundaries:
            tell(f"  {boundary_words(boundary)}")
        tell(f"truth: the class changes at frame {ramp.truth.border}, where the pressure passes 18.5 GPa")
        accuracy = 1 - float(wrong.mean())
        tell(f"P_conf   {labels.confidence or 0:.4f}  how cleanly the labels switch once; not accuracy")
        tell(f"accuracy {accuracy:.4f}  {wrong.sum()} of {wrong.size} curves are wrong", accuracy=accuracy)

    with steps("Write") as tell:
        run_file = nxs.write(nxs.annotate(run, labels), folder / "run.nxs", overwrite=True)
        run = nxs.read(run_file)
        report = nxs.validate(run)
        tell(f"{run_file}: labels, probabilities, votes, provenance", file=run_file)
        tell(f"read back, it {verdict(report)}", conforms=report.conforms)
    return labels, run, report


def published_ramp(folder: Path, steps: Steps, run: nxs.Group, report: nxs.Report) -> None:
    """The ramp described, filed, and found again."""
    with steps("Describe") as tell:
        description = nxs.describe(run, report=report)
        description.serialize(folder / "run.ttl")
        findings = rdf.check(description)
        violations = [finding for finding in findings if finding.severity is Severity.VIOLATION]
        tell(f"{folder / 'run.ttl'}: {len(description.triples())} triples", pid=description.pid)
        words = (
            f"by the SHACL shapes {len(violations)} violations, {len(findings) - len(violations)} warnings"
        )
        tell(f"{words} (what a site has yet to set)", violations=len(violations))

    with steps("File and find") as tell:
        with nxs.Catalogue(folder / "catalogue") as catalogue:
            catalogue.file(description)
        asked = {"pressure": "10..20GPa"}
        hits = catalogue.search(parameters=asked, technique="x-ray diffraction", label="high")
        tell("pressure in 10..20 GPa, technique 'x-ray diffraction' or narrower, label 'high':")
        for hit in hits:
            tell(f"  {hit.title}", found=hit.pid)
            tell(f"  {hit.pid}")


class Steps:
    """Tells each step of the demo when it is done, with how long it took."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self.number = 0
        self.began = time.perf_counter()

    @contextmanager
    def __call__(self, title: str) -> Iterator[Tell]:
        self.number += 1
        tell = Tell()
        began = time.perf_counter()
        with busy(title):
            yield tell
        seconds = time.perf_counter() - began
        if self.form == "json":
            say_json({"step": title, "seconds": round(seconds, 3), **tell.facts})
            return
        say(f"{self.number:>2}  {title:<16} {seconds:6.2f} s", bold=True)
        for line in tell.lines:
            say(f"      {line}")

    def end(self) -> None:
        if self.form == "text":
            say(f"    {'All of it':<16} {time.perf_counter() - self.began:6.2f} s", bold=True)


class Tell:
    """What a step found: lines for people, facts for programs."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.facts: dict[str, object] = {}

    def __call__(self, line: str, **facts: object) -> None:
        self.lines.append(line)
        self.facts |= {name: str(fact) if isinstance(fact, Path) else fact for name, fact in facts.items()}


def verdict(report: nxs.Report) -> str:
    return "conforms" if report.conforms else "does not conform"
