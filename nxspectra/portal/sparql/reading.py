"""A query as it may be handed on: it asks only what is here, and whoever parses it next sees what we saw.

The library that answers queries has no switch for SERVICE, which fetches from any address. So a query is cut
into tokens by the terminals of SPARQL 1.1 (https://www.w3.org/TR/sparql11-query/#sparqlGrammar), and refused
if one holds that keyword. A parser may cut differently in two places, and both are closed:

- `?a<b:c#>` is an IRI, or `?a < b:c` and a comment, as the grammar around it has it. In the text that is
  handed on there are no comments, and nothing in what looks like an IRI could start a comment or a string,
  or be a keyword: it is written with escapes.
- A keyword may stick to what stands before it (`1SERVICE`). It is refused as a part of any word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nxspectra.errors import UsageError

_TOKENS = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>\#[^\r\n]*)
    | (?P<iri><(?:[^<>"{}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*>)
    | (?P<string>'''(?:'{0,2}(?:[^'\\]|\\.))*'''|\"\"\"(?:"{0,2}(?:[^"\\]|\\.))*\"\"\"
                |'(?:[^'\\\r\n]|\\.)*'|"(?:[^"\\\r\n]|\\.)*")
    | (?P<variable>[?$]\w+)
    | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<blank>_:\w(?:\w|-)*)
    | (?P<name>(?P<prefix>(?:\w(?:[\w.-]*[\w-])?)?):
               (?:(?:\w|:|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-])
                  (?:\w|[:-]|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-])*)?)
    | (?P<word>\w+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_UNPLAIN = re.compile(r"[^A-Za-z0-9/:.?=&%_~@!$+,;*()\\-]")
"""What in an IRI is written as an escape; a backslash is one already."""
_FORBIDDEN = re.compile(r'[<>"{}|^`\\\x00-\x20]')
_SERVICE = re.compile("service", re.IGNORECASE)
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_UPDATES = ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH")


@dataclass(frozen=True, slots=True)
class Query:
    """A query that may be handed on."""

    text: str
    """It means what was asked, without comments."""
    form: str
    """SELECT, ASK, CONSTRUCT or DESCRIBE."""
    default_graphs: tuple[str, ...] = ()
    """IRIs after FROM; all graphs if there are neither these nor those."""
    named_graphs: tuple[str, ...] = ()
    """IRIs after FROM NAMED."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    line: int


def read(text: str) -> Query:
    """The query in `text`. Raises UsageError if it is none, or asks for what is not done here.

    Only what must be known beforehand is looked at; whether the grammar is kept, its parser says.
    """
    tokens = list(_tokens(text))
    words = [token for token in tokens if token.kind not in ("space", "comment")]
    for token in words:
        _refuse(token)
    default_graphs, named_graphs = _data_set(words)
    form = _form(words)
    return Query("".join(_handed_on(token) for token in tokens), form, default_graphs, named_graphs)


def _tokens(text: str) -> Iterator[Token]:
    line = 1
    for match in _TOKENS.finditer(text):
        kind, what = match.lastgroup or "other", match[0]
        yield Token("name" if kind == "prefix" else kind, what, line)
        line += what.count("\n")


def _refuse(token: Token) -> None:
    said = token.text
    if token.kind == "name":
        said = said.partition(":")[0]
    if token.kind in ("word", "name") and "service" in said.casefold():
        raise UsageError(
            f"line {token.line}: {token.text[:50]}: this end point asks no other (SERVICE);"
            " a query is answered from what is here"
            + ("; call the prefix something else" if token.kind == "name" else "")
        )
    if token.text == "\\":
        raise UsageError(f"line {token.line}: an escape (\\) may stand in strings, IRIs and local names only")
    if token.kind == "iri" and _FORBIDDEN.search(_unescaped(token.text[1:-1])):
        raise UsageError(f"line {token.line}: {token.text[:100]} is not an IRI")


def _form(words: list[Token]) -> str:
    """The first keyword that says what is asked."""
    for number, token in enumerate(words):
        word = token.text.upper()
        if token.kind != "word" or word in ("BASE", "PREFIX", "VERSION"):
            continue
        if word in _FORMS:
            return word
        if word in _UPDATES:
            raise UsageError(f"{word} changes data, and this end point only answers queries")
        if number == 0 or words[number - 1].text.upper() != "PREFIX":
            break
    raise UsageError(f"not a SPARQL query: {', '.join(_FORMS)} is missing where it should begin")


def _data_set(words: list[Token]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """IRIs after FROM and after FROM NAMED."""
    default: list[str] = []
    named: list[str] = []
    for number, token in enumerate(words):
        if token.kind != "word" or token.text.upper() != "FROM":
            continue
        into, place = default, number + 1
        if words[place:] and words[place].text.upper() == "NAMED":
            into, place = named, number + 2
        graph = words[place] if words[place:] else None
        if graph is None or graph.kind != "iri":
            raise UsageError(
                f"line {token.line}: after FROM the IRI of a graph is wanted, in full: <http://…>"
            )
        into.append(_unescaped(graph.text[1:-1]))
    return tuple(default), tuple(named)


def _unescaped(iri: str) -> str:
    return _ESCAPED.sub(lambda found: chr(min(int(found[1] or found[2], 16), 0x10FFFF)), iri)


def _handed_on(token: Token) -> str:
    if token.kind == "comment":
        return " "
    if token.kind != "iri":
        return token.text
    inside = _UNPLAIN.sub(lambda found: _escape(found[0]), token.text[1:-1])
    return f"<{_SERVICE.sub(lambda found: _escape(found[0][0]) + found[0][1:], inside)}>"


def _escape(mark: str) -> str:
    return f"\\u{ord(mark):04X}" if ord(mark) <= 0xFFFF else f"\\U{ord(mark):08X}"
