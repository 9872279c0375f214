"""Killing writers: a program that does one of our jobs over and over, each time in a process of its own.

Used by the test of some kills, and by the benchmark of many. Run as a program it is the one that is killed.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import TracebackType

import numpy as np

from nxspectra import annotate, migrate, simulate
from nxspectra.hdf5 import added_paths, differences, read, sidecar, strip, write
from nxspectra.spectra import Classification, classifications

FRAMES = 6
LABELS = Classification(
    ("low", "high"), np.array([0, 0, 1, 1, 1, 1]), "expert", "nxspectra", "1", "2026-11-23"
)
JOBS = ("migrate", "migrate in place", "annotate in place", "as link", "strip in place")


def work(job: str, file: Path, out: Path) -> None:
    if job == "migrate":
        write(migrate(read(file)), out)
    elif job == "migrate in place":
        write(migrate(read(file)), file, in_place=True)
    elif job == "annotate in place":
        write(annotate(read(file), LABELS), file, in_place=True)
    elif job == "as link":
        write(sidecar(migrate(read(file)), out), out)
    elif job == "strip in place":
        strip(read(file), file, in_place=True)


def serve() -> None:
    """For each line a child that does a job: its number, and how it ended."""
    say = functools.partial(print, flush=True, file=sys.stdout)
    for line in sys.stdin:
        job, file, out = json.loads(line)
        child = os.fork()
        if not child:
            work(job, Path(file), Path(out))
            os._exit(0)
        say(child)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


class Range:
    """A folder where writers are killed, with what the files are before and after each job."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.folder = folder / "range"
        self.folder.mkdir()
        self.file, self.out = self.folder / "raw_0042.nxs", self.folder / "run_0042.nxs"
        tree = simulate(seed=3, frames=FRAMES, points=200).tree()
        for name in tree["entry/collection_extra"]:
            if name not in {"dac", "mono"}:
                tree = tree.without(f"entry/collection_extra/{name}")
        raw = write(tree, folder / "raw.nxs")
        run = write(migrate(read(raw)), folder / "run.nxs")
        self.raw, self.run = raw, run
        self.content = {path: path.read_bytes() for path in (raw, run)}
        self.ends: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.takes: dict[str, float] = {}

    def __enter__(self) -> Range:
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.program = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **threads},
        )
        for job in JOBS:
            self.measure(job)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.program.communicate()

    def measure(self, job: str) -> None:
        """Seconds of the job when nobody kills it, the second time."""
        for _ in range(2):
            self.put_back(job)
            began = time.perf_counter()
            assert self.do(job) == 0
            self.takes[job] = time.perf_counter() - began
            assert self.state(job) == "new"

    def source(self, job: str) -> Path:
        return self.run if job in {"annotate in place", "strip in place"} else self.raw

    def put_back(self, job: str) -> None:
        """As it is before the job; what killed writers left stays, for the next one to clear away."""
        self.file.write_bytes(self.content[self.source(job)])
        self.out.unlink(missing_ok=True)

    def do(self, job: str, kill_after: float | None = None) -> int:
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(json.dumps([job, str(self.file), str(self.out)]) + "\n")
        self.program.stdin.flush()
        number = int(self.program.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            # Until it is waited for, a writer that has ended keeps its number; afterwards it takes a while
            # until another process gets it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        return int(self.program.stdout.readline())

    def kill(self, job: str) -> None:
        """One writer killed at a random moment; what it left is looked at.

        How long a job takes is learned again each time, since other programs come and go: about a fifth
        of the writers are to finish, so that the end is not missed.
        """
        self.put_back(job)
        ended = self.do(job, self.chance.uniform(0.1, 1.0) * self.takes[job])
        self.takes[job] *= 0.8 if ended == 0 else 1.06
        self.ends["killed" if ended == -signal.SIGKILL else "finished" if ended == 0 else "failed"] += 1
        self.found[self.state(job)] += 1

    def state(self, job: str) -> str:
        """`old` or `new`, or what is wrong: raw data that are lost or changed, a file that is half done."""
        in_place = job.endswith("in place")
        before = self.content[self.source(job)]
        unchanged = self.file.read_bytes() == before
        if not in_place and not unchanged:
            return "the raw file was changed"
        if unchanged if in_place else not self.out.exists():
            return "old"
        return self.whole(job, self.file if in_place else self.out)

    def whole(self, job: str, path: Path) -> str:
        """`new` if the job was done to its end and nothing else was."""
        try:
            tree = read(path)
            if job == "strip in place":
                return "raw data are not what they were" if differences(self.raw, path) else "new"
            added = added_paths(tree)
            if job != "as link" and differences(self.raw, path, added):
                return "raw data are not what they were"
        except Exception as error:  # whatever it is, it is what the kill left
            return f"unreadable: {error}"
        done = len(classifications(tree)) == 1 if job == "annotate in place" else "entry/migration" in tree
        return "new" if done else "half done"

    def left(self) -> set[str]:
        """The hidden files that are left after one more run of every job, that nobody kills."""
        for job in JOBS:
            self.put_back(job)
            assert self.do(job) == 0
        return {path.name for path in self.folder.iterdir()} - {self.file.name, self.out.name}


if __name__ == "__main__":
    serve()
