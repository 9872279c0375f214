"""Trees as values: looking up, making others, what is equal to what."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxspectra.tree import (
    Addition,
    Field,
    Group,
    Link,
    Null,
    Unreadable,
    as_array,
    one,
    same_value,
    texts,
)

NAMES = st.text("abc_123", min_size=1, max_size=3)
FIELDS = st.builds(
    Field, st.one_of(st.floats(), st.integers(-9, 9), st.text("ab"), st.lists(st.floats(), max_size=3))
)
TREES = st.recursive(
    FIELDS,
    lambda inner: st.builds(
        Group,
        st.sampled_from(["NXentry", "NXcollection", None]),
        st.dictionaries(NAMES, inner, max_size=3),
        st.dictionaries(st.text("xyz", min_size=1, max_size=2), st.text(max_size=3), max_size=2),
    ),
    max_leaves=8,
).map(lambda node: Group("NXroot", {"entry": node}))


@pytest.fixture
def root() -> Group:
    entry = Group(
        "NXentry",
        {
            "title": Field("Ramp 42"),
            "sample": Group("NXsample", {"pressure": Field([44.1, 44.3], units="GPa")}),
            "data": Group(
                "NXdata",
                {
                    "pressure": Link("/entry/sample/pressure"),
                    "beside": Link("../sample/pressure"),
                    "here": Link("pressure"),
                },
                signal="intensity",
            ),
            "sample_again": Link("/entry/sample", kind="hard"),
            "raw": Link("/entry", "raw_0042.nxs", "external"),
            "nowhere": Link("/entry/was_here"),
        },
    )
    return Group("NXroot", {"entry": entry}, default="entry")


def nested(depth: int, value: float) -> Group:
    group = Group(None, {"value": Field(value)})
    for _ in range(depth):
        group = Group(None, {"g": group})
    return group


# -- looking up ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["entry/title", "/entry/title", "entry//title/", "./entry/title"])
def test_a_leading_slash_makes_no_difference(root: Group, path: str) -> None:
    assert root[path].text == "Ramp 42"


def test_a_soft_link_is_followed_from_the_root(root: Group) -> None:
    assert root.find("/entry/data/pressure") == ("/entry/sample/pressure", root["entry/sample/pressure"])


def test_a_relative_link_is_followed_from_its_group(root: Group) -> None:
    found = root.find("/entry/data/here")
    assert found is not None
    assert found[0] == "/entry/sample/pressure"


def test_what_is_below_a_hard_link_is_there(root: Group) -> None:
    assert root["entry/sample_again/pressure"].units == "GPa"


def test_a_link_that_leads_nowhere_is_not_there(root: Group) -> None:
    assert "entry/nowhere" not in root
    assert root.get("entry/nowhere") is None
    with pytest.raises(KeyError, match="entry/nowhere"):
        root["entry/nowhere"]


def test_an_external_link_is_given_as_it_is(root: Group) -> None:
    assert root["entry/raw"] == Link("/entry", "raw_0042.nxs", "external")


def test_links_in_a_circle_lead_nowhere() -> None:
    root = Group(None, {"a": Link("/b"), "b": Link("/a")})
    assert root.get("a") is None


def test_an_attribute_is_found_behind_its_at_sign(root: Group) -> None:
    assert root.attribute("entry/data@signal") == "intensity"
    assert "entry/sample/pressure@units" in root
    assert "entry/data@axes" not in root
    assert "entry/nothing@units" not in root


def test_a_group_is_not_given_as_a_field(root: Group) -> None:
    assert root.field("entry/sample") is None
    assert root.group("entry/sample/pressure") is None


def test_walking_gives_parents_first_and_follows_no_link(root: Group) -> None:
    paths = [path for path, _ in root.walk()]
    assert paths.index("/entry/sample") < paths.index("/entry/sample/pressure")
    assert "/entry/data/pressure" in paths
    assert "/entry/sample_again/pressure" not in paths


def test_groups_are_found_by_class(root: Group) -> None:
    assert [name for name, _ in root["entry"].of_class("NXdata", "NXsample")] == ["sample", "data"]


def test_a_class_in_an_array_of_one_is_the_class() -> None:
    assert Group(None, None, {"NX_class": np.array(["NXdetector"])}).nx_class == "NXdetector"


# -- fields ----------------------------------------------------------------------------------------


def test_one_text_in_an_array_is_a_text() -> None:
    assert Field(["NXmx"]).text == "NXmx"
    assert Field(["a", "b"]).text is None
    assert Field(1.0).text is None


def test_one_number_in_an_array_is_a_number() -> None:
    assert Field([[25.6]]).number == 25.6
    assert Field("25.6").number is None
    assert Field([1.0, 2.0]).number is None


def test_bytes_become_text() -> None:
    assert as_array([b"high", b"low"]).tolist() == ["high", "low"]


def test_an_attribute_can_hold_one_text_or_several() -> None:
    assert texts("pressure") == ("pressure",)
    assert texts(np.array(["pressure", "two_theta"])) == ("pressure", "two_theta")
    assert texts(3.0) == ()
    assert one(np.array([7])) == 7


@pytest.mark.parametrize("value", [Field(1.0), Group()])
def test_a_value_cannot_be_changed(value: Field | Group) -> None:
    with pytest.raises(AttributeError, match="is a value"):
        value.attributes = {}


def test_a_null_value_has_a_type_and_no_shape() -> None:
    field = Field(Null("float32"))
    assert (field.shape, field.dtype, field.size) == (None, np.dtype("float32"), 0)
    assert field.array.size == 0


# -- equality --------------------------------------------------------------------------------------


@given(TREES)
def test_a_tree_equals_itself_put_together_again(tree: Group) -> None:
    again = Group(None, None, tree.attributes)
    for path, node in tree.walk():
        again = again.put(path, Group(None, None, node.attributes) if isinstance(node, Group) else node)
    assert again == tree


def test_nan_equals_nan() -> None:
    assert Field([np.nan, 1.0]) == Field([np.nan, 1.0])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Field(1.0), Field(1)),
        (Field([1.0]), Field(1.0)),
        (Field(np.float32(1)), Field(np.float64(1))),
        (Field("a"), Field("b")),
        (Field(1.0, units="GPa"), Field(1.0, units="bar")),
        (Field(1.0, units="GPa"), Field(1.0)),
        (Field(Null("f8")), Field(np.empty(0))),
        (Field(1.0), Link("/a")),
        (Group("NXdata"), Group("NXentry")),
        (Group(None, {"a": Group()}), Group(None, {"b": Group()})),
        (Group(None, {"a": Group()}), Group(None, {"a": Field(1)})),
        (Link("/a"), Link("/a", kind="hard")),
        (Unreadable("torn"), Unreadable("gone")),
    ],
)
def test_values_that_differ_are_not_equal(left: object, right: object) -> None:
    assert left != right


def test_the_order_of_children_makes_no_difference() -> None:
    a, b = Field(1), Field(2)
    assert Group(None, {"a": a, "b": b}) == Group(None, {"b": b, "a": a})


def test_text_is_equal_however_wide_its_array_is() -> None:
    assert same_value(np.array(["ab"], "U2"), np.array(["ab"], "U9"))


def test_records_are_compared_part_by_part() -> None:
    kind = [("name", "U4"), ("value", "f8")]
    assert same_value(np.array([("a", np.nan)], kind), np.array([("a", np.nan)], kind))
    assert not same_value(np.array([("a", 1.0)], kind), np.array([("a", 2.0)], kind))


def test_trees_deeper_than_python_can_nest_are_compared() -> None:
    assert nested(3_000, 1.0) == nested(3_000, 1.0)
    assert nested(3_000, 1.0) != nested(3_000, 2.0)


# -- another tree ----------------------------------------------------------------------------------


def test_putting_makes_another_tree(root: Group) -> None:
    new = root.put("entry/sample/temperature", Field(300.0, units="K"))
    assert new["entry/sample/temperature"].number == 300.0
    assert "entry/sample/temperature" not in root


def test_groups_on_the_way_are_made(root: Group) -> None:
    new = root.put("/entry/instrument/beam/incident_energy", Field(25.6, units="keV"))
    assert new["entry/instrument"].nx_class is None


def test_putting_replaces(root: Group) -> None:
    assert root.put("entry/title", Field("Ramp 43"))["entry/title"].text == "Ramp 43"


def test_an_attribute_is_put(root: Group) -> None:
    new = root.put("entry/sample/pressure@units", "bar").put("@creator", "me").put("entry@x", 1)
    assert new["entry/sample/pressure"].units == "bar"
    assert new.attributes["creator"] == "me"
    assert new["entry"].attributes["x"] == 1


def test_an_attribute_may_have_any_name(root: Group) -> None:
    new = root.put("entry/title@self", 1).put("entry/title@two words", 2)
    assert new["entry/title"].attributes == {"self": 1, "two words": 2}


@pytest.mark.parametrize("path", ["entry/title/x", "entry/nowhere/x", "entry/nothing@units"])
def test_nothing_is_put_below_what_is_no_group(root: Group, path: str) -> None:
    with pytest.raises(KeyError):
        root.put(path, Field(1.0) if "@" not in path else "GPa")


def test_only_nodes_stand_in_a_tree(root: Group) -> None:
    with pytest.raises(TypeError, match="float"):
        root.put("entry/x", 1.0)


@given(TREES, st.data())
def test_taking_out_what_was_put_in_gives_the_tree_again(tree: Group, data: st.DataObject) -> None:
    groups = ["", *(path for path, node in tree.walk() if isinstance(node, Group))]
    where = data.draw(st.sampled_from(groups))
    assert tree.put(f"{where}/new", Field(1.0)).without(f"{where}/new") == tree
    assert tree.put(f"{where}@new", "x").without(f"{where}@new") == tree


def test_what_is_not_there_cannot_be_taken_out(root: Group) -> None:
    with pytest.raises(KeyError):
        root.without("entry/nothing")


def test_a_tree_travels_to_another_process(root: Group) -> None:
    run = root.add([Addition("/entry/x", Field(1.0))])
    again = pickle.loads(pickle.dumps(run))
    assert again == run
    assert (again.additions, again.edited) == (run.additions, run.edited)
    assert pickle.loads(pickle.dumps(root.put("entry/x", Field(1.0)))).edited


# -- additions -------------------------------------------------------------------------------------


def test_additions_are_in_the_tree_and_remembered(root: Group) -> None:
    first = Addition("/entry/sample/temperature", Field(300.0, units="K"))
    second = Addition("/entry@default", "data")
    new = root.add([first]).add([second])
    assert new["entry/sample/temperature"].number == 300.0
    assert new["entry"].attributes["default"] == "data"
    assert new.additions.paths == ("/entry/sample/temperature", "/entry@default")
    assert not root.additions


@pytest.mark.parametrize("path", ["/entry/title", "/entry/data@signal", "/entry/nowhere", "/entry/raw"])
def test_an_addition_never_replaces(root: Group, path: str) -> None:
    with pytest.raises(ValueError, match="already there"):
        root.add([Addition(path, Field(1.0) if "@" not in path else "x")])


def test_nothing_is_added_through_a_link(root: Group) -> None:
    with pytest.raises(KeyError, match="Link"):
        root.add([Addition("/entry/sample_again/x", Field(1.0))])


def test_putting_makes_a_tree_more_than_its_source_and_additions(root: Group) -> None:
    assert not root.add([Addition("/entry/x", Field(1.0))]).edited
    assert root.put("entry/x", Field(1.0)).edited
    assert root.without("entry/title").edited
    assert root.put("entry/x", Field(1.0)).add([Addition("/entry/y", Field(1.0))]).edited
