"""Bad input, each beside a good file: told with path and way out, nothing written, the good one done."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nxspectra import hdf5
from nxspectra.classifiers import train
from nxspectra.cli import program
from nxspectra.migration import migrate
from nxspectra.simulation import simulate
from nxspectra.tree import Field, Group

FRAMES, POINTS = 24, 300


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


@dataclass(frozen=True)
class Batch:
    """A bad file and a good one, and where they would be written."""

    folder: Path
    good: Path

    def bad(self, content: bytes | Group) -> Path:
        path = self.folder / "bad.nxs"
        if isinstance(content, Group):
            return hdf5.write(Group(None, content.children, content.attributes), path)
        path.write_bytes(content)
        return path

    @property
    def written(self) -> list[str]:
        out = self.folder / "out"
        return sorted(path.name for path in out.iterdir()) if out.exists() else []

    def verb(self, verb: str, bad: Path, *arguments: object) -> Result:
        return run(verb, bad, self.good, "-o", self.folder / "out", *arguments)


@pytest.fixture(scope="module")
def raw_tree() -> Group:
    return simulate(2, FRAMES, points=POINTS).tree()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.npz"
    known = migrate(simulate(1, FRAMES, points=POINTS).tree())
    train([known], ["low=2,6", "high=20,22"], bins=3).save(path)
    return path


@pytest.fixture
def raws(tmp_path: Path, raw_tree: Group) -> Batch:
    return Batch(tmp_path, hdf5.write(raw_tree, tmp_path / "good.nxs"))


@pytest.fixture
def runs(tmp_path: Path, raw_tree: Group) -> Batch:
    return Batch(tmp_path, hdf5.write(bare(migrate(raw_tree)), tmp_path / "good.nxs"))


def bare(root: Group) -> Group:
    """As a tree that was never in a file."""
    return Group(None, root.children, root.attributes)


@pytest.mark.parametrize("kind", ["not HDF5", "truncated", "empty"])
def test_what_is_no_hdf5_file(raws: Batch, kind: str) -> None:
    content = {"not HDF5": b"notes", "truncated": raws.good.read_bytes()[:4000], "empty": b""}[kind]
    bad = raws.bad(content)
    for verb, *arguments in (("show",), ("validate",), ("migrate", "--dry-run"), ("describe",)):
        result = run(verb, bad, *arguments)
        assert result.exit_code == 3, verb
        assert str(bad) in result.stderr
        assert "Traceback" not in result.stderr
        assert "defect" not in result.stderr
    result = raws.verb("migrate", bad)
    assert result.exit_code == 3
    assert raws.written == ["good.nxs"]


def test_no_entry(raws: Batch) -> None:
    bad = raws.bad(Group("NXroot", {"data": Field(np.arange(3))}))
    result = raws.verb("migrate", bad)
    assert result.exit_code == 1
    assert "no NXentry" in result.output
    assert "nxspectra show" in result.output
    assert raws.written == ["good.nxs"]
    checked = run("validate", bad)
    assert checked.exit_code == 1
    assert "holds no NXentry" in checked.stdout


def test_an_unknown_definition_in_a_file(runs: Batch, raw_tree: Group) -> None:
    root = migrate(raw_tree).put("entry/definition", Field("NXdiffraction_spektra", version="1.0"))
    result = run("validate", runs.bad(root), runs.good)
    assert result.exit_code == 1
    assert "NXdiffraction_spectra" in result.stdout
    assert "/entry/definition" in result.stdout
    assert f"{runs.good}: conforms" in result.stdout


def test_wrong_shapes(runs: Batch, raw_tree: Group, model: Path) -> None:
    root = migrate(raw_tree).put("entry/integrated/tth", Field(np.linspace(9, 25, POINTS - 1), units="deg"))
    bad = runs.bad(root)
    checked = run("validate", bad)
    assert checked.exit_code == 1
    assert "/entry/data/two_theta" in checked.stdout
    result = runs.verb("classify", bad, "--model", model)
    assert result.exit_code == 1
    assert str(bad) in result.stderr
    assert "/entry/data" in result.stderr
    assert runs.written == ["good.nxs"]


def test_intensities_that_are_no_numbers(runs: Batch, raw_tree: Group, model: Path) -> None:
    run_tree = migrate(raw_tree)
    intensity = run_tree["entry/data/intensity"].array.copy()
    intensity[5] = np.nan
    bad = runs.bad(run_tree.put("entry/integrated/I", Field(intensity, units="counts")))
    checked = run("validate", bad)
    assert "/entry/data/intensity" in checked.stdout or "/entry/integrated/I" in checked.stdout
    result = run("classify", bad, "--model", model, "--format", "json")
    assert result.exit_code == 0
    assert "NaN" not in result.stdout
    assert '"labels": ["low", "low", "low", "low", "low", null, ' in result.stdout


def test_a_model_that_does_not_fit_the_grid(runs: Batch, model: Path) -> None:
    tree = migrate(simulate(3, FRAMES, points=POINTS, angles=(30.0, 40.0)).tree())
    bad = runs.bad(tree)
    result = runs.verb("classify", bad, "--model", model)
    assert result.exit_code == 1
    assert str(bad) in result.stderr
    assert "30.000 to 40.000" in result.stderr
    assert "use a model" in result.stderr
    assert runs.written == ["good.nxs"]


@pytest.mark.parametrize("content", [b"not a model", b""])
def test_a_model_that_is_none_is_told_before_any_file_is_touched(runs: Batch, content: bytes) -> None:
    model = runs.folder / "model.npz"
    model.write_bytes(content)
    result = runs.verb("classify", runs.folder / "absent.nxs", "--model", model)
    assert result.exit_code == 2
    assert str(model) in result.stderr
    assert "absent.nxs" not in result.stderr
    assert runs.written == []


def changed(model: Path, to: Path, **card: object) -> Path:
    """The model with another card, which its seal does not fit."""
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(
                name, json.dumps({**json.loads(data), **card}) if card and name == "card.json" else data
            )
    return to


def torn(model: Path, to: Path) -> Path:
    to.write_bytes(model.read_bytes()[:-100])
    return to


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (torn, "not a model"),
        (lambda model, to: changed(model, to, classes=["high", "low"]), "card.json has changed"),
        (lambda model, to: changed(model, to, classes=["low"]), "card.json: classes"),
        (lambda model, to: changed(model, to, format_version=7), "a model of format 7"),
        (lambda model, to: changed(model, to, classifier="wieghted"), "card.json has changed"),
    ],
)
def test_a_model_that_is_not_as_it_was_saved_labels_nothing(
    runs: Batch, model: Path, damage: Callable[[Path, Path], Path], said: str
) -> None:
    bad = damage(model, runs.folder / "damaged.npz")
    result = run("classify", runs.good, "--model", bad, "-o", runs.folder / "out.nxs")
    assert result.exit_code == 2
    assert str(bad) in result.stderr
    assert said in result.stderr
    assert not (runs.folder / "out.nxs").exists()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["low=2,6"], "only 'low'"),
        (["low=2,6", "high=6"], "frame 6 of"),
        (["low=2,6", "high=99"], "frame 99 is out of range"),
        (["low=2,6", "high=pressure>500GPa"], "class 'high'"),
        (["low=2,6", "high=5"], "no usable spectrum is left for class 'high'"),
        (["low=2,6", "high"], "'high'"),
    ],
)
def test_labels_that_cannot_be_trained_on_make_no_model(
    runs: Batch, raw_tree: Group, labels: list[str], said: str
) -> None:
    run_tree = migrate(raw_tree)
    dark = run_tree["entry/data/intensity"].array.copy()
    dark[5] = 0.0
    bad = runs.bad(run_tree.put("entry/integrated/I", Field(dark, units="counts")))
    given = [word for label in labels for word in ("--label", label)]
    result = run("train", bad, "-o", runs.folder / "model.npz", *given)
    assert result.exit_code in {1, 2}
    assert said in result.stderr
    assert not (runs.folder / "model.npz").exists()


def test_a_crosswalk_with_a_typo_is_told_before_any_file_is_touched(raws: Batch) -> None:
    crosswalk = raws.folder / "ours.toml"
    crosswalk.write_text(
        'title = "Ours"\nextends = "p02.2"\n\n[[rule]]\nid = "ours.p"\nconcept = "presure"\nkeys = ["p"]\n'
    )
    for verb, *arguments in (
        ("migrate", "-o", raws.folder / "out"),
        ("ingest", "--catalogue", raws.folder / "catalogue"),
    ):
        result = run(verb, raws.good, *arguments, "--crosswalk", crosswalk)
        assert result.exit_code == 2
        assert f"{crosswalk}:" in result.stderr
        assert "did you mean 'pressure'?" in result.stderr
    assert raws.written == []
    assert not (raws.folder / "catalogue").exists()


def test_two_keys_for_one_concept(raws: Batch, raw_tree: Group) -> None:
    key = "entry/collection_extra/dac/pressure_ruby"
    bad = raws.bad(raw_tree.put(key, Field(np.full(FRAMES, 3.0), units="GPa")))
    result = raws.verb("migrate", bad)
    assert result.exit_code == 1
    assert "/entry/collection_extra/dac/pressure_Pt" in result.stdout
    assert f"/{key}" in result.stdout
    assert "--set pressure=" in result.stdout
    assert raws.written == ["good.nxs"]


@pytest.mark.parametrize("verb", ["show", "validate", "migrate"])
def test_every_real_file_is_answered_without_a_traceback(real_files: Path, verb: str) -> None:
    files = sorted(path for path in real_files.iterdir() if path.suffix in {".nxs", ".nx5", ".hdf5"})
    assert files
    arguments = ["--dry-run"] if verb == "migrate" else []
    for file in files:
        result = run(verb, file, *arguments)
        assert result.exit_code == (0 if verb == "show" else 1)
        assert str(file) in result.stdout
        assert result.stderr == ""


def test_of_the_lambda_file_true_things_are_said(real_files: Path) -> None:
    result = run("migrate", real_files / "lambda_p02.2_m1_part00000.nxs", "--dry-run")
    text = result.stdout
    assert "count_time = 0.1 s (100 millisecond)" in text
    assert "12000 eV: a setting of the LAMBDA detector, not the energy of the beam" in text
    for concept, given in (
        ("/entry/sample/pressure", "--set pressure="),
        ("/entry/instrument/beam/incident_energy", "--set beam_energy="),
        ("/entry/data/intensity", "--set intensity="),
    ):
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{concept} ")]
        assert given in line
