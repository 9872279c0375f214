"""Files of programs for azimuthal integration: their spectra are found, whatever the axis is."""

from __future__ import annotations

from collections.abc import Callable

import beamlines
import integrators
import numpy as np
import pytest

from nxspectra.migration import migrate, review
from nxspectra.spectra import Spectra
from nxspectra.tree import Field, Group
from nxspectra.validation import validate

FACTS = {"pressure": "21.3 GPa", "exposure": "100 ms"}
BUILDERS: list[tuple[Callable[..., Group], tuple[str, ...], dict[str, str]]] = [
    (integrators.azint, (), {"sample_name": "FeO"}),
    (integrators.azint, ("q",), {"sample_name": "FeO"}),
    (integrators.pyfai, (), {"sample_name": "FeO"}),
    (integrators.pyfai, ("q_nm^-1",), {"sample_name": "FeO"}),
    (integrators.powder, (), {}),
    (integrators.powder, ("q_nm^-1",), {}),
    (integrators.powder, ("q_A^-1",), {}),
    (integrators.dioptas, (), {"sample_name": "FeO", "beam_energy": "25.6 keV"}),
]


@pytest.mark.parametrize(
    ("build", "arguments", "facts"),
    BUILDERS,
    ids=[f"{build.__name__} {' '.join(arguments)}".strip() for build, arguments, _ in BUILDERS],
)
def test_an_integrated_file_conforms_after_migration(
    build: Callable[..., Group], arguments: tuple[str, ...], facts: dict[str, str]
) -> None:
    run = migrate(build(*arguments), facts={**FACTS, **facts})
    ours = [entry for entry in validate(run).entries if entry.definition == "NXdiffraction_spectra"]
    assert [entry.conforms for entry in ours] == [True]
    spectra = Spectra.of(run)
    np.testing.assert_allclose(spectra.two_theta, beamlines.TWO_THETA, rtol=1e-6)
    np.testing.assert_allclose(spectra.intensity, beamlines.INTENSITY[: len(spectra)], rtol=1e-6)
    assert spectra.energy == pytest.approx([25.6], rel=1e-6)
    assert migrate(run, facts={**FACTS, **facts}) == run


def test_the_conversion_of_q_is_written_down() -> None:
    run = migrate(integrators.pyfai("q_nm^-1"))
    row = run["entry_0000/migration/mapping/data_two_theta"]
    assert row.text == "/entry_0000/integrate/results/radial"
    assert row.attributes["conversion"] == "2 theta = 2 asin(q lambda / 4 pi) with 25.6 keV, 1/nm -> deg"
    assert row.attributes["rule"] == "common.q"


def test_angles_are_taken_before_q() -> None:
    both = integrators.dioptas().put("processed/result/q", Field(beamlines.Q, units="1/angstrom"))
    (found,) = [one for one in review(both).found if one.concept == "data/two_theta"]
    assert found.origin == "/processed/result/binning"


def test_an_axis_named_q_without_a_unit_is_refused() -> None:
    tree = integrators.dioptas().without("processed/result/binning")
    tree = tree.put("processed/result/q", Field(beamlines.Q))
    findings = review(tree, facts={"beam_energy": "25.6keV"}).findings
    assert [one.rule for one in findings if "/processed/result/q" in one.message] == ["no-units"]


def test_an_axis_is_named_with_its_unit_by_a_person() -> None:
    tree = integrators.dioptas().without("processed/result/binning")
    tree = tree.put("processed/result/x", Field(beamlines.Q))
    facts = {"beam_energy": "25.6keV", "two_theta": "/processed/result/x 1/angstrom"}
    np.testing.assert_allclose(
        migrate(tree, facts=facts)["processed/data/two_theta"].array, beamlines.TWO_THETA
    )


def test_two_energies_that_contradict_each_other_make_no_angles_of_q() -> None:
    tree = integrators.azint("q").put("entry/instrument/monochromator/energy", Field(30.0, units="keV"))
    rules = {finding.rule for finding in review(tree).findings}
    assert {"ambiguous-key", "no-energy"} <= rules
