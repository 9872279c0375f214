"""Entries, groups, fields and attributes that are missing, of another kind, or badly named."""

from __future__ import annotations

from broken.breaking import COUNT_TIME, INFO, WARNING, Broken, has, lacks
from nxspectra.tree import Field, Group

MONITOR = Group("NXmonitor", {"distance": Field(1.0, units="m")})

STRUCTURE = (
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
)
