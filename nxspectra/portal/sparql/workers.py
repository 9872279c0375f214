"""Processes that answer queries: a few that stay, killed at the time limit and replaced."""

from __future__ import annotations

import subprocess
import sys
from multiprocessing.connection import Connection, Pipe
from threading import BoundedSemaphore, Lock

from nxspectra.portal.sparql.answering import Answered, Asked, Source

PROGRAM = (
    "import sys; sys.path[:] = {path!r};"
    " from nxspectra.portal.sparql.answering import serve; serve({descriptor})"
)
START = 60.0
"""Seconds in which a process must be ready, on a machine that is busy."""


class Worker:
    """One process, which answers one query at a time."""

    def __init__(self, source: Source) -> None:
        ours, theirs = Pipe()
        program = PROGRAM.format(path=sys.path, descriptor=theirs.fileno())
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", program],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # what a library says when it gives up; the answer says it better
        )
        theirs.close()
        self._connection: Connection[Source | Asked, Answered] = ours
        self._connection.send(source)
        self.is_ready = False

    def answer(self, asked: Asked, seconds: float) -> Answered:
        """Of one query. A process that does not give one in time, or dies over it, `is_over` then."""
        try:
            if not self.is_ready:
                if not self._connection.poll(START):
                    return self._over("the process that answers queries does not start; ask again")
                self._connection.recv()
                self.is_ready = True
            self._connection.send(asked)
            if not self._connection.poll(seconds):
                return self._over(f"the query takes more than {seconds:g} s; ask for less")
            return self._connection.recv()
        except (EOFError, ConnectionError):
            return self._over("the query needs more memory or time than one is given; ask for less")

    def _over(self, message: str) -> Answered:
        self.end()
        return Answered(503, message=message)

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> None:
        """It only reads, so it can be killed at any moment."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


class Workers:
    """As many processes as queries may be answered at once; called from any thread."""

    def __init__(self, source: Source, number: int, waiting: int, seconds: float) -> None:
        self.source, self.seconds = source, seconds
        self._places = BoundedSemaphore(number + waiting)
        self._turns = BoundedSemaphore(number)
        self._free: list[Worker] = []
        self._lock = Lock()
        self._is_open = True

    def answer(self, asked: Asked) -> Answered:
        """Of one query, when it is its turn."""
        if not self._places.acquire(blocking=False):
            return Answered(503, message="too many queries are being answered; ask again in a few seconds")
        try:
            if not self._turns.acquire(timeout=2 * self.seconds):
                return Answered(503, message="other queries take long; ask again in a few seconds")
            try:
                return self._answer(asked)
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def _answer(self, asked: Asked) -> Answered:
        with self._lock:
            worker = self._free.pop() if self._free else None
        if worker is None or worker.is_over:
            worker = Worker(self.source)
        answered = worker.answer(asked, self.seconds)
        with self._lock:
            if self._is_open and not worker.is_over:
                self._free.append(worker)
                return answered
        worker.end()
        return answered

    @property
    def pids(self) -> list[int]:
        """Of the processes that wait for a query."""
        with self._lock:
            return [worker.pid for worker in self._free]

    def end(self) -> None:
        with self._lock:
            self._is_open = False
            ended, self._free = self._free, []
        for worker in ended:
            worker.end()
