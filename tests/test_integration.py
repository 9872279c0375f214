"""Frames of a detector to spectra, by pyFAI: rings are at their angles, what does not fit is refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nxspectra import hdf5, sidecars
from nxspectra.cli import program
from nxspectra.errors import Refused, UsageError
from nxspectra.ingestion import Integration, State
from nxspectra.ingestion.journey import Stop, Task, take
from nxspectra.migration import migrate
from nxspectra.spectra import Spectra
from nxspectra.tree import Field, Group
from nxspectra.validation import validate

pytestmark = pytest.mark.filterwarnings("ignore")
"""Of other people's libraries."""

integration = pytest.importorskip("nxspectra.integration", reason="pyFAI is not installed")

SHAPE = (120, 160)
DISTANCE, PIXEL, CENTRE = 0.2, 100e-6, (20.0, 10.0)
RINGS = (1.5, 3.0)
"""Two theta of the rings, degrees."""
DETECTOR = "/entry/instrument/detector"
FACTS = {"pressure": "21.3 GPa", "sample_name": "FeO", "exposure": "100 ms"}


def poni(folder: Path, **changed: str) -> Path:
    """A calibration: the detector stands straight, the beam hits it near a corner."""
    lines = {
        "poni_version": "2",
        "Detector": "Detector",
        "Detector_config": f'{{"pixel1": {PIXEL}, "pixel2": {PIXEL}, "max_shape": null}}',
        "Distance": str(DISTANCE),
        "Poni1": str(CENTRE[0] * PIXEL),
        "Poni2": str(CENTRE[1] * PIXEL),
        "Rot1": "0.0",
        "Rot2": "0.0",
        "Rot3": "0.0",
        "Wavelength": "4.836e-11",
        **changed,
    }
    path = folder / "straight.poni"
    path.write_text("".join(f"{name}: {value}\n" for name, value in lines.items()))
    return path


def rings(strength: float) -> np.ndarray:
    """A frame with the rings on it, as the geometry has it: tan(2 theta) = r / distance."""
    rows, columns = np.indices(SHAPE) + 0.5
    radius = PIXEL * np.hypot(rows - CENTRE[0], columns - CENTRE[1])
    angle = np.degrees(np.arctan(radius / DISTANCE))
    return 10 + strength * sum(np.exp(-(((angle - ring) / 0.05) ** 2)) for ring in RINGS)


def raw(frames: int = 3) -> Group:
    """What a LAMBDA leaves, made small."""
    images = np.stack([rings(1000.0 * (1 + number)) for number in range(frames)]).astype(np.int32)
    detector = Group(
        "NXdetector",
        {
            "data": Field(images),
            "local_name": Field("haspp02lmbd01a"),
            "pixel_mask": Field(np.zeros((1, *SHAPE), dtype=np.uint32)),
            "flatfield": Field(np.ones((1, *SHAPE), dtype=np.float32)),
            "saturation_value": Field(100_000),
            "x_pixel_size": Field([100.0], units="micrometer"),
            "y_pixel_size": Field([100.0], units="micrometer"),
        },
    )
    instrument = Group("NXinstrument", {"detector": detector})
    return Group("NXroot", {"entry": Group("NXentry", {"instrument": instrument})})


def spectra_of(tree: Group) -> tuple[np.ndarray, np.ndarray]:
    data = tree["entry/integration/data"]
    return data["radial_axis"].array, data["I"].array


