"""The process that makes an interpretation: it reads one file, with limits, and ends."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import PurePath

from nxspectra.errors import NxspectraError
from nxspectra.interpretation.answering import interpret
from nxspectra.interpretation.running import Made, Task
from nxspectra.limits import bound_cpu, bound_memory, leave_the_network


def serve(descriptor: int) -> None:
    """The life of a process: one interpretation."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends its children
    os.set_inheritable(descriptor, False)
    leave_the_network()
    connection: Connection[Made, Task] = Connection(descriptor)
    with suppress(EOFError, ConnectionError):
        task = connection.recv()
        assert isinstance(task, Task)  # noqa: S101
        bound_memory(task.limits)
        bound_cpu(task.limits)
        connection.send(make(task))


def make(task: Task) -> Made:
    """An interpretation, or why there is none; nothing is raised."""
    try:
        return Made(interpret(task.asked, task.settings))
    except NxspectraError as error:
        # where files lie on this machine is nobody's business
        return Made(reason=str(error).replace(task.asked.path, PurePath(task.asked.path).name))
    except MemoryError:
        return Made(reason=f"it needs more than {task.limits.memory / 1024**3:.1f} GiB of memory")
    except Exception as error:  # told to who asked, whatever it is
        logging.getLogger("nxspectra").exception("interpretation of %s", task.asked.pid)
        return Made(
            reason=f"unexpected {type(error).__name__}; this is a defect, the log of the server says more"
        )
