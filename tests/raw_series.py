"""A raw series as a beamline may leave it, and what tests of the migration ask of trees."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from nxspectra.migration import Review
from nxspectra.tree import Field, Group, Link, Node, same_value

WHEN = datetime(2021, 5, 27, 12, 0, tzinfo=UTC)
N = 3
RAMP = [0.1, 21.3, 44.1]


def raw(n: int = N, points: int = 8, **entry: Node) -> Group:
    """A raw series as a beamline may leave it, with everything that is required somewhere."""
    angles = np.linspace(9.6, 25.5, points)
    children: dict[str, Node] = {
        "integrated": Group(
            "NXdata",
            {
                "I": Field(np.outer(np.arange(1.0, n + 1), angles), units="counts"),
                "tth": Field(angles, units="deg"),
            },
            signal="I",
        ),
        "instrument": Group(
            "NXinstrument",
            {
                "mono": Group("NXcollection", {"energyfmb": Field([25600.0], units="eV")}),
                "lambda": Group(
                    "NXdetector",
                    {"collection": Group("NXcollection", {"shutter_time": Field([100.0], units="ms")})},
                ),
            },
        ),
        "dac": Group("NXcollection", {"p_ruby": Field(np.resize(RAMP, n), units="GPa")}),
        "probe_head": Group("NXsample", {"name": Field("ferropericlase")}),
    }
    return Group("NXroot", {"entry": Group("NXentry", {**children, **entry})})


def rules(outcome: Review) -> set[str]:
    return {finding.rule for finding in outcome.findings}


def is_within(tree: Group, larger: Group) -> bool:
    """Is everything of `tree` in `larger`, each value and attribute as it was?"""
    for path, node in [("/", tree), *tree.walk()]:
        other = larger if path == "/" else step(larger, path)
        if type(other) is not type(node):
            return False
        kept = all(same_value(value, other.attributes.get(name)) for name, value in node.attributes.items())
        if not kept or (isinstance(node, Field) and not same_value(node.data, other.data)):
            return False
        if isinstance(node, Link) and node != other:
            return False
    return True


def step(tree: Group, path: str) -> Node | None:
    """The node at `path` itself, links not followed."""
    node: Node | None = tree
    for name in path.strip("/").split("/"):
        node = node.children.get(name) if isinstance(node, Group) else None
    return node
