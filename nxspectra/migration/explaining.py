"""Which rules know a key, and why what was added to a file is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nxspectra.migration.crosswalk import Crosswalk, Refusal, Rule, Selection
from nxspectra.tree import Field, Group


@dataclass(frozen=True, slots=True)
class Knowing:
    """A rule or refusal that knows keys of a name."""

    id: str
    concept: str
    takes: bool
    keys: tuple[str, ...]
    within: tuple[str, ...]
    not_within: tuple[str, ...]
    why: str
    """The note of a rule, the reason of a refusal."""
    trust: str | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "concept": self.concept,
            "takes": self.takes,
            "keys": list(self.keys),
            "within": list(self.within),
            "not_within": list(self.not_within),
            "why": self.why,
            "trust": self.trust,
        }


def knowing(crosswalk: Crosswalk, key: str | None = None) -> tuple[Knowing, ...]:
    """The rules and refusals that know a key of this name or end of a path; all of them without a name."""
    names = () if key is None else tuple(step for step in key.split("/") if step)
    items: tuple[Rule | Refusal, ...] = (*crosswalk.refusals, *crosswalk.rules)
    return tuple(_known(item) for item in items if key is None or _ends(item.selection, names))


def _ends(selection: Selection, names: tuple[str, ...]) -> bool:
    """Does an end of the selection fit as many names as are given?"""
    return bool(names) and any(
        all(
            step.fullmatch(name)
            for step, name in zip(reversed(tail), reversed(names), strict=False)  # as far as both go
        )
        for tail in selection.tails
    )


def _known(item: Rule | Refusal) -> Knowing:
    text = item.text
    why, trust = (item.text.note, str(item.text.trust)) if isinstance(item, Rule) else (item.reason, None)
    return Knowing(
        item.id,
        item.concept.path,
        isinstance(item, Rule),
        (*text.keys, *text.patterns),
        text.within,
        text.not_within,
        why,
        trust,
    )


# -- a migrated file -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Traced:
    """Where one value of a migrated file came from, as the file itself says."""

    concept: str
    origin: str
    value: str
    units: str | None
    conversion: str | None
    rule: str
    trust: str
    agreeing: str | None
    facts_file: str | None
    checksum: str | None

    def as_json(self) -> dict[str, object]:
        return {
            "concept": self.concept,
            "origin": self.origin,
            "raw_value": self.value,
            "raw_units": self.units,
            "conversion": self.conversion,
            "rule": self.rule,
            "trust": self.trust,
            "agreeing": self.agreeing,
            "facts_file": self.facts_file,
            "sha256": self.checksum,
        }


@dataclass(frozen=True, slots=True)
class Account:
    """What a file says of how an entry of it was migrated."""

    path: str
    program: str
    version: str
    date: str
    source: tuple[str, str]
    """Name and checksum of the raw file."""
    crosswalk: tuple[str, str]
    traced: tuple[Traced, ...]
    added: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "path": self.path,
            "program": self.program,
            "version": self.version,
            "date": self.date,
            "source_file": {"file_name": self.source[0], "checksum": self.source[1]},
            "crosswalk": {"file_name": self.crosswalk[0], "checksum": self.crosswalk[1]},
            "mapping": [one.as_json() for one in self.traced],
            "added": list(self.added),
        }


def accounts(root: Group) -> tuple[Account, ...]:
    """Every account of a migration in the tree, in the order of their paths."""
    found = []
    for name, entry in root.of_class("NXentry"):
        for path, group in [(f"/{name}", entry), *_subentries(f"/{name}", entry)]:
            for child, process in group.of_class("NXprocess"):
                mapping = process.group("mapping")
                if child.startswith("migration") and mapping is not None:
                    found.append(_account(f"{path}/{child}", process, mapping))
    return tuple(sorted(found, key=lambda account: account.path))


def _subentries(path: str, entry: Group) -> Iterator[tuple[str, Group]]:
    for name, group in entry.of_class("NXsubentry"):
        yield f"{path}/{name}", group


def _account(path: str, process: Group, mapping: Group) -> Account:
    added = process.field("added_paths")
    rows = [node for node in mapping.children.values() if isinstance(node, Field)]
    return Account(
        path,
        _text(process, "program"),
        _text(process, "version"),
        _text(process, "date"),
        (_text(process, "source_file/file_name"), _text(process, "source_file/checksum")),
        (_text(process, "crosswalk/file_name"), _text(process, "crosswalk/checksum")),
        tuple(_traced(row) for row in rows),
        () if added is None else tuple(str(item) for item in added.array.reshape(-1)),
    )


def _text(group: Group, path: str) -> str:
    field = group.field(path)
    return "" if field is None else field.text or ""


def _traced(row: Field) -> Traced:
    def said(name: str) -> str | None:
        value = row.attributes.get(name)
        return None if value is None else str(value)

    return Traced(
        said("target") or "",
        row.text or "",
        said("raw_value") or "",
        said("raw_units"),
        said("conversion"),
        said("rule") or "",
        said("trust") or "",
        said("agrees_with"),
        said("file_name"),
        said("sha256"),
    )


def render_accounts(root: Group) -> str:
    """The accounts for people, as `migrate --explain` prints them."""
    lines = []
    for account in accounts(root):
        (source, digest), (crosswalk, rules) = account.source, account.crosswalk
        lines += [
            f"{account.path}: {account.program} {account.version}, {account.date}",
            f"  from {source} ({digest})",
            f"  by   {crosswalk} ({rules})",
        ]
        for one in account.traced:
            raw = " ".join(part for part in (one.value, one.units) if part)
            how = ", ".join(dict.fromkeys(filter(None, (one.conversion, one.trust, one.rule))))
            lines.append(f"  {one.concept} = {raw}  from {one.origin} ({how})")
            if one.agreeing:
                lines.append(f"      agrees with {one.agreeing}")
            if one.facts_file:
                lines.append(f"      {one.facts_file} {one.checksum or ''}".rstrip())
        lines.append(f"  {len(account.added)} paths were added")
    return "\n".join(lines) + ("\n" if lines else "")
