"""What other readers see in a migrated file: the spectra, by our names and by those of NXazint1d."""

from __future__ import annotations

from pathlib import Path

import beamlines
import integrators
import numpy as np
import pytest

from nxspectra import hdf5
from nxspectra.migration import migrate
from nxspectra.simulation import Ramp, simulate
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate

pytestmark = pytest.mark.filterwarnings("ignore")
"""Of other people's libraries."""


@pytest.fixture(scope="module")
def ramp() -> Ramp:
    return simulate(3, 6, points=120)


@pytest.fixture(scope="module")
def migrated(ramp: Ramp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readers")
    raw = hdf5.write(ramp.tree(), folder / "raw.nxs")
    return hdf5.write(migrate(hdf5.read(raw)), folder / "run.nxs")


# -- the subentry --------------------------------------------------------------------------------


def test_the_spectra_stand_under_the_names_of_nxazint1d_by_links(ramp: Ramp) -> None:
    run = migrate(ramp.tree())
    data = run.group("entry/azint1d/data")
    assert data is not None
    assert data.children["I"] == Link("/entry/integrated/I")
    assert data.children["radial_axis"] == Link("/entry/integrated/tth")
    assert run.group("entry/azint1d").children["reduction"] == Link("/entry/integration")
    assert run.attribute("entry@default") == "data"


def test_the_subentry_does_not_claim_a_definition_that_it_cannot_keep(ramp: Ramp) -> None:
    run = migrate(ramp.tree())
    assert "/entry/azint1d/definition" not in run
    assert not [finding for finding in validate(run).findings if "azint1d" in finding.path]
    claimed = run.put("entry/azint1d/definition", Field("NXazint1d"))
    missing = {finding.path for finding in validate(claimed, "NXazint1d").findings}
    assert "/entry/azint1d/solid_angle_applied" in missing


def test_angles_that_were_converted_are_those_that_are_linked() -> None:
    run = migrate(integrators.pyfai("q_nm^-1"))
    np.testing.assert_allclose(
        run["entry_0000/azint1d/data/radial_axis"].array, beamlines.TWO_THETA, rtol=1e-6
    )
    assert run["entry_0000/azint1d/data/radial_axis"].units == "deg"


def test_what_is_nxazint1d_already_gets_no_second_one() -> None:
    assert "/entry/azint1d" not in migrate(integrators.azint())


def test_a_group_of_that_name_is_not_touched(ramp: Ramp) -> None:
    other = Group("NXcollection", {"note": Field("of the pipeline")})
    run = migrate(ramp.tree().put("entry/azint1d", other))
    assert run["entry/azint1d"] == other
    assert validate(run).conforms


def test_a_second_migration_adds_none(migrated: Path) -> None:
    assert not migrate(hdf5.read(migrated)).additions


# -- the readers -------------------------------------------------------------------------------


def test_nexusformat_plots_the_spectra(migrated: Path, ramp: Ramp) -> None:
    nexus = pytest.importorskip("nexusformat.nexus")
    with nexus.nxload(str(migrated)) as root:
        plottable = root.get_default()
        assert plottable.nxsignal.nxname == "intensity"
        assert [axis.nxname for axis in plottable.nxaxes] == ["pressure", "two_theta"]
        azint = root["entry/azint1d/data"]
        np.testing.assert_array_equal(azint.nxsignal.nxvalue, ramp.spectra.intensity.astype(np.float32))
        np.testing.assert_allclose(azint["radial_axis"].nxvalue, ramp.spectra.two_theta)


def test_silx_plots_the_spectra(migrated: Path, ramp: Ramp) -> None:
    silx = pytest.importorskip("silx.io")
    nxdata = pytest.importorskip("silx.io.nxdata")
    with silx.open(str(migrated)) as root:
        plot = nxdata.get_default(root)
        assert plot.is_valid
        assert plot.signal.name == "/entry/data/intensity"
        assert plot.axes[0].shape == (6,)
        azint = nxdata.NXdata(root["entry/azint1d/data"])
        assert azint.is_valid
        assert azint.interpretation == "spectrum"
        np.testing.assert_array_equal(azint.signal[()], ramp.spectra.intensity.astype(np.float32))


def test_scippnexus_loads_the_spectra_with_their_axes_and_units(migrated: Path, ramp: Ramp) -> None:
    scippnexus = pytest.importorskip("scippnexus")
    with scippnexus.File(str(migrated), "r") as root:
        spectra = root["entry/data"][()]
        assert spectra.dims == ("pressure", "two_theta")
        assert str(spectra.coords["pressure"].unit) == "GPa"
        np.testing.assert_array_equal(spectra.values, ramp.spectra.intensity.astype(np.float32))
        azint = root["entry/azint1d/data"][()]
        assert str(azint.coords["radial_axis"].unit) == "deg"
        np.testing.assert_array_equal(azint.values, spectra.values)
