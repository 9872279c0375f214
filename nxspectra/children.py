"""Work on many things in forked processes that may die: what kills one is an answer, and the next goes on.

A fork knows all that its parent knows, so it starts in milliseconds, with what was imported and compiled.
It is for a program of our own, such as the command, that has no threads; `ingestion`, which is called from
anywhere, starts fresh processes with the same limits.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import pickle
import resource
import selectors
import signal
import struct
import warnings
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

NUMBER = struct.Struct("<q")
"""How the place of an item, and the length of an answer, go through a pipe."""
AHEAD = 4
"""Items that a child may have at once, while there are many more."""
PIECE = 1 << 16
"""Bytes read from a pipe at once."""
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
"""What `unshare` leaves, in linux/sched.h."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one child process; what needs more is a reported failure."""

    memory: int = 4 * 1024**3
    """Bytes of data beyond what the process holds when it begins."""
    cpu: int = 600
    """Seconds of processor time for one item."""


@dataclass(frozen=True, slots=True)
class Died:
    """The child that worked on an item died over it."""

    reason: str


def answers(
    items: Sequence[Item],
    work: Callable[[Item], Answer],
    workers: int = 1,
    *,
    limits: Limits | None = None,
    tick: Callable[[], None] = lambda: None,
    every: float = 0.25,
) -> Generator[tuple[int, Answer | Died]]:
    """`work` of each item, with its index, as each is done in one of so many children.

    `work` answers with something that can be pickled and raises nothing. While nothing is done `tick` is
    called, `every` so many seconds.
    """
    waiting = deque(range(len(items)))
    children: list[Child[Item, Answer]] = []
    with selectors.DefaultSelector() as ready:
        try:
            while waiting or any(child.given for child in children):
                while waiting and len(children) < min(workers, len(items)):
                    children.append(Child(items, work, limits or Limits(), children))
                    ready.register(children[-1].replies, selectors.EVENT_READ, children[-1])
                    children[-1].give(waiting.popleft())
                for child in children:
                    # one that waits for its next item would wait for the parent to be given a core
                    while waiting and len(child.given) < min(AHEAD, 1 + len(waiting) // (workers * AHEAD)):
                        child.give(waiting.popleft())
                done = ready.select(every)
                if not done:
                    tick()
                for child in (key.data for key, _ in done):
                    answered = [child.answer()] if child.given else []
                    if not answered or isinstance(answered[0][1], Died):
                        waiting.extendleft(reversed(child.given))
                        child.given.clear()
                        ready.unregister(child.replies)
                        children.remove(child)
                        child.end()
                    yield from answered
        finally:
            for child in children:
                child.end()


class Child(Generic[Item, Answer]):
    """A fork of this process that is given the index of an item and answers, until it is ended."""

    def __init__(
        self,
        items: Sequence[Item],
        work: Callable[[Item], Answer],
        limits: Limits,
        others: Sequence[Child[Item, Answer]],
    ) -> None:
        for_child, self.requests = os.pipe()
        self.replies, from_child = os.pipe()
        self.given: deque[int] = deque()
        """Indices of the items that it has not answered for, in order."""
        with warnings.catch_warnings():
            # the threads of a linear algebra library, which waits for nobody over a fork
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            ours = [self.requests, self.replies]
            for descriptor in [*ours, *(end for one in others for end in (one.requests, one.replies))]:
                os.close(descriptor)
            serve(items, work, limits, for_child, from_child)
        os.close(for_child)
        os.close(from_child)

    def give(self, index: int) -> None:
        self.given.append(index)
        with suppress(BrokenPipeError):  # it died; the answer, which is none, will say so
            os.write(self.requests, NUMBER.pack(index))

    def answer(self) -> tuple[int, Answer | Died]:
        """What it made of the first item it was given; also when it died over it."""
        index = self.given.popleft()
        head = self._read(NUMBER.size)
        body = None if head is None else self._read(NUMBER.unpack(head)[0])
        if body is None:
            _, status = os.waitpid(self.pid, 0)
            self.pid = 0
            return index, Died(death(os.waitstatus_to_exitcode(status)))
        return index, pickle.loads(body)  # noqa: S301  # from a fork of ourselves

    def _read(self, length: int) -> bytes | None:
        """So many bytes, or None if it died before it wrote them."""
        whole = bytearray()
        while len(whole) < length:
            piece = os.read(self.replies, min(PIECE, length - len(whole)))
            if not piece:
                return None
            whole += piece
        return bytes(whole)

    def end(self) -> None:
        """End it, whatever it is doing: it reads, and what it writes is written whole or not at all."""
        os.close(self.requests)
        os.close(self.replies)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def serve(
    items: Sequence[Item], work: Callable[[Item], Answer], limits: Limits, requests: int, replies: int
) -> NoReturn:
    """The life of a child: items until there are no more."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
        faulthandler.disable()  # the parent tells how it ended
        bound_memory(limits)
        while asked := os.read(requests, NUMBER.size):
            bound_cpu(limits)
            answer = pickle.dumps(work(items[NUMBER.unpack(asked)[0]]))
            with os.fdopen(replies, "wb", closefd=False) as out:
                out.write(NUMBER.pack(len(answer)))
                out.write(answer)
        code = 0
    finally:
        # nothing of the parent's is to be flushed, closed or told a second time
        os._exit(code)


def death(code: int) -> str:
    """How a process ended, for a person."""
    if code >= 0:
        return f"its process ended with exit code {code}"
    name = signal.Signals(-code).name
    reasons = {
        "SIGSEGV": "the HDF5 library crashed on it; the file is damaged",
        "SIGABRT": "the HDF5 library gave up on it; the file is damaged",
        "SIGFPE": "the HDF5 library crashed on it; the file is damaged",
        "SIGBUS": "it changed, or its disk failed, while it was read",
        "SIGXCPU": "it needed more processor time than one file is given; it is damaged, or absurdly large",
        "SIGKILL": "it was killed; was the memory of the machine used up?",
    }
    return f"its process was ended by {name}" + (f": {reasons[name]}" if name in reasons else "")


def bound_memory(limits: Limits) -> None:
    """Let this process hold no more than `limits.memory` beyond what it holds now."""
    _lower(resource.RLIMIT_DATA, _held() + limits.memory)
    # a core dump of a crashed child helps nobody at a beamline and fills the disk
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def bound_cpu(limits: Limits) -> None:
    """Let this process compute for no more than `limits.cpu` seconds from now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + limits.cpu)


def leave_the_network() -> None:
    """Let this process reach nothing from now on, where the system lets it give that up.

    To be called first of all: a process with threads may not.
    """
    with suppress(OSError, AttributeError):  # only Linux has it
        system = ctypes.CDLL(None)
        # first as who has the right to, so that we stay who we are
        if system.unshare(CLONE_NEWNET) != 0:
            system.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _lower(kind: int, soft: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(kind, (soft, hard))


def _held() -> int:
    """Bytes of data segments of this process; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123
            return int(pages.read().split()[5]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0
