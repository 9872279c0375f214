"""Spectra and classifications, taken from a tree and given to one."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxspectra.errors import NoSpectra, Refused
from nxspectra.spectra import (
    Boundary,
    Classification,
    ModelReference,
    Spectra,
    Votes,
    annotate,
    classifications,
    concept_path,
)
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link


def by_model(number: int = 6, classes: tuple[str, ...] = ("low", "high")) -> Classification:
    """A classification with everything in it that one can hold."""
    bins, kinds = 3, len(classes)
    index = np.arange(number) * kinds // number
    probability = np.full((number, kinds), 0.1 / max(kinds - 1, 1))
    probability[np.arange(number), index] = 0.9
    return Classification(
        classes,
        index.astype(np.int64),
        "model",
        "nxspectra",
        "0.1.0",
        "2026-05-10T03:20:00+00:00",
        probability=probability,
        unseen=np.linspace(0, 1, number),
        votes=Votes(
            np.array([9.6, 14.9, 20.2]),
            np.array([14.8, 20.1, 25.5]),
            np.array([0.9, 0.6, 0.5]),
            np.array([0.73, 0.08, 0.0]),
            np.full((number, bins, kinds), 1 / kinds),
        ),
        confidence=1.0,
        boundaries=(Boundary("low", "high", 3, (2, 4), 18.5, (17.0, 20.0)),),
        model=ModelReference("weighted", "ramp.npz", "ab" * 32),
        parameters={"bins": np.array(3), "seed": np.array(0)},
    )


def same(left: Classification, right: Classification) -> bool:
    def value(item: object) -> object:
        if isinstance(item, np.ndarray):
            return item.tolist()
        if dataclasses.is_dataclass(item) and not isinstance(item, type):
            return {f.name: value(getattr(item, f.name)) for f in dataclasses.fields(item)}
        if isinstance(item, dict):
            return {key: value(each) for key, each in item.items()}
        return item

    return value(left) == value(right)


def test_the_conditions_come_in_gpa_kev_and_s_whatever_the_file_says() -> None:
    pressure = np.linspace(0.0, 441.0, 6)
    tree = conforming().put("entry/sample/pressure", Field(pressure, units="kbar"))
    tree = tree.put("entry/instrument/beam/incident_energy", Field([25600.0], units="eV"))
    tree = tree.put("entry/instrument/detector/count_time", Field([100.0], units="millisecond"))
    series = Spectra.of(tree)
    assert series.pressure is not None
    np.testing.assert_allclose(series.pressure, np.linspace(0.0, 44.1, 6))
    assert series.energy is not None
    assert series.energy.tolist() == [25.6]
    assert series.exposure is not None
    assert series.exposure.tolist() == [0.1]


def test_a_pressure_of_another_kind_of_unit_is_no_pressure() -> None:
    tree = conforming().put("entry/sample/pressure@units", "V")
    assert Spectra.of(tree).pressure is None


def test_a_file_without_the_definition_has_no_spectra_and_says_what_to_do() -> None:
    with pytest.raises(NoSpectra, match="nxspectra migrate"):
        Spectra.of(conforming().without("entry/definition"))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("entry/data/two_theta", Field(np.linspace(9.6, 25.5, 47), units="deg"), r"\(6, 48\) does not fit"),
        ("entry/data/two_theta", Field(np.linspace(25.5, 9.6, 48), units="deg"), "not strictly ascending"),
        ("entry/data/intensity", Field(np.full((6, 48), "a")), "not numbers"),
        ("entry/data/intensity", Field(np.zeros((0, 48))), "is empty"),
        ("entry/data/two_theta", Field(np.linspace(9.6, 25.5, 48), units="GPa"), "different kinds"),
    ],
)
def test_spectra_that_contradict_themselves_are_refused(path: str, value: Field, message: str) -> None:
    with pytest.raises(NoSpectra, match=message):
        Spectra.of(conforming().put(path, value))


def test_groups_of_another_name_are_found_by_their_class() -> None:
    tree = conforming()
    sample = tree["entry/sample"]
    renamed = tree.without("entry/sample").put("entry/ferropericlase", sample)
    assert concept_path(renamed, "/entry", "sample/pressure") == "/entry/ferropericlase/pressure"


def test_groups_behind_links_are_found() -> None:
    tree = conforming()
    beam = tree["entry/instrument/beam"]
    linked = tree.put("entry/elsewhere", beam).put("entry/instrument/beam", Link("/entry/elsewhere"))
    assert Spectra.of(linked).energy is not None


def test_selecting_frames_keeps_what_holds_for_all() -> None:
    series = Spectra.of(conforming())
    few = series.select([1, 3])
    assert len(few) == 2
    assert few.pressure is not None
    assert series.pressure is not None
    assert few.pressure.tolist() == series.pressure[[1, 3]].tolist()
    assert few.energy is not None
    assert few.energy.shape == (1,)


def test_a_classification_comes_out_of_the_tree_as_it_went_in() -> None:
    made = by_model()
    annotated = annotate(conforming(), made)
    ((path, found),) = classifications(annotated).items()
    assert path == "/entry/weighted_classification"
    assert same(made, found)


def test_annotating_twice_adds_nothing() -> None:
    once = annotate(conforming(), by_model())
    assert annotate(once, dataclasses.replace(by_model(), date="2027-01-01T00:00:00+00:00")) is once


def test_another_model_gets_a_group_of_its_own() -> None:
    other = dataclasses.replace(by_model(), model=ModelReference("weighted", "other.npz", "cd" * 32))
    twice = annotate(annotate(conforming(), by_model()), other)
    assert list(classifications(twice)) == [
        "/entry/weighted_classification",
        "/entry/weighted_2_classification",
    ]


def test_labels_for_another_number_of_spectra_are_refused() -> None:
    with pytest.raises(Refused, match="5 labels for 6 spectra"):
        annotate(conforming(), by_model(5))


@pytest.mark.parametrize(
    "damage",
    [
        lambda tree, path: tree.without(f"{path}/labels/class_index"),
        lambda tree, path: tree.put(f"{path}/label_origin", Field("oracle")),
        lambda tree, path: tree.put(f"{path}/labels/class_index", Field([0, 0, 0, 1, 1, 7])),
        lambda tree, path: tree.put(f"{path}/labels/class_names", Field([1, 2])),
    ],
)
def test_a_damaged_classification_is_left_out(damage: object) -> None:
    assert callable(damage)
    tree = damage(annotate(conforming(), by_model()), "/entry/weighted_classification")
    assert isinstance(tree, Group)
    assert classifications(tree) == {}


@given(st.lists(st.integers(-1, 2), min_size=1, max_size=30))
def test_runs_put_together_are_the_series(index: list[int]) -> None:
    made = Classification(("a", "b", "c"), np.array(index), "expert", "p", "1", "d")
    runs = list(made.runs())
    assert [label for label, first, last in runs for _ in range(first, last + 1)] == index
    assert all(one[0] != two[0] for one, two in itertools.pairwise(runs))


def test_a_spectrum_without_a_class_has_no_label() -> None:
    made = Classification(("low", "high"), np.array([0, -1, 1]), "expert", "p", "1", "d")
    assert made.labels == ("low", None, "high")
