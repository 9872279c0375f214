"""What a child process may use, so that one bad file cannot take the machine with it."""

from __future__ import annotations

import resource
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one child process; a file that needs more is a reported failure."""

    memory: int = 4 * 1024**3
    """Bytes of data beyond what the process holds when it begins."""
    cpu: int = 600
    """Seconds of processor time for one file."""


def bound_memory(limits: Limits) -> None:
    """Let this process hold no more than `limits.memory` beyond what it holds now."""
    _lower(resource.RLIMIT_DATA, _held() + limits.memory)
    # a core dump of a crashed child helps nobody at a beamline and fills the disk
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def bound_cpu(limits: Limits) -> None:
    """Let this process compute for no more than `limits.cpu` seconds from now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + limits.cpu)


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
