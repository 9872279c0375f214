"""Which class extends which, from the first line of each NXDL file and without compiling any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from lxml import etree

from nxspectra.nxdl.compiler import LARGEST
from nxspectra.nxdl.library import Library


def descendants(shelf: Library) -> Mapping[str, tuple[str, ...]]:
    """By base class the names of those that extend it, near or far; files that are no NXDL are left out."""
    parents = dict(_parents(shelf))
    below: dict[str, list[str]] = {}
    for name in parents:
        seen = {name}
        here = parents.get(name)
        while here is not None and here not in seen:
            below.setdefault(here, []).append(name)
            seen.add(here)
            here = parents.get(here)
    return {name: tuple(names) for name, names in below.items()}


def _parents(shelf: Library) -> Iterator[tuple[str, str]]:
    for name, path in sorted(shelf.files.items()):
        try:
            status = path.stat()
        except OSError:
            continue
        parent = _parent(path, status.st_mtime_ns) if status.st_size <= LARGEST else None
        if parent is not None:
            yield name, parent


@lru_cache(maxsize=4096)
def _parent(path: Path, _changed: int) -> str | None:
    """What the class of a file extends; None if the file is no base class."""
    try:
        with path.open("rb") as file:
            events = etree.iterparse(
                file, events=("start",), resolve_entities=False, no_network=True, load_dtd=False
            )
            for _, root in events:
                base = etree.QName(root).localname == "definition" and root.get("category") == "base"
                return str(root.get("extends")) if base and root.get("extends") else None
    except (OSError, etree.XMLSyntaxError):
        return None
    return None
