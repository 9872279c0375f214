"""How kernels are compiled by numba and spread over threads; the only modules that import this need numba."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numba
from numba import config


def compiled(function: Any, inline: Literal["never", "always"] = "never") -> Any:
    """The function as machine code, kept between runs where there is a folder for it."""
    # plain threads around a kernel that lets go of the interpreter, and not numba's own parallel
    # layer: that one ends the process when it is entered from two threads or after a fork
    try:
        return numba.njit(function, nogil=True, cache=True, error_model="numpy", inline=inline)
    except RuntimeError:  # no folder to keep the machine code in
        return numba.njit(function, nogil=True, error_model="numpy", inline=inline)


def inlined(function: Any) -> Any:
    """The function for use inside another one that is compiled."""
    return compiled(function, "always")


def on_threads(treat: Callable[[slice], None], number: int, together: int) -> None:
    """Call `treat` with slices that cover `number` curves, one a thread, in whole groups of `together`."""
    groups = -(-number // together)
    threads = max(1, min(int(vars(config)["NUMBA_NUM_THREADS"]), groups))
    share = together * max(1, -(-groups // threads))
    parts = [slice(start, start + share) for start in range(0, number, share)]
    if len(parts) == 1:
        treat(parts[0])
    elif parts:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(treat, parts))
