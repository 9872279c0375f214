"""The NXprocess that says how an entry was migrated, so that every value can be traced and taken away."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import PurePath

from nxspectra import __version__
from nxspectra.migration.crosswalk import Crosswalk
from nxspectra.migration.outcome import Found, State
from nxspectra.spectra import raw_file
from nxspectra.tree import Attribute, Field, Group, Link, Node, Unreadable

PROGRAM = "nxspectra"
TREE_DIGEST = "sha256 of the tree"
"""Algorithm of the checksum where there was no file: of names, attributes and values."""


def account(source: Group, crosswalk: Crosswalk, found: tuple[Found, ...], when: datetime) -> Group:
    """The NXprocess `migration`, saying who did what, when, from which file, by which rules."""
    return Group(
        "NXprocess",
        {
            "program": Field(PROGRAM),
            "version": Field(__version__),
            "date": Field(when.isoformat(timespec="seconds")),
            "source_file": source_note(source),
            "crosswalk": _crosswalk_note(crosswalk),
            "mapping": Group(
                "NXparameters", {_name(one): _row(one) for one in found if one.state is State.PLACED}
            ),
        },
    )


def source_note(root: Group) -> Group:
    """Name and digest of the raw file, as an earlier account has them; of the tree if there never was one."""
    raw = raw_file(root)
    if raw is not None:
        return raw.note
    if root.source is None:
        return _note("(not from a file)", tree_digest(root), TREE_DIGEST)
    return _note(PurePath(root.source.path).name, root.source.digest, "sha256")


def _crosswalk_note(crosswalk: Crosswalk) -> Group:
    note = _note(f"{crosswalk.name}.toml", crosswalk.digest, "sha256")
    if crosswalk.extends:
        parents = ", ".join(f"{name}.toml sha256 {digest}" for name, digest in crosswalk.extends)
        return note.put("description", Field(f"{crosswalk.title}; builds on {parents}"))
    return note.put("description", Field(crosswalk.title))


def _note(file_name: str, checksum: str, algorithm: str) -> Group:
    return Group(
        "NXnote",
        {"file_name": Field(file_name), "checksum": Field(checksum), "algorithm": Field(algorithm)},
    )


def _name(found: Found) -> str:
    return found.concept.replace("/", "_")


def _row(found: Found) -> Field:
    attributes: dict[str, Attribute] = {"target": found.concept, "raw_value": found.value}
    if found.units is not None:
        attributes["raw_units"] = found.units
    if found.conversion is not None:
        attributes["conversion"] = found.conversion
    attributes |= {"rule": found.rule, "trust": found.trust}
    if found.agreeing:
        attributes["agrees_with"] = ", ".join(found.agreeing)
    if found.sidecar is not None:
        attributes |= {"file_name": found.sidecar.file_name, "sha256": found.sidecar.checksum}
    return Field(found.origin, attributes)


def tree_digest(root: Group) -> str:
    """sha256 of all names, attributes and values of a tree in hex, whatever the order of its keys."""
    digest = hashlib.sha256()
    for path, node in [("/", root), *sorted(root.walk(), key=lambda item: item[0])]:
        digest.update(f"{path}\0{_kind(node)}\0".encode())
        for name, value in sorted(node.attributes.items()):
            digest.update(f"@{name}\0".encode())
            digest.update(
                repr(value).encode() if isinstance(value, Unreadable | None) else _bytes(Field(value))
            )
        if isinstance(node, Field):
            digest.update(_bytes(node))
    return digest.hexdigest()


def _kind(node: Node) -> str:
    return repr(node) if isinstance(node, Link) else type(node).__name__


def _bytes(field: Field) -> bytes:
    array = field.array
    if array.dtype.kind in "UO":
        return "\0".join(str(item) for item in array.reshape(-1)).encode() + str(array.shape).encode()
    return f"{array.dtype.str}{array.shape}".encode() + array.tobytes()
