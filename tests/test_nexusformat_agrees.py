"""The validator of nexusformat has its say on the trees that we make; the docs tell where it is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from corpus import APPLICATIONS, CASES, broken_trees

from nxspectra import hdf5
from nxspectra.testing import maximal, minimal

DOCS = Path(__file__).parent.parent / "docs" / "explanation"


@dataclass(frozen=True)
class Disagreement:
    """What nexusformat says of a tree that is clean by our rules; docs say who is right and why."""

    name: str
    message: str
    """Regular expression for its message."""
    about: str = ""
    """Regular expression for the line before, which names the item."""


DISAGREEMENTS = (
    Disagreement(
        "free-names", "(required|recommended) (group|field) is not in", r"^Group: \w*[A-Z]\w*: NX|[A-Z]{3}$"
    ),
    Disagreement("two-kinds-of-nxdata", "required field is not in", r"^Field: /entry/transmission_spectrum/"),
    Disagreement("lists-as-values", "not a member of the enumerated list", r"^Field: /entry/xps_coordinate_"),
    Disagreement("units-of-numbers-without", "Units of NX_(UNITLESS|DIMENSIONLESS) not specified"),
    Disagreement("units-of-text", "Units of NX_TIME not specified", r"release_date|preparation_date"),
    Disagreement("unnamed-beside-named", "recommended field is not", r"/temperature_env/sample_medium$"),
    Disagreement("signal-on-the-field", 'Using "signal" as a field attribute'),
)

JUDGE = """
import json, logging, os, sys
from pathlib import Path
from nexusformat.nexus import validate

class Keep(logging.Handler):
    def emit(self, record):
        said.append([record.levelname, record.getMessage().strip()])

said = []
validate.logger.handlers[:] = [Keep()]
validate.logger.setLevel(logging.WARNING)
validate.lint_nxdl = lambda *_, **__: []  # about the definition, not the file, and half of the time
for path in sorted(Path(sys.argv[1]).glob("*.nxs")):
    # what it learns of one file stays with it, so each gets a process of its own
    child = os.fork()
    if child == 0:
        validate.validate_application(str(path))
        print(json.dumps([path.stem, said]), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, path
"""


def judged(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """For each file what nexusformat warns of and calls an error, with the line before that says where."""
    done = subprocess.run(
        [sys.executable, "-c", JUDGE, str(folder)], capture_output=True, text=True, check=True
    )
    verdicts = {}
    for line in done.stdout.splitlines():
        stem, said = json.loads(line)
        about = ""
        verdicts[stem] = found = []
        for level, message in said:
            if level == "CRITICAL":
                about = message
            else:
                found.append((about, message))
    return verdicts


def disagreement(about: str, message: str) -> str | None:
    for each in DISAGREEMENTS:
        if re.search(each.message, message) and re.search(each.about, about):
            return each.name
    return None


def disagreements(folder: Path, definitions: Iterable[str]) -> set[str]:
    """What nexusformat has against the least and the fullest file of definitions, by name."""
    for name in definitions:
        hdf5.write(minimal(name), folder / f"{name}.minimal.nxs")
        hdf5.write(maximal(name), folder / f"{name}.maximal.nxs")
    seen = set()
    for file, said in judged(folder).items():
        for about, message in said:
            known = disagreement(about, message)
            if known is None and file.endswith(".minimal") and "recommended" in message:
                continue
            assert known is not None, (file, about, message)
            seen.add(known)
    return seen


def test_nexusformat_agrees_but_where_the_docs_say_why_not(tmp_path: Path) -> None:
    sample = (
        "NXarchive",
        "NXcanSAS",
        "NXellipsometry",
        "NXmonopd",
        "NXmx",
        "NXsas",
        "NXtomo",
        "NXxas",
        "NXxbase",
        "NXxps",
    )
    assert disagreements(tmp_path, sample) == {each.name for each in DISAGREEMENTS}


@pytest.mark.slow
def test_nexusformat_agrees_about_every_application_definition(tmp_path: Path) -> None:
    assert disagreements(tmp_path, APPLICATIONS) == {each.name for each in DISAGREEMENTS}


def test_every_disagreement_is_in_the_docs() -> None:
    validators = (DOCS / "validators.md").read_text(encoding="utf-8")
    assert all(f"### {each.name}\n" in validators for each in DISAGREEMENTS)


BOTH = ("missing-field", "missing-group", "wrong-type", "not-in-enumeration", "invalid-date")
ONLY_OURS = (
    *("missing-attribute", "wrong-units", "nxdata-length", "nxdata-axes", "broken-link", "link-elsewhere"),
    *("depends-on", "broken-default", "no-value"),
)
"""Rules that nexusformat does not ask; the page on validators says so."""


def test_who_sees_what_is_broken(tmp_path: Path) -> None:
    for rule in (*BOTH, *ONLY_OURS):
        name = next(
            name for name in ("NXmonopd", "NXtofraw", "NXmx", "NXsas", "NXstress") if (name, rule) in CASES
        )
        hdf5.write(broken_trees(name, rule)[-1][0], tmp_path / f"{rule}.maximal.nxs")
    seen = {
        file.partition(".")[0]
        for file, said in judged(tmp_path).items()
        if any(disagreement(about, message) is None for about, message in said)
    }
    assert seen == set(BOTH)
