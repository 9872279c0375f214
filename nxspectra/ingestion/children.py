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
from multiprocessing.connection import Connection, Pipe, wait
from typing import Self

from nxspectra.children import bound_memory, death
from nxspectra.hdf5.waiting import AGAIN
from nxspectra.ingestion.journey import Arrival, Ingested, State, Stop, Task, take

PROGRAM = (
    "import sys; sys.path[:] = {path!r}; from nxspectra.ingestion.children import serve; serve({descriptor})"
)


class Child:
    """One process, which is given a file at a time."""

    def __init__(self, task: Task) -> None:
        ours, theirs = Pipe()
        program = PROGRAM.format(path=sys.path, descriptor=theirs.fileno())
        self._process = subprocess.Popen(  # noqa: S603
            # -P: a folder full of data is no place to import from
            [sys.executable, "-P", "-c", program],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self.connection: Connection[Task | Stop, Arrival] = ours
        self.connection.send(task)
        self.stop: Stop | None = None

    def give(self, stop: Stop) -> None:
        self.stop = stop
        with suppress(BrokenPipeError):  # it died; the answer, which is none, will say so
            self.connection.send(stop)

    def answer(self) -> Arrival:
        """What became of the file it was given; also when it died over it."""
        assert self.stop is not None  # noqa: S101
        try:
            arrival = self.connection.recv()
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


def take_all(stops: Sequence[Stop], task: Task, workers: int, patience: float = 0.0) -> Generator[Arrival]:
    """What became of each file, in the order in which they are done.

    A file that somebody is still writing is looked at again and again, for so many seconds, while the others
    are done.
    """
    waiting = deque(stops)
    later: list[tuple[float, Stop]] = []
    end = time.monotonic() + patience
    children: list[Child] = []
    try:
        while waiting or later or any(child.stop for child in children):
            due = [stop for when, stop in later if when <= time.monotonic()]
            later = [(when, stop) for when, stop in later if stop not in due]
            waiting.extend(due)
            for child in [child for child in children if child.stop is None and not child.is_alive]:
                children.remove(child)
                child.end()
            while (
                waiting and len(children) < min(workers, len(stops)) and all(child.stop for child in children)
            ):
                children.append(Child(task))
                children[-1].give(waiting.popleft())
            for child in children:
                if waiting and child.stop is None:
                    child.give(waiting.popleft())
            pause = min((when for when, _ in later), default=None)
            timeout = None if pause is None else max(0.0, pause - time.monotonic())
            ready = wait([child.connection for child in children if child.stop], timeout)
            for child in [child for child in children if child.connection in ready]:
                stop, arrival = child.stop, child.answer()
                is_busy = arrival.ingested.state is State.WAITING and arrival.claim is None
                if is_busy and stop is not None and time.monotonic() < end:
                    later.append((min(end, time.monotonic() + AGAIN), stop))
                else:
                    yield arrival
    finally:
        for child in children:
            child.end()


def serve(descriptor: int) -> None:
    """The life of a child: a task, then files until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
    os.set_inheritable(descriptor, False)
    connection: Connection[Arrival, Task | Stop] = Connection(descriptor)
    with suppress(EOFError, ConnectionError):
        task = connection.recv()
        assert isinstance(task, Task)  # noqa: S101
        bound_memory(task.limits)
        while True:
            stop = connection.recv()
            assert isinstance(stop, Stop)  # noqa: S101
            connection.send(take(stop, task))