def test_rings_come_out_at_their_angles(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    angles, intensity = spectra_of(
        integration.integrate(raw(), poni(tmp_path), progress=lambda done, of: told.append((done, of)))
    )
    assert intensity.shape == (3, angles.size)
    step = angles[1] - angles[0]
    for ring in RINGS:
        near = np.abs(angles - ring) < 0.4
        peaks = angles[near][np.argmax(intensity[:, near], axis=1)]
        np.testing.assert_allclose(peaks, ring, atol=step)
    heights = [row.max() for row in intensity]
    np.testing.assert_allclose(np.array(heights) / heights[0], [1, 2, 3], rtol=0.05)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_it_says_how_it_was_done(tmp_path: Path) -> None:
    calibration = poni(tmp_path)
    process = integration.integrate(raw(), calibration, points=50, polarization=0.99)["entry/integration"]
    assert process["program"].text == "pyFAI"
    assert process["version"].text
    assert process["calibration_file/file_name"].text == "straight.poni"
    assert process["calibration_file/checksum"].text == hashlib.sha256(calibration.read_bytes()).hexdigest()
    given = process["input"]
    assert given["calibration"].text == calibration.read_text()
    assert given["frames"].text == f"{DETECTOR}/data"
    assert (given["points"].number, given["polarization_factor"].number) == (50, 0.99)
    assert bool(given["polarization_applied"].array)


def test_dead_and_saturated_pixels_are_left_out(tmp_path: Path) -> None:
    clean = spectra_of(integration.integrate(raw(1), poni(tmp_path), points=60))[1]
    tree = raw(1)
    images = tree[f"{DETECTOR}/data"].array.copy()
    images[0, 60, 60], images[0, 61, 61], images[0, 62, 62] = 200_000, -5, 90_000
    mask = np.zeros((1, *SHAPE), dtype=np.uint32)
    mask[0, 62, 62] = 2
    spoiled = tree.put(f"{DETECTOR}/data", Field(images)).put(f"{DETECTOR}/pixel_mask", Field(mask))
    np.testing.assert_allclose(
        spectra_of(integration.integrate(spoiled, poni(tmp_path), points=60))[1], clean, rtol=0.05
    )
    unmasked = tree.put(f"{DETECTOR}/data", Field(images))
    spread = spectra_of(integration.integrate(unmasked, poni(tmp_path), points=60))[1]
    assert np.nanmax(spread / clean) > 2


MISFITS = [
    ("x_pixel_size", Field([55.0], units="micrometer"), "x_pixel_size is 55 um in the file and 100 um"),
    ("pixel_mask", Field(np.zeros((5, 5), dtype=np.uint32)), "does not fit frames"),
    ("pixel_mask", Field(np.ones(SHAPE, dtype=np.uint32)), "leaves no pixel"),
    (
        "translation",
        Group("NXtransformations", {"distance": Field([0.0, 1554.0, 0.0], units="pixel")}),
        "one module",
    ),
    ("data", Field(np.full((1, *SHAPE), -1)), "no pixel is left"),
    ("data", Field(np.zeros(5)), "there are no frames"),
]


@pytest.mark.parametrize(("name", "item", "said"), MISFITS, ids=[said for _, _, said in MISFITS])
def test_frames_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, item: Field | Group, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        integration.integrate(raw(1).put(f"{DETECTOR}/{name}", item), poni(tmp_path))


def test_the_calibration_of_a_detector_of_another_size_is_refused(tmp_path: Path) -> None:
    other = poni(
        tmp_path, Detector_config=f'{{"pixel1": {PIXEL}, "pixel2": {PIXEL}, "max_shape": [2048, 2048]}}'
    )
    with pytest.raises(Refused, match=r"120 x 160 pixels.*2048 x 2048"):
        integration.integrate(raw(1), other)


def test_of_several_detectors_a_person_says_which(tmp_path: Path) -> None:
    tree = raw(1)
    two = tree.put("entry/instrument/other", tree["entry/instrument/detector"])
    with pytest.raises(Refused, match="say which with --frames"):
        integration.integrate(two, poni(tmp_path))
    chosen = integration.integrate(two, poni(tmp_path), frames="/entry/instrument/other/data")
    assert chosen["entry/integration/input/frames"].text == "/entry/instrument/other/data"


@pytest.mark.parametrize(
    ("content", "said"),
    [("pressure = 3", "no calibration of pyFAI"), ("Distance: 1\nPoni1: x\n", "pyFAI cannot use it")],
)
def test_what_is_no_calibration_is_said_so(tmp_path: Path, content: str, said: str) -> None:
    bad = tmp_path / "bad.poni"
    bad.write_text(content)
    with pytest.raises(UsageError, match=said):
        integration.integrate(raw(1), bad)


# -- the whole way -----------------------------------------------------------------------------


def shell(*arguments: str | Path) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments])


def given() -> list[str]:
    return [part for concept, value in FACTS.items() for part in ("--set", f"{concept}={value}")]


