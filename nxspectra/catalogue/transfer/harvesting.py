"""All public data sets of a provider, through its PaN search API, page by page.

    for page in Harvest("https://search.example.org/api", folder):
        print(page.done, page.of)
    harvest.records()

What was taken is kept in the folder, so that a harvest that broke off goes on where it was.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nxspectra.catalogue.record import Record, Source
from nxspectra.catalogue.transfer.things import Reader
from nxspectra.errors import FileError, ServerFailed, UsageError
from nxspectra.files import write_whole
from nxspectra.findings import Finding, Severity
from nxspectra.servers import Answer, Server
from nxspectra.settings import Settings

ATTEMPTS = 6
"""Requests for one page, before it is given up."""
LONGEST_WAIT = 60.0
"""Seconds."""
STALE = 24 * 3600
"""Seconds after which what is left of a harvest that broke off is too old to go on from."""

_PEOPLE = [{"relation": "person"}, {"relation": "affiliation"}]
_MEMBERS = {"include": [{"relation": "members", "scope": {"include": _PEOPLE}}]}
WISHES: tuple[tuple[Mapping[str, Any], ...], ...] = (
    (
        {"relation": "documents", "scope": _MEMBERS},
        {"relation": "document", "scope": _MEMBERS},
        {"relation": "documents"},
        {"relation": "document"},
    ),
    ({"relation": "instrument"},),
    ({"relation": "techniques"},),
    ({"relation": "samples"},),
    ({"relation": "parameters"},),
    ({"relation": "files"},),
)
"""What data sets are wanted with; of alternatives the first that a provider answers."""


@dataclass(frozen=True, slots=True)
class Page:
    """How far a harvest is."""

    done: int
    of: int | None
    """None if the provider does not say."""


class Harvest:
    """A harvest of one provider; iterate over it to make it, then take its records."""

    def __init__(
        self,
        address: str,
        folder: Path,
        *,
        page: int = 100,
        pause: float = 0.2,
        settings: Settings | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`folder`: where to keep what was taken; `pause`: seconds between requests."""
        self.address, self.page, self.pause = address.rstrip("/"), page, pause
        self._server = Server(self.address, timeout=60, most_bytes=64 * 1024**2)
        self._partial = folder / ".harvest.partial"
        self._reader = Reader(Source("harvested", self.address), settings or Settings.load())
        self._sleep = sleep
        self._records: dict[str, Record] = {}
        self._seen: set[str] = set()
        """Pids, also of what is not kept."""

    @property
    def findings(self) -> list[Finding]:
        return self._reader.findings

    def records(self) -> list[Record]:
        """What was harvested, in the order of pids."""
        return [self._records[pid] for pid in sorted(self._records)]

    def forget(self) -> None:
        """The records are in the catalogue now."""
        self._partial.unlink(missing_ok=True)

    def __iter__(self) -> Iterator[Page]:
        """Raises ServerFailed if the provider does not answer as it should."""
        total, order = self._find(), self._order()
        include = self._wishes()
        skip = self._resumed()
        yield Page(len(self._records), total)
        while things := self._things({"include": include, **order, "limit": self.page, "skip": skip}):
            known = len(self._seen)
            new = self._taken(things, skip)
            if len(self._seen) == known:
                if len(things) > self.page:
                    break  # it takes no `limit`, and has given all before
                raise ServerFailed(
                    f"{self.address}: gives the same data sets page after page; does it take no `skip`?"
                )
            skip += len(things)
            self._keep(skip, new)
            yield Page(len(self._records), total)
        if total is not None and len(self._records) < total:
            said = f"says that it has {total} data sets, and gave {len(self._records)} that can be kept"
            self._reader.tell(self.address, "fewer-than-said", said)

    # -- asking --------------------------------------------------------------------------------

    def _find(self) -> int | None:
        """The number of data sets; the address may be that of the interface, or what it is below."""
        answer = self._asked("/Datasets", {"limit": 1})
        if answer.status == 404 and not self.address.endswith("/api"):
            below = Server(f"{self.address}/api", timeout=60, most_bytes=self._server.most_bytes)
            first, self._server = self._server, below
            answer = self._asked("/Datasets", {"limit": 1})
            if answer.status == 404:
                self._server = first
        self._list(answer)
        counted = self._request("/Datasets/count", {})
        try:
            number = json.loads(counted.body)["count"] if counted.status == 200 else None
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return number if isinstance(number, int) and 0 <= number < 2**63 else None

    def _order(self) -> Mapping[str, Any]:
        """So that pages follow each other, where the provider can sort."""
        order = {"order": "pid ASC"}
        return order if self._asked("/Datasets", {**order, "limit": 1}).status == 200 else {}

    def _wishes(self) -> list[Mapping[str, Any]]:
        """What this provider answers data sets with."""
        taken = []
        for alternatives in WISHES:
            for wish in alternatives:
                if self._asked("/Datasets", {"include": [wish], "limit": 1}).status == 200:
                    taken.append(wish)
                    break
            else:
                said = f"does not answer data sets with their {alternatives[-1]['relation']}"
                self._reader.tell(self.address, "no-relation", said)
        return taken

    def _things(self, asked: Mapping[str, Any]) -> list[Any]:
        return self._list(self._asked("/Datasets", asked))

    def _list(self, answer: Answer) -> list[Any]:
        if answer.status != 200:
            raise self._server.failed("data sets were asked for", answer)
        try:
            things = json.loads(answer.body)
        except (ValueError, RecursionError):
            said = answer.media_type or "something"
            raise ServerFailed(f"{self._server.address}: data sets were asked for, it sent {said}") from None
        if not isinstance(things, list):
            raise ServerFailed(f"{self._server.address}: a list of data sets was asked for, it sent none")
        return things

    def _asked(self, path: str, asked: Mapping[str, Any]) -> Answer:
        return self._request(path, {"filter": json.dumps(asked, separators=(",", ":"))})

    def _request(self, path: str, query: Mapping[str, str]) -> Answer:
        """The answer; asked again after a while if there is none, or the provider has too much to do."""
        wait = 1.0
        for attempt in range(1, ATTEMPTS + 1):
            self._sleep(self.pause)
            try:
                answer = self._server.request("GET", path, query, headers={"Accept": "application/json"})
            except ServerFailed:
                if attempt == ATTEMPTS:
                    raise
            else:
                if answer.status not in (429, 500, 502, 503, 504) or attempt == ATTEMPTS:
                    return answer
                if answer.status == 500 and attempt > 1:
                    return answer  # a defect rather than a bad moment
                wait = max(wait, _seconds(answer.headers.get("retry-after")))
            self._sleep(min(wait, LONGEST_WAIT))
            wait *= 2
        raise ServerFailed(f"{self.address}: no answer")  # pragma: no cover

    # -- taking --------------------------------------------------------------------------------

    def _taken(self, things: list[Any], skip: int) -> list[Record]:
        """The records of a page that are new."""
        new = []
        for number, thing in enumerate(things, start=skip):
            where = f"Datasets/{number}"
            if not isinstance(thing, dict):
                self._reader.tell(where, "no-object", "is not an object; it is left out", Severity.VIOLATION)
                continue
            self._seen.add(str(thing.get("pid")))
            if thing.get("isPublic") is False:
                self._reader.tell(where, "not-public", "is not public; it is left out", Severity.INFO)
                continue
            pid = thing.get("pid")
            record = self._reader.record(thing, f"Datasets/{pid}" if isinstance(pid, str) else where)
            if record is not None and record.pid not in self._records:
                self._records[record.pid] = record
                new.append(record)
        return new

    def _resumed(self) -> int:
        """How many data sets were taken by a harvest that broke off; 0 if there was none."""
        try:
            if time.time() - self._partial.stat().st_mtime > STALE:
                self._partial.unlink()
                return 0
            lines = self._partial.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return 0
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"{self._partial}: cannot be read: {error}; remove it to begin anew") from None
        skip, whole = 0, []
        for line in lines:
            try:
                page = json.loads(line)
                if page["address"] != self.address or page["page"] != self.page:
                    break
                for text in page["records"]:
                    record = Record.from_json(text)
                    self._records[record.pid] = record
                skip = int(page["skip"])
            except (ValueError, KeyError, TypeError, UsageError):
                break  # it broke off while this was written
            whole.append(f"{line}\n")
        write_whole(self._partial, whole)
        self._seen = set(self._records)
        return skip

    def _keep(self, skip: int, new: list[Record]) -> None:
        page = {
            "address": self.address,
            "page": self.page,
            "skip": skip,
            "records": [record.as_json() for record in new],
        }
        try:
            self._partial.parent.mkdir(parents=True, exist_ok=True)
            with self._partial.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(page) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise FileError(f"{self._partial}: cannot be written: {error.strerror}") from None


def _seconds(said: str | None) -> float:
    """What a Retry-After says, in seconds; a date is not waited for."""
    return float(said) if said is not None and said.isdigit() and len(said) < 6 else 0.0
