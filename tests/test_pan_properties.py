"""What the PaN search API finds by properties, in which order, how much of it, and what of each is shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from facility import RECORDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pan_questions import ALL, ask, facility_index, joined, names, where

from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan.patterns import Pattern
from nxspectra.errors import FilterError


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with facility_index(request.param, tmp_path_factory.mktemp("pan")) as index:
        yield index


# -- properties --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({}, ALL),
        ({"pid": "20.500/ramp"}, {"ramp"}),
        ({"pid": {"eq": "20.500/RAMP"}}, set()),
        ({"pid": {"neq": "20.500/ramp"}}, ALL - {"ramp"}),
        ({"pid": {"inq": ["20.500/ramp", "20.500/ice", "20.500/secret"]}}, {"ramp", "ice"}),
        ({"pid": {"nin": ["20.500/ramp", "20.500/ice"]}}, {"ambient", "copper", "bare"}),
        ({"pid": {"inq": []}}, set()),
        ({"pid": {"nin": []}}, ALL),
        ({"size": {"gt": 77}}, {"ramp", "ambient"}),
        ({"size": {"gte": 77}}, {"ramp", "ambient", "ice"}),
        ({"size": {"lt": 1000}}, {"ice"}),
        ({"size": {"lte": 1000}}, {"ice", "ambient"}),
        ({"size": {"between": [77, 1000]}}, {"ice", "ambient"}),
        ({"size": None}, {"copper", "bare"}),
        ({"size": {"neq": None}}, {"ramp", "ambient", "ice"}),
        ({"size": {"neq": 77}}, ALL - {"ice"}),
        ({"size": {"inq": [77, None]}}, {"ice", "copper", "bare"}),
        ({"size": {"nin": [77, None]}}, {"ramp", "ambient"}),
        ({"size": 2.0**70}, set()),
        ({"isPublic": True}, ALL),
        ({"isPublic": False}, set()),
        ({"creationDate": {"gt": "2021-05-31T12:00:00+02:00"}}, {"ramp"}),
        ({"creationDate": "2021-05-31T12:00:00+02:00"}, {"ambient"}),
        ({"creationDate": {"between": ["2020-03-10", "2020-03-11"]}}, {"ice"}),
        ({"creationDate": {"lt": "2020"}}, None),
        ({"title": {"gt": "D", "lt": "Z"}}, {"ice"}),
        ({"or": [{"pid": "20.500/ice"}, {"size": 1000}]}, {"ice", "ambient"}),
        ({"and": [{"pid": "20.500/ice"}, {"size": 1000}]}, set()),
        ({"and": []}, ALL),
        ({"or": []}, set()),
        ({"or": [{}, {"size": 1}]}, ALL),
        ({"text": "FERRO"}, {"ramp", "ambient"}),
        ({"text": "FERRO", "size": 1000}, {"ambient"}),
        ({"text": "100%"}, {"copper"}),
        ({"text": "ünbe"}, {"bare"}),
        ({"text": "ÜNBE"}, {"bare"}),
    ],
)
def test_conditions_on_properties(index: Index, condition: Any, found: set[str] | None) -> None:
    if found is None:
        with pytest.raises(FilterError, match="not a date"):
            where(index, condition)
    else:
        assert where(index, condition) == found


@pytest.mark.parametrize(
    ("operator", "pattern", "found"),
    [
        ("like", "ferropericlase", {"ramp", "ambient"}),
        ("like", "Ferropericlase", set()),
        ("ilike", "Ferropericlase", {"ramp", "ambient"}),
        ("like", "Compression%", {"ramp"}),
        ("like", "%Compression", set()),
        ("like", "%of%", {"ramp", "ambient"}),
        ("like", "Ice V__ at%", {"ice"}),
        ("like", r"%100\%%", {"copper"}),
        ("like", r"solid\_state", {"copper"}),
        ("like", r"%\_\\ 'x'%", {"bare"}),
        ("like", "[A-Z]%", set()),
        ("like", "I*", set()),
        ("like", "I?e VII", set()),
        ("ilike", "ÜNBEKANNTES%", {"bare"}),
        ("like", "ÜNBEKANNTES%", set()),
        ("nlike", "%of ferro%", {"ice", "copper", "bare"}),
        ("nilike", "%FERRO%", {"ice", "copper", "bare"}),
        ("like", "", ALL),
        ("like", "%", ALL),
        ("like", "\\", {"bare"}),
    ],
)
def test_patterns(index: Index, operator: str, pattern: str, found: set[str]) -> None:
    assert where(index, {"title": {operator: pattern}}) == found


@given(
    st.text("aB%_\\*[]?'\"", max_size=6),
    st.sampled_from(["like", "ilike"]),
    st.sampled_from([each.title for each in RECORDS if each.is_public]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_pattern_means_the_same_in_sql_and_at_hand(
    index: Index, pattern: str, operator: str, title: str
) -> None:
    meant = Pattern.parse(pattern)
    by_hand = meant.matches(title) if operator == "like" else meant.folded().matches(title.casefold())
    both = {"and": [{"title": title}, {"title": {operator: pattern}}]}
    assert bool(where(index, both)) == by_hand


def test_keywords_are_compared_one_by_one(index: Index) -> None:
    def found(condition: Any) -> set[str]:
        return {thing["pid"] for thing in ask(index, {"where": {"keywords": condition}}, "Document")}

    proposal, paper = "10.5072/proposal", "10.5072/paper"
    assert found("high pressure") == {proposal}
    assert found("pressure") == set()
    assert found({"like": "press"}) == {proposal}
    assert found({"like": "iron%pressure"}) == set()
    assert found({"inq": ["ice", "fire"]}) == {paper}
    assert found({"neq": "ice"}) == {proposal}
    assert found({"nlike": "i%"}) == set()


# -- order, pages, fields ----------------------------------------------------------------------


def test_the_newest_come_first_if_nobody_says(index: Index) -> None:
    assert names(index, {}) == ["ramp", "ambient", "ice", "copper", "bare"]


def test_order_is_by_several_properties_and_nothing_comes_last(index: Index) -> None:
    assert names(index, {"order": ["size ASC", "title DESC"]}) == ["ice", "ambient", "ramp", "bare", "copper"]
    assert names(index, {"order": "size DESC"})[:3] == ["ramp", "ambient", "ice"]


def test_pages_follow_one_another(index: Index) -> None:
    pages = [names(index, {"order": "title", "limit": 2, "skip": skip}) for skip in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert list(chain.from_iterable(pages)) == names(index, {"order": "title"})


def test_the_limit_is_applied_after_the_joins(index: Index) -> None:
    scattering = joined("techniques", {"name": "small angle scattering"})
    assert names(index, {"include": [scattering], "limit": 1}) == ["ice"]


def test_fields_are_shown_or_hidden(index: Index) -> None:
    shown = ask(index, {"where": {"pid": "20.500/ramp"}, "fields": ["pid"], "include": ["files"]})[0]
    assert set(shown) == {"pid", "files", "score"}
    hidden = ask(index, {"where": {"pid": "20.500/ramp"}, "fields": {"title": False}})[0]
    assert "title" not in hidden
    assert "pid" in hidden
