"""The worry: a small file is checked in milliseconds, and the command has spent half a second on imports.

Fresh interpreters in turn, all in one run: one that does nothing, one that imports h5py (and numpy with it),
one that has what `nxspectra.validate(nxspectra.read(...))` needs, one that has what the command needs. What
is compared is processor time above the interpreter that does nothing, the least of the rounds, with byte code
kept as it is for everyone who has run it once.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

ROUNDS = 15
GOAL = 0.25
"""Seconds for the library; on a machine that is busy with other things, not to be expected."""
LONGER_THAN_H5PY = 2
"""What must hold: so many times what h5py alone takes."""
IMPORTS = {
    "nothing": "pass",
    "h5py": "import h5py",
    "library": "import nxspectra; nxspectra.validate, nxspectra.read",
    "command": "import nxspectra.cli.validating",
}


def spent(code: str, cache: Path) -> float:
    """Processor seconds of an interpreter of its own."""
    unwanted = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
    environment = {key: value for key, value in os.environ.items() if key not in unwanted}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**environment, "PYTHONPYCACHEPREFIX": str(cache)}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_our_import_costs_little_beside_that_of_h5py(tmp_path: Path) -> None:
    seconds: dict[str, float] = {}
    for number in range(ROUNDS + 1):
        for name, code in IMPORTS.items():
            each = spent(code, tmp_path)
            if number:  # the first time there was no byte code
                seconds[name] = min(each, seconds.get(name, each))
    took = {name: each - seconds["nothing"] for name, each in seconds.items()}
    print("\nprocessor seconds above a bare interpreter, and times h5py:")
    for name, each in took.items():
        print(f"{name:10} {each:7.3f} {each / took['h5py']:7.2f}{'' if each <= GOAL else '  above the goal'}")
    assert took["library"] <= LONGER_THAN_H5PY * took["h5py"]
