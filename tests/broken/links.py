"""Plots, defaults, links and references that lead nowhere, and what cannot be read."""

from __future__ import annotations

import numpy as np

from broken.breaking import FULL, INFO, WARNING, Broken, has, turn
from nxspectra.tree import Field, Group, Link, Unreadable

PLOT = Group("NXdata", {"x": Field([1.0, 2.0])}, signal="y")

LINKS = (
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
)
