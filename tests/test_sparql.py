"""SPARQL over HTTP: what is asked is answered, nothing outside is reached, nothing takes the server down."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat
from servers import described, serving

from nxspectra.catalogue import Catalogue
from nxspectra.errors import UsageError
from nxspectra.portal.sparql.reading import read
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field

TITLE = "<http://purl.org/dc/terms/title>"
TITLES = f"SELECT ?title WHERE {{ ?d a <http://www.w3.org/ns/dcat#Dataset> ; {TITLE} ?title }}"
PRODUCT = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


def titled(title: str, name: str, settings: Settings | None = None):
    return described(conforming(4).put("entry/title", Field(title)), name, settings)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("sparql") / "catalogue"
    with Catalogue(folder) as catalogue:
        catalogue.file(titled("Ferropericlase", "one"))
        catalogue.file(titled("Bridgmanite", "two"))
        catalogue.file(titled("Embargoed", "three", Settings(access_rights="restricted")))
    with serving(folder, "--query-seconds", "1") as client:
        yield client


def ask(portal: httpx.Client, query: str, accept: str = "application/json") -> httpx.Response:
    return portal.get("/sparql", params={"query": query}, headers={"Accept": accept})


def message(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"])


def titles(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {row["title"]["value"] for row in answer.json()["results"]["bindings"]}


# -- the protocol ------------------------------------------------------------------------------


def test_the_default_graph_is_all_data_sets_that_are_public(portal: httpx.Client) -> None:
    assert titles(ask(portal, TITLES)) == {"Ferropericlase", "Bridgmanite"}


def test_what_is_embargoed_is_in_no_named_graph_either(portal: httpx.Client) -> None:
    graphs = ask(portal, "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }").json()["results"]["bindings"]
    assert len(graphs) == 2
    iri = titled("Embargoed", "three").iri
    assert ask(portal, f"ASK {{ GRAPH <{iri}> {{ ?s ?p ?o }} }}").json()["boolean"] is False
    answer = portal.get("/sparql", params={"query": TITLES, "default-graph-uri": iri})
    assert answer.status_code == 400
    assert "there is no graph" in message(answer)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/sparql-results+json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        ("application/xml;q=0.5, application/json;q=0.4", "application/sparql-results+xml"),
        ("text/html,application/xhtml+xml", "application/sparql-results+json"),
    ],
)
def test_solutions_come_in_the_form_that_is_wanted(
    portal: httpx.Client, accept: str, media_type: str
) -> None:
    answer = ask(portal, TITLES, accept)
    assert answer.headers["content-type"] == media_type
    if media_type.startswith("application/sparql"):
        form = pyoxigraph.QueryResultsFormat.from_media_type(media_type)
        found = pyoxigraph.parse_query_results(answer.content, format=form)
        assert {row["title"].value for row in found} == {"Ferropericlase", "Bridgmanite"}
    else:
        assert "Bridgmanite" in answer.text


@pytest.mark.parametrize(
    "media_type", ["text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml"]
)
@pytest.mark.parametrize(
    "query",
    [
        "CONSTRUCT WHERE { ?d <http://purl.org/dc/terms/title> ?t }",
        "DESCRIBE ?d { ?d <http://purl.org/dc/terms/title> 'Bridgmanite' }",
    ],
)
def test_graphs_come_in_the_form_that_is_wanted(portal: httpx.Client, query: str, media_type: str) -> None:
    answer = ask(portal, query, media_type)
    assert answer.headers["content-type"].partition(";")[0] == media_type
    form = RdfFormat.from_media_type(media_type)
    assert any(
        quad.object == Literal("Bridgmanite") for quad in pyoxigraph.parse(answer.content, format=form)
    )


def test_a_form_that_there_is_not_is_told_with_those_that_there_are(portal: httpx.Client) -> None:
    answer = ask(portal, TITLES, "image/png")
    assert answer.status_code == 406
    assert "text/csv" in message(answer)


def test_the_three_ways_to_send_a_query_are_one(portal: httpx.Client) -> None:
    form = portal.post("/sparql", data={"query": TITLES})
    bare = portal.post(
        "/sparql",
        content=TITLES.encode(),
        headers={"Content-Type": "application/sparql-query; charset=utf-8"},
    )
    assert titles(form) == titles(bare) == titles(ask(portal, TITLES))


def test_without_a_query_the_end_point_describes_itself(portal: httpx.Client) -> None:
    answer = portal.get("/sparql")
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    store = pyoxigraph.Store()
    store.load(answer.content, format=RdfFormat.TURTLE)
    found = store.query(
        "PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>"
        " SELECT ?e { ?s a sd:Service ; sd:endpoint ?e ; sd:feature sd:UnionDefaultGraph }"
    )
    assert [row["e"].value for row in found] == [str(portal.base_url.join("/sparql"))]


def test_graphs_may_be_chosen_by_from_and_by_the_protocol(portal: httpx.Client) -> None:
    iri = titled("Bridgmanite", "two").iri
    assert titles(ask(portal, TITLES.replace("WHERE", f"FROM <{iri}> WHERE"))) == {"Bridgmanite"}
    answer = portal.get("/sparql", params={"query": TITLES, "default-graph-uri": iri})
    assert titles(answer) == {"Bridgmanite"}
    named = TITLES.replace("{", "{ GRAPH ?g {") + "}"
    answer = portal.get("/sparql", params={"query": named, "named-graph-uri": iri})
    assert titles(answer) == {"Bridgmanite"}


def test_a_query_sees_what_was_filed_since_the_server_began(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    Catalogue(folder).file(titled("First", "one"))
    with serving(folder) as portal:
        assert titles(ask(portal, TITLES)) == {"First"}
        Catalogue(folder).file(titled("Second", "two"))
        assert titles(ask(portal, TITLES)) == {"First", "Second"}


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        ({"params": {"query": "SELECT * WHERE {"}}, 400, "not a SPARQL query: error at 1:"),
        ({"params": {"query": ""}}, 400, "SELECT, ASK, CONSTRUCT, DESCRIBE is missing"),
        ({"params": [("query", TITLES), ("query", TITLES)]}, 400, "there are 2 queries"),
        ({"params": {"query": "DELETE WHERE { ?s ?p ?o }"}}, 400, "only answers queries"),
        ({"params": {"query": "PREFIX a: <http://a/> LOAD <http://a/b>"}}, 400, "only answers queries"),
        ({"params": {"update": "CLEAR ALL"}}, 400, "only answers queries"),
        ({"params": {"query": "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }"}}, 400, "none is fetched"),
        ({"params": {"query": "SELECT * FROM NAMED <http://a/> {}"}}, 400, "none is fetched"),
        ({"params": {"query": "SELECT * FROM a:b { ?s ?p ?o }"}}, 400, "in full"),
        ({"params": {"query": f"SELECT * {{ {'?s ?p ?o .' * 20_000} }}"}, "post": True}, 413, "at most"),
        ({"params": {"query": f"SELECT * {{ {'{' * 20_000}"}, "post": True}, 503, "ask for less"),
    ],
)  # fmt: skip
def test_what_is_no_query_is_refused_with_a_reason(
    portal: httpx.Client, request_: dict, status: int, said: str
) -> None:
    if request_.get("post"):
        answer = portal.post("/sparql", data=request_["params"])
    else:
        answer = portal.get("/sparql", params=request_["params"])
    assert answer.status_code == status, answer.text
    assert said in message(answer)


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"CLEAR ALL", "application/sparql-update", 400),
        (b"update=CLEAR+ALL", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 400),
        (b"query=%FF", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/sparql-query", 400),
        (b"{}", "application/json", 415),
        (b"a=1&" * 5000, "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_is_posted_otherwise_is_refused(
    portal: httpx.Client, content: bytes, media_type: str, status: int
) -> None:
    answer = portal.post("/sparql", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == status
    assert message(answer)


# -- nothing is reached ------------------------------------------------------------------------


class Outside:
    """A server that no query is to reach; it counts who does."""

    def __init__(self) -> None:
        outside = self
        self.reached = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.reached += 1
                self.send_response(500)
                self.end_headers()

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    outside = Outside()
    yield outside
    outside.server.shutdown()
    outside.server.server_close()


CALLS = [
    "SELECT * { SERVICE <U> { ?s ?p ?o } }",
    "SELECT * { service silent <U> { ?s ?p ?o } }",
    "SELECT * { { SELECT ?s { SERVICE SILENT <U> { ?s ?p ?o } } } }",
    "SELECT * { OPTIONAL { FILTER NOT EXISTS { SERVICE <U> { ?s ?p ?o } } } }",
    "SELECT * { BIND(<U> AS ?u) SERVICE ?u { ?s ?p ?o } }",
    "PREFIX : <U> SELECT * { SERVICE:x { ?s ?p ?o } }",
    "SELECT * { VALUES ?s { 1 } ?s ?p 1SERVICE <U> { ?s ?p ?o } }",
    "SELECT * { ?s ?p trueSERVICE <U> { ?s ?p ?o } }",
    "SELECT * { #\rSERVICE <U> { ?s ?p ?o }\n }",
    "SELECT * { BIND(0 AS ?a) FILTER(?a<1)SERVICE#>\n<U> { ?s ?p ?o } }",
    "SELECT * { BIND('' AS ?a) FILTER(?a<'>')SERVICE <U> { ?s ?p ?o } #'\n }",
    "PREFIX urn: <urn:> SELECT * { BIND(urn:x AS ?a) FILTER(?a<urn:x#>'''\n||true)SERVICE <U> {} #'''\n }",
    "SELECT * { ?s <http://a\\u0062#x> ?o . SERVICE <U> { ?s ?p ?o } }",
    "PREFIX e: <http://e/> SELECT * { OPTIONAL { ?s ?p e:a\\'b } SERVICE <U> { ?s ?p ?o } #'\n }",
    "SELECT * { BIND('\\' SERVICE <U> {' AS ?a) SERVICE <U> { ?s ?p ?o } }",
    "SELECT * { BIND('''a'''' AS ?a) SERVICE <U> { ?s ?p ?o } }",
    "DESCRIBE ?s { SERVICE <U> { ?s ?p ?o } }",
    "CONSTRUCT { ?s ?p ?o } { SERVICE <U> { ?s ?p ?o } }",
    "ASK { SERVICE <U> { ?s ?p ?o } }",
]


@pytest.mark.parametrize("query", CALLS)
def test_no_query_reaches_another_server(portal: httpx.Client, outside: Outside, query: str) -> None:
    answer = ask(portal, query.replace("U", outside.address))
    assert answer.status_code == 400
    assert outside.reached == 0


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?service { ?service ?p ?o } # SERVICE <http://a/> {}",
        "SELECT * { ?s a <http://www.w3.org/ns/sparql-service-description#Service> }",
        "PREFIX sd: <http://www.w3.org/ns/sparql-service-description#> SELECT * { ?s a sd:Service }",
        "SELECT * { ?s ?p 'SERVICE <http://a/> {}'@en-service }",
        "SELECT * { ?s ?p '''it's SERVICE''' , \"\"\"\"SERVICE\"\"\" }",
        "SELECT * { _:service ?p ?o FILTER(?o<5&&?o>3) }",
        "PREFIX dcat: <http://www.w3.org/ns/dcat#> # FROM <http://a/>\nASK { ?s dcat:service ?o }",
    ],
)
def test_the_word_may_stand_where_it_is_only_a_word(portal: httpx.Client, query: str) -> None:
    answer = ask(portal, query)
    assert answer.status_code == 200, answer.text


PIECES = [
    "SERVICE", " SERVICE ", "SERVICE<U>", "<U>", "<", ">", "<1", "'", '"', "'''", '"""', "#", "\n", "\r",
    "\\'", "\\u0027", "FILTER(?a", "BIND(0 AS ?a)", ")", "{ ?s ?p ?o }", "?s ?p ", "urn:x", "e:a", ":", ".",
    ";", "1", "true", "?a", "@en", "\\#", "VALUES ?a { 0 }", "||", "&&", "|| true)", "{", "}", " ", "x", "''",
    "SILENT ", "_:b", "<urn:x#>", "<'>",
]  # fmt: skip


