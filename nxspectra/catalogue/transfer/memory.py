"""The memory file of the reference server of the PaN search API (LoopBack's memory connector).

    {"ids": {"Dataset": 5, ..}, "models": {"Dataset": {KEY: "{\\"pid\\": ..}", ..}, "File": {..}, ..}}

Every thing is JSON in a string. They are joined by foreign keys (`instrumentId`), and those of which one may
have many by a model of their own (`DatasetTechnique`), as https://github.com/panosc-eu/search-api has them.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nxspectra.catalogue.record import Record, Source
from nxspectra.catalogue.transfer.things import WHERE, Reader
from nxspectra.errors import FileError
from nxspectra.findings import Finding, Severity
from nxspectra.settings import Settings

LARGEST = 2 * 1024**3
"""Bytes of a file that is read at once."""
OF_DATASETS = {"files": "File", "parameters": "Parameter"}
"""Relations whose things point to a data set."""
BETWEEN = {"techniques": "Technique", "samples": "Sample", "documents": "Document"}
"""Relations by a model between."""
KNOWN = {"dataset", "document", "instrument", "sample", "technique", "parameter", "file", "member"}
KNOWN |= {"person", "affiliation"}


@dataclass(frozen=True, slots=True)
class Imported:
    """What was in a file: the data sets that can be kept, and what was wrong."""

    records: tuple[Record, ...]
    findings: tuple[Finding, ...]


def read(path: Path, settings: Settings | None = None) -> Imported:
    """The data sets in a memory file.

    Raises FileError if it cannot be read, or is no memory file; whatever is wrong with single things is in
    the findings, at `MODEL/KEY`.
    """
    reader = Reader(Source("imported", path.name), settings or Settings.load())
    memory = _Memory(_models(path), reader)
    records: dict[str, Record] = {}
    for key, thing in memory.things("Dataset").items():
        record = reader.record(memory.joined(key, thing), f"Dataset/{key}")
        if record is None:
            continue
        if record.pid in records:
            reader.tell(f"Dataset/{key}", "same-pid", f"{record.pid!r} is there twice; the first is kept")
        records.setdefault(record.pid, record)
    memory.tell_left_out()
    return Imported(tuple(records.values()), tuple(dict.fromkeys(reader.findings)))


def _models(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise FileError(f"{path}: has more than {LARGEST // 1024**3} GiB; that is no memory file")
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: is not JSON: {error}") from None
    models = content.get("models") if isinstance(content, dict) else None
    if not isinstance(models, dict):
        raise FileError(f'{path}: is not a memory file of LoopBack: there are no "models" in it')
    return models


class _Memory:
    """The things of a file, by model and key."""

    def __init__(self, models: Mapping[str, Any], reader: Reader) -> None:
        self.reader = reader
        self._models = {_name(name): (name, things) for name, things in models.items()}
        self._things: dict[str, dict[str, dict[str, Any]]] = {}
        self._many: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
        self._named: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {}
        self._used: dict[str, set[str]] = defaultdict(set)

    def things(self, model: str) -> dict[str, dict[str, Any]]:
        """Of a model, by key."""
        name = _name(model)
        if name not in self._things:
            self._things[name] = dict(self._parsed(*self._models.get(name, (model, {}))))
        return self._things[name]

    def _parsed(self, model: str, things: object) -> Iterator[tuple[str, dict[str, Any]]]:
        if not isinstance(things, dict):
            self.reader.tell(
                model, "no-model", "is not an object of things; it is left out", Severity.VIOLATION
            )
            return
        for key, text in things.items():
            where = f"{model}/{key}"
            try:
                thing = json.loads(text, parse_constant=_no_number) if isinstance(text, str) else text
            except (ValueError, RecursionError) as error:
                message = f"is not JSON ({error}); it is left out"
                self.reader.tell(where, "no-json", message, Severity.VIOLATION)
                continue
            if isinstance(thing, dict):
                yield key, thing
            else:
                self.reader.tell(where, "no-object", "is not an object; it is left out", Severity.VIOLATION)

    # -- joins ---------------------------------------------------------------------------------

    def joined(self, key: str, dataset: dict[str, Any]) -> dict[str, Any]:
        """A data set with all that it is joined with, as the API would answer it."""
        where = f"Dataset/{key}"
        names = {str(dataset[name]) for name in ("pid", "id") if dataset.get(name) is not None} | {key}
        made = dict(dataset)
        for relation, model in OF_DATASETS.items():
            found = self._pointing(model, "dataset", names)
            if found:
                made[relation] = [*_listed(dataset.get(relation)), *found]
        for relation, model in BETWEEN.items():
            found = list(self._between(model, names))
            if found:
                made[relation] = [*_listed(dataset.get(relation)), *found]
        for relation in ("instrument", "document"):
            found = list(self._pointed_to(dataset, relation.title(), where))
            if found:
                made[relation] = found
        for name in ("documents", "document"):
            if name in made:
                made[name] = [self._document(each) for each in _listed(made[name])]
        return made

    def _document(self, document: Any) -> Any:
        """A document with its members, and with parameters of its own."""
        if not isinstance(document, dict):
            return document
        names = {str(document[name]) for name in ("pid", "id") if document.get(name) is not None}
        members = []
        for member in self._pointing("Member", "document", names):
            where = member[WHERE]
            one = dict(member)
            for relation in ("person", "affiliation"):
                found = list(self._pointed_to(member, relation.title(), where))
                if found:
                    one[relation] = found
            members.append(one)
        parameters = self._pointing("Parameter", "document", names)
        return {
            **document,
            "members": [*_listed(document.get("members")), *members],
            "parameters": [*_listed(document.get("parameters")), *parameters],
        }

    def _pointing(self, model: str, to: str, names: set[str]) -> list[dict[str, Any]]:
        """Things of a model whose foreign key is one of these."""
        if (model, to) not in self._many:
            by_key: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for key, thing in self.things(model).items():
                pointed = _foreign_key(thing, to)
                if pointed is not None:
                    by_key[pointed].append({"id": key, **thing, WHERE: f"{model}/{key}"})
            self._many[model, to] = by_key
        by_key = self._many[model, to]
        return [thing for name in sorted(names) for thing in by_key.get(name, ())]

    def _between(self, model: str, names: set[str]) -> Iterator[dict[str, Any]]:
        """Things of a model that a model between joins with a data set."""
        for between in (f"Dataset{model}", f"{model}Dataset"):
            for join in self._pointing(between, "dataset", names):
                yield from self._pointed_to(join, model, join[WHERE])

    def _pointed_to(self, thing: dict[str, Any], model: str, where: str) -> Iterator[dict[str, Any]]:
        """The thing of a model that a foreign key names; one that is not there is told."""
        key = _foreign_key(thing, model)
        if key is None:
            return
        found = self._by_any_name(model).get(key)
        if found is None:
            said = f"names the {model.lower()} {key!r}, which is not in the file"
            self.reader.tell(where, "dangling-key", said)
        else:
            self._used[_name(model)].add(found[0])
            yield {"id": found[0], **found[1], WHERE: f"{model}/{found[0]}"}

    def _by_any_name(self, model: str) -> dict[str, tuple[str, dict[str, Any]]]:
        """Things by key, pid and id."""
        if model not in self._named:
            names: dict[str, tuple[str, dict[str, Any]]] = {}
            for key, thing in self.things(model).items():
                for name in (key, thing.get("pid"), thing.get("id")):
                    if name is not None:
                        names.setdefault(str(name), (key, thing))
            self._named[model] = names
        return self._named[model]

    # -- what is not kept ----------------------------------------------------------------------

    def tell_left_out(self) -> None:
        """Things that no data set leads to, and models that are none of the PaN search API."""
        for model in ("Document", "Instrument"):
            left = len(self.things(model)) - len(self._used[_name(model)])
            if left > 0:
                said = f"{left} belong to no data set and are left out: a catalogue is one of data sets"
                self.reader.tell(model, "belongs-to-none", said, Severity.INFO)
        for name, things in self._models.values():
            known = _name(name) in KNOWN or any(
                _name(name) in (_name(f"Dataset{each}"), _name(f"{each}Dataset")) for each in BETWEEN.values()
            )
            if not known and things:
                self.reader.tell(
                    name, "unknown-model", "is no model of data sets; it is left out", Severity.INFO
                )


def _name(model: str) -> str:
    """A name as it is compared: `Dataset`, `datasets` and `data_set` are one."""
    plain = re.sub(r"[^a-z]", "", model.lower())
    return "person" if plain == "people" else plain.removesuffix("s")


def _foreign_key(thing: Mapping[str, Any], model: str) -> str | None:
    """The key of a thing of that model: `instrumentId`, `instrument_id`, `instrumentPid`, `instrumentid`."""
    wanted = {f"{model.lower()}{end}" for end in ("id", "pid")}
    for name, value in thing.items():
        if re.sub(r"[^a-z]", "", name.lower()) in wanted and isinstance(value, str | int) and value != "":
            return str(value)
    return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
