"""What is found in real raw files of facilities, each finding read and confirmed against the NXDL."""

from __future__ import annotations

from pathlib import Path

import pytest

from nxspectra import hdf5
from nxspectra.validation import needed, validate

CONFIRMED: dict[str, dict[str, tuple[str, ...]]] = {
    "538039.nxs": {
        "date-without-zone": ("/entry1/instrument/pil100k/calibration_date",),
        "depends-on": (
            "/entry1/instrument/pil100k/depends_on",
            "/entry1/instrument/transformations/delta@depends_on",
            "/entry1/instrument/transformations/offsetdelta@depends_on",
            "/entry1/sample/depends_on",
            "/entry1/sample/transformations/kappa@depends_on",
            "/entry1/sample/transformations/phi@depends_on",
            "/entry1/sample/transformations/theta@depends_on",
        ),
        "missing-field": (
            "/entry1/start_time",
            "/entry1/end_time_estimated",
            "/entry1/(NXsource)/name",
            "/entry1/instrument/(NXbeam)/incident_wavelength",
            "/entry1/instrument/roi1/sensor_material",
            "/entry1/instrument/roi1/sensor_thickness",
            "/entry1/instrument/roi1/(NXdetector_module)/data_origin",
            "/entry1/instrument/roi1/(NXdetector_module)/data_size",
            "/entry1/instrument/roi1/(NXdetector_module)/fast_pixel_direction",
            "/entry1/instrument/roi1/(NXdetector_module)/slow_pixel_direction",
        ),
        "missing-group": (
            "/entry1/(NXsource)",
            "/entry1/instrument/(NXbeam)",
            "/entry1/instrument/roi1/(NXdetector_module)",
        ),
        "missing-units": (
            "/entry1/instrument/pil100k/count_time",
            "/entry1/instrument/pil100k/sensor_thickness",
            "/entry1/sample/unit_cell",
            "/entry1/sample/beam/incident_energy",
        ),
        "not-in-enumeration": ("/entry1/instrument/source/probe",),
        "nxdata-signal": (
            "/entry1/pil100k",
            "/entry1/roi1",
        ),
        "wrong-type": ("/entry1/features",),
    },
    "AgBehenate_228.hdf5": {
        "invalid-name": ("/entry/instrument/15ID-D metadata",),
        "missing-field": ("/entry/instrument/detector/data",),
        "missing-units": (
            "/entry/instrument/detector/beam_center_x",
            "/entry/instrument/detector/beam_center_y",
            "/entry/instrument/detector/distance",
            "/entry/instrument/detector/x_pixel_size",
            "/entry/instrument/detector/y_pixel_size",
            "/entry/sample/thickness",
        ),
        "unknown-class": ("/entry/link_rules",),
        "wrong-type": (
            "/entry/instrument/collimator/geometry/shape/size",
            "/entry/instrument/monochromator/wavelength_spread",
        ),
    },
    "Therm_6_2.nxs": {
        "date-without-zone": (
            "/entry/end_time",
            "/entry/start_time",
        ),
        "missing-field": (
            "/entry/end_time_estimated",
            "/entry/(NXsource)/name",
            "/entry/instrument/name",
            "/entry/sample/name",
        ),
        "missing-group": ("/entry/(NXsource)",),
        "missing-units": ("/entry/instrument/detector/count_time",),
        "virtual-source": ("/entry/data/data",),
        "wrong-units": (
            "/entry/instrument/detector/beam_center_x@units",
            "/entry/instrument/detector/beam_center_y@units",
        ),
    },
    "lambda_p02.2_m1_part00000.nxs": {
        "definition-missing": ("/entry",),
        "missing-attribute": (
            "/entry/data@signal",
            "/entry/data@axes",
        ),
        "missing-field": (
            "/entry/(NXsample)/name",
            "/entry/(NXsample)/pressure",
            "/entry/data/intensity",
            "/entry/data/two_theta",
            "/entry/instrument/(NXbeam)/incident_energy",
        ),
        "missing-group": (
            "/entry/(NXsample)",
            "/entry/data",
            "/entry/instrument/(NXbeam)",
        ),
        "missing-units": ("/entry/instrument/detector/sensor_thickness",),
        "not-in-enumeration": (
            "/entry/instrument/detector/acquisition_mode",
            "/entry/instrument/detector/layout",
        ),
    },
    "lrcs3701.nx5": {
        "definition-missing": (
            "/Histogram1",
            "/Histogram2",
        ),
        "missing-attribute": (
            "/Histogram1/data@signal",
            "/Histogram1/data@axes",
            "/Histogram2/data@signal",
            "/Histogram2/data@axes",
        ),
        "missing-field": (
            "/Histogram1/data/intensity",
            "/Histogram1/data/two_theta",
            "/Histogram1/instrument/(NXbeam)/incident_energy",
            "/Histogram1/instrument/detector/count_time",
            "/Histogram1/instrument/source/probe",
            "/Histogram1/sample/name",
            "/Histogram1/sample/pressure",
            "/Histogram2/data/intensity",
            "/Histogram2/data/two_theta",
            "/Histogram2/instrument/(NXbeam)/incident_energy",
            "/Histogram2/instrument/detector/count_time",
            "/Histogram2/instrument/source/probe",
            "/Histogram2/sample/name",
            "/Histogram2/sample/pressure",
        ),
        "missing-group": (
            "/Histogram1/instrument/(NXbeam)",
            "/Histogram2/instrument/(NXbeam)",
        ),
        "unknown-class": (
            "/Histogram1/instrument/monochromator",
            "/Histogram2/instrument/monochromator",
        ),
    },
}
"""File -> rule -> where, of every violation and every warning but those about what is only recommended.

538039.nxs (DLS I16, NXmx): the chains of transformations name paths without the slash that begins a path
from the top of the file; roi1 is an NXdetector, so it needs what NXmx asks of one. AgBehenate_228.hdf5 (APS,
NXsas): lengths without units, the size of a slit as a sentence, the images only in NXdata. Therm_6_2.nxs
(DLS I03, NXmx): a beam centre in pixels where a length is asked, count_time without units, images that came
in another file. The files of P02.2 and of IPNS name no definition, so they are compared with ours, and lack
what only a migration can add.
"""


@pytest.mark.parametrize("name", CONFIRMED)
def test_what_is_found_in_a_real_file_is_what_was_confirmed(real_files: Path, name: str) -> None:
    if not (real_files / name).exists():
        pytest.skip(f"{name} is not among the real files")
    report = validate(hdf5.read(real_files / name, keep=needed))
    found: dict[str, set[str]] = {}
    for each in report.findings:
        if each.severity != "info" and not each.message.startswith("recommended"):
            found.setdefault(each.rule, set()).add(each.path)
    assert found == {rule: set(paths) for rule, paths in CONFIRMED[name].items()}


def test_the_order_of_files_never_changes_what_is_found(real_files: Path) -> None:
    trees = [hdf5.read(real_files / each, keep=needed) for each in CONFIRMED if (real_files / each).exists()]
    first = [validate(tree).findings for tree in trees]
    again = [validate(tree).findings for tree in reversed(trees)]
    assert first == again[::-1]
