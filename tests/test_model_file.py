"""A model file keeps what was saved in it, and what has changed in it is noticed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ramps import LABELS, QUICK, ramp

from nxspectra.classifiers import Model, classify, train
from nxspectra.errors import (
    FileError,
    ModelError,
    UnknownClassifier,
)

pytest.importorskip("torch", reason="torch is of the extra `train`")


@pytest.fixture(scope="module")
def model() -> Model:
    return train([ramp()], LABELS, **QUICK)


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    return tmp_path / model.save(tmp_path / "fe80mg20.npz").file_name


def test_a_model_loads_as_it_was_saved(model: Model, saved: Path) -> None:
    loaded = Model.load(saved)
    assert (loaded.card, loaded.digest, loaded.file_name) == (model.card, model.digest, "fe80mg20.npz")
    spectra = ramp(seed=3)
    one, other = classify(spectra, model), classify(spectra, loaded)
    assert np.array_equal(one.class_index, other.class_index)
    assert np.array_equal(one.probability, other.probability)  # type: ignore[arg-type]


def test_numpy_reads_a_model_without_pickles(saved: Path) -> None:
    with np.load(saved, allow_pickle=False) as file:
        assert file["two_theta"].shape == (500,)
        assert json.loads(file["card.json"])["classifier"] == "weighted"


def test_a_model_is_found_by_its_name(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NXSPECTRA_MODELS", str(saved.parent))
    assert Model.load("fe80mg20").digest == Model.load(saved).digest


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (None, r"no such file, and \$NXSPECTRA_MODELS names no folder"),
        (".", r"none in \$NXSPECTRA_MODELS; did you mean 'fe80mg20'\?"),
    ],
)
def test_a_name_without_a_model_is_told(
    folder: str | None, said: str, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NXSPECTRA_MODELS", raising=False)
    if folder is not None:
        monkeypatch.setenv("NXSPECTRA_MODELS", str(saved.parent))
    with pytest.raises(ModelError, match=said):
        Model.load("fe80mg2")


def tampered(path: Path, name: str, data: bytes | None) -> Path:
    """A copy of the model with a member replaced, added or, with None, left out."""
    copy = path.with_name("tampered.npz")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        if data is not None:
            new.writestr(name, data)
    return copy


def npy(array: np.ndarray, *, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def card_with(path: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(path) as file:
        return json.dumps({**json.loads(file.read("card.json")), **changes}).encode()


def test_a_changed_member_is_noticed(saved: Path) -> None:
    with pytest.raises(ModelError, match=r"not as it was saved: believability\.npy has changed"):
        Model.load(tampered(saved, "believability.npy", npy(np.ones(5))))


def test_a_missing_member_is_noticed(saved: Path) -> None:
    with pytest.raises(ModelError, match=r"cuts\.npy was added or is missing"):
        Model.load(tampered(saved, "cuts.npy", None))


def test_an_added_member_is_noticed(saved: Path) -> None:
    with pytest.raises(ModelError, match=r"more\.npy was added or is missing"):
        Model.load(tampered(saved, "more.npy", npy(np.ones(5))))


def sealed(path: Path, card: bytes) -> Path:
    """The model with another card, and the digest of it."""
    seal = json.dumps({"card.json": hashlib.sha256(card).hexdigest()}).encode()
    return tampered(tampered(path, "card.json", card).rename(path), "seal.json", seal)


def consistent(path: Path, name: str, data: bytes) -> Path:
    """The same with another member, and the digests on the card and of it."""
    with zipfile.ZipFile(path) as file:
        members = json.loads(file.read("card.json"))["members"]
    members[name] = hashlib.sha256(data).hexdigest()
    return sealed(tampered(path, name, data).rename(path), card_with(path, members=members))


def test_a_changed_card_is_noticed(saved: Path) -> None:
    """Classes that have changed places would turn every label round."""
    with pytest.raises(ModelError, match=r"not as it was saved: card\.json has changed"):
        Model.load(tampered(saved, "card.json", card_with(saved, classes=["high", "low"])))
    with pytest.raises(ModelError, match=r"not as it was saved: seal\.json was added or is missing"):
        Model.load(tampered(saved, "seal.json", None))


def test_pickled_objects_are_never_loaded(saved: Path) -> None:
    evil = npy(np.array([{"a": 1}], dtype=object), pickled=True)
    with pytest.raises(ModelError, match=r"margin\.npy holds pickled objects"):
        Model.load(consistent(saved, "margin.npy", evil))


def test_an_array_that_claims_to_be_larger_than_it_is_is_refused(saved: Path) -> None:
    honest = npy(np.ones(5))
    with pytest.raises(ModelError, match=r"margin\.npy is not as long as it says"):
        Model.load(consistent(saved, "margin.npy", honest[:-8]))


def test_thresholds_of_other_networks_are_noticed(saved: Path) -> None:
    with np.load(saved) as file:
        weight = file["network_input_weight"].copy()
    weight[0, 0, 0] += 1.0
    with pytest.raises(ModelError, match="thresholds belong to other networks"):
        Model.load(consistent(saved, "network_input_weight.npy", npy(weight)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format_version": 99}, r"a model of format 99, and this nxspectra reads up to 1: update it"),
        ({"classes": 7}, r"card\.json: classes: "),
        ({"classes": ["low"]}, r"card\.json: classes: Tuple should have at least 2 items"),
        ({"colour": "blue"}, r"card\.json: colour: "),
    ],
)
def test_a_card_that_cannot_be_read_is_told(saved: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Model.load(tampered(saved, "card.json", card_with(saved, **changes)))


def test_a_model_of_a_classifier_that_is_not_installed_is_told(saved: Path) -> None:
    with pytest.raises(UnknownClassifier, match="no classifier 'elsewhere'; installed: "):
        Model.load(sealed(saved, card_with(saved, classifier="elsewhere")))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_model_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ModelError, match="not a model"):
        Model.load(tmp_path / "bad.npz")


def test_an_npz_without_a_card_is_no_model(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(ModelError, match=r"it has no card\.json"):
        Model.load(tmp_path / "other.npz")


def test_a_model_that_cannot_be_written_leaves_nothing_behind(model: Model, tmp_path: Path) -> None:
    (tmp_path / "there.npz").mkdir()
    with pytest.raises(FileError, match=r"there\.npz: cannot be written"):
        model.save(tmp_path / "there.npz")
    assert [each.name for each in tmp_path.iterdir()] == ["there.npz"]
