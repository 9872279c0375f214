"""What a check of files found, written for whoever reads it: people, scripts, code hosts, build servers.

Each form is a function from outcomes, as they come, to the pieces of a text, so that a thousand files can be
told while the last ones are still being looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from nxspectra.findings import Report, Severity


@dataclass(frozen=True, slots=True)
class Unread:
    """A file about which nothing can be said, and why."""

    file: str
    error: str

    def as_json(self) -> dict[str, str]:
        return {"file": self.file, "error": self.error}


Outcome: TypeAlias = Report | Unread
Form: TypeAlias = Callable[[Iterable[Outcome]], Iterator[str]]


def form(name: str, fail_on: str = "violation") -> Form:
    """The function that writes outcomes as `json`, `sarif` or `junit`; KeyError for another name.

    In JUnit XML, which knows only failed tests and others, findings from `fail_on` up are failed tests.
    """
    from nxspectra.reports import jsonlines, junit, sarif  # noqa: PLC0415  # loaded for who asks for one

    failing = (Severity.VIOLATION, Severity.WARNING) if fail_on == "warning" else (Severity.VIOLATION,)
    forms: Mapping[str, Form] = {
        "json": jsonlines.json_lines,
        "sarif": sarif.sarif,
        "junit": partial(junit.junit, failing=failing),
    }
    return forms[name]
