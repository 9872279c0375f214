"""Reports as JSON Lines, one object a file; appdefs/report.schema.json says what is in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from nxspectra.reports import Outcome


def json_lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """A line for each file, as soon as it is known."""
    for outcome in outcomes:
        yield json.dumps(outcome.as_json(), ensure_ascii=False, allow_nan=False) + "\n"
