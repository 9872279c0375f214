"""A collection of NXDL files: which definitions and classes there are, compiled when they are asked for."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib.util
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nxspectra.errors import DefinitionError, UnknownDefinition
from nxspectra.nxdl import kept
from nxspectra.nxdl.rules import BaseClass, Definition
from nxspectra.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from nxspectra.nxdl.compiler import Document

SUFFIX = ".nxdl.xml"
SHORTEST = 4
"""So many hexadecimal digits of a digest pin a version."""
FOLDERS = ("applications", "base_classes", "contributed_definitions")

Stamp: TypeAlias = "tuple[int, int] | None"
"""Time of the last change in ns and size in bytes; None if the file is gone."""


class Library:
    """NXDL files by name: those of a folder, ours, and the official ones that come with nexusformat.

    In place of a folder there may be one NXDL file, or the name of an installed package with a folder
    `definitions`. A folder that holds `base_classes` is a whole edition of the standard and replaces the
    official one; any other is looked into first. What was compiled is kept while its files stay as they are.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Raises UnknownDefinition if there is no such folder, file or package."""
        self._single = folder if folder is not None and folder.name.endswith(SUFFIX) else None
        if self._single is not None:
            if not self._single.is_file():
                raise UnknownDefinition(f"{folder}: no such file")
            folder = None
        if folder is not None and not folder.is_dir():
            folder = _of_package(folder)
        editions = [] if folder is None else [folder]
        editions.append(shipped("."))
        if folder is None or not (folder / "base_classes").is_dir():
            editions += official()
        self._homes = [
            home for edition in editions for home in (edition, *(edition / name for name in FOLDERS))
        ]
        self.files: dict[str, Path] = {}
        self._application: dict[str, bool] = {}
        self._compiled: dict[str, Definition | BaseClass] = {}
        self._stamps: dict[str, Stamp] = {}
        self._list()

    def _list(self) -> None:
        self.files.clear()
        self._application.clear()
        self._compiled.clear()
        self._stamps = {str(home): _stamp(str(home)) for home in self._homes}
        if self._single is not None:
            word = self._single.name.removesuffix(SUFFIX)
            self.files[word], self._application[word] = self._single, True
            self._stamps[str(self._single)] = _stamp(str(self._single))
        for home in self._homes:
            for name in sorted(path.name for path in home.iterdir()) if home.is_dir() else ():
                word = name.removesuffix(SUFFIX)
                if name.endswith(SUFFIX) and word not in self.files:
                    self.files[word] = home / name
                    self._application[word] = home.name != "base_classes"
        key = "\n".join(f"{name} {path}" for name, path in sorted(self.files.items()))
        self._key = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()

    def refresh(self) -> None:
        """Look again if one of the folders, or of the files that were compiled, has changed since."""
        if any(_stamp(path) != stamp for path, stamp in self._stamps.items()):
            self._list()

    def suggestions(self, name: str) -> list[str]:
        """Names of application definitions that may have been meant."""
        candidates = {each.lower(): each for each, application in self._application.items() if application}
        wanted = name.lower() if name.lower().startswith("nx") else f"nx{name.lower()}"
        return [candidates[each] for each in difflib.get_close_matches(wanted, candidates, n=3, cutoff=0.6)]

    def spelled(self, name: str) -> str | None:
        """The name as it is really spelled, if it is one but for upper and lower case; else None.

        A digest behind it, as in `NXmx@3f78`, stays.
        """
        name, pinned, digest = name.partition("@")
        known = self._spelled(name)
        return None if known is None else f"{known}{pinned}{digest}"

    def _spelled(self, name: str) -> str | None:
        if name in self.files:
            return name
        return next((each for each in self.files if each.lower() == name.lower()), None)

    def definition(self, name: str) -> Definition:
        """The definition of this name, `NXmx`, or of this name and digest, `NXmx@3f78`.

        Raises UnknownDefinition, with what may have been meant, or DefinitionError.
        """
        name, pinned, digest = name.partition("@")
        if name not in self.files:
            close = self.suggestions(name)
            hint = (
                f"did you mean {' or '.join(close)}?"
                if close
                else "others come from a folder, --definitions DIR"
            )
            raise UnknownDefinition(f"no application definition {name!r}; {hint}")
        compiled = self._get(name)
        if isinstance(compiled, Definition):
            if pinned and (len(digest) < SHORTEST or not compiled.digest.startswith(digest.lower())):
                raise UnknownDefinition(
                    f"{name} here has the digest {compiled.digest}, not {digest or 'an empty one'};"
                    " --definitions names the folder of another version"
                )
            return compiled
        raise UnknownDefinition(f"{name} is a base class, not an application definition")

    def base_class(self, name: str) -> BaseClass | None:
        """None if there is no such class; raises DefinitionError."""
        if name not in self.files:
            return None
        compiled = self._get(name)
        return compiled if isinstance(compiled, BaseClass) else None

    def _get(self, name: str) -> Definition | BaseClass:
        if name in self._compiled:
            return self._compiled[name]
        loaded = kept.load(name, self._key)
        if loaded is None:
            compiled, sources = self._compile(name)
            kept.keep(name, self._key, compiled, sources)
        else:
            compiled, sources = loaded
        self._compiled[name] = compiled
        self._stamps.update((str(path), _stamp(str(path))) for path in sources)
        return compiled

    def _compile(self, name: str) -> tuple[Definition | BaseClass, tuple[Path, ...]]:
        from nxspectra.nxdl import compiler  # lxml, only when there is something to compile  # noqa: PLC0415

        chain = self._chain(name, compiler.parse)
        sources = {document.path: None for document in chain}
        if chain[0].category == "base":
            return compiler.base_class(chain), tuple(sources)

        def base_class(nx_class: str) -> BaseClass | None:
            found = self.base_class(nx_class)
            if found is not None:
                sources.update(dict.fromkeys(self.files[each] for each in found.lineage))
            return found

        application = [document for document in chain if document.category != "base"]
        definition = compiler.definition(application, base_class)
        return dataclasses.replace(definition, digest=_digest(sources)), tuple(sources)

    def _chain(self, name: str, parse: Callable[[Path], Document]) -> list[Document]:
        chain = [parse(self.files[name])]
        seen = {name}
        while (parent := chain[-1].extends) is not None and parent != chain[-1].name:
            if parent in seen:
                raise DefinitionError(f"{chain[-1].path}: extends {parent!r}, which extends it: a circle")
            if parent not in self.files:
                raise DefinitionError(f"{chain[-1].path}: extends {parent!r}, which is not there")
            seen.add(parent)
            chain.append(parse(self.files[parent]))
        return chain


def library(folder: Path | None = None) -> Library:
    """The library of a folder, NXDL file or package, or the standard one; raises UnknownDefinition."""
    shelf = _library(folder)
    shelf.refresh()
    return shelf


@lru_cache(maxsize=8)
def _library(folder: Path | None) -> Library:
    return Library(folder)


def official(package: str = "nexusformat") -> list[Path]:
    """The folder of the definitions of a package, found without importing it; empty if there is none."""
    spec = importlib.util.find_spec(package)
    homes = spec.submodule_search_locations if spec is not None else None
    return [Path(home) / "definitions" for home in homes or () if (Path(home) / "definitions").is_dir()]


def _of_package(name: Path) -> Path:
    found = official(str(name)) if str(name).isidentifier() else []
    if not found:
        raise UnknownDefinition(
            f"{name}: no such folder, and no installed package with a folder of definitions; --definitions"
            f" takes a folder of NXDL files, one file NAME{SUFFIX}, or the name of a package"
        )
    return found[0]


def _digest(sources: Iterable[Path]) -> str:
    """One digest for many files, whatever folder they lie in."""
    paths = sorted(sources, key=lambda path: path.name)
    lines = [f"{path.name} {digest}" for path, digest in zip(paths, kept.digests(paths), strict=True)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)  # noqa: PTH116 - many a call, and a Path costs more than the look
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