def test_migrated_frames_conform_also_to_nxazint1d_and_can_be_stripped(tmp_path: Path) -> None:
    file, out, back = (tmp_path / name for name in ("raw.nxs", "run.nxs", "back.nxs"))
    hdf5.write(raw(), file)
    done = shell("migrate", file, "-o", out, "--integrate", poni(tmp_path), *given())
    assert done.exit_code == 0, done.output
    run = hdf5.read(out)
    conforming = {entry.definition: entry.conforms for entry in validate(run).entries}
    assert conforming == {"NXdiffraction_spectra": True, "NXazint1d": True}
    spectra = Spectra.of(run)
    assert spectra.energy == pytest.approx([25.637758], rel=1e-6)
    assert len(spectra) == 3
    row = run["entry/migration/mapping/instrument_beam_incident_energy"]
    assert row.attributes["file_name"] == "straight.poni"
    again = shell("migrate", out, "--in-place", "--integrate", poni(tmp_path), *given())
    assert "nothing to add" in again.output
    assert shell("strip", out, "-o", back).exit_code == 0
    assert not hdf5.differences(file, back)


def test_frames_are_integrated_on_ingest_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, catalogue = hdf5.write(raw(), tmp_path / "raw.nxs"), tmp_path / "catalogue"
    bring = ("ingest", file, "--catalogue", catalogue, "--integrate", poni(tmp_path), *given())
    done = shell(*bring, "--format", "json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["state"] == "done"
    run = hdf5.read(catalogue / "files" / "raw.nxs")
    assert len(Spectra.of(run)) == 3
    assert run["entry/integration/calibration_file/file_name"].text == "straight.poni"
    assert run["entry/migration/mapping/instrument_beam_incident_energy"].attributes["file_name"] == (
        "straight.poni"
    )
    task = Task(
        catalogue / "files",
        facts=sidecars.read(tmp_path / "straight.poni").under(FACTS),
        integration=Integration(tmp_path / "straight.poni"),
    )
    monkeypatch.setattr(integration.Job, "spectra_of", None)
    assert take(Stop(file), task).ingested.state is State.UNCHANGED


def test_on_ingest_what_is_no_calibration_is_told_before_any_file_is_touched(tmp_path: Path) -> None:
    bad = tmp_path / "bad.poni"
    bad.write_text("pressure = 3")
    file = hdf5.write(raw(1), tmp_path / "raw.nxs")
    done = shell("ingest", file, "--catalogue", tmp_path / "catalogue", "--integrate", bad)
    assert done.exit_code == 2
    assert not (tmp_path / "catalogue").exists()


def test_nxazint1d_is_claimed_only_where_all_it_asks_for_is_known(tmp_path: Path) -> None:
    tree = raw().without(f"{DETECTOR}/local_name")
    facts = sidecars.read(poni(tmp_path)).under(FACTS)
    run = migrate(integration.integrate(tree, poni(tmp_path)), facts=facts)
    assert "/entry/azint1d/data/I" in run
    assert "/entry/azint1d/definition" not in run


def test_who_has_frames_is_told_how_to_integrate_them(tmp_path: Path) -> None:
    told = shell("migrate", "--dry-run", hdf5.write(raw(), tmp_path / "raw.nxs"), *given())
    assert told.exit_code == 1
    assert "--integrate L2.poni" in told.output


@pytest.mark.parametrize("option", [("--points", "100"), ("--frames", "/x"), ("--polarization", "0.9")])
def test_its_settings_without_a_calibration_are_a_usage_error(
    tmp_path: Path, option: tuple[str, str]
) -> None:
    done = shell("migrate", "--dry-run", hdf5.write(raw(1), tmp_path / "raw.nxs"), *option)
    assert done.exit_code == 2
    assert "go with --integrate" in done.output


def test_without_pyfai_it_is_said_what_to_install(tmp_path: Path) -> None:
    file = hdf5.write(raw(1), tmp_path / "raw.nxs")
    code = "import sys; sys.modules['pyFAI'] = None; from nxspectra.cli import main; main()"
    command = [sys.executable, "-c", code, "migrate", "--dry-run", file, "--integrate", poni(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "install nxspectra[integrate]" in done.stderr
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_a_real_file_of_a_lambda_becomes_spectra(real_files: Path, tmp_path: Path) -> None:
    file, calibration = real_files / "lambda_p02.2_m1_part00000.nxs", real_files / "L2.poni"
    out = tmp_path / "run.nxs"
    done = shell("migrate", file, "-o", out, "--integrate", calibration, *given()[:4])
    assert done.exit_code == 0, done.output
    run = hdf5.read(out)
    assert validate(run).conforms
    spectra = Spectra.of(run)
    assert spectra.intensity.shape == (10, 2615)
    assert np.isfinite(spectra.intensity).all()
    assert 9.8 < spectra.two_theta[0] < spectra.two_theta[-1] < 25
    assert run["entry/integration/input/masked_pixels"].number == 37045
