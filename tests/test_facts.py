"""Facts from files beside the raw one: tables, TOML and calibrations; and that what is wrong is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from nxspectra import hdf5, sidecars
from nxspectra.cli import program
from nxspectra.errors import FileError, NxspectraError, Refused, UnitError, UsageError
from nxspectra.migration import Facts, migrate, review
from nxspectra.simulation import simulate
from nxspectra.tree import Field, Group
from nxspectra.validation import validate

N = 4
PONI = """# Calibration done at Mon Nov 11 14:01:03 2019
poni_version: 2
Detector: Detector
Detector_config: {"pixel1": 5.5e-05, "pixel2": 5.5e-05, "max_shape": null}
Distance: 0.30919
Poni1: 0.0385
Poni2: 0.1407
Rot1: 0.0072
Rot2: 0.0015
Rot3: 0.0
Wavelength: 4.836e-11
"""


def raw(n: int = N) -> Group:
    """Spectra, and nothing of what the definition asks for beside them."""
    angles = np.linspace(9.6, 25.5, 12)
    data = Group(
        "NXdata",
        {"I": Field(np.ones((n, 12)), units="counts"), "tth": Field(angles, units="deg")},
        signal="I",
    )
    return Group("NXroot", {"entry": Group("NXentry", {"integrated": data})})


@pytest.fixture
def told(tmp_path: Path):
    def write(text: str, name: str = "ramp.csv") -> Facts:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return sidecars.read(path)

    return write


WHOLE = """# written after the beamtime
frame,pressure [GPa],beam_energy (keV),exposure [ms],sample_name,_remark
0,0.1,25.6,100,FeO,start
1,12.5,25.6,100,FeO,
2,28.1,25.6,100,FeO,
3,44.1,25.6,100,FeO,end
"""


# -- what is understood ------------------------------------------------------------------------


def test_a_table_with_a_row_a_frame_makes_a_bare_series_conform(told) -> None:
    run = migrate(raw(), facts=told(WHOLE))
    assert validate(run).conforms
    assert run["entry/sample/pressure"].array.tolist() == [0.1, 12.5, 28.1, 44.1]
    assert run["entry/instrument/detector/count_time"].array.tolist() == pytest.approx([0.1] * N)
    assert run["entry/sample/name"].text == "FeO"


def test_each_fact_is_recorded_with_the_name_and_digest_of_its_file(told, tmp_path: Path) -> None:
    run = migrate(raw(), facts=told(WHOLE))
    row = run["entry/migration/mapping/sample_pressure"]
    assert row.text == "ramp.csv: pressure"
    assert row.attributes["raw_value"] == "0.1,12.5,28.1,44.1"
    assert row.attributes["raw_units"] == "GPa"
    assert row.attributes["file_name"] == "ramp.csv"
    assert row.attributes["sha256"] == hashlib.sha256((tmp_path / "ramp.csv").read_bytes()).hexdigest()


def test_migrating_twice_with_the_same_file_adds_nothing(told) -> None:
    facts = told(WHOLE)
    once = migrate(raw(), facts=facts)
    assert migrate(once, facts=facts) == once


@pytest.mark.parametrize(
    "text",
    [
        "pressure [GPa]\n0.1\n12.5\n28.1\n44.1\n",
        "pressure (GPa)\n0.1\n12.5\n28.1\n44.1\n",
        "pressure\nGPa\n0.1\n12.5\n28.1\n44.1\n",
        "frame;pressure\n;GPa\n0;0.1\n1;12.5\n2;28.1\n3;44.1\n",
        "frame\tpressure [kbar]\n0\t1\n1\t125\n2\t281\n3\t441\n",
        "pressure\n0.1 GPa\n12.5 GPa\n28.1 GPa\n44.1 GPa\n",
        "Frame,pressure [GPa]\n3,44.1\n1,12.5\n2,28.1\n0,0.1\n",
        "frame,pressure [GPa]\n1,0.1\n2,12.5\n3,28.1\n4,44.1\n",
        '"pressure [GPa]"\r\n0.1\r\n12.5\r\n\r\n28.1\r\n44.1\r\n',
        "\ufeffpressure [GPa],temperature [K]\n0.1,\n12.5,\n28.1,\n44.1,\n",
    ],
)
def test_a_table_may_be_written_as_people_write_tables(told, text: str) -> None:
    pressure = migrate(raw(), facts=told(text))["entry/sample/pressure"]
    assert pressure.units == "GPa"
    np.testing.assert_allclose(pressure.array, [0.1, 12.5, 28.1, 44.1])


def test_an_empty_cell_is_a_spectrum_whose_value_is_not_known(told) -> None:
    run = migrate(raw(), facts=told("pressure [GPa]\n0.1\n-\n28.1\n44.1\n"))
    assert np.isnan(run["entry/sample/pressure"].array).tolist() == [False, True, False, False]


def test_a_row_for_each_file_is_taken_by_the_name_of_the_file(told, tmp_path: Path) -> None:
    facts = told("file,pressure [GPa],sample_name\na.nxs,1.5,FeO\nb.nxs,2.5,MgO\n")
    for name, pressure, sample in (("a.nxs", 1.5, "FeO"), ("b.nxs", 2.5, "MgO")):
        run = migrate(hdf5.read(hdf5.write(raw(), tmp_path / name)), facts=facts)
        assert run["entry/sample/pressure"].array.tolist() == [pressure] * N
        assert run["entry/sample/name"].text == sample


def test_a_file_without_a_row_is_refused(told, tmp_path: Path) -> None:
    facts = told("file,pressure [GPa]\na.nxs,1.5\nb.nxs,2.5\n")
    with pytest.raises(
        Refused, match=r"ramp\.csv: no row is about the file c\.nxs; there are a\.nxs, b\.nxs"
    ):
        migrate(hdf5.read(hdf5.write(raw(), tmp_path / "c.nxs")), facts=facts)


def test_toml_has_facts_for_all_and_for_each_file(told, tmp_path: Path) -> None:
    facts = told('beam_energy = "25.6 keV"\n["a.nxs"]\npressure = "1.5 GPa"\n', "facts.toml")
    run = migrate(hdf5.read(hdf5.write(raw(), tmp_path / "a.nxs")), facts=facts)
    assert run["entry/instrument/beam/incident_energy"].number == 25.6
    assert run["entry/sample/pressure"].array.tolist() == [1.5] * N


@pytest.mark.parametrize("poni", [PONI, PONI.replace("poni_version: 2\n", "")], ids=["v2", "v1"])
def test_a_calibration_tells_the_energy_by_its_wavelength_in_metres(told, poni: str) -> None:
    run = migrate(raw(), facts=told(poni, "L2.poni"))
    assert run["entry/instrument/beam/incident_energy"].number == pytest.approx(25.6377, abs=1e-4)
    row = run["entry/migration/mapping/instrument_beam_incident_energy"]
    assert row.text == "L2.poni: wavelength"
    assert row.attributes["conversion"] == "E = hc / lambda of photons, m -> keV"


def test_of_a_calibration_with_a_history_the_last_holds(told) -> None:
    facts = told(PONI + PONI.replace("4.836e-11", "5.0e-11"), "L2.poni")
    energy = migrate(raw(), facts=facts)["entry/instrument/beam/incident_energy"].number
    assert energy == pytest.approx(24.7968, abs=1e-4)


def test_a_real_calibration_of_the_beamline_tells_its_energy(real_files: Path) -> None:
    facts = sidecars.read(real_files / "L2.poni")
    assert migrate(raw(), facts=facts)["entry/instrument/beam/incident_energy"].number == pytest.approx(
        25.63776, abs=1e-5
    )


def test_what_is_given_by_itself_stands_above_the_file(told) -> None:
    facts = told(WHOLE).under({"energy": "30 keV"})
    assert migrate(raw(), facts=facts)["entry/instrument/beam/incident_energy"].number == 30.0


def test_a_long_series_is_noted_in_short(told) -> None:
    text = "pressure [GPa]\n" + "".join(f"{p:.3f}\n" for p in np.linspace(0, 44.1, 349))
    row = migrate(raw(349), facts=told(text))["entry/migration/mapping/sample_pressure"]
    assert row.attributes["raw_value"] == "349 values, 0 to 44.1"


@given(st.lists(st.floats(0.0, 1000.0), min_size=1, max_size=12))
@settings(max_examples=40)
def test_every_pressure_comes_through_a_table_as_it_was(pressures: list[float]) -> None:
    text = "pressure [GPa]\n" + "".join(f"{p!r}\n" for p in pressures)
    facts = sidecars.from_csv(Path("ramp.csv"), text, sidecars.Sidecar("ramp.csv", "0" * 64))
    placed = migrate(raw(len(pressures)), facts=facts)["entry/sample/pressure"].array
    assert placed.tolist() == pressures


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("pressure [GPa]\n0.1\n12.5\n", Refused, "ramp.csv: pressure: 2 values for 4 spectra"),
        ("exposure [s]\n" + "0.1\n" * 5, Refused, "ramp.csv: exposure: 5 values for 4 spectra"),
        ("pressure [keV]\n0.1\n", UnitError, "ramp.csv: pressure: 'keV' is a unit of another kind"),
        ("pressure [GPq]\n0.1\n", UnitError, "'GPq' is not a unit"),
        ("pressure\n0.1\n", UnitError, "ramp.csv: pressure: '0.1' has no unit"),
        (
            "pressure [GPa]\n0.1\n2000\n1\n1\n",
            Refused,
            "2000 GPa at frame 1 is outside the plausible range 0 to 1000",
        ),
        ("presure [GPa]\n0.1\n", UsageError, "did you mean 'pressure'"),
        ("fraem,pressure [GPa]\n0,0.1\n", UsageError, "the column `frame`"),
        ("pressure [GPa],sample/pressure [GPa]\n1,1\n", UsageError, "give one of them"),
        ("pressure [GPa]\nbar\n0.1\n", UsageError, "in 'GPa' by its heading and in 'bar' by the row below"),
        ("pressure\n0.1 GPa\n0.2 kbar\n", UsageError, "has the units GPa and kbar"),
        ("pressure [GPa]\n0.1\nhigh\n", UsageError, "line 3: 'high' is not a number"),
        ("pressure [GPa];x\n0,1;1\n", UsageError, "no concept 'x'"),
        ("pressure [GPa];_x\n0,1;1\n", UsageError, "'0,1' is not a number"),
        ("frame,pressure [GPa]\n0,0.1\n2,0.2\n", UsageError, "2 rows for the frames 0 to 2"),
        ("frame,pressure [GPa]\n0,0.1\n0,0.2\n", UsageError, "every frame once"),
        ("frame,pressure [GPa]\nx,0.1\n", UsageError, "frame 'x' is not a whole number"),
        ("frame,pressure [GPa]\n0\n", UsageError, "line 2 has 1 cells, the heading 2"),
        ("sample_name\nFeO\nMgO\n", UsageError, "line 2 says 'FeO' and line 3 'MgO'"),
        ("pressure [GPa]\n", UsageError, "no row below"),
        ("# nothing\n\n", UsageError, "it is empty"),
        ("pressure [GPa],\n0.1,\n", UsageError, "a column has no name"),
        ("file,pressure [GPa]\na.nxs,1\nraw/a.nxs,2\n", UsageError, "two rows are about the file 'a.nxs'"),
        ("file,pressure [keV]\na.nxs,1\n", UnitError, "unit of another kind"),
        ("intensity\n12\n", UsageError, "not the path of a data set"),
    ],
)
def test_a_table_that_cannot_be_used_is_an_error_that_says_why(
    told, text: str, error: type[NxspectraError], words: str
) -> None:
    with pytest.raises(error) as caught:
        migrate(raw(), facts=told(text))
    assert words in str(caught.value)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ramp.xlsx", b"PK", ".csv, .tsv, .toml, .poni"),
        ("ramp.csv", b"pressure \xff", "not UTF-8"),
        ("ramp.toml", b"pressure = ", "not TOML"),
        ("ramp.toml", b"pressure = 21.3", "must be text with its unit"),
        ("ramp.toml", b'["a.nxs"]\npressure = 21.3', "a.nxs: pressure must be text"),
        ("L2.poni", b"Distance: 0.3\n", "no line `Wavelength: ...`"),
        ("L2.poni", b"Wavelength: None\n", "'None' is not a number of metres"),
    ],
)
def test_a_file_of_facts_that_is_none_is_an_error(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        sidecars.read(tmp_path / name)
    assert words in str(caught.value)
    assert name in str(caught.value)


def test_a_file_that_is_not_there_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        sidecars.read(tmp_path / "absent.csv")


def test_two_files_that_tell_the_same_are_an_error(told) -> None:
    with pytest.raises(UsageError, match=r"ramp\.csv: beam_energy and L2\.poni: wavelength"):
        told(WHOLE).beside(told(PONI, "L2.poni"))


# -- on the shell ------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


def test_a_table_and_a_calibration_together_on_the_shell(tmp_path: Path) -> None:
    file = hdf5.write(raw(), tmp_path / "raw.nxs")
    (tmp_path / "ramp.csv").write_text("pressure [GPa],exposure [s],sample_name\n" + "1.5,0.1,FeO\n" * N)
    (tmp_path / "L2.poni").write_text(PONI)
    out = tmp_path / "run.nxs"
    facts = ("--facts", tmp_path / "ramp.csv", "--facts", tmp_path / "L2.poni")
    assert run("migrate", file, "-o", out, *facts).exit_code == 0
    assert validate(hdf5.read(out)).conforms


def test_a_refused_table_writes_nothing(tmp_path: Path) -> None:
    file = hdf5.write(simulate(0, 5, points=100).tree(), tmp_path / "raw.nxs")
    (tmp_path / "ramp.csv").write_text("temperature [K]\n300\n301\n")
    result = run("migrate", file, "-o", tmp_path / "run.nxs", "--facts", tmp_path / "ramp.csv")
    assert result.exit_code == 1
    assert "ramp.csv: temperature: 2 values for 5 spectra" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ramp.csv", "raw.nxs"]


def test_a_wrong_table_is_told_before_any_file_is_touched(tmp_path: Path) -> None:
    (tmp_path / "ramp.csv").write_text("pressur [GPa]\n1\n")
    result = run("migrate", tmp_path / "absent.nxs", "--dry-run", "--facts", tmp_path / "ramp.csv")
    assert result.exit_code == 2
    assert "did you mean 'pressure'" in result.stderr


def test_the_review_names_the_file_of_a_fact(told) -> None:
    found = {one.concept: one.as_json() for one in review(raw(), facts=told(WHOLE)).found}
    assert found["sample/pressure"]["facts_file"]["file_name"] == "ramp.csv"
    assert found["data/intensity"]["facts_file"] is None


def test_ingest_takes_the_row_of_each_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        hdf5.write(raw().put("entry/title", Field(f"Load {name}")), tmp_path / f"{name}.nxs")
    (tmp_path / "facts.csv").write_text(
        "file,pressure [GPa],beam_energy [keV],exposure [s],sample_name\na.nxs,1.5,25.6,0.1,FeO\n"
        "b.nxs,2.5,25.6,0.1,FeO\n"
    )
    files = (tmp_path / "a.nxs", tmp_path / "b.nxs")
    result = run("ingest", *files, "--catalogue", tmp_path / "c", "--facts", tmp_path / "facts.csv")
    assert result.exit_code == 0, result.output
    for name, pressure in (("a", 1.5), ("b", 2.5)):
        written = hdf5.read(tmp_path / "c" / "files" / f"{name}.nxs")
        assert written["entry/sample/pressure"].array.tolist() == [pressure] * N
