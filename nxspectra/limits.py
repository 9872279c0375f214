"""How much a process may take, kept by the kernel, whatever a library does that never comes back."""

from __future__ import annotations

import ctypes
import math
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
"""What `unshare` leaves, in linux/sched.h."""
SLOWEST = 2_000_000
"""Bytes of a file that even a slow machine gets through in a second."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one child process; what needs more is a reported failure. Infinity is no limit."""

    memory: float = 4 * 1024**3
    """Bytes of data beyond what the process holds when it begins."""
    cpu: float = 600
    """Seconds of processor time for one item."""
    reading: float = math.inf
    """Seconds of processor time while a file is open for reading, and for a large one more."""


def bound_memory(limits: Limits) -> None:
    """Let this process hold no more than `limits.memory` beyond what it holds now."""
    _lower(resource.RLIMIT_DATA, _held() + limits.memory)
    # a core dump of a crashed child helps nobody at a beamline and fills the disk
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def bound_cpu(limits: Limits) -> None:
    """Let this process compute for no more than `limits.cpu` seconds from now."""
    _lower(resource.RLIMIT_CPU, _used() + 1 + limits.cpu)


_reading = math.inf
"""As in Limits, of this process."""


def bound_reading(limits: Limits) -> None:
    """Let this process compute for no more than `limits.reading` seconds whenever it reads a file."""
    global _reading  # noqa: PLW0603 - as the limits of the kernel, it is one of the process
    _reading = limits.reading


@contextmanager
def while_reading(size: int) -> Iterator[None]:
    """So long a file of this size, in bytes, is open for reading.

    Its reading ends, or this process does, if `bound_reading` said so; if not, nothing is done.
    """
    if _reading == math.inf:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    end = _used() + 1 + _reading + size // SLOWEST
    _lower(resource.RLIMIT_CPU, end if soft == resource.RLIM_INFINITY else min(end, soft))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def leave_the_network() -> None:
    """Let this process reach nothing from now on, where the system lets it give that up.

    To be called first of all: a process with threads may not.
    """
    with suppress(OSError, AttributeError):  # only Linux has it
        system = ctypes.CDLL(None)
        # first as who has the right to, so that we stay who we are
        if system.unshare(CLONE_NEWNET) != 0:
            system.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _used() -> int:
    """Seconds of processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int(used.ru_utime + used.ru_stime)


def _lower(kind: int, soft: float) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    if soft < math.inf:
        resource.setrlimit(kind, (int(soft), hard))


def _held() -> int:
    """Bytes of data segments of this process; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123
            return int(pages.read().split()[5]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0
