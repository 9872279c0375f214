"""Child processes that take files one after another; a file that kills its child is a reported failure.

`multiprocessing` would import the script that called us once more in every child; these import only this
package, and how they ended is known.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, Pipe, wait
from typing import Self

from nxspectra.children import death
from nxspectra.hdf5.waiting import AGAIN
from nxspectra.ingestion.journey import Arrival, Ingested, State, Stop, Task, take
from nxspectra.ingestion.known import Ask, Known, nothing
from nxspectra.limits import bound_memory
from nxspectra.threads import environment

PROGRAM = (
    "import sys; sys.path[:] = {path!r}; from nxspectra.ingestion.children import serve; serve({descriptor})"
)


class Child:
    """One process of so many, which is given a file at a time."""

    def __init__(self, task: Task, workers: int = 1) -> None:
        ours, theirs = Pipe()
        program = PROGRAM.format(path=sys.path, descriptor=theirs.fileno())
        self._process = subprocess.Popen(  # noqa: S603
            # -P: a folder full of data is no place to import from
            [sys.executable, "-P", "-c", program],
            pass_fds=(theirs.fileno(),),
            env=environment(workers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self.connection: Connection[Task | Stop | Known | None, Arrival | str] = ours
        self.connection.send(task)
        self.stop: Stop | None = None

    def give(self, stop: Stop) -> None:
        self.stop = stop
        with suppress(BrokenPipeError):  # it died; the answer, which is none, will say so
            self.connection.send(stop)

    def answer(self, known: Ask = nothing) -> Arrival | None:
        """What became of the file it was given, also when it died over it; None if it only had a question."""
        assert self.stop is not None  # noqa: S101
        try:
            arrival = self.connection.recv()
            if isinstance(arrival, str):
                with suppress(BrokenPipeError):
                    self.connection.send(known(arrival))
                return None
        except (EOFError, ConnectionError):
            how = death(self._process.wait())
            arrival = Arrival(Ingested(str(self.stop.file), State.FAILED, reason=how))
        self.stop = None
        return arrival

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """End it; files are written whole or not at all, so it can be killed at any moment."""
        self.connection.close()
        if self.stop is not None:
            self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


@dataclass
class Turns:
    """The files that are still to be taken."""

    waiting: deque[Stop]
    end: float
    """Until when a file that somebody is still writing is looked at again."""
    later: list[tuple[float, Stop]] = field(default_factory=list)
    """Such files, and when they are looked at."""
    claims: dict[str, deque[Stop]] = field(default_factory=dict)
    """Files that only say of which data set they are, by that."""

    def __bool__(self) -> bool:
        return bool(self.waiting or self.later or self.claims)

    def come(self, *, idle: bool) -> None:
        """Let those wait whose turn it is; when all others are done, one of each data set that is claimed."""
        due = [stop for when, stop in self.later if when <= time.monotonic()]
        self.later = [(when, stop) for when, stop in self.later if stop not in due]
        self.waiting.extend(due)
        if idle and not self.waiting and not self.later:
            self.waiting.extend(claimed.popleft() for claimed in self.claims.values())
            self.claims = {digest: claimed for digest, claimed in self.claims.items() if claimed}

    def again(self, stop: Stop, arrival: Arrival) -> bool:
        """Is it to be taken another time? Then it is put there."""
        if arrival.claim is not None:
            self.claims.setdefault(arrival.claim, deque()).append(replace(stop, puts_off=False))
            return True
        if arrival.ingested.state is State.WAITING and time.monotonic() < self.end:
            self.later.append((min(self.end, time.monotonic() + AGAIN), stop))
            return True
        return False

    @property
    def pause(self) -> float | None:
        """Seconds until the next one is to be looked at again; None if there is none."""
        first = min((when for when, _ in self.later), default=None)
        return None if first is None else max(0.0, first - time.monotonic())


def take_all(
    stops: Sequence[Stop], task: Task, workers: int, patience: float = 0.0, known: Ask = nothing
) -> Generator[Arrival]:
    """What became of each file, in the order in which they are done.

    A file that somebody is still writing is looked at again and again, for so many seconds, while the others
    are done. One that only says of which data set it is waits until all others are done and what was yielded
    is filed, and of one data set there is one at a time, so that each is compared with what was filed before
    it. `known` tells the children what the catalogue has under a pid.
    """
    turns = Turns(deque(stops), time.monotonic() + patience)
    children: list[Child] = []
    try:
        while turns or any(child.stop for child in children):
            turns.come(idle=not any(child.stop for child in children))
            waiting = turns.waiting
            for child in [child for child in children if child.stop is None and not child.is_alive]:
                children.remove(child)
                child.end()
            while (
                waiting and len(children) < min(workers, len(stops)) and all(child.stop for child in children)
            ):
                children.append(Child(task, min(workers, len(stops))))
                children[-1].give(waiting.popleft())
            for child in children:
                if waiting and child.stop is None:
                    child.give(waiting.popleft())
            ready = wait([child.connection for child in children if child.stop], turns.pause)
            for child in [child for child in children if child.connection in ready]:
                stop, arrival = child.stop, child.answer(known)
                if arrival is not None and stop is not None and not turns.again(stop, arrival):
                    yield arrival
    finally:
        for child in children:
            child.end()


def serve(descriptor: int) -> None:
    """The life of a child: a task, then files until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
    os.set_inheritable(descriptor, False)
    connection: Connection[Arrival | str, Task | Stop | Known | None] = Connection(descriptor)

    def known(pid: str) -> Known | None:
        connection.send(pid)
        told = connection.recv()
        assert told is None or isinstance(told, Known)  # noqa: S101
        return told

    with suppress(EOFError, ConnectionError):
        task = connection.recv()
        assert isinstance(task, Task)  # noqa: S101
        bound_memory(task.limits)
        while True:
            stop = connection.recv()
            assert isinstance(stop, Stop)  # noqa: S101
            connection.send(take(stop, task, known))
