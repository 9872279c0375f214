"""What may import what, and what a light verb must not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import nxspectra
from nxspectra import hdf5
from nxspectra.testing import conforming

HEAVY = {
    "torch",
    "scipy",
    "numba",
    "rdflib",
    "pint",
    "fastapi",
    "matplotlib",
    "sklearn",
    "pyoxigraph",
    "rich",
}


def loaded(code: str, *arguments: str) -> set[str]:
    """Top-level modules that a bare interpreter holds after running `code`."""
    listing = "json.dumps(sorted({name.partition('.')[0] for name in sys.modules}))"
    script = f"{code}\nimport sys, json\nprint({listing})"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def clean_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hdf5.write(conforming(), tmp_path_factory.mktemp("clean") / "clean.nxs")


def test_importing_nxspectra_loads_nothing_else() -> None:
    assert not loaded("import nxspectra") & (HEAVY | {"h5py", "numpy", "click"})


def test_validating_a_clean_file_loads_no_heavy_library(clean_file: Path) -> None:
    code = "import sys, nxspectra as nxs\nassert nxs.validate(nxs.read(sys.argv[1])).conforms"
    assert not loaded(code, str(clean_file)) & HEAVY


def test_the_validate_verb_loads_no_heavy_library(clean_file: Path) -> None:
    code = (
        "import sys\nfrom nxspectra.cli import main\n"
        "try:\n    main(['validate', sys.argv[1]])\n"
        "except SystemExit as end:\n    assert not end.code, end.code"
    )
    assert not loaded(code, str(clean_file)) & HEAVY


def test_every_public_name_is_there() -> None:
    for name in nxspectra.__all__:
        assert getattr(nxspectra, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="interpret"):
        _ = nxspectra.interpret
