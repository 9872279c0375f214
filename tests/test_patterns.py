"""Patterns as text, as pyFAI and Dioptas write them, read as one series; and what is no series."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nxspectra import hdf5, patterns, sidecars
from nxspectra.cli import program
from nxspectra.errors import FileError, Refused, UsageError
from nxspectra.migration import migrate, review
from nxspectra.spectra import Spectra
from nxspectra.tree import Group
from nxspectra.validation import validate

ANGLES = np.linspace(9.56, 25.55, 40)
WAVELENGTH = 4.8431e-11
HEADER = """# == pyFAI calibration ==
# Distance Sample to Detector: 0.309192 m
# PONI: 3.854e-02, 1.407e-01 m
# Rotations: 0.007192 0.001452 0.000000 rad
#
# == Fit2d calibration ==
# Distance Sample-beamCenter: 309.200 mm
# Center: x=2516.000, y=708.000 pix
# Tilt: 0.420 deg  TiltPlanRot: 11.000 deg
#
# Detector Detector	 PixelSize= 5.500e-05, 5.500e-05 m
#    Detector has a mask: False
#    Detector has a dark current: False
#    detector has a flat field: False
#
# Wavelength: 4.84310e-11 m
# Mask applied: provided
# Dark current applied: False
# Flat field applied: False
# Polarization factor: 0.99
# Normalization factor: 1.0
# Solid angle correction: True
# Integrated azimuth: full
# --> /gpfs/current/processed/ramp.xy
#       2th_deg             I
"""
"""25 lines, as pyFAI writes them above the two columns."""

Write = Callable[..., list[Path]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(
        n: int = 4, header: str = HEADER, axis: np.ndarray = ANGLES, name: str = "ramp_{}.xy"
    ) -> list[Path]:
        paths = []
        for number in range(1, n + 1):
            rows = "".join(f"{x:14.6e} {x * number:14.6e}\n" for x in axis)
            paths.append(tmp_path / name.format(number))
            paths[-1].write_text(header + rows, encoding="utf-8")
        return paths

    return written


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


def table(folder: Path, n: int = 4) -> Path:
    path = folder / "ramp.csv"
    rows = "".join(f"{10 * k},0.1,FeO\n" for k in range(n))
    path.write_text("pressure [GPa],exposure [s],sample_name\n" + rows, encoding="utf-8")
    return path


def test_a_series_of_patterns_and_a_table_become_one_file_that_conforms(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "ramp.nxs"
    assert run("migrate", *write(), "-o", out, "--facts", table(tmp_path)).exit_code == 0
    made = hdf5.read(out)
    assert validate(made).conforms
    spectra = Spectra.of(made)
    np.testing.assert_allclose(spectra.intensity[2], 3 * ANGLES, rtol=1e-6)
    np.testing.assert_allclose(spectra.two_theta, ANGLES, rtol=1e-6)
    assert spectra.pressure is not None
    assert spectra.pressure.tolist() == [0.0, 10.0, 20.0, 30.0]


def test_the_wavelength_in_the_header_tells_the_energy(write: Write) -> None:
    found = {one.concept: one for one in review(patterns.read(write())).found}
    energy = found["instrument/beam/incident_energy"]
    assert energy.origin == "/entry/pattern_header/wavelength"
    assert float(energy.shown.removesuffix(" keV")) == pytest.approx(25.6001, abs=1e-4)


def test_the_patterns_come_in_the_order_of_their_numbers(write: Write) -> None:
    tree = patterns.read(reversed(write(11)))
    assert patterns.file_names(tree) == tuple(f"ramp_{number}.xy" for number in range(1, 12))
    assert tree["entry/integrated/I"].array[10, 0] == pytest.approx(11 * ANGLES[0])


def test_every_file_is_noted_with_its_digest(write: Write) -> None:
    files = write()
    noted = patterns.read(files)["entry/pattern_files/checksum"].array.tolist()
    assert noted == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def test_a_row_of_facts_for_each_pattern_is_a_value_for_each_spectrum(write: Write, tmp_path: Path) -> None:
    facts = tmp_path / "facts.csv"
    facts.write_text("file,pressure [GPa]\nramp_2.xy,2\nramp_1.xy,1\nramp_3.xy,\nramp_4.xy,4\n")
    made = migrate(patterns.read(write()), facts=sidecars.read(facts))
    np.testing.assert_array_equal(made["entry/sample/pressure"].array, [1.0, 2.0, np.nan, 4.0])


def test_a_pattern_without_a_row_of_facts_is_refused(write: Write, tmp_path: Path) -> None:
    facts = tmp_path / "facts.csv"
    facts.write_text("file,pressure [GPa]\nramp_1.xy,1\nramp_2.xy,2\n")
    with pytest.raises(Refused, match=r"2 rows for 4 files; none for ramp_3\.xy, ramp_4\.xy"):
        migrate(patterns.read(write()), facts=sidecars.read(facts))


def test_patterns_over_q_become_patterns_over_two_theta(write: Write) -> None:
    wavelength = WAVELENGTH * 1e9  # nm
    q = 4 * np.pi * np.sin(np.radians(ANGLES) / 2) / wavelength
    made = migrate(patterns.read(write(header=HEADER.replace("2th_deg", "q_nm^-1"), axis=q)))
    np.testing.assert_allclose(made["entry/data/two_theta"].array, ANGLES, rtol=1e-6)
    assert "asin(q lambda / 4 pi)" in made["entry/migration/mapping/data_two_theta"].attributes["conversion"]


def test_patterns_over_q_need_the_energy(write: Write) -> None:
    header = HEADER.replace("2th_deg", "q_nm^-1").replace("# Wavelength", "# Wellenlänge")
    tree = patterns.read(write(header=header, axis=np.linspace(10, 60, 40)))
    (finding,) = [one for one in review(tree).findings if one.rule == "no-energy"]
    assert "--set beam_energy=25.6keV" in finding.message
    assert "/entry/data/two_theta" in migrate(tree, facts={"beam_energy": "25.6keV"})


def test_q_that_no_angle_reaches_is_refused(write: Write) -> None:
    header = HEADER.replace("2th_deg", "q_A^-1")
    tree = patterns.read(write(header=header, axis=np.linspace(1, 100, 40)))
    (finding,) = [one for one in review(tree).findings if one.rule == "implausible-value"]
    assert "reaches 100 1/angstrom" in finding.message


@pytest.mark.parametrize("header", ["", "25 GPa, third load\n", "# two theta, counts\n", "40 1\nother\n"])
def test_a_header_that_says_nothing_is_passed_over(write: Write, header: str) -> None:
    tree = patterns.read(write(header=header))
    assert tree["entry/integrated/I"].shape == (4, 40)
    assert tree["entry/integrated/tth"].attributes["note"] == "the files do not say what the axis is"


def test_a_third_column_is_the_uncertainty(tmp_path: Path) -> None:
    (tmp_path / "a.xye").write_text("1 10 3.1\n2 20 4.5\n3 30 5.5\n")
    tree = patterns.read([tmp_path / "a.xye"])
    assert tree["entry/integrated/I_errors"].array.tolist() == [[3.1, 4.5, 5.5]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 10\n2 20\n", "b.xy has 2 points, a.xy has 3"),
        ("1 10\n2 20\n3.5 30\n", "b.xy has 3.5 at point 2, a.xy has 3"),
        ("# 2th_deg I\n1 10\n2 20\n3 30\n", "over tth in deg, a.xy over an axis that it does not name"),
        ("no numbers\n", "no rows of two numbers"),
        ("", "no rows of two numbers"),
        ("1 10\n2 20\n3 thirty\n", "line 3: '3 thirty' is not a row of numbers"),
        ("1 10\n2 20\n3\n", "line 3 has 1 columns"),
    ],
)
def test_what_is_no_series_is_refused_with_file_and_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.xy").write_text("1 10\n2 20\n3 30\n")
    (tmp_path / "b.xy").write_text(text)
    with pytest.raises(Refused) as caught:
        patterns.read([tmp_path / "a.xy", tmp_path / "b.xy"])
    assert words in str(caught.value)
    assert "b.xy" in str(caught.value)


def test_a_pattern_that_is_not_there_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        patterns.read([tmp_path / "absent.xy"])


def test_a_series_without_files_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no files"):
        patterns.read([])


def test_patterns_beside_a_nexus_file_are_a_usage_error(write: Write, tmp_path: Path) -> None:
    result = run("migrate", *write(), hdf5.write(Group("NXroot"), tmp_path / "raw.nxs"), "--dry-run")
    assert result.exit_code == 2
    assert "by itself" in result.stderr


def test_an_hdf5_file_is_no_text_whatever_it_is_called(tmp_path: Path) -> None:
    file = hdf5.write(Group("NXroot", {"entry": Group("NXentry")}), tmp_path / "raw.dat")
    assert not patterns.is_pattern(file)
    assert "no spectra found" in run("migrate", file, "--dry-run").stdout


def test_patterns_are_not_replaced_in_place(write: Write) -> None:
    files = write()
    before = [file.read_bytes() for file in files]
    assert run("migrate", *files, "--in-place").exit_code == 2
    assert [file.read_bytes() for file in files] == before


def test_a_series_in_a_folder_has_the_name_that_its_files_share(write: Write, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    facts = ("--facts", table(tmp_path))
    assert run("migrate", *write(), "-o", tmp_path / "out", *facts).exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ramp.nxs"]
