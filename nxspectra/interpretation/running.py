"""Interpretations are made one after another, each in a process with limits, while the server goes on.

Nothing here opens a file of data; that is for the process, whose life is in `making`.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from threading import Event, Thread
from typing import Any

from nxspectra.children import death
from nxspectra.errors import NxspectraError
from nxspectra.interpretation.jobs import Asked, Job, Jobs
from nxspectra.limits import Limits
from nxspectra.settings import Settings
from nxspectra.threads import environment

log = logging.getLogger("nxspectra.interpretation")

PROGRAM = (
    "import sys; sys.path[:] = {path!r};"
    " from nxspectra.interpretation.making import serve; serve({descriptor})"
)
EVERY = 1.0
"""Seconds between looks for a job, and between the signs of life of one."""
PATIENCE = 30.0
"""Seconds to wait when the index cannot be used."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a process is started for."""

    asked: Asked
    settings: Settings
    limits: Limits


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: a result, or why there is none."""

    result: Mapping[str, Any] | None = None
    reason: str = ""


class Runner(Thread):
    """Makes the interpretations that wait, until it is ended."""

    def __init__(self, jobs: Jobs, *, limits: Limits | None = None, seconds: float = 900.0) -> None:
        """`seconds`: for one interpretation, however little of a processor it gets."""
        super().__init__(name="interpretations", daemon=True)
        self.jobs, self.seconds = jobs, seconds
        self.limits = limits or Limits()
        self._ended = Event()
        self._asked = Event()

    def look(self) -> None:
        """Something was asked for just now."""
        self._asked.set()

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                job = self.jobs.claim()
                if job is not None:
                    self._make(job)
                    continue
                wait = EVERY
            except NxspectraError as error:
                log.error("interpretations wait: %s", error)
                wait = PATIENCE
            self._asked.wait(wait)
            self._asked.clear()

    def end(self) -> None:
        """Give back what is being made, and end."""
        self._ended.set()
        self._asked.set()
        self.join()

    def _make(self, job: Job) -> None:
        end = time.monotonic() + self.seconds
        with Process(Task(job.asked, Settings.load(), self.limits)) as process:
            while True:
                made = process.made(EVERY)
                if made is not None:
                    break
                if self._ended.is_set():
                    self.jobs.give_back(job)
                    return
                if time.monotonic() > end:
                    made = Made(reason=f"it took more than {self.seconds:g} s")
                    break
                if not self.jobs.still_at(job):
                    return  # we were not heard of for so long that another took it up
        if made.result is not None:
            self.jobs.done(job, made.result)
        else:
            self.jobs.failed(job, made.reason)


class Process:
    """A process that makes one interpretation."""

    def __init__(self, task: Task) -> None:
        ours, theirs = Pipe()
        program = PROGRAM.format(path=sys.path, descriptor=theirs.fileno())
        self._process = subprocess.Popen(  # noqa: S603
            # -P: a folder full of data is no place to import from
            [sys.executable, "-P", "-c", program],
            pass_fds=(theirs.fileno(),),
            env=environment(1),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self._connection: Connection[Task, Made] = ours
        with suppress(BrokenPipeError):  # it died; that it makes nothing will say so
            self._connection.send(task)

    def made(self, wait: float) -> Made | None:
        """What it made, if it is done within so many seconds; also when it died over it."""
        if not self._connection.poll(wait):
            return None
        try:
            return self._connection.recv()
        except (EOFError, ConnectionError):
            return Made(reason=death(self._process.wait()))

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()
