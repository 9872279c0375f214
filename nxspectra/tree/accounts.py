"""The NXprocess in which a file says what was added to it, so that it can be taken away again."""

from __future__ import annotations

from collections.abc import Iterable

from nxspectra.tree.additions import Addition
from nxspectra.tree.field import Field
from nxspectra.tree.group import Group

LIST = "added_paths"


def accounted(path: str, process: Group, beside: Iterable[Addition] = ()) -> Addition:
    """`process` as an addition at `path`, with the list of all that is added, one by one.

    Those are the additions `beside` it, and the process with what is in it, last.
    """
    whole = process.put(LIST, Field(""))
    return Addition(
        path,
        process.put(
            LIST, Field([each for one in (*beside, Addition(path, whole)) for each in everything(one)])
        ),
    )


def everything(addition: Addition) -> tuple[str, ...]:
    """The path of an addition, and those of all that comes with it in a group."""
    item = addition.item
    below = [path for path, _ in item.walk()] if isinstance(item, Group) else []
    return (addition.path, *(f"{addition.path}{path}" for path in below))
