"""One file the whole way: look at it, read, migrate, validate, classify, write, read back, describe.

It runs in a child process; what comes back is a value. The parent files it in the catalogue.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from nxspectra import classifiers, hdf5, migration, rdf, validation
from nxspectra.classifiers import Model
from nxspectra.errors import FileBusy, FileChanged, FileError, NotHDF5, NxspectraError, UnsafeFile
from nxspectra.findings import Finding, Report, Severity
from nxspectra.hdf5.waiting import is_fresh
from nxspectra.ingestion.integrating import Integration
from nxspectra.ingestion.known import Ask, Known, nothing
from nxspectra.ingestion.origins import check_claim, check_origin, difference
from nxspectra.limits import Limits, bound_cpu
from nxspectra.migration import Review
from nxspectra.migration.provenance import account
from nxspectra.rdf import Description
from nxspectra.settings import Settings
from nxspectra.spectra import annotate, classifications, raw_file, spectra_entry
from nxspectra.tree import Group, accounted

LARGE = 100 * 10**6
"""Bytes of a raw file that is linked rather than copied, where copying takes time and room."""
FOLLOWS_NONE = "it follows no application definition"


class State(StrEnum):
    """What became of a file."""

    DONE = "done"
    UNCHANGED = "unchanged"
    """It had come this way before, with the same crosswalk, facts and model."""
    NONCONFORMING = "nonconforming"
    """Something required is not in it: it is described and filed, so that it is found, and not written."""
    REFUSED = "refused"
    """It is unsafe, contradicts itself, or does not fit the model: neither written nor filed."""
    FAILED = "failed"
    """It could not be read or written, or its process died."""
    WAITING = "waiting"
    """Somebody is still writing it: it is left alone, and to be taken later."""


@dataclass(frozen=True)
class Task:
    """What is to be done with each file; the same for all of a batch."""

    output: Path
    """The folder to write to."""
    model: str | None = None
    crosswalk: str = "p02.2"
    facts: Mapping[str, str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    limits: Limits = field(default_factory=Limits)
    as_link: bool | None = None
    """Write a file of links to the raw file, or a copy of it; None: links where a copy would be large."""
    patient: bool = False
    """What is not complete, and has just been changed, is taken later; else it is damaged."""
    replace: bool = False
    """A file that says which raw file it was made from takes the place of another that says so."""
    integration: Integration | None = None
    """How frames become spectra; None where files bring spectra."""


@dataclass(frozen=True)
class Stop:
    """One file of a batch."""

    file: Path
    shares_name: bool = False
    """Another file of the batch is called the same."""
    puts_off: bool = False
    """If it only says of which data set it is, it is taken when those that are it are filed."""


@dataclass(frozen=True)
class Ingested:
    """What became of one file, and why."""

    file: str
    state: State
    pid: str | None = None
    output: str | None = None
    reason: str | None = None
    """None when all went well; else a line for each thing that is wrong."""
    findings: tuple[Finding, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    """Class name -> number of spectra, where it was classified."""
    seconds: float = 0.0

    def as_json(self) -> dict[str, str | None]:
        return {
            "file": self.file,
            "state": str(self.state),
            "pid": self.pid,
            "output": self.output,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Arrival:
    """What became of a file, and its description where it is to be filed."""

    ingested: Ingested
    description: Description | None = None
    claim: str | None = None
    """Digest of the raw file that it says it was made from, if it is put off."""


def take(stop: Stop, task: Task, known: Ask = nothing) -> Arrival:
    """One file the whole way; whatever is wrong with it is in the answer, nothing is raised.

    `known`: what the catalogue has under a pid.
    """
    began = time.perf_counter()
    file = str(stop.file)
    try:
        bound_cpu(task.limits)
        arrival = _travel(stop, task, known)
    except (FileBusy, FileChanged) as error:
        arrival = Arrival(Ingested(file, State.WAITING, reason=str(error)))
    except NotHDF5 as error:
        state = State.WAITING if task.patient and is_fresh(stop.file) else State.FAILED
        arrival = Arrival(Ingested(file, state, reason=str(error)))
    except UnsafeFile as error:
        arrival = Arrival(Ingested(file, State.REFUSED, reason=str(error)))
    except FileError as error:
        arrival = Arrival(Ingested(file, State.FAILED, reason=str(error)))
    except NxspectraError as error:
        arrival = Arrival(Ingested(file, State.REFUSED, reason=str(error)))
    except MemoryError:
        reason = f"it needs more than {task.limits.memory / 1024**3:.1f} GiB of memory"
        arrival = Arrival(Ingested(file, State.FAILED, reason=reason))
    except OSError as error:
        arrival = Arrival(Ingested(file, State.FAILED, reason=f"{error.strerror or error}"))
    except Exception as error:  # the next file is to be taken whatever this one did
        reason = (
            f"unexpected {type(error).__name__}: {error}; this is a defect in nxspectra, please report it"
        )
        arrival = Arrival(Ingested(file, State.FAILED, reason=reason))
    return replace(arrival, ingested=replace(arrival.ingested, seconds=time.perf_counter() - began))


def _travel(stop: Stop, task: Task, known: Ask) -> Arrival:
    file = str(stop.file)
    why = hdf5.unsettled(stop.file)
    if why is not None:
        return Arrival(Ingested(file, State.WAITING, reason=why))
    unsafe = tuple(found for found in hdf5.guard(stop.file) if found.severity is Severity.VIOLATION)
    if unsafe:
        return Arrival(Ingested(file, State.REFUSED, reason=_reasons(unsafe), findings=unsafe))
    raw = hdf5.read(stop.file)
    unchecked = tuple(check_origin(raw))
    if unchecked and stop.puts_off:
        return Arrival(Ingested(file, State.WAITING), claim=_raw_digest(raw))
    there = _elsewhere(stop, known(task.settings.pid_prefix + _raw_digest(raw)))
    target, earlier = _target(stop, task, raw, there)
    if task.integration is not None:
        raw = task.integration.of(raw, earlier)
    run, review = migration.migrate_and_review(raw, task.crosswalk, task.facts)
    report = validation.validate(run)
    if not _conforms(report, run):
        if unchecked and earlier is None and not task.replace:
            check_claim(run, None, there)
        sound = target if earlier is not None else None if there is None else there.sound_path
        return _wanting(stop, task, run, _Judged(review, report, unchecked), sound)
    run = _sourced(run, task)
    if unchecked and not task.replace:
        check_claim(run, earlier, there)
    is_another = unchecked and task.replace and earlier is not None and difference(run, earlier) is not None
    if earlier is not None and not is_another:
        run = _continued(earlier, run)
    model = None if task.model is None else _model(task.model)
    has_spectra = spectra_entry(run) is not None
    if model is not None and has_spectra and not _has_labels_of(run, model):
        votes = isinstance(model.estimator, classifiers.VotesByBins)
        run = annotate(run, classifiers.classify(run, model, explained=votes))
    continues = earlier is not None and run.source is earlier.source
    unchanged = continues and not run.additions
    new = hdf5.sidecar(run, target) if not continues and _is_linked(stop, task) else run
    if not unchanged:
        hdf5.write(new, target, in_place=continues, overwrite=True)
    back = hdf5.read(target, keep=validation.needed)
    report = validation.validate(back)
    description = rdf.describe(back, task.settings, report=report)
    findings = (*report.findings, *rdf.check(description))
    reason = None if unchanged else _not_as_meant(back, run, new, findings)
    state = State.FAILED if reason else State.UNCHANGED if unchanged else State.DONE
    found = Ingested(
        file, state, description.pid, str(target), reason, (*unchecked, *findings), _labels(back)
    )
    return Arrival(found, None if reason else description)


@dataclass(frozen=True)
class _Judged:
    """What was said of a tree."""

    review: Review
    report: Report
    unchecked: tuple[Finding, ...]


def _wanting(stop: Stop, task: Task, run: Group, judged: _Judged, sound: Path | None) -> Arrival:
    """What lacks something required is filed as it is, unless there is a `sound` result of its raw file."""
    file, review, report, unchecked = str(stop.file), judged.review, judged.report, judged.unchecked
    description = rdf.describe(run, task.settings, report=report)
    lacks = _lacks(review) or _reasons(report.of(Severity.VIOLATION)) or FOLLOWS_NONE
    if sound is not None and unchecked:
        # what only says that it is of a data set does not take the place of a sound result of it
        words = f"it says that it is of the same data set as {sound}, and is not in order:\n{lacks}"
        return Arrival(Ingested(file, State.REFUSED, reason=words, findings=unchecked))
    if sound is not None:
        lacks += f"\n{sound}, which was made from it, stays in the catalogue"
    checked = rdf.check(description)
    findings = (*unchecked, *review.findings, *report.findings, *checked)
    found = Ingested(file, State.NONCONFORMING, description.pid, None, lacks, findings)
    ill = any(finding.severity is Severity.VIOLATION for finding in checked)
    return Arrival(found, None if ill or sound is not None else description)


def _not_as_meant(back: Group, run: Group, new: Group, findings: Iterable[Finding]) -> str | None:
    """What is wrong with a file that was written and read back; None if it is as it was meant.

    `new` is `run`, or its file of links, which leaves out what cannot be said of what it links to.
    """
    lost = [path for path in run.additions.paths if path in new and path not in back]
    if lost:
        return f"written, and cannot be read back: {', '.join(lost)}"
    wrong = [finding for finding in findings if finding.severity is Severity.VIOLATION]
    return f"written, and read back it is not in order: {_reasons(wrong)}" if wrong else None


def _conforms(report: Report, root: Group) -> bool:
    """The entry with the spectra conforms; of a file without such an entry, all of it.

    A file may claim a definition of a detector that it does not keep, and still hold our subentry, sound.
    """
    ours = spectra_entry(root)
    return any(entry.path == ours and entry.conforms for entry in report.entries) or report.conforms


def _reasons(findings: Iterable[Finding]) -> str:
    return "\n".join(f"{finding.path}: {finding.message}" for finding in findings)


def _lacks(review: Review) -> str:
    """What is missing or uncertain, and which keys look like it and are not taken."""
    lines = []
    for lacking in review.findings:
        if lacking.severity is Severity.VIOLATION:
            lines.append(f"{lacking.path}: {lacking.message}")
            for refused in review.refused:
                concept, _, why = refused.message.partition(": ")
                if refused.rule == "refused-key" and lacking.path.endswith(f"/{concept}"):
                    lines.append(f"  not taken: {refused.path}: {why}")
    return "\n".join(lines)


def _elsewhere(stop: Stop, known: Known | None) -> Known | None:
    """What the catalogue has of this data set in another file."""
    return None if known is None or known.path.resolve() == stop.file.resolve() else known


def _target(stop: Stop, task: Task, raw: Group, there: Known | None) -> tuple[Path, Group | None]:
    """Where the file is to be written, and what an earlier ingest of the same raw file left there.

    What the catalogue knows is continued, whatever it is called, so that a data set has one file.
    """
    digest = _raw_digest(raw)
    own_name = task.output / f"{stop.file.stem}.nxs"
    other_name = task.output / f"{stop.file.stem}-{digest[:8]}.nxs"
    filed = [there.path] if there is not None and there.path.parent.resolve() == task.output.resolve() else []
    for target in (*filed, own_name, other_name):
        try:
            earlier = hdf5.read(target, keep=validation.needed) if target.exists() else None
        except FileError:
            return target, None  # damaged; it is ours to write again
        if earlier is None or (raw_file(earlier) is None and target.samefile(stop.file)):
            continue  # the raw file itself is no result of it
        if _raw_digest(earlier) == digest:
            return target, earlier
    return (other_name if stop.shares_name or own_name.exists() else own_name), None


def _is_linked(stop: Stop, task: Task) -> bool:
    """Is a file of links to be written? By itself where a copy would be large and could share no blocks.

    The links are followed from the folder of the file down, so only there it is done without being asked.
    """
    if task.as_link is not None:
        return task.as_link
    return (
        stop.file.stat().st_size > LARGE
        and stop.file.resolve().is_relative_to(task.output.resolve())
        and not hdf5.can_share(stop.file, task.output)
    )


def _sourced(run: Group, task: Task) -> Group:
    """`run` with a note of the raw file, also where migrating added nothing: the pid is made from it."""
    entry = spectra_entry(run)
    if entry is None or f"{entry}/migration" in run:
        return run
    path = f"{entry}/migration"
    note = account(run, migration.Crosswalk.load(task.crosswalk), (), datetime.now(UTC))
    return run.add([accounted(path, note)])


def _raw_digest(root: Group) -> str:
    """sha256 of the raw file, also where `root` was made from it."""
    named = raw_file(root)
    if named is not None:
        return named.checksum
    if root.source is None:
        raise ValueError("a tree without a source has no raw file")
    return root.source.digest


def _continued(earlier: Group, run: Group) -> Group:
    """What an earlier ingest wrote, if its facts still stand, else `run`; with the labels of both."""
    stands = _migration(earlier) == _migration(run)
    kept, other = (earlier, run) if stands else (run, earlier)
    for classification in classifications(other).values():
        kept = annotate(kept, classification)
    return kept


def _migration(root: Group) -> Group | None:
    """What the migration wrote down: same sources, same rules, same facts.

    Not when it was, nor the paths, of which a file of links leaves some out.
    """
    noted = root.group(f"{spectra_entry(root)}/migration")
    for name in ("date", "added_paths"):
        noted = noted.without(name) if noted is not None and name in noted else noted
    return noted


def _has_labels_of(root: Group, model: Model) -> bool:
    return any(
        found.model is not None and found.model.digest == model.digest
        for found in classifications(root).values()
    )


def _labels(root: Group) -> dict[str, int]:
    """How many spectra bear each label of the newest classification."""
    found = list(classifications(root).values())
    return dict(Counter(label for label in found[-1].labels if label is not None)) if found else {}


@lru_cache(maxsize=1)
def _model(name: str) -> Model:
    return Model.load(name)
