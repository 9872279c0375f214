"""Training sets by query: the files of a catalogue for which conditions hold, ready to be trained on.

    runs = training_set("catalogue", "technique=powder diffraction; sample~(Mg,Fe)O; pressure=all 0..80GPa")
    model = train(runs, ["low=pressure<12GPa", "high=pressure>30GPa"])

Conditions stand between semicolons and all must hold. `name=value` is as in a search; `~` after text, sample,
formula, instrument or facility asks whether it contains what follows, and for a sample numbers do not count:
`(Mg,Fe)O` finds (Mg0.2,Fe0.8)O.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue, Hit
from nxspectra.errors import FileError, LabelError, UsageError
from nxspectra.rdf import describe
from nxspectra.tree import Group

PAGE = 200
"""Data sets that are asked for at a time."""

_CONDITION = re.compile(r"\s*([A-Za-z_][\w/ -]*?)\s*(~|<=|>=|=|<|>)\s*(.+?)\s*", re.DOTALL)
_CONTAINS = ("text", "sample", "instrument", "facility")
_WORDS = ("technique", "label", "confidence", "dates", "definition", *_CONTAINS)
_ALIASES = {"formula": "sample", "date": "dates", "title": "text"}
_NUMBERS = re.compile(r"[\d.\s_-]+")


@dataclass(frozen=True)
class Where:
    """Conditions on data sets, understood."""

    asked: dict[str, str] = field(default_factory=dict)
    """Keyword arguments of `Catalogue.search`, by name."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Ranges by parameter, as `Catalogue.search` takes them."""
    sample: str | None = None
    """What the formula of the sample contains, numbers left out."""


def parse_where(text: str) -> Where:
    """The conditions in `text`. Raises UsageError for one that is none, or that stands there twice."""
    asked: dict[str, str] = {}
    parameters: dict[str, str] = {}
    sample: str | None = None
    for part in text.split(";"):
        if not part.strip():
            continue
        found = _CONDITION.fullmatch(part)
        if found is None:
            raise UsageError(
                f"{part.strip()!r} is not a condition; write technique=x-ray diffraction, sample~(Mg,Fe)O or"
                " pressure=10..20GPa, with a semicolon between two"
            )
        name, sign, value = found[1].lower(), found[2], found[3]
        name = _ALIASES.get(name, name)
        if name in asked or name in parameters or (name == "sample" and sample is not None):
            raise UsageError(
                f"{part.strip()!r}: there are two conditions on {name}; all must hold, so join them"
            )
        if name not in _WORDS:
            _no_contains(name, sign, part)
            parameters[name] = value if sign == "=" else f"{sign}{value}"
        elif sign not in ("=", "~") and name not in ("confidence", "dates"):
            raise UsageError(f"{part.strip()!r}: {name} is compared by = or, where it is text, ~")
        elif name == "sample" and sign == "~":
            sample = _bare(value)
        else:
            if sign == "~" and name not in _CONTAINS:
                _no_contains(name, sign, part)
            words = {"text": value, "sample": value}.get(name, f"*{value}*" if sign == "~" else value)
            asked[{"sample": "formula"}.get(name, name)] = words
    if not (asked or parameters or sample):
        raise UsageError("there are no conditions; write technique=x-ray powder diffraction, for example")
    return Where(asked, parameters, sample)


def training_set(catalogue: Catalogue | str | os.PathLike[str], where: str) -> list[Group]:
    """The data sets of a catalogue for which `where` holds, as trees, the newest first.

    Only files that conform are taken: others have no spectra at a known place. Raises UsageError and
    UnitError for conditions that cannot be understood, LabelError when nothing fits, and FileError when a
    file has gone or has changed since it was filed: the training set is then not the one that was asked for.
    """
    return [as_filed(hit) for hit in members(catalogue, where)]


def members(catalogue: Catalogue | str | os.PathLike[str], where: str) -> list[Hit]:
    """The data sets of such a training set, their files not looked at. Raises as `training_set`."""
    wanted = parse_where(where)
    opened = catalogue if isinstance(catalogue, Catalogue) else Catalogue(catalogue)
    try:
        hits = [hit for hit in _hits(opened, wanted) if _fits(hit, wanted)]
    finally:
        if opened is not catalogue:
            opened.close()
    if not hits:
        raise LabelError(f"{opened.folder}: no data set that conforms meets {where.strip()!r}")
    return hits


def _hits(catalogue: Catalogue, wanted: Where) -> Iterator[Hit]:
    cursor: str | None = None
    while True:
        page = catalogue.search(
            wanted.asked.get("text"),
            parameters=wanted.parameters,
            technique=wanted.asked.get("technique"),
            label=wanted.asked.get("label"),
            confidence=wanted.asked.get("confidence"),
            formula=wanted.asked.get("formula"),
            instrument=wanted.asked.get("instrument"),
            facility=wanted.asked.get("facility"),
            dates=wanted.asked.get("dates"),
            definition=wanted.asked.get("definition"),
            conforms=True,
            cursor=cursor,
            limit=PAGE,
        )
        yield from page
        cursor = page.cursor
        if cursor is None:
            return


def _fits(hit: Hit, wanted: Where) -> bool:
    return wanted.sample is None or wanted.sample in _bare(hit.formula or "")


def _bare(formula: str) -> str:
    """A formula without its numbers and blanks: what elements stand where."""
    return _NUMBERS.sub("", formula)


def as_filed(hit: Hit) -> Group:
    """The tree of a data set that was found. Raises FileError if its file has gone or has changed since."""
    if hit.file is None or not Path(hit.file).exists():
        raise FileError(
            f"{hit.file or hit.title}: is in the catalogue and not on the disk;"
            " `nxspectra catalogue check` finds files that have moved, `rebuild` takes them in"
        )
    root = hdf5.read(hit.file)
    if describe(root).pid != hit.pid:
        raise FileError(
            f"{hit.file}: holds another data set than when it was filed as {hit.pid}; ingest it again"
        )
    return root


def _no_contains(name: str, sign: str, part: str) -> None:
    if sign == "~":
        close = get_close_matches(name, _CONTAINS, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"{part.strip()!r}: ~ is for {', '.join(_CONTAINS)}, and not for {name}{hint}")
