"""Which form of the arithmetic is used: numba's where it is installed, else numpy's; the answers agree."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from nxspectra.errors import MissingExtra

Engine = Literal["fastest", "numpy", "numba"]


def compiled_form(name: str, engine: Engine) -> Any:
    """The module `name` of this package with compiled kernels, or None where numpy is to do it.

    numba takes a third of a second to import, so it is loaded by the one who has curves to treat. Raises
    MissingExtra when numba is asked for and not installed.
    """
    if engine == "numpy" or (engine == "fastest" and not has_numba()):
        return None
    if not has_numba():
        raise MissingExtra("numba is not installed; install nxspectra[train], or use engine='numpy'")
    return import_module(f"nxspectra.preprocessing.{name}")


@cache
def has_numba() -> bool:
    return find_spec("numba") is not None
