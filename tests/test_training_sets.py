"""The circle closes: what migration made findable is chosen by a query and trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue
from nxspectra.classifiers import Model, train
from nxspectra.cli import program
from nxspectra.errors import FileError, LabelError, UsageError
from nxspectra.ingestion import ingest, training_set
from nxspectra.ingestion.training_sets import parse_where
from nxspectra.rdf import describe
from nxspectra.simulation import simulate
from nxspectra.testing import conforming

FRAMES, POINTS = 40, 400


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Two ramps that conform, the second on another angle axis, and a file that does not conform."""
    raw = tmp_path / "raw"
    raw.mkdir()
    hdf5.write(simulate(1, FRAMES, points=POINTS).tree(), raw / "one.nxs")
    hdf5.write(simulate(2, FRAMES, points=POINTS + 60).tree(), raw / "two.nxs")
    hdf5.write(conforming(FRAMES).without("entry/sample/pressure"), raw / "lacking.nxs")
    states = {Path(each.file).name: str(each.state) for each in ingest([raw], tmp_path / "catalogue")}
    assert states == {"one.nxs": "done", "two.nxs": "done", "lacking.nxs": "nonconforming"}
    return tmp_path / "catalogue"


def names(catalogue: Path, where: str) -> set[str]:
    return {Path(run.source.path).name for run in training_set(catalogue, where) if run.source is not None}


@pytest.mark.parametrize(
    "where",
    [
        "technique=x-ray powder diffraction",
        "technique = diffraction; sample~(Mg,Fe)O",
        "sample=(Mg0.2,Fe0.8)O; pressure=10..20GPa",
        "beam_energy=25.6keV; pressure>30 GPa;",
    ],
)
def test_conditions_find_the_files_that_conform(catalogue: Path, where: str) -> None:
    assert names(catalogue, where) == {"one.nxs", "two.nxs"}


@pytest.mark.parametrize("where", ["sample~(Mg,Ca)O", "pressure>200GPa", "label=high", "dates=1999"])
def test_a_query_that_nothing_meets_says_so(catalogue: Path, where: str) -> None:
    with pytest.raises(LabelError, match="no data set that conforms meets"):
        training_set(catalogue, where)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("", "there are no conditions"),
        ("diffraction", "'diffraction' is not a condition"),
        ("technique<diffraction", "compared by ="),
        ("pressure~10GPa", "~ is for text, sample, instrument, facility"),
        ("label~hi", "~ is for"),
        ("pressure>1GPa; pressure<2GPa", "two conditions on pressure"),
        ("sample~MgO; formula~FeO", "two conditions on sample"),
    ],
)
def test_a_condition_that_is_none_is_named(where: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_where(where)


def test_an_unknown_parameter_is_told_with_the_nearest(catalogue: Path) -> None:
    with pytest.raises(UsageError, match="did you mean pressure"):
        training_set(catalogue, "presure=10..20GPa")


def test_a_model_of_a_query_says_which_files_it_saw(catalogue: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    arguments = [
        "--where",
        "sample~(Mg,Fe)O",
        "--label",
        "low=pressure<12GPa",
        "--label",
        "high=pressure>30GPa",
    ]
    made = CliRunner().invoke(
        program,
        ["train", "--from-catalogue", str(catalogue), *arguments, "--bins", "5", "-o", str(out)],
        catch_exceptions=False,
    )
    assert made.exit_code == 0, made.stderr
    card = Model.load(out).card
    assert {file.file_name for file in card.training} == {"one.nxs", "two.nxs"}
    for file in card.training:
        written = hdf5.read(catalogue / "files" / file.file_name)
        assert file.raw_sha256 is not None
        assert describe(written).pid.endswith(file.raw_sha256)
    assert card.grid.n_points in (POINTS, POINTS + 60)


def test_runs_of_a_query_are_trained_on_as_any_others(catalogue: Path) -> None:
    runs = training_set(catalogue, "technique=diffraction")
    model = train(runs, ["low=pressure<12GPa", "high=pressure>30GPa"], bins=5)
    assert model.card.classes == ("low", "high")
    assert np.isfinite(model.card.figures["training_accuracy"])


def test_a_file_that_is_gone_is_told(catalogue: Path) -> None:
    (catalogue / "files" / "two.nxs").unlink()
    with pytest.raises(FileError, match=r"two\.nxs: is in the catalogue and not on the disk"):
        training_set(catalogue, "technique=diffraction")


def test_a_file_that_holds_something_else_now_is_told(catalogue: Path) -> None:
    (catalogue / "files" / "one.nxs").replace(catalogue / "files" / "two.nxs")
    hdf5.write(simulate(9, FRAMES, points=POINTS).tree(), catalogue / "files" / "one.nxs")
    with pytest.raises(FileError, match="holds another data set than when it was filed"):
        training_set(catalogue, "technique=diffraction")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from-catalogue", "here"], "go together"),
        (["--where", "technique=diffraction", "x.nxs"], "go together"),
        ([], "name the files to train on"),
        (["x.nxs", "--next", "2", "--bins", "2,3"], "--next asks one model"),
    ],
)
def test_train_tells_what_does_not_go_together(arguments: list[str], said: str) -> None:
    told = CliRunner().invoke(program, ["train", *arguments, "-o", "m.npz"])
    assert told.exit_code == 2
    assert said in told.stderr


def test_a_query_takes_no_file_twice(catalogue: Path) -> None:
    with Catalogue(catalogue) as opened:
        number = len(training_set(opened, "technique=diffraction"))
    assert number == 2
    assert json.dumps(sorted(names(catalogue, "technique=diffraction"))) == '["one.nxs", "two.nxs"]'
