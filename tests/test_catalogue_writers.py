"""Several who file and search at once, and a writer that is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from cataloguing import described, few

from nxspectra.catalogue import Catalogue, search
from nxspectra.testing import conforming


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with five data sets, which no test changes."""
    return few(tmp_path_factory.mktemp("catalogue") / "catalogue")


def test_two_cannot_file_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    with Catalogue(folder) as catalogue:
        catalogue.file(described("run", conforming()))
        code = (
            "import sys\nfrom pathlib import Path\nfrom nxspectra.catalogue import Catalogue\n"
            "from nxspectra.errors import FileBusy\n"
            "try:\n    Catalogue(sys.argv[1]).remove('x')\n"
            "except FileBusy as error:\n    print(error)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
        )
        assert "another program is filing" in done.stdout
    assert not Catalogue(folder).remove("x")


def test_a_reader_sees_what_was_published_while_another_files(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    with Catalogue(folder) as writer:
        writer.file(described("first", conforming()))
        assert len(Catalogue(folder).search()) == 1
        writer.file(described("second", conforming()))
        assert len(writer.search()) == 2
    assert len(Catalogue(folder).search()) == 2


def test_a_snapshot_that_is_being_read_is_kept(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.file(described("first", conforming()))
    with Catalogue(tmp_path / "catalogue").store.reading() as store:
        for name in ("second", "third", "fourth"):
            catalogue.file(described(name, conforming()))
        assert sum(1 for _ in store.named_graphs()) == 1
    assert len(catalogue) == 4
    catalogue.file(described("fifth", conforming()))
    snapshots = [path for path in (tmp_path / "catalogue" / "published").iterdir() if path.is_dir()]
    assert len(snapshots) == 1


@pytest.mark.parametrize("searched", [False, True], ids=["never searched", "searched"])
def test_searching_needs_no_right_to_write(folder: Path, searched: bool) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody who may not write here")
    code = (
        "import os, sys\nfrom nxspectra.catalogue import search\nos.setuid(65534)\n"
        "assert not os.access(sys.argv[1], os.W_OK)\nprint(len(search(sys.argv[1])))"
    )
    with tempfile.TemporaryDirectory() as outside:
        Path(outside).chmod(0o755)
        copy = shutil.copytree(folder, Path(outside) / "catalogue")
        if searched:
            assert len(search(copy)) == 5
        done = subprocess.run(
            [sys.executable, "-c", code, str(copy)], capture_output=True, text=True, check=False
        )
    assert done.stdout.strip() == "5", done.stderr


WRITER = """
import sys, dataclasses
from nxspectra.catalogue import Catalogue
from nxspectra.rdf import describe
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field

@dataclasses.dataclass(frozen=True)
class Origin:
    digest: str
    path: str = "/data/run.nxs"
    size: int = 1

with Catalogue(sys.argv[1]) as catalogue:
    for number in range(100000):
        tree = conforming(6, classified=True).put("entry/title", Field(f"Version {number}"))
        catalogue.file(describe(tree.read_from(Origin(f"{number % 3:064x}")), Settings()))
        print(number, flush=True)
"""


@pytest.mark.parametrize("number", [3, 7, 11])
def test_a_writer_that_is_killed_leaves_whole_data_sets(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "catalogue"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) >= number:
                time.sleep(0.003 * number)
                writer.send_signal(signal.SIGKILL)
                break
    whole = len(list(described("x", conforming(6, classified=True)).triples()))
    hits = search(folder)
    assert hits
    assert all(hit.labels == {"low": 3, "high": 3} for hit in hits)
    with Catalogue(folder).store.writing() as store:
        sizes = {
            sum(1 for _ in store.quads_for_pattern(None, None, None, graph)) for graph in store.named_graphs()
        }
    # the record of the catalogue comes on top: type, topic and date
    assert sizes == {whole + 3}


def test_searches_beside_a_busy_writer_always_answer(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        seen = [search(folder, label="low") for _ in range(15)]
        assert writer.poll() is None
        writer.send_signal(signal.SIGKILL)
    assert all(1 <= len(hits) <= 3 for hits in seen)
