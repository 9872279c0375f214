"""The grammar of the PaN search API: what is meant, and what is refused with the nearest right word."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nxspectra.catalogue.pan.filters import (
    And,
    Compare,
    Fields,
    Filter,
    Include,
    Operator,
    Or,
    Order,
    Text,
    parse,
    parse_where,
)
from nxspectra.catalogue.pan.schema import DATASET, DOCUMENT, INSTRUMENT, MODELS, PARAMETER, Model
from nxspectra.catalogue.pan.syntax import DEEPEST, TOO_DEEP, Json, read_brackets, read_json
from nxspectra.errors import FilterError


def meant(value: Json, model: Model = DATASET) -> Filter:
    return parse(value, model)


def refused(value: Json, model: Model = DATASET) -> str:
    with pytest.raises(FilterError) as error:
        parse(value, model)
    return str(error.value)


def where(value: Json, model: Model = DATASET) -> object:
    return parse_where(value, model)


# -- what is meant -----------------------------------------------------------------------------


def test_a_bare_value_means_equality() -> None:
    assert where({"title": "Ramp"}) == Compare("title", Operator.EQ, ("Ramp",))


@pytest.mark.parametrize("word", ["eq", "neq", "gt", "gte", "lt", "lte", "like", "nlike", "ilike", "nilike"])
def test_every_operator_with_one_value_is_known(word: str) -> None:
    assert where({"title": {word: "Fe%"}}) == Compare("title", Operator(word), ("Fe%",))


@pytest.mark.parametrize("word", ["inq", "nin"])
def test_lists_may_hold_null(word: str) -> None:
    assert where({"size": {word: [1, None]}}) == Compare("size", Operator(word), (1, None))


def test_several_properties_all_hold() -> None:
    assert where({"title": "Ramp", "size": {"gt": 1, "lt": 5}}) == And(
        (
            Compare("title", Operator.EQ, ("Ramp",)),
            And((Compare("size", Operator.GT, (1,)), Compare("size", Operator.LT, (5,)))),
        )
    )


def test_text_stands_beside_other_conditions() -> None:
    assert where({"text": "iron", "isPublic": True}) == And(
        (Text("iron"), Compare("isPublic", Operator.EQ, (True,)))
    )


def test_and_and_or_are_nested_as_they_are_written() -> None:
    assert where({"or": [{"title": "a"}, {"and": [{"title": "b"}, {"size": 1}]}]}) == Or(
        (
            Compare("title", Operator.EQ, ("a",)),
            And((Compare("title", Operator.EQ, ("b",)), Compare("size", Operator.EQ, (1,)))),
        )
    )


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2021-06-01", 1622505600),
        ("2021-06-01T02:00:00+02:00", 1622505600),
        ("2021-06-01T00:00:00.000Z", 1622505600),
        (1622505600000, 1622505600),
    ],
)
def test_a_date_is_the_same_however_it_is_written(said: Json, seconds: float) -> None:
    assert where({"creationDate": {"gt": said}}) == Compare("creationDate", Operator.GT, (seconds,))


def test_numbers_and_truths_may_come_as_text() -> None:
    assert where({"size": "5e3", "isPublic": "true"}) == And(
        (Compare("size", Operator.EQ, (5000.0,)), Compare("isPublic", Operator.EQ, (True,)))
    )


def test_include_takes_a_name_a_list_an_object_and_the_short_form() -> None:
    assert meant({"include": "files"}).include == (Include("files"),)
    assert meant({"include": ["files", {"relation": "samples"}]}).include == (
        Include("files"),
        Include("samples"),
    )
    assert meant({"include": {"members": "person"}}, DOCUMENT).include == (
        Include("members", Filter(include=(Include("person"),))),
    )


def test_a_relation_is_required_by_a_condition_at_any_level() -> None:
    outer = meant({"include": [{"relation": "datasets", "scope": {"limit": 2}}]}, DOCUMENT)
    assert not outer.include[0].scope.requires
    inner = {"relation": "techniques", "scope": {"where": {"name": "x-ray diffraction"}}}
    deep = meant({"include": [{"relation": "datasets", "scope": {"include": [inner]}}]}, DOCUMENT)
    assert deep.include[0].scope.requires


def test_an_empty_condition_requires_nothing() -> None:
    asked = meant({"include": [{"relation": "files", "scope": {"where": {}}}]})
    assert not asked.include[0].scope.requires


def test_order_takes_one_or_several() -> None:
    assert meant({"order": "title"}).order == (Order("title"),)
    assert meant({"order": ["size DESC", "title asc"]}).order == (
        Order("size", descending=True),
        Order("title"),
    )


def test_fields_are_listed_shown_or_hidden() -> None:
    assert meant({"fields": ["pid", "title"]}).fields == Fields(frozenset({"pid", "title"}))
    assert meant({"fields": {"pid": True, "title": False}}).fields == Fields(frozenset({"pid"}))
    assert meant({"fields": {"size": False}}).fields == Fields(frozenset({"size"}), shown=False)


def test_offset_is_skip() -> None:
    assert meant({"offset": 3, "limit": 0}) == Filter(skip=3, limit=0)


def test_names_in_brackets_mean_what_json_means() -> None:
    pairs = [
        ("filter[limit]", "1"),
        ("filter[where][and][0][title][like]", "Fe%"),
        ("filter[where][and][1][isPublic]", "true"),
        ("filter[include][0][relation]", "techniques"),
        ("filter[include][0][scope][where][name][inq][]", "XPD"),
        ("filter[include][0][scope][where][name][inq][]", "SAXS"),
        ("unrelated", "x"),
    ]
    said = {
        "limit": 1,
        "where": {"and": [{"title": {"like": "Fe%"}}, {"isPublic": True}]},
        "include": [{"relation": "techniques", "scope": {"where": {"name": {"inq": ["XPD", "SAXS"]}}}}],
    }
    assert parse(read_brackets(pairs), DATASET) == meant(said)


def test_without_names_in_brackets_nothing_is_asked() -> None:
    assert read_brackets([("filter", "{}"), ("where[title]", "x")]) is None


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "filter is not an object"),
        ({"wher": {}}, "filter has no part 'wher'; did you mean where?"),
        ({"limit": -1}, "filter.limit is -1; it must be from 0"),
        ({"limit": 1.5}, "filter.limit is 1.5, which is not a whole number"),
        ({"limit": 1e300}, "filter.limit is 1e+300; it must be from 0"),
        ({"limit": "many"}, "filter.limit is 'many', which is not a number"),
        ({"limit": True}, "filter.limit is True, which is not a number"),
        ({"skip": 1, "offset": 2}, "a skip and an offset"),
        ({"where": "title"}, "filter.where is not an object"),
        ({"where": {"tilte": "x"}}, "filter.where: a Dataset has no property 'tilte'; did you mean title?"),
        ({"where": {"instrument": "x"}}, "instrument is a relation of a Dataset; ask for it in include"),
        ({"where": {"title": {"lik": "x"}}}, "filter.where.title.lik: there is no operator 'lik'; did"),
        ({"where": {"title": {"regexp": "(a+)+$"}}}, "regular expressions are not taken here"),
        ({"where": {"title": {}}}, "an object without an operator"),
        ({"where": {"title": ["a"]}}, "filter.where.title is not a text"),
        ({"where": {"title": True}}, "filter.where.title is True, which is not a text"),
        ({"where": {"size": "big"}}, "filter.where.size is 'big', which is not a number"),
        ({"where": {"size": {"like": "1%"}}}, "size holds number, which has no patterns"),
        ({"where": {"size": {"between": [1]}}}, "is not an array of two ends"),
        ({"where": {"size": {"between": 1}}}, "filter.where.size.between is not an array"),
        ({"where": {"size": {"inq": 1}}}, "filter.where.size.inq is not an array"),
        ({"where": {"size": {"gt": None}}}, "filter.where.size.gt is not a number"),
        ({"where": {"size": "inf"}}, "filter.where.size is 'inf', which is not a number"),
        ({"where": {"isPublic": 1}}, "filter.where.isPublic is 1, which is neither true nor false"),
        ({"where": {"creationDate": "yesterday"}}, "'yesterday', which is not a date; write 2021-06-01"),
        ({"where": {"creationDate": 1e300}}, "which is not a date"),
        ({"where": {"and": {"title": "x"}}}, "filter.where.and is not an array of conditions"),
        ({"where": {"and": [1]}}, "filter.where.and[0] is not an object"),
        ({"where": {"text": {"like": "x"}}}, "filter.where.text is not a text"),
        ({"include": "file"}, "filter.include: a Dataset has no relation 'file'; did you mean files?"),
        ({"include": [{"relation": 1}]}, "filter.include[0].relation is not a text"),
        ({"include": [{}]}, "filter.include[0] is not a relation"),
        ({"include": [{"relation": "files", "scop": {}}]}, "has no part 'scop'; did you mean scope?"),
        (
            {"include": [{"relation": "files", "scope": {"where": {"nam": 1}}}]},
            "filter.include[0].scope.where: a File has no property 'nam'; did you mean name?",
        ),
        (
            {"include": [{"relation": "parameters", "scope": {"where": {"text": "x"}}}]},
            "a Parameter cannot be searched for by text",
        ),
        ({"include": [{"relation": "files", "scope": {"query": "x"}}]}, "only the filter itself has a query"),
        ({"order": "titel"}, "a Dataset has no property 'titel'; did you mean title?"),
        ({"order": "title UP"}, "'title UP' ends neither in ASC nor in DESC"),
        ({"order": 1}, "neither a text nor an array of texts"),
        ({"fields": ["titel"]}, "a Dataset has no property 'titel'"),
        ({"fields": {"title": 1}}, "which is neither true nor false"),
        ({"query": 1}, "filter.query is not a text"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_where_and_what(value: Json, message: str) -> None:
    assert message in refused(value)


def test_keywords_cannot_be_sorted_by() -> None:
    assert "keywords holds several texts" in refused({"order": "keywords"}, DOCUMENT)


def test_a_relation_of_another_model_is_refused() -> None:
    assert "an Instrument" in refused({"include": "files"}, INSTRUMENT).replace(
        "a Instrument", "an Instrument"
    )


# -- text that is hostile ----------------------------------------------------------------------


def unread(text: str) -> FilterError:
    with pytest.raises(FilterError) as error:
        read_json(text)
    return error.value


def test_what_is_no_json_is_told_with_the_place() -> None:
    assert "not JSON" in str(unread('{"limit": }'))
    assert "at character 10" in str(unread('{"limit": }'))


def test_depth_is_limited_and_has_the_code_of_loopback() -> None:
    deep = "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)
    assert unread(deep).code == TOO_DEEP
    assert read_json("[" * DEEPEST + "]" * DEEPEST)
    assert unread("[" * 30_000).code == TOO_DEEP


def test_brackets_in_texts_are_not_depth() -> None:
    text = json.dumps({"where": {"title": "[" * 100 + '"' + "{" * 100 + "\\"}})
    assert read_json(text) == json.loads(text)


def test_nodes_values_and_bytes_are_limited() -> None:
    assert "more than 200 objects" in str(unread(json.dumps([{"a": 1}] * 150)))
    assert "more than 1000 values" in str(unread(json.dumps([1] * 1001)))
    assert "at most 32768" in str(unread(json.dumps("x" * 40_000)))


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", "1" * 5000, "1" * 400])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    assert "number" in str(unread(text))


def test_integers_beyond_javascript_become_floating_point() -> None:
    assert read_json("36893488147419103232") == 2.0**65


@pytest.mark.parametrize("text", [r'"a\u0000b"', r'{"a\u0000": 1}', r'"\ud800"'])
def test_text_that_no_database_takes_is_refused(text: str) -> None:
    assert unread(text)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("filter[a", "1")], "is not a name such as"),
        ([("filter[a]", "1"), ("filter[a]", "2")], "is given twice"),
        ([("filter[a]", "1"), ("filter[a][b]", "2")], "as a value and as an object"),
        ([("filter" + "[a]" * 15, "1")], "nested deeper"),
        ([("filter[a]", "x" * 40_000)], "more than 32768 bytes"),
        ([(f"filter[a{number}]", "1") for number in range(300)], "more than"),
    ],
)
def test_names_in_brackets_have_the_same_limits(pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(FilterError, match=message):
        read_brackets(pairs)


WORDS = st.sampled_from(
    [
        "where",
        "include",
        "relation",
        "scope",
        "and",
        "or",
        "text",
        "title",
        "size",
        "pid",
        "value",
        "name",
        "between",
        "inq",
        "like",
        "gt",
        "neq",
        "limit",
        "order",
        "fields",
        "files",
        "parameters",
        "datasets",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | WORDS,
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), below, max_size=4)
    ),
    max_leaves=12,
)


@given(ANYTHING, st.sampled_from([*MODELS.values()]))
@example({"where": {"value": {"between": [[], {}]}}}, PARAMETER)
def test_anything_is_either_meant_or_refused(value: Json, model: Model) -> None:
    with suppress(FilterError):
        assert isinstance(parse(read_json(json.dumps(value)), model), Filter)
