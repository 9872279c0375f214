"""The whole way on the shell: simulate, annotate, train, classify, describe, ingest, search, demo."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.image import imread

from nxspectra import hdf5
from nxspectra.classifiers import Model, train
from nxspectra.cli import program
from nxspectra.cli.labelling import orcid
from nxspectra.errors import UsageError
from nxspectra.migration import migrate
from nxspectra.simulation import simulate
from nxspectra.spectra import classifications
from nxspectra.testing import conforming
from nxspectra.tree import Group
from nxspectra.validation import validate

PERSON = "0000-0002-1825-0097"
FRAMES, POINTS = 24, 300


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def ramp(seed: int) -> Group:
    return simulate(seed, FRAMES, points=POINTS).tree()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.npz"
    train([migrate(ramp(1))], ["low=2,6", "high=20,22"], bins=3).save(path)
    return path


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    raw = hdf5.write(ramp(2), tmp_path / "raw.nxs")
    return hdf5.write(migrate(hdf5.read(raw)), tmp_path / "run.nxs")


# -- simulate ----------------------------------------------------------------------------------


def test_simulate_writes_a_raw_file_and_the_truth_about_it(tmp_path: Path) -> None:
    out = tmp_path / "ramp.nxs"
    assert run("simulate", out, "--seed", 7, "--frames", 30).exit_code == 0
    assert not validate(hdf5.read(out)).conforms
    assert validate(migrate(hdf5.read(out))).conforms
    with (tmp_path / "ramp.truth.csv").open(newline="") as stream:
        truth = list(csv.DictReader(stream))
    assert list(truth[0]) == ["frame", "pressure_GPa", "label", "fraction"]
    assert [int(row["frame"]) for row in truth] == list(range(30))
    assert all((float(row["pressure_GPa"]) >= 18.5) == (row["label"] == "high") for row in truth)


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("simulate", tmp_path / f"{name}.nxs", "--seed", 3, "--frames", 5)
    assert hdf5.read(tmp_path / "a.nxs") == hdf5.read(tmp_path / "b.nxs")


def test_simulate_overwrites_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "ramp.nxs"
    out.write_text("precious")
    assert run("simulate", out, "--frames", 5).exit_code == 2
    assert out.read_text() == "precious"
    assert run("simulate", out, "--frames", 5, "--overwrite").exit_code == 0


# -- annotate ----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [PERSON, f"https://orcid.org/{PERSON}", "0000-0002-1694-233X"])
def test_an_orcid_is_known_by_its_check_digit(given: str) -> None:
    assert orcid(given).endswith(given[-19:])


@pytest.mark.parametrize("given", ["0000-0002-1825-0098", "0000-0002-1825-009", "Jane Doe"])
def test_what_is_no_orcid_is_a_usage_error(given: str) -> None:
    with pytest.raises(UsageError, match="ORCID"):
        orcid(given)


def test_labels_given_by_a_person_are_written_with_their_name(migrated: Path, tmp_path: Path) -> None:
    out = tmp_path / "labelled.nxs"
    result = run(
        "annotate",
        migrated,
        "--label",
        "low=0-9,11",
        "--label",
        "high=pressure>40GPa",
        "--by",
        PERSON,
        "-o",
        out,
    )
    assert result.exit_code == 0
    root = hdf5.read(out)
    (found,) = classifications(root).values()
    assert (found.origin, found.by) == ("expert", f"https://orcid.org/{PERSON}")
    pressure = root["entry/sample/pressure"].array
    expected = np.where(pressure > 40, "high", "")
    expected[[*range(10), 11]] = "low"
    assert [label or "" for label in found.labels] == expected.tolist()
    assert validate(root).conforms


def test_one_class_alone_can_be_annotated(migrated: Path) -> None:
    assert run("annotate", migrated, "--label", "low=0-3", "--by", PERSON, "--in-place").exit_code == 0


def test_the_same_labels_again_add_nothing(migrated: Path) -> None:
    arguments = (
        "annotate",
        migrated,
        "--label",
        "low=0-3",
        "--label",
        "high=20-23",
        "--by",
        PERSON,
        "--in-place",
    )
    assert run(*arguments).exit_code == 0
    again = run(*arguments, "--format", "json")
    assert rows(again)[0]["added"] == []
    assert len(classifications(hdf5.read(migrated))) == 1


@pytest.mark.parametrize(
    ("labels", "code"), [(["low=0-99"], 1), (["low=0-3", "high=3"], 1), (["low=fast"], 1)]
)
def test_labels_that_cannot_be_are_refused_and_nothing_is_written(
    migrated: Path, tmp_path: Path, labels: list[str], code: int
) -> None:
    given = [word for label in labels for word in ("--label", label)]
    result = run("annotate", migrated, *given, "--by", PERSON, "-o", tmp_path / "out.nxs")
    assert result.exit_code == code
    assert labels[-1] in result.stderr
    assert not (tmp_path / "out.nxs").exists()


# -- train -------------------------------------------------------------------------------------


def test_train_writes_a_model_that_classifies(migrated: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    labels = ("--label", "low=2,6", "--label", "high=20,22")
    assert run("train", migrated, *labels, "--bins", 3, "-o", out).exit_code == 0
    result = run("classify", migrated, "--model", out, "--format", "json")
    assert rows(result)[0]["digest"] == Model.load(out).digest


def test_train_takes_the_labels_of_an_expert_from_the_file(migrated: Path, tmp_path: Path) -> None:
    run("annotate", migrated, "--label", "low=2,6", "--label", "high=20,22", "--by", PERSON, "--in-place")
    result = run("train", migrated, "--bins", 3, "-o", tmp_path / "model.npz", "--format", "json")
    assert result.exit_code == 0
    assert rows(result)[0]["classes"] == ["low", "high"]


def test_several_numbers_of_bins_make_a_table_and_a_picture(migrated: Path, tmp_path: Path) -> None:
    labels = ("--label", "low=2,6", "--label", "high=20,22")
    picture = tmp_path / "bins.png"
    result = run("train", migrated, *labels, "--bins", "1,4", "--plot", picture, "-o", tmp_path / "m.npz")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["bins", "1", "4"]
    assert imread(picture).shape[0] > 500
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["m-bins1.npz", "m-bins4.npz"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "-o MODEL.npz"),
        (("-o", "m.npz", "--classifier", "wieghted"), "weighted"),
        (("-o", "m.npz", "--bins", "many"), "number of bins"),
        (("-o", "m.npz", "--bins", "0"), "at least one"),
        (("-o", "m.npz", "--bins", "5", "--plot", "p.png"), "several"),
    ],
)
def test_train_tells_usage_before_any_file_is_touched(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run("train", tmp_path / "absent.nxs", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "absent" not in result.stderr


def test_a_training_file_that_cannot_be_read_is_told(migrated: Path, tmp_path: Path) -> None:
    absent, out = tmp_path / "absent.nxs", tmp_path / "m.npz"
    result = run(
        "train", migrated, absent, "-o", out, "--label", "low=2", "--label", "high=20", "--format", "json"
    )
    assert result.exit_code == 3
    assert [row["file"] for row in rows(result)] == [str(absent)]
    assert not out.exists()


def test_training_without_labels_says_how_to_give_them(migrated: Path, tmp_path: Path) -> None:
    result = run("train", migrated, "-o", tmp_path / "m.npz")
    assert result.exit_code == 1
    assert "--label" in result.stderr
    assert not (tmp_path / "m.npz").exists()


# -- classify ----------------------------------------------------------------------------------


def test_classify_as_json_keeps_the_contract(migrated: Path, model: Path) -> None:
    result = run("classify", migrated, "--model", model, "--format", "json")
    assert result.exit_code == 0
    (found,) = rows(result)
    assert set(found) == {
        "file", "model", "digest", "classes", "labels", "probabilities", "unseen", "P_conf", "boundaries",
        "ambiguous", "reasons",
    }  # fmt: skip
    assert found["classes"] == ["low", "high"]
    assert len(found["labels"]) == len(found["probabilities"]) == len(found["unseen"]) == FRAMES
    for label, probability in zip(found["labels"], found["probabilities"], strict=True):
        assert (label is None) == (probability is None)
        if label is not None:
            assert sum(probability) == pytest.approx(1)
            assert found["classes"][int(np.argmax(probability))] == label
    for boundary in found["boundaries"]:
        low, high = boundary["frame_interval"]
        assert low <= boundary["frame"] <= high
        assert boundary["unit"] == "GPa"


def test_without_output_nothing_is_written(migrated: Path, model: Path) -> None:
    before = migrated.read_bytes()
    assert run("classify", migrated, "--model", model).exit_code == 0
    assert migrated.read_bytes() == before


def test_labels_are_written_where_asked_and_drawn(migrated: Path, model: Path, tmp_path: Path) -> None:
    out, picture = tmp_path / "classified.nxs", tmp_path / "picture.png"
    result = run("classify", migrated, "--model", model, "-o", out, "--plot", picture)
    assert result.exit_code == 0
    root = hdf5.read(out)
    assert validate(root).conforms
    (path,) = classifications(root)
    assert path == "/entry/weighted_classification"
    assert imread(picture).shape[1] > 500


def test_a_raw_file_has_no_spectra_yet_and_the_message_says_what_to_do(tmp_path: Path, model: Path) -> None:
    raw = hdf5.write(ramp(2), tmp_path / "raw.nxs")
    result = run("classify", raw, "--model", model)
    assert result.exit_code == 1
    assert "nxspectra migrate" in result.stderr


# -- describe, ingest, search, plugins ---------------------------------------------------------


def test_describe_prints_turtle_that_conforms_to_the_shapes(migrated: Path) -> None:
    result = run("describe", migrated, "--check")
    assert result.exit_code == 0
    assert "@prefix dcat:" in result.stdout
    assert "conforms to the shapes" in result.stderr
    assert "conforms to the shapes" not in result.stdout


@pytest.mark.parametrize(("form", "sign"), [("json-ld", "{"), ("n-triples", "<")])
def test_describe_speaks_the_other_forms(migrated: Path, tmp_path: Path, form: str, sign: str) -> None:
    out = tmp_path / "out"
    assert run("describe", migrated, "--format", form, "-o", out).stdout == ""
    assert out.read_text().startswith(sign)


def test_describe_writes_an_ro_crate_with_the_file_in_it(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.toml"
    site.write_text('license = "CC-BY-4.0"\nissued = 2026-02-01\n')
    monkeypatch.setenv("NXSPECTRA_CONFIG", str(site))
    assert run("describe", migrated, "--format", "ro-crate", "-o", tmp_path / "crate").exit_code == 0
    assert {each.name for each in (tmp_path / "crate").iterdir()} == {
        "run.nxs",
        "run.ttl",
        "ro-crate-metadata.json",
    }
    assert run("describe", migrated, "--format", "ro-crate", "-o", tmp_path / "crate.json").exit_code == 0
    assert json.loads((tmp_path / "crate.json").read_text())["@graph"]


@pytest.mark.parametrize("form", ["scicat", "datacite", "ro-crate", "icat"])
def test_a_record_that_lacks_settings_is_refused_with_their_names(migrated: Path, form: str) -> None:
    result = run("describe", migrated, "--format", form)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "NXSPECTRA_CONFIG" in result.stderr


@pytest.mark.parametrize("text", ['lisence = "CC-BY-4.0"', 'techniques = "none.json"'])
def test_settings_that_cannot_be_used_are_told_before_the_file_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "site.toml").write_text(text)
    monkeypatch.setenv("NXSPECTRA_CONFIG", str(tmp_path / "site.toml"))
    result = run("describe", tmp_path / "not there.nxs")
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr


def test_a_library_that_is_missing_is_told_before_the_file_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rocrate", None)
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    monkeypatch.setitem(sys.modules, "rocrate.model.contextentity", None)
    monkeypatch.delitem(sys.modules, "nxspectra.exports.crate", raising=False)
    result = run("describe", tmp_path / "not there.nxs", "--format", "ro-crate")
    assert result.exit_code == 2
    assert "nxspectra[exports]" in result.stderr


def test_a_model_has_no_record_in_catalogues_of_data(model: Path) -> None:
    result = run("describe", model, "--format", "scicat")
    assert result.exit_code == 2
    assert "is a record of a file" in result.stderr


def test_describe_prints_a_model_as_it_prints_a_file(model: Path) -> None:
    result = run("describe", model, "--check")
    assert result.exit_code == 0
    assert "mls:Model" in result.stdout
    assert "conforms to the shapes" in result.stderr


def test_describe_finds_a_model_by_its_name(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NXSPECTRA_MODELS", str(model.parent))
    result = run("describe", "model", "--format", "model-card")
    assert result.exit_code == 0
    assert result.stdout.startswith("# model: a weighted classifier of low and high")


def test_a_file_of_spectra_has_no_model_card(migrated: Path) -> None:
    result = run("describe", migrated, "--format", "model-card")
    assert result.exit_code == 2
    assert "has no model card" in result.stderr


def test_what_is_no_model_is_not_described_as_one(tmp_path: Path) -> None:
    zipped = tmp_path / "archive.npz"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("readme.txt", "no card")
    result = run("describe", zipped)
    assert result.exit_code == 1
    assert "card.json" in result.stderr


@dataclass(frozen=True)
class Filed:
    """A catalogue with one data set, and what `ingest` said of it."""

    catalogue: Path
    done: dict[str, Any]


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Filed:
    folder = tmp_path_factory.mktemp("filed")
    raw = hdf5.write(ramp(2), folder / "raw.nxs")
    result = run("ingest", raw, "--catalogue", folder / "catalogue", "--model", model, "--format", "json")
    assert result.exit_code == 0
    return Filed(folder / "catalogue", rows(result)[0])


def test_ingest_as_json_keeps_the_contract(filed: Filed) -> None:
    assert set(filed.done) == {"file", "state", "pid", "output", "reason"}
    assert (filed.done["state"], filed.done["reason"]) == ("done", None)


@pytest.mark.parametrize(
    "asked",
    [
        [],
        ["--pressure", "10..20GPa"],
        ["--pressure", "100..200kbar"],
        ["--energy", "25..26keV"],
        ["--exposure", "100ms"],
        ["--technique", "x-ray diffraction"],
        ["--label", "high"],
        ["compression"],
    ],
)
def test_what_is_ingested_is_found(filed: Filed, asked: list[str]) -> None:
    result = run("search", "--catalogue", filed.catalogue, *asked, "--format", "json")
    assert result.exit_code == 0
    (hit,) = rows(result)
    assert (hit["pid"], hit["file"]) == (filed.done["pid"], filed.done["output"])


def test_a_hit_is_shown_with_what_one_wants_to_know(filed: Filed) -> None:
    text = run("search", "--catalogue", filed.catalogue).stdout
    for words in (f"{FRAMES} spectra", "25.6 keV", "0.1 s", " high", filed.done["pid"], filed.done["output"]):
        assert words in text


@pytest.mark.parametrize("asked", [["--pressure", "200..300GPa"], ["--label", "liquid"], ["nonsense"]])
def test_finding_nothing_is_no_error(filed: Filed, asked: list[str]) -> None:
    result = run("search", "--catalogue", filed.catalogue, *asked)
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize(
    "asked", [["--pressure", "10..20keV"], ["--pressure", "20..10GPa"], ["--technique", "cooking"]]
)
def test_a_search_that_cannot_be_meant_is_a_usage_error(filed: Filed, asked: list[str]) -> None:
    assert run("search", "--catalogue", filed.catalogue, *asked).exit_code == 2


def test_the_exit_code_of_an_ingest_is_that_of_its_worst_file(tmp_path: Path) -> None:
    good = hdf5.write(ramp(2), tmp_path / "good.nxs")
    bare = hdf5.write(
        conforming().without("entry/sample/pressure").without("entry/data/pressure"), tmp_path / "bare.nxs"
    )
    text = tmp_path / "text.nxs"
    text.write_text("notes")
    assert run("ingest", bare, "--catalogue", tmp_path / "one").exit_code == 1
    result = run("ingest", text, bare, good, "--catalogue", tmp_path / "two")
    assert result.exit_code == 3
    for state in ("done", "nonconforming", "failed"):
        assert f"1 {state}" in result.stderr


def test_plugins_lists_what_is_installed() -> None:
    listed = {row["name"]: row for row in rows(run("plugins", "--format", "json"))}
    assert {"weighted", "published"} <= set(listed)
    assert all(row["error"] is None and row["about"] for row in listed.values())
    assert "weighted" in run("plugins").stdout


@pytest.mark.parametrize("verb", ["classify", "ingest"])
def test_only_training_loads_torch(verb: str, tmp_path: Path, migrated: Path, model: Path) -> None:
    command = [sys.executable, "-m", "nxspectra", verb, str(migrated), "--model", str(model)]
    command += ["--catalogue", str(tmp_path / "catalogue")] if verb == "ingest" else []
    # children write what they import to the same stream
    told = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=told)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "h5py" in loaded
    assert loaded.isdisjoint({"torch", "sklearn", "fastapi"})


# -- demo --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_demo_takes_a_raw_ramp_the_whole_way(tmp_path: Path) -> None:
    result = run("demo", tmp_path / "demo", "--format", "json")
    assert result.exit_code == 0
    steps = {row["step"]: row for row in rows(result)}
    assert steps["Validate"]["conforms"] is False
    assert steps["Validate again"]["conforms"] is True
    assert steps["Write"]["conforms"] is True
    assert steps["Describe"]["violations"] == 0
    assert steps["File and find"]["found"] == steps["Describe"]["pid"]
    assert steps["Classify"]["accuracy"] > 0.95
    assert imread(steps["Draw"]["picture"]).shape[1] > 1000
