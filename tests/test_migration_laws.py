"""Laws of the migration: nothing raw is lost, twice is once, the order of keys does not matter."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_series import RAMP, WHEN, is_within, raw, rules

from nxspectra import hdf5, migration
from nxspectra.findings import Severity
from nxspectra.migration import migrate, migrate_and_review, review
from nxspectra.tree import Field, Group, Link, Node
from nxspectra.validation import validate

KEYS: list[tuple[str, Node]] = [
    ("dac/membrane_pressure_bar", Field(RAMP)),
    ("dac/p_Au", Field(RAMP, units="GPa")),
    ("dac/pressure_Pt", Field([5.0, 6.0, 7.0], units="GPa")),
    ("collection/photon_energy", Field("25.6 keV")),
    ("collection/energy", Field(24.0, units="keV")),
    ("collection/wavelength", Field([0.48431], units="Å")),
    ("collection/wavelength", Field([0.48431])),
    ("collection/exposure_time", Field(0.1, units="mm")),
    ("collection/t_exp", Field(0.1, units="s")),
    ("instrument/other", Group("NXdetector", {"count_time": Field(1.0, units="s")})),
    ("instrument/beam", Group("NXcollection", {"slit": Field(1.0)})),
    ("instrument/beam", Group("NXbeam", {"incident_energy": Field(25.6)})),
    ("instrument/source", Group("NXsource", {"energy": Field(6.08, units="GeV")})),
    ("instrument/source", Group("NXsource", {"name": Field("ISIS"), "probe": Field("neutron")})),
    ("sample", Group("NXsample", {"name": Field("FeO"), "pressure": Field(12.0, units="bar")})),
    ("sample", Link("/entry/probe_head")),
    ("data", Group("NXdata", {"frames": Field(np.ones((3, 2)))}, signal="frames")),
    ("data", Group("NXdata", {"note": Field("empty so far")})),
    ("data", Field("not a group")),
    ("definition", Field("NXmx")),
    ("definition", Field(["NXdiffraction_spectra"])),
    ("title", Field("Ramp 42")),
    ("start_time", Field("2005-05-27 05:44:13")),
    ("comments", Group("NXcollection", {"user_comment1": Field("P=21.3 GPa, Sample FeO in Ne")})),
    ("again", Link("/entry/dac")),
    ("dangling", Link("/entry/nowhere")),
    ("elsewhere", Link("/entry/data", "other.nxs", "external")),
    ("migration", Group("NXnote", {"description": Field("of the beamline")})),
]

trees = st.lists(st.sampled_from(range(len(KEYS))), max_size=8, unique=True).map(
    lambda picks: [KEYS[index] for index in picks]
)


def with_keys(keys: list[tuple[str, Node]], without: str | None = None) -> Group:
    tree = raw()
    for path, node in keys:
        tree = tree.put(f"entry/{path}", node)
    return tree.without(without) if without else tree


@given(trees)
@settings(max_examples=60)
def test_nothing_raw_is_lost(keys: list[tuple[str, Node]]) -> None:
    tree = with_keys(keys)
    assert is_within(tree, migrate(tree))


@given(trees)
@settings(max_examples=60)
def test_migrating_twice_is_migrating_once(keys: list[tuple[str, Node]]) -> None:
    once = migrate(with_keys(keys))
    assert migrate(once) == once


@given(trees, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_keys_does_not_matter(keys: list[tuple[str, Node]], chance: random.Random) -> None:
    def shuffled(group: Group) -> Group:
        names = list(group.children)
        chance.shuffle(names)
        children = {name: group.children[name] for name in names}
        return Group(
            None,
            {n: shuffled(c) if isinstance(c, Group) else c for n, c in children.items()},
            group.attributes,
        )

    tree = with_keys(keys)
    one, other = migrate_and_review(tree, when=WHEN), migrate_and_review(shuffled(tree), when=WHEN)
    assert one == other


@given(trees)
@settings(max_examples=40)
def test_a_review_says_what_a_migration_adds(keys: list[tuple[str, Node]]) -> None:
    tree = with_keys(keys)
    assert review(tree).added == migrate(tree).additions.paths


@given(trees)
@settings(max_examples=40)
def test_an_entry_is_declared_only_with_everything_required_or_the_rest_is_reported(
    keys: list[tuple[str, Node]],
) -> None:
    run, outcome = migrate_and_review(with_keys(keys))
    if outcome.complete:
        assert validate(run, "NXdiffraction_spectra").of(Severity.VIOLATION) == ()


def test_migrating_a_file_that_was_migrated_adds_nothing(tmp_path: Path) -> None:
    source = hdf5.write(raw(), tmp_path / "raw.nxs")
    once = hdf5.write(migrate(hdf5.read(source)), tmp_path / "run.nxs")
    assert not migrate(hdf5.read(once)).additions
    assert is_within(hdf5.read(source), hdf5.read(once))


def test_every_rule_that_is_told_is_described() -> None:
    told = set()
    for key in KEYS:
        told |= rules(review(with_keys([key])))
    assert told <= migration.RULES.keys()
