"""Training labels from the file, from frames and from conditions; what is said when they are no use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxspectra.classifiers.labels import Labelled, as_frames, labelled, parse_labels
from nxspectra.errors import LabelError
from nxspectra.spectra import Classification, Origin, Spectra, annotate
from nxspectra.testing import conforming
from nxspectra.tree import Group

SPECTRA = 6


def run(tree: Group | None = None, name: str = "ramp_42.nxs") -> tuple[str, Spectra, Group | None]:
    """Six spectra at 0.1 to 44.1 GPa, 25.6 keV, 0.1 s."""
    tree = tree or conforming(SPECTRA)
    return name, Spectra.of(tree), tree


def index_of(*labels: str) -> list[int]:
    return labelled([run()], labels)[0].class_index.tolist()


def said_by(origin: Origin, class_index: list[int], tree: Group | None = None) -> Group:
    """A tree with a classification of that origin, classes low and high."""
    classification = Classification(
        ("low", "high"),
        np.array(class_index),
        origin,
        "nxspectra",
        "0.1.0",
        "2026-05-01T12:00:00+02:00",
        by="https://orcid.org/0000-0002-1825-0097" if origin == "expert" else None,
    )
    return annotate(tree or conforming(SPECTRA), classification)


def test_frames_are_counted_from_0_and_ranges_include_both_ends() -> None:
    assert index_of("low=0-1", "high=3,5") == [0, 0, -1, 1, -1, 1]


def test_classes_come_in_the_order_in_which_they_are_named() -> None:
    assert labelled([run()], ["high=5", "low=0"])[0].classes == ("high", "low")


def test_three_classes_are_as_good_as_two() -> None:
    assert index_of("cubic=0", "rhombohedral=2", "hexagonal=5") == [0, -1, 1, -1, -1, 2]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("low=pressure<12GPa", "high=pressure>=20 GPa"),
        ("low=pressure<120kbar", "high=pressure>=20000 MPa"),
        ("low=pressure=0..12GPa", "high=pressure=20..50GPa"),
    ],
)
def test_a_condition_takes_any_unit_of_pressure(low: str, high: str) -> None:
    # 0.1, 8.9, 17.7, 26.5, 35.3 and 44.1 GPa
    assert index_of(low, high) == [0, 0, -1, 1, 1, 1]


@pytest.mark.parametrize(
    "condition", ["beam_energy>20000eV", "incident_energy=25..26keV", "exposure=50..200ms"]
)
def test_a_condition_may_be_about_the_beam_energy_and_the_exposure(condition: str) -> None:
    mark = labelled([run()], [f"all={condition}"], fewest=1)[0]
    assert mark.class_index.tolist() == [0] * SPECTRA


def test_labels_of_an_expert_in_the_file_are_taken() -> None:
    mark = labelled([run(said_by("expert", [0, 0, -1, -1, 1, 1]))])[0]
    assert (mark.classes, mark.class_index.tolist()) == (("low", "high"), [0, 0, -1, -1, 1, 1])


def test_labels_of_a_model_in_the_file_are_not_taken() -> None:
    tree = said_by("expert", [0, -1, -1, -1, -1, 1], conforming(SPECTRA, classified=True))
    assert labelled([run(tree)])[0].class_index.tolist() == [0, -1, -1, -1, -1, 1]


def test_frames_win_over_the_file_and_conditions_over_frames() -> None:
    tree = said_by("expert", [0, 0, 0, 1, 1, 1])
    mark = labelled([run(tree)], ["high=2-3", "low=pressure=20..30GPa"])[0]
    assert mark.class_index.tolist() == [0, 0, 1, 0, 1, 1]


def test_a_label_may_be_for_one_of_several_files() -> None:
    runs = [run(name="/data/ramp_1.nxs"), run(name="/data/ramp_2.nxs")]
    one, two = labelled(runs, ["ramp_1.nxs:low=0", "/data/ramp_2.nxs:high=5", "low=1"])
    assert one.class_index.tolist() == [0, 0, -1, -1, -1, -1]
    assert two.class_index.tolist() == [-1, 0, -1, -1, -1, 1]


def test_a_file_name_that_two_files_have_is_not_enough() -> None:
    runs = [run(name="/may/ramp.nxs"), run(name="/june/ramp.nxs")]
    with pytest.raises(
        LabelError, match=r"more than one file 'ramp\.nxs' among those given: /may/ramp\.nxs, /june"
    ):
        labelled(runs, ["ramp.nxs:low=0", "high=5"])
    one, other = labelled(runs, ["/june/ramp.nxs:low=0", "high=5"])
    assert (one.class_index[0], other.class_index[0]) == (-1, 0)


def test_an_expert_and_a_simulation_that_contradict_each_other_in_one_file_are_an_error() -> None:
    tree = said_by("simulation", [0, 0, 0, 1, 1, 1], said_by("expert", [0, 0, 1, 1, 1, 1]))
    with pytest.raises(LabelError, match=r"frame 2"):
        labelled([run(tree)])


@pytest.mark.parametrize(
    ("labels", "where"),
    [
        (["low=0-2", "high=2-5"], r"high=2-5: frame 2 of ramp_42\.nxs is also labelled 'low'"),
        (["low=pressure<20GPa", "high=pressure>10GPa"], r"frame 2 of ramp_42\.nxs is also labelled 'low'"),
        (["low=0", "high=6"], r"high=6: frame 6 is out of range; ramp_42\.nxs has 6 spectra, 0 to 5"),
        (["low=0", "high=pressure>80GPa"], r"no spectrum is left for class 'high' \(high=pressure>80GPa\)"),
        (["low=0-5"], r"at least two classes, and there is only 'low'"),
        ([], r"at least two classes, and there is none"),
        (["other.nxs:low=0", "high=5"], r"no file 'other\.nxs' among those given: ramp_42\.nxs"),
        (["low=5-3", "high=5"], r"low=5-3: the range 5-3 runs backwards"),
        (["low", "high=5"], r"'low' is not a label: write CLASS=FRAMES"),
        (["=3", "high=5"], r"'=3' is not a label"),
        ([":low=3", "high=5"], r"':low=3' is not a label"),
        (["low=first", "high=5"], r"'first' is neither frames .* nor a condition"),
        (["low=-1", "high=5"], r"'-1' is neither frames"),
        (["low=temperature<300K", "high=5"], r"conditions are about pressure, .*'temperature' is not known"),
        (["low=pressure<12", "high=5"], r"give the unit too, as in pressure<12GPa"),
        (["low=pressure<12keV", "high=5"], r"'keV' is not a unit of pressure; write GPa"),
        (["low=pressure<12bananas", "high=5"], r"'bananas' is not a unit of pressure"),
    ],
)
def test_labels_that_cannot_be_used_are_told_where_and_why(labels: list[str], where: str) -> None:
    with pytest.raises(LabelError, match=where):
        labelled([run()], labels)


def test_a_condition_on_what_the_file_does_not_say_is_an_error() -> None:
    tree = conforming(SPECTRA).without("entry/sample/pressure").without("entry/data/pressure")
    with pytest.raises(LabelError, match="does not say the pressure of its spectra"):
        labelled([run(tree)], ["low=pressure<12GPa", "high=5"])


@given(st.sets(st.integers(0, 400)))
def test_frames_written_as_a_label_are_the_same_frames_when_read(frames: set[int]) -> None:
    mark = Labelled(("low",), np.where(np.isin(np.arange(401), list(frames)), 0, -1))
    text = as_frames(mark.frames("low"))
    ranges = parse_labels([f"low={text}"])[0].frames if frames else ()
    assert {frame for first, last in ranges for frame in range(first, last + 1)} == frames
