"""Many files, each the whole way in a child process, and what becomes of them in a catalogue.

A file on which the HDF5 library crashes is a reported failure of that file, and the next goes on. The
catalogue is read and written by the calling process alone.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from nxspectra.catalogue import Catalogue
from nxspectra.classifiers import Model
from nxspectra.errors import FileError, NxspectraError, UsageError
from nxspectra.hdf5.listing import files_of
from nxspectra.ingestion.children import take_all
from nxspectra.ingestion.integrating import Integration
from nxspectra.ingestion.journey import Arrival, Ingested, State, Stop, Task
from nxspectra.ingestion.known import Ask, Known
from nxspectra.ingestion.recovering import recovered
from nxspectra.limits import Limits
from nxspectra.migration import Crosswalk
from nxspectra.migration.facts import parse_facts
from nxspectra.settings import Settings


def ingest(
    paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    catalogue: Catalogue | str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | None = None,
    workers: int = 1,
    crosswalk: str | os.PathLike[str] = "p02.2",
    facts: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    as_link: bool | None = None,
    wait: float = 0.0,
    replace: bool = False,
    integration: Integration | None = None,
) -> Iterator[Ingested]:
    """Take files, and the HDF5 files in folders, the whole way; what became of each as it is done.

    Conforming files are written to `output` (the folder `files` of the catalogue) under their own name;
    a file that lacks something required is not written, but described and filed, so that it is found.
    A file that came this way before, with the same crosswalk, facts and model, is unchanged.
    With `as_link` files of links to the raw files are written, which then have to be in `output` or below;
    if it is None so it is done for files over 100 MB there, where the file system cannot share their blocks.
    A file that somebody is still writing is looked at again for `wait` seconds, while others are done.
    A file that only says which raw file it was made from comes after the others; if the catalogue has another
    file of that raw file it has to hold the same, unless `replace` lets it take its place.
    With an `integration` the frames of detectors become spectra, by pyFAI.
    A catalogue of which a part is damaged is made again from the files first, which is logged as a warning.
    Raises UsageError, FileError and their kinds before any file is touched; after that whatever is wrong
    with a file is in its Ingested. Files are taken while the iterator is being read.
    """
    if workers < 1:
        raise UsageError(f"workers={workers}: at least one is needed")
    if wait < 0:
        raise UsageError(f"wait={wait}: seconds are not negative")
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    store = catalogue if isinstance(catalogue, Catalogue) else Catalogue(catalogue)
    folder = Path(output) if output is not None else store.folder / "files"
    if model is not None:
        Model.load(os.fspath(model))
    Crosswalk.load(os.fspath(crosswalk))
    parse_facts(facts or {})
    if integration is not None:
        integration.check()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: cannot be made: {error.strerror}") from None
    task = Task(
        folder,
        None if model is None else os.fspath(model),
        os.fspath(crosswalk),
        {} if facts is None else facts,
        Settings.load(),
        limits or Limits(),
        as_link,
        wait > 0,
        replace,
        integration,
    )
    files = files_of((Path(path) for path in given), besides=(store.folder, folder))
    return _filed(take_all(stops(files), task, workers, wait, known_to(store)), store)


def stops(files: Iterable[Path]) -> list[Stop]:
    """Each file once, knowing whether it shares its name with another."""
    once = {file.resolve(): file for file in reversed(list(files))}
    stems = Counter(file.stem for file in once.values())
    return [Stop(file, stems[file.stem] > 1, puts_off=True) for file in reversed(once.values())]


def known_to(store: Catalogue) -> Ask:
    """How children are told what the catalogue has."""

    def known(pid: str) -> Known | None:
        try:
            record = recovered(store, partial(store.known, pid))
        except FileError:
            return None  # what is wrong with the index is said when something is filed
        if record is None or record.source.kind != "file" or not record.files or record.files[0].path is None:
            return None
        return Known(Path(record.files[0].path), record.files[0].digest, record.conforms)

    return known


def _filed(arrivals: Generator[Arrival], store: Catalogue) -> Iterator[Ingested]:
    with store, closing(arrivals):
        for arrival in arrivals:
            ingested = arrival.ingested
            if arrival.description is not None:
                try:
                    recovered(store, partial(store.file, arrival.description))
                except NxspectraError as error:
                    reason = f"described, and could not be filed: {error}"
                    ingested = dataclasses.replace(ingested, state=State.FAILED, reason=reason)
            yield ingested
        recovered(store, store.publish)
