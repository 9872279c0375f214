"""How many threads the libraries take that compute.

Where all cores are busy the threads of linear algebra and of OpenMP wait for each other, spinning, after each
of very many small steps: what takes seconds then takes minutes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra and OpenMP compute in the calling thread alone: for many steps, each of a moment.

    It reaches the libraries that are loaded by then.
    """
    with threadpool_limits(1):
        yield


def environment(workers: int) -> dict[str, str]:
    """The environment for each of so many processes at once: ours, with its share of the cores.

    What the user has said of threads in the environment stands.
    """
    share = str(max(1, len(os.sched_getaffinity(0)) // workers))
    # the matrices of one file are too small for two threads to be quicker than one
    return {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": share,
        "NUMBA_NUM_THREADS": share,
        **os.environ,
    }
