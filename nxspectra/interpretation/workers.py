"""Who works on a job: a name for this process that no other has, and whether that of a name is dead."""

from __future__ import annotations

import os
import socket
import uuid
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def own_name() -> str:
    """`PLACE PID START UNIQUE`, where a place is one system, or container, since it was started."""
    return f"{_place()} {os.getpid()} {_start(os.getpid())} {uuid.uuid4().hex[:8]}"


def is_dead(name: str) -> bool:
    """Is it certain that this process has ended? False for those of other places, who cannot be asked."""
    place, _, rest = name.partition(" ")
    pid, _, rest = rest.partition(" ")
    start = rest.partition(" ")[0]
    if not pid.isdigit() or start == "?" or place != _place():
        return False
    return _start(int(pid)) != start


def _place() -> str:
    with suppress(OSError):
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{(_PROC / 'self/ns/pid').stat().st_ino}"
    return socket.gethostname()


def _start(pid: int) -> str:
    """When a process began, in ticks since the system did; `?` if it is gone, or nobody says."""
    with suppress(OSError, IndexError):
        # the second field is a name in brackets, which may hold anything
        return (_PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return "?"
