"""Work on many things in forked processes that may die: what kills one is an answer, and the next goes on.

A fork knows all that its parent knows, so it starts in milliseconds, with what was imported and compiled.
It is for a program of our own, such as the command, that has no threads; `ingestion`, which is called from
anywhere, starts fresh processes with the same limits.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import math
import os
import pickle
import selectors
import signal
import struct
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, NoReturn, TypeVar

from nxspectra.limits import Limits, bound_cpu, bound_memory, bound_reading

Item = TypeVar("Item")
Answer = TypeVar("Answer")

NUMBER = struct.Struct("<q")
"""How the place of an item, and the length of an answer, go through a pipe."""
AHEAD = 8
"""Items that a child may have at once, while there are many more."""
BEGUN = 2
"""Seconds of processor time to read an item that is begun; one that needs more has it when it is alone."""
PIECE = 1 << 16
"""Bytes read from a pipe at once."""
GRACE = 1.0
"""Seconds that a child is given to clear away what it has begun."""
WITH_PARENT = 1
"""PR_SET_PDEATHSIG, in linux/prctl.h."""


@dataclass(frozen=True, slots=True)
class Died:
    """The child that worked on an item died over it."""

    reason: str


def answers(
    items: Sequence[Item],
    work: Callable[[Item], Answer],
    workers: int = 1,
    *,
    begin: Callable[[Item], None] | None = None,
    limits: Limits | None = None,
    tick: Callable[[], None] = lambda: None,
    every: float = 0.25,
) -> Generator[tuple[int, Answer | Died]]:
    """`work` of each item, with its index, as each is done in one of so many children.

    `work` answers with something that can be pickled and raises nothing. While nothing is done `tick` is
    called, `every` so many seconds. A child may `begin` several items before it does the work of the first:
    a processor is quicker at doing one thing several times.
    """
    waiting = deque(range(len(items)))
    alone: set[int] = set()
    """One of these ended the child that had begun them together."""
    children: list[Child[Item, Answer]] = []
    with selectors.DefaultSelector() as ready:
        try:
            while waiting or any(child.given for child in children):
                while waiting and len(children) < min(workers, len(items)):
                    children.append(Child(items, work, begin, limits or Limits(), children))
                    ready.register(children[-1].replies, selectors.EVENT_READ, children[-1])
                    children[-1].give(waiting.popleft())
                for child in children:
                    # one that waits for its next item would wait for the parent to be given a core
                    most = min(AHEAD, 1 + len(waiting) // (workers * AHEAD))
                    while waiting and len(child.given) < most and alone.isdisjoint(child.given):
                        child.give(waiting.popleft())
                done = ready.select(every)
                if not done:
                    tick()
                for child in (key.data for key, _ in done):
                    answered = [child.answer()] if child.given else []
                    if not answered or isinstance(answered[0][1], Died):
                        if begin is not None and child.given and answered[0][0] not in alone:
                            child.given.appendleft(answered.pop()[0])
                            alone.update(child.given)
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
        begin: Callable[[Item], None] | None,
        limits: Limits,
        others: Sequence[Child[Item, Answer]],
    ) -> None:
        for_child, self.requests = os.pipe()
        self.replies, from_child = os.pipe()
        self.given: deque[int] = deque()
        """Indices of the items that it has not answered for, in order."""
        self.limits = limits
        with warnings.catch_warnings():
            # the threads of a linear algebra library, which waits for nobody over a fork
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            ours = [self.requests, self.replies]
            for descriptor in [*ours, *(end for one in others for end in (one.requests, one.replies))]:
                os.close(descriptor)
            serve(items, work, begin, limits, (for_child, from_child))
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
            return index, Died(death(os.waitstatus_to_exitcode(status), self.limits))
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
        """End it; if it is at work it may clear away first what it has begun, unless it takes too long."""
        os.close(self.requests)
        os.close(self.replies)
        if not self.pid:
            return
        if self.given:
            os.kill(self.pid, signal.SIGTERM)
            for _ in range(int(GRACE * 100)):
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return
                time.sleep(0.01)
            # what it writes is written whole or not at all, so it can be killed at any moment
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def serve(
    items: Sequence[Item],
    work: Callable[[Item], Answer],
    begin: Callable[[Item], None] | None,
    limits: Limits,
    pipes: tuple[int, int],
) -> NoReturn:
    """The life of a child: items from one of the pipes until there are no more, answers into the other."""
    code, (requests, replies) = 1, pipes
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        with suppress(OSError, AttributeError):  # only Linux has it
            ctypes.CDLL(None).prctl(WITH_PARENT, signal.SIGTERM)
        faulthandler.disable()  # the parent tells how it ended
        gc.freeze()  # what the parent made is not looked through again and again
        bound_memory(limits)
        bound_reading(limits)
        while asked := os.read(requests, NUMBER.size * AHEAD):
            together = [items[index] for (index,) in NUMBER.iter_unpack(asked)]
            if begin is not None and len(together) > 1:
                bound_reading(replace(limits, reading=min(limits.reading, BEGUN)))
                for item in together:
                    begin(item)
                bound_reading(limits)
            for item in together:
                bound_cpu(limits)
                answer = pickle.dumps(work(item))
                left = memoryview(NUMBER.pack(len(answer)) + answer)
                while left:
                    left = left[os.write(replies, left) :]
        code = 0
    finally:
        # nothing of the parent's is to be flushed, closed or told a second time
        os._exit(code)


def death(code: int, limits: Limits | None = None) -> str:
    """How a process with these limits ended, for a person."""
    if limits is not None and limits.reading < math.inf and code == -signal.SIGXCPU:
        return f"reading it took more than {limits.reading} s of processor time; the file is damaged"
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
