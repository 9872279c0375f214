"""A whole series, and every way to break one thing in it, with what is then to be found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nxspectra.findings import Report, Severity
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link, Unreadable

VIOLATION, WARNING, INFO = Severity.VIOLATION, Severity.WARNING, Severity.INFO

FULL = conforming(classified=True, migrated=True)


@dataclass(frozen=True)
class Broken:
    """One way to break a good tree, and what is then found: where, by which rule, how bad."""

    what: str
    tree: Callable[[], Group]
    path: str
    rule: str
    severity: Severity = VIOLATION


def has(path: str, item: object) -> Callable[[], Group]:
    return lambda: FULL.put(path, item)  # type: ignore[arg-type]


def lacks(path: str) -> Callable[[], Group]:
    return lambda: FULL.without(path)


def two_theta(change: Callable[[np.ndarray], None]) -> Callable[[], Group]:
    values = FULL["entry/data/two_theta"].array.copy()
    change(values)
    return has("entry/data/two_theta", Field(values, units="deg"))


def intensity(value: float) -> Callable[[], Group]:
    values = FULL["entry/data/intensity"].array.copy()
    values[2, 5] = value
    return has("entry/data/intensity", Field(values, units="counts"))


def turn(before: str) -> Field:
    """A rotation about the vertical that stands on another."""
    return Field(30.0, units="deg", transformation_type="rotation", vector=[0.0, 1.0, 0.0], depends_on=before)


def swap(values: np.ndarray) -> None:
    values[[16, 17]] = values[[17, 16]]


MONITOR = Group("NXmonitor", {"distance": Field(1.0, units="m")})
PLOT = Group("NXdata", {"x": Field([1.0, 2.0])}, signal="y")
COMPRESSED = Field(np.linspace(100.0, 44100.0, 6), units="GPa", target="/entry/sample/pressure")
PRESSURE, COUNT_TIME = "/entry/sample/pressure", "/entry/instrument/detector/count_time"
LABELS, BEAM = "/entry/weighted_classification/labels", "/entry/instrument/beam"

CASES = (
    Broken("a file without an entry", lambda: Group("NXroot"), "/", "no-entry"),
    Broken(
        "an entry of an unknown definition",
        has("entry/definition", Field("NXdifraction_spectra", version="1.0")),
        "/entry/definition",
        "unknown-definition",
    ),
    Broken(
        "an entry that names its definition twice",
        has("entry/definition", Field(["NXdiffraction_spectra", "nxdiffraction_spectra"], version="1.0")),
        "/entry/definition",
        "several-definitions",
        INFO,
    ),
    Broken("an entry without a definition", lacks("entry/definition"), "/entry", "definition-missing"),
    Broken(
        "a definition in lower case",
        has("entry/definition", Field("nxdiffraction_spectra", version="1.0")),
        "/entry/definition",
        "definition-spelling",
        WARNING,
    ),
    Broken(
        "a definition without its version",
        lacks("entry/definition@version"),
        "/entry/definition@version",
        "missing-attribute",
    ),
    Broken(
        "a later version of the definition",
        has("entry/definition@version", "1.7"),
        "/entry/definition@version",
        "not-in-enumeration",
        INFO,
    ),
    Broken(
        "a migration without its mapping",
        lacks("entry/migration/mapping"),
        "/entry/migration/mapping",
        "missing-group",
    ),
    Broken(
        "no source",
        lacks("entry/instrument/source"),
        "/entry/instrument/(NXsource)",
        "missing-group",
        WARNING,
    ),
    Broken("a sample without a name", lacks("entry/sample/name"), "/entry/sample/name", "missing-field"),
    Broken("no exposure", lacks("entry/instrument/detector/count_time"), COUNT_TIME, "missing-field"),
    Broken("no title", lacks("entry/title"), "/entry/title", "missing-field", WARNING),
    Broken(
        "an NXdata that does not say what to plot",
        lacks("entry/data@signal"),
        "/entry/data@signal",
        "missing-attribute",
    ),
    Broken(
        "an NXdata that does not say what it is",
        lacks("entry/data@interpretation"),
        "/entry/data@interpretation",
        "missing-attribute",
        WARNING,
    ),
    Broken(
        "a group of another class under a fixed name",
        has("entry/reduction@NX_class", "NXlog"),
        "/entry/reduction",
        "wrong-class",
    ),
    Broken(
        "a field where a group is expected",
        has("entry/migration/source_file", Field("raw_0042.nxs")),
        "/entry/migration/source_file",
        "wrong-class",
    ),
    Broken(
        "a group where a field is expected",
        has("entry/sample/pressure_errors", Group("NXlog")),
        "/entry/sample/pressure_errors",
        "wrong-class",
    ),
    Broken(
        "a group where the base class knows a field",
        has("entry/sample/thickness", Group("NXlog")),
        "/entry/sample/thickness",
        "wrong-class",
        WARNING,
    ),
    Broken(
        "a class with a typing error",
        has("entry/sampel", Group("NXsampel")),
        "/entry/sampel",
        "unknown-class",
        WARNING,
    ),
    Broken(
        "a sample with a blank name", has("entry/sample/name", Field(" ")), "/entry/sample/name", "no-value"
    ),
    Broken(
        "an optional field without a value",
        has("entry/end_time", Field("")),
        "/entry/end_time",
        "no-value",
        INFO,
    ),
    Broken(
        "something that a base class deprecates",
        has("entry/monitor", MONITOR),
        "/entry/monitor/distance",
        "deprecated",
        INFO,
    ),
    Broken(
        "a field that nobody knows",
        has("entry/instrument/detector/shutter_time", Field(0.1)),
        "/entry/instrument/detector/shutter_time",
        "undocumented",
        INFO,
    ),
    Broken(
        "an attribute that nobody knows",
        has("entry/sample@colour", "grey"),
        "/entry/sample@colour",
        "undocumented",
        INFO,
    ),
    Broken(
        "a group without a class",
        has("entry/extra", Group(None, {"a": Field(1)})),
        "/entry/extra",
        "undocumented",
        INFO,
    ),
    Broken(
        "a name with parentheses",
        has("entry/reduction/input/P(GPa)", Field(1.0)),
        "/entry/reduction/input/P(GPa)",
        "invalid-name",
        WARNING,
    ),
    Broken(
        "a name of 64 letters",
        has(f"entry/reduction/input/{'n' * 64}", Field(1.0)),
        f"/entry/reduction/input/{'n' * 64}",
        "invalid-name",
        WARNING,
    ),
    Broken(
        "an attribute with a hyphen",
        has("entry/reduction@nexpy-version", "1"),
        "/entry/reduction@nexpy-version",
        "invalid-name",
        WARNING,
    ),
    Broken(
        "an attribute of a field with a name of 64 letters",
        has(f"entry/sample/name@{'n' * 64}", "1"),
        f"/entry/sample/name@{'n' * 64}",
        "invalid-name",
        WARNING,
    ),
    Broken(
        "an attribute of the file with a blank in it",
        has("@file name", "run.nxs"),
        "/@file name",
        "invalid-name",
        WARNING,
    ),
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
    Broken(
        "a signal that is not there", has("entry/plot", PLOT), "/entry/plot@signal", "nxdata-signal", WARNING
    ),
    Broken(
        "a plot without a signal",
        has("entry/plot", Group("NXdata", {"x": Field([1.0])})),
        "/entry/plot",
        "nxdata-signal",
        WARNING,
    ),
    Broken(
        "an axis that is not there",
        has("entry/data@axes", np.array([".", "tth"])),
        "/entry/data@axes",
        "nxdata-axes",
    ),
    Broken(
        "one axis for two dimensions", has("entry/data@axes", "pressure"), "/entry/data@axes", "nxdata-axes"
    ),
    Broken(
        "an axis of another length",
        lambda: FULL.put("entry/data/q", Field(np.ones(40))).put("entry/data@axes", np.array([".", "q"])),
        "/entry/data/q",
        "nxdata-length",
    ),
    Broken(
        "a default that is not there",
        has("entry@default", "dta"),
        "/entry@default",
        "broken-default",
        WARNING,
    ),
    Broken(
        "a default of the file that is not there",
        has("@default", "entry2"),
        "/@default",
        "broken-default",
        WARNING,
    ),
    Broken(
        "a link to nothing",
        has("entry/data/intensity_errors", Link("/entry/raw")),
        "/entry/data/intensity_errors",
        "broken-link",
    ),
    Broken(
        "a link to nothing that nobody asks for",
        has("entry/sample/thickness", Link("/entry/raw")),
        "/entry/sample/thickness",
        "broken-link",
        WARNING,
    ),
    Broken(
        "a link to itself",
        has("entry/sample/thickness", Link("/entry/sample/thickness")),
        "/entry/sample/thickness",
        "link-loop",
        WARNING,
    ),
    Broken(
        "a link out of the file",
        has("entry/data/intensity_errors", Link("/entry/I", "raw.nxs", "external")),
        "/entry/data/intensity_errors",
        "link-not-followed",
        INFO,
    ),
    Broken(
        "a target that is not there",
        has("entry/sample/pressure@target", "/entry/sample/p"),
        "/entry/sample/pressure@target",
        "link-target",
        WARNING,
    ),
    Broken(
        "a copy that says it is the original",
        has("entry/sample/pressure_errors@target", "/entry/sample/pressure"),
        "/entry/sample/pressure_errors@target",
        "link-target",
        INFO,
    ),
    Broken(
        "a sample that depends on nothing known",
        has("entry/sample/depends_on", Field("transformations/phi")),
        "/entry/sample/depends_on",
        "depends-on",
        WARNING,
    ),
    Broken(
        "transformations that depend on each other",
        lambda: FULL.put(
            "entry/instrument/detector/transformations",
            Group("NXtransformations", {"a": turn("b"), "b": turn("a")}),
        ).put("entry/instrument/detector/depends_on", Field("transformations/a")),
        "/entry/instrument/detector/depends_on",
        "depends-on",
        WARNING,
    ),
    Broken(
        "spectra that cannot be read",
        has("entry/data/intensity_errors", Unreadable("the filter 32008 is not there")),
        "/entry/data/intensity_errors",
        "unreadable",
    ),
    Broken(
        "something else that cannot be read",
        has("entry/sample/thickness", Unreadable("damaged")),
        "/entry/sample/thickness",
        "unreadable",
        WARNING,
    ),
    Broken(
        "a class that has no name",
        has("entry/weighted_classification/labels/class_index", Field([0, 0, 0, 1, 1, 2])),
        f"{LABELS}/class_index",
        "class-index",
    ),
    Broken(
        "a wavelength of another energy",
        has("entry/instrument/beam/incident_wavelength", Field(1.0332, units="A")),
        f"{BEAM}/incident_wavelength",
        "energy-and-wavelength",
        WARNING,
    ),
    Broken("angles that go back", two_theta(swap), "/entry/data/two_theta", "two-theta-order", WARNING),
    Broken(
        "angles beyond half a turn",
        two_theta(lambda values: values.__iadd__(170.0)),
        "/entry/data/two_theta",
        "implausible-value",
        WARNING,
    ),
    Broken(
        "a pressure in the wrong unit",
        has("entry/sample/pressure", COMPRESSED),
        PRESSURE,
        "implausible-value",
        WARNING,
    ),
    Broken(
        "the energy of the ring",
        has("entry/instrument/beam/incident_energy", Field(6.08, units="GeV")),
        f"{BEAM}/incident_energy",
        "implausible-value",
        WARNING,
    ),
    Broken("spectra with a hole", intensity(np.nan), "/entry/data/intensity", "nan-values", WARNING),
    Broken("negative counts", intensity(-3.0), "/entry/data/intensity", "negative-counts", WARNING),
)

ALONG = {
    "an entry of an unknown definition": set(),
    "an attribute with a hyphen": {"undocumented"},
    "a title attribute of the wrong type": {"wrong-type"},
    "a unit as a facility spells it": set(),
    "a rank other than the base class has": {"policy-applied"},
    "a wavelength of another energy": {"units-spelling"},
    "an NXdata that does not say what to plot": set(),
}
"""What else is rightly found."""


def shown(report: Report) -> str:
    return "\n".join(f"{finding.path} {finding.rule} {finding.message}" for finding in report.findings)