def test_whatever_is_let_through_reaches_nothing(outside: Outside) -> None:
    store = pyoxigraph.Store()
    store.add(Quad(NamedNode("urn:s"), NamedNode("urn:p"), Literal(0), NamedNode("urn:g")))
    dice = random.Random(20210601)
    prefixes = "PREFIX urn: <urn:> PREFIX e: <urn:e> PREFIX : <U> "
    passed = parsed = 0
    for _ in range(5000):
        inside = "".join(dice.choice(PIECES) for _ in range(dice.randint(2, 12)))
        after = dice.choice(PIECES)
        text = f"{prefixes}SELECT * {{ BIND(0 AS ?a) {inside} SERVICE <U> {{ ?s ?p ?o }} {after}\n }}"
        try:
            query = read(text.replace("U>", f"{outside.address}>"))
        except UsageError:
            continue
        passed += 1
        try:
            store.query(query.text, use_default_graph_as_union=True)
            parsed += 1
        except (SyntaxError, OSError, ValueError):
            pass
    assert passed > 25
    assert parsed > 2
    assert outside.reached == 0


# -- nothing lasts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        PRODUCT,
        "SELECT (GROUP_CONCAT(CONCAT(?a, ?b)) AS ?all) WHERE { ?x ?y ?a . ?z ?w ?b . ?q ?v ?u }",
        "ASK { ?a (!<urn:x>|^!<urn:x>)* ?b . ?b (!<urn:x>|^!<urn:x>)* ?c . ?c (!<urn:x>|^!<urn:x>)* ?d ."
        " ?d (!<urn:x>|^!<urn:x>)* ?e FILTER(STRLEN(CONCAT(STR(?a), STR(?e))) < 0) }",
        "SELECT ?z WHERE { BIND('0123456789' AS ?a0) "
        + " ".join(f"BIND(CONCAT({', '.join([f'?a{n}'] * 10)}) AS ?a{n + 1})" for n in range(10))
        + " BIND(STRLEN(?a10) AS ?z) }",
    ],
    ids=["product", "text", "paths", "growth"],
)
def test_a_query_that_never_ends_is_ended_and_the_next_is_answered(portal: httpx.Client, query: str) -> None:
    answer = ask(portal, query)
    assert answer.status_code == 503
    assert "ask for less" in message(answer)
    assert titles(ask(portal, TITLES)) == {"Ferropericlase", "Bridgmanite"}


def test_an_answer_without_end_is_refused(portal: httpx.Client) -> None:
    answer = ask(portal, "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", "text/csv")
    assert answer.status_code in (413, 503)
    assert "ask for less" in message(answer)


def test_many_at_once_are_answered_or_told_to_come_again(portal: httpx.Client) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: ask(portal, PRODUCT if number % 2 else TITLES), range(16)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert any("too many queries" in message(answer) for answer in answers if answer.status_code == 503)
    assert titles(ask(portal, TITLES)) == {"Ferropericlase", "Bridgmanite"}


def test_the_interface_is_documented(portal: httpx.Client) -> None:
    operation = portal.get("/openapi.json").json()["paths"]["/sparql"]
    assert "application/sparql-query" in json.dumps(operation["post"]["requestBody"])
    example = next(each for each in operation["get"]["parameters"] if each["name"] == "query")["example"]
    assert ask(portal, example).status_code == 200
