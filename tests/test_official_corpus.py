"""One thing broken in a tree of an official definition is what is found, and nothing is ever raised."""

from __future__ import annotations

import numpy as np
import pytest
from corpus import BREAKERS, CASES, CORPUS, above_info, broken_trees, whole
from hypothesis import given, settings
from hypothesis import strategies as st

from nxspectra.findings import Severity
from nxspectra.tree import Attribute, Field, Group, Link, Node, Null, Unreadable
from nxspectra.validation import RULES, validate


@pytest.mark.parametrize(("name", "rule"), CASES)
def test_one_thing_broken_is_found_where_it_is(name: str, rule: str) -> None:
    alone = []
    for tree, path in broken_trees(name, rule):
        report = validate(tree)
        found = {(each.path, each.rule) for each in report.findings}
        assert rule in {each for _, each in found}, (path, found)
        worse = {(where, each) for where, each, _ in above_info(report)}
        severe = RULES[rule].severity is not Severity.INFO
        worse = {each for each in worse if not _follows(each, path, rule)}
        alone.append(worse == {(path, rule)} if severe else not worse and (path, rule) in found)
    assert any(alone), (path, worse)


def _follows(finding: tuple[str, str], path: str, rule: str) -> bool:
    """What must be said as well: what was in a group that is gone, and the links that led there."""
    where, what = finding
    if rule in ("missing-group", "wrong-class"):
        return where.startswith((f"{path}/", f"{path}@")) or what in (
            "broken-link",
            "broken-default",
            "nxdata-signal",
        )
    return rule in ("wrong-rank", "symbol-mismatch") and what in (
        "nxdata-axes",
        "nxdata-length",
        "wrong-size",
    )


def test_the_corpus_covers_the_rules_and_the_definitions() -> None:
    assert {rule for _, rule in CASES} == set(BREAKERS) <= set(RULES)
    assert len({name for name, _ in CASES}) >= 12
    counted = {rule: sum(each == rule for _, each in CASES) for rule in BREAKERS}
    assert min(counted.values()) >= 2, counted


# -- anything broken ---------------------------------------------------------------------------

STRANGE_NODES = (
    *(
        Field(np.zeros((2, 0))),
        Field("text", units="text"),
        Field(-1),
        Field([[True]]),
        Field(1 + 2j, units="%"),
    ),
    *(Field(np.array([b"a"], dtype="V1")), Field.around(Null(), {}), Field(np.nan, units="{unit}")),
    *(Group(None), Group("NXdata", signal=3, axes=4.5), Group("NXcollection"), Group("", {"": Field(1)})),
    *(Link("/entry"), Link("."), Link("x", "y", "external"), Unreadable("so")),
)
STRANGE_VALUES = (
    *(
        "",
        ".",
        "..",
        "/",
        "1",
        "nan",
        "[1,",
        "NX_ANGLE",
        "x" * 300,
        "\x00",
        -1,
        0,
        1,
        2.5,
        np.inf,
        True,
        None,
    ),
    *(np.array([]), np.array(["a", "b"]), np.array([[1, 2]]), Unreadable("so")),
)
NAMES = (
    "depends_on",
    "units",
    "signal",
    "axes",
    "axis",
    "target",
    "default",
    "NX_class",
    "vector",
    "x_indices",
)


@given(
    name=st.sampled_from(CORPUS),
    changes=st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.one_of(
                st.sampled_from(STRANGE_NODES),
                st.tuples(st.sampled_from(NAMES), st.sampled_from(STRANGE_VALUES)),
            ),
        ),
        min_size=1,
        max_size=5,
    ),
)
@settings(max_examples=150)
def test_whatever_is_broken_is_reported_and_never_raised(
    name: str, changes: list[tuple[int, Node | tuple[str, Attribute]]]
) -> None:
    tree = whole(name)[0]
    for number, change in changes:
        paths = [path for path, node in tree.walk() if path.strip("/") and isinstance(node, Group | Field)]
        if not paths:
            break  # an earlier change has replaced the only entry
        path = paths[number % len(paths)]
        if isinstance(change, tuple):
            tree = tree.put(f"{path}@{change[0]}", change[1])
        else:
            tree = tree.put(path, change)
    for finding in validate(tree).findings:
        assert finding.rule in RULES
        assert finding.path.startswith("/")
        assert finding.message.isprintable() or "\n" not in finding.message
