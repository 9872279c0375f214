"""How the PaN search API scores what it finds by free text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from facility import record
from indexes import indexes
from pan_questions import ALL, NAMES, ask, facility_index, names

from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan import answers
from nxspectra.catalogue.pan.answers import Page
from nxspectra.catalogue.pan.asking import asking
from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.filters import parse
from nxspectra.catalogue.pan.schema import DATASET


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with facility_index(request.param, tmp_path_factory.mktemp("pan")) as index:
        yield index


def test_every_thing_in_a_list_has_a_numeric_score(index: Index) -> None:
    for model in ("Dataset", "Document", "Instrument"):
        assert all(thing["score"] == 0 for thing in ask(index, {}, model))


def test_free_text_sorts_by_score_and_drops_what_has_none(index: Index) -> None:
    found = ask(index, {"query": "compression of ferropericlase"})
    assert [NAMES[thing["pid"]] for thing in found] == ["ramp", "ambient"]
    assert 1 >= found[0]["score"] > found[1]["score"] > 0


def test_a_single_word_scores_at_most_0_9(index: Index) -> None:
    assert ask(index, {"query": "ice"})[0]["score"] == 0.9


def test_a_word_that_stands_nowhere_lowers_the_score(index: Index) -> None:
    (with_it,) = ask(index, {"query": "compression unobtainium"})
    assert 0 < with_it["score"] < 0.9


def test_equal_scores_are_sorted_by_date(index: Index) -> None:
    assert names(index, {"query": "ferropericlase"}) == ["ramp", "ambient"]


def test_the_limit_is_applied_after_scoring(index: Index) -> None:
    assert names(index, {"query": "ambient ferropericlase", "limit": 1}) == ["ambient"]


def test_zero_scores_are_kept_where_they_are_asked_for(index: Index) -> None:
    page = Page("Dataset", parse({"query": "ice"}, DATASET), zeros=True)
    with asking(index, 20) as connection:
        found = answers.found(Conditions(connection), page)
    assert [score > 0 for _, score in found] == [True, False, False, False, False]


def test_documents_score_by_their_own_words_and_by_those_of_their_data_sets(index: Index) -> None:
    assert [thing["pid"] for thing in ask(index, {"query": "oxides"}, "Document")] == ["10.5072/proposal"]
    assert [thing["pid"] for thing in ask(index, {"query": "cylinder"}, "Document")] == ["10.5072/proposal"]
    assert [thing["pid"] for thing in ask(index, {"query": "Cold"}, "Document")] == ["10.5072/paper"]


def test_instruments_score_by_name_and_facility(index: Index) -> None:
    found = ask(index, {"query": "loki ess"}, "Instrument")
    assert [thing["name"] for thing in found] == ["LoKI"]


@pytest.mark.parametrize("query", ["%", '"', "ice* OR", "NEAR(ice", "a:b", "'", "\\", "&|!", "ice)"])
def test_free_text_is_words_whatever_signs_stand_in_it(index: Index, query: str) -> None:
    assert set(names(index, {"query": query})) <= ALL


def test_what_has_a_common_word_is_found_however_many_have_it(tmp_path: Any) -> None:
    with indexes("sqlite", tmp_path) as index:
        index.put(record(f"r-{each}", "Iron", created=f"{2000 + each // 300}-01-01") for each in range(6000))
        found = ask(index, {"query": "iron", "where": {"creationDate": {"lt": "2000-06-01"}}, "limit": 0})
    assert len(found) == 300
    assert {thing["score"] for thing in found} == {0.9}
