"""A run gets its labels, and a run that does not fit the model is told so."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ramps import LABELS, QUICK, ramp, tree

from nxspectra.classifiers import Model, classify, train
from nxspectra.errors import (
    ModelMismatch,
)
from nxspectra.simulation import simulate
from nxspectra.spectra import annotate, classifications

pytest.importorskip("torch", reason="torch is of the extra `train`")


@pytest.fixture(scope="module")
def model() -> Model:
    return train([ramp()], LABELS, **QUICK)


def test_a_run_gets_a_class_for_each_spectrum_and_says_by_which_model(model: Model) -> None:
    found = classify(tree(ramp(seed=5)), model)
    assert found.labels[6] == "low"
    assert found.labels[20] == "high"
    assert found.origin == "model"
    assert found.model is not None
    assert found.model.digest == model.digest
    assert found.votes is not None
    assert found.votes.share.shape == (24, 5, 2)
    assert found.boundaries[0].pressure is not None


def test_a_classification_goes_into_the_file_and_comes_out_the_same(model: Model) -> None:
    root = tree(ramp(seed=5))
    found = classify(root, model)
    ((path, again),) = classifications(annotate(root, found)).items()
    assert path == "/entry/weighted_classification"
    assert np.array_equal(again.class_index, found.class_index)
    assert again.boundaries == found.boundaries
    assert again.model == found.model


def test_spectra_that_cannot_be_used_get_no_class(model: Model) -> None:
    spectra = ramp(seed=5)
    intensity = spectra.intensity.copy()
    intensity[3], intensity[9] = np.nan, 0.0
    found = classify(replace(spectra, intensity=intensity), model)
    assert [frame for frame, label in enumerate(found.labels) if label is None] == [3, 9]
    assert found.probability is not None
    assert np.isnan(found.probability[[3, 9]]).all()
    assert found.unseen is not None
    assert np.isnan(found.unseen[[3, 9]]).all()
    assert found.votes is not None
    assert np.isnan(found.votes.share[[3, 9]]).all()
    whole = classify(spectra, model)
    others = np.delete(np.arange(24), [3, 9])
    assert np.array_equal(found.class_index[others], whole.class_index[others])


def test_a_run_of_which_nothing_can_be_used_gets_no_class_at_all(model: Model) -> None:
    spectra = ramp(seed=5)
    found = classify(replace(spectra, intensity=np.full_like(spectra.intensity, np.nan)), model)
    assert set(found.labels) == {None}
    assert (found.confidence, found.boundaries) == (0.0, ())


def test_the_order_of_spectra_does_not_change_their_classes(model: Model) -> None:
    spectra = ramp(seed=5)
    order = np.random.default_rng(0).permutation(len(spectra))
    straight, mixed = classify(spectra, model), classify(spectra.select(order), model)
    assert np.array_equal(mixed.class_index, straight.class_index[order])


def test_spectra_on_another_grid_are_brought_on_the_models(model: Model) -> None:
    found = classify(ramp(seed=5, points=700), model)
    assert found.labels[6] == "low"
    assert found.labels[20] == "high"


def test_spectra_at_other_angles_do_not_fit(model: Model) -> None:
    elsewhere = simulate(seed=5, frames=5, points=500, angles=(20.0, 40.0)).spectra
    with pytest.raises(ModelMismatch, match="cover 35% of it"):
        classify(elsewhere, model)


def test_spectra_at_another_energy_do_not_fit(model: Model) -> None:
    with pytest.raises(ModelMismatch, match=r"taken at 42\.7 keV and the model is for 25\.6 keV"):
        classify(replace(ramp(), energy=np.array([42.7])), model)


def test_three_classes_are_classified_too() -> None:
    made = train([ramp(frames=60)], ["first=1-12", "second=25-28", "third=45-58"], "weighted", iterations=80)
    found = classify(ramp(seed=2, frames=60), made)
    assert (found.labels[4], found.labels[27], found.labels[52]) == ("first", "second", "third")
    assert found.confidence is None
    assert [each.to_class for each in found.boundaries] == ["second", "third"]


def test_classifying_does_not_load_torch_or_other_heavy_libraries(model: Model, tmp_path: Path) -> None:
    saved = tmp_path / "fe80mg20.npz"
    model.save(saved)
    script = """
        import sys
        import numpy as np
        from nxspectra.classifiers import Model, classify
        from nxspectra.spectra import Spectra
        model = Model.load(sys.argv[1])
        values = np.random.default_rng(0).normal(5.0, 1.0, (3, model.two_theta.size))
        classify(Spectra(model.two_theta, values), model)
        print([name for name in ("torch", "h5py", "rdflib", "matplotlib", "sklearn") if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(saved)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
