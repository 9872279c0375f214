"""Values of another type, unit, shape or size, and texts that are none of those expected."""

from __future__ import annotations

import numpy as np

from broken.breaking import COUNT_TIME, INFO, LABELS, WARNING, Broken, has, lacks
from nxspectra.tree import Field

VALUES = (
    Broken(
        "a name that is a number", has("entry/sample/name", Field(42)), "/entry/sample/name", "wrong-type"
    ),
    Broken(
        "an exposure that is text",
        has("entry/instrument/detector/count_time", Field("0.1", units="s")),
        COUNT_TIME,
        "wrong-type",
    ),
    Broken(
        "a temperature in integers",
        has("entry/sample/temperature", Field(300, units="K")),
        "/entry/sample/temperature",
        "wrong-type",
    ),
    Broken(
        "a text where the base class has a number",
        has("entry/sample/thickness", Field("5 um")),
        "/entry/sample/thickness",
        "wrong-type",
        WARNING,
    ),
    Broken(
        "a title attribute of the wrong type",
        has("entry/data@interpretation", np.array([1.5, 2.5])),
        "/entry/data@interpretation",
        "not-in-enumeration",
    ),
    Broken(
        "an exposure without units",
        lacks("entry/instrument/detector/count_time@units"),
        COUNT_TIME,
        "missing-units",
    ),
    Broken(
        "an exposure with blank units",
        has("entry/instrument/detector/count_time@units", ""),
        COUNT_TIME,
        "missing-units",
    ),
    Broken(
        "counts without units",
        lacks("entry/data/intensity@units"),
        "/entry/data/intensity",
        "missing-units",
        INFO,
    ),
    Broken(
        "an exposure in mm",
        has("entry/instrument/detector/count_time@units", "mm"),
        f"{COUNT_TIME}@units",
        "wrong-units",
    ),
    Broken(
        "a thickness in seconds",
        has("entry/sample/thickness", Field(5.0, units="s")),
        "/entry/sample/thickness@units",
        "wrong-units",
        WARNING,
    ),
    Broken(
        "a placeholder for units",
        has("entry/instrument/detector/count_time@units", "{units of logged value}"),
        f"{COUNT_TIME}@units",
        "unknown-units",
    ),
    Broken(
        "intensity in an unknown unit",
        has("entry/data/intensity@units", "blips"),
        "/entry/data/intensity@units",
        "unknown-units",
        WARNING,
    ),
    Broken(
        "a placeholder where any unit will do",
        has("entry/data/intensity@units", "{units of logged value}"),
        "/entry/data/intensity@units",
        "unknown-units",
    ),
    Broken(
        "a unit as a facility spells it",
        has("entry/instrument/detector/count_time@units", "sec"),
        f"{COUNT_TIME}@units",
        "units-spelling",
        INFO,
    ),
    Broken(
        "a table where a row is expected",
        has("entry/sample/pressure_errors", Field(np.ones((6, 1)), units="GPa")),
        "/entry/sample/pressure_errors",
        "wrong-rank",
    ),
    Broken(
        "one value where one a spectrum is expected",
        has("entry/sample/pressure_errors", Field(0.2, units="GPa")),
        "/entry/sample/pressure_errors",
        "wrong-rank",
    ),
    Broken(
        "a rank other than the base class has",
        has("entry/sample/mass", Field(np.ones((2, 2)), units="mg")),
        "/entry/sample/mass",
        "wrong-rank",
        INFO,
    ),
    Broken(
        "an interval of three",
        has("entry/weighted_classification/boundaries/frame_interval", Field([[1, 2, 3]])),
        "/entry/weighted_classification/boundaries/frame_interval",
        "wrong-size",
    ),
    Broken(
        "one error too few",
        has("entry/sample/pressure_errors", Field(np.ones(5), units="GPa")),
        "/entry/sample/pressure_errors",
        "symbol-mismatch",
    ),
    Broken(
        "two names for three shares",
        has("entry/weighted_classification/labels/class_names", Field(["a", "b", "c"])),
        f"{LABELS}/class_names",
        "symbol-mismatch",
    ),
    Broken(
        "a probe with a typing error",
        has("entry/instrument/source/probe", Field("xray")),
        "/entry/instrument/source/probe",
        "not-in-enumeration",
    ),
    Broken(
        "labels of unknown origin",
        has("entry/weighted_classification/label_origin", Field("oracle")),
        "/entry/weighted_classification/label_origin",
        "not-in-enumeration",
    ),
    Broken(
        "a date in words",
        has("entry/start_time", Field("Fri Jun 03 17:38:36 2016")),
        "/entry/start_time",
        "invalid-date",
    ),
    Broken(
        "an attribute that is no date",
        has("entry/instrument/detector/start_time@start", "yesterday"),
        "/entry/instrument/detector/start_time@start",
        "invalid-date",
    ),
    Broken(
        "a date without zone",
        has("entry/start_time", Field("2021-05-27T10:15:00")),
        "/entry/start_time",
        "date-without-zone",
        WARNING,
    ),
)
