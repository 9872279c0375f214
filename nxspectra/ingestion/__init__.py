"""One file the whole way, and many of them: read, migrate, validate, classify, write, describe, file.

    for done in ingest(["raw/"], "catalogue", model="fe80mg20.npz"):
        print(done.file, done.state, done.reason)

Each file is opened in a child process with limits: a file on which the HDF5 library crashes is a reported
failure of that file, and the next goes on. The catalogue is written by the calling process alone.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from nxspectra.catalogue import Catalogue
from nxspectra.children import Limits
from nxspectra.classifiers import Model
from nxspectra.errors import FileError, NxspectraError, UsageError
from nxspectra.hdf5.listing import files_of
from nxspectra.ingestion.children import take_all
from nxspectra.ingestion.integrating import Integration
from nxspectra.ingestion.journey import Arrival, Ingested, State, Stop, Task
from nxspectra.ingestion.training_sets import training_set
from nxspectra.migration import Crosswalk
from nxspectra.migration.facts import parse_facts
from nxspectra.settings import Settings

__all__ = ["Ingested", "Integration", "Limits", "State", "ingest", "training_set"]


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
        store.index.url.render_as_string(hide_password=False),
        replace,
        integration,
    )
    files = files_of((Path(path) for path in given), besides=(store.folder, folder))
    return _filed(_in_turn(stops(files), task, workers, wait, store), store)


def stops(files: Iterable[Path]) -> list[Stop]:
    """Each file once, knowing whether it shares its name with another."""
    once = {file.resolve(): file for file in reversed(list(files))}
    stems = Counter(file.stem for file in once.values())
    return [Stop(file, stems[file.stem] > 1, puts_off=True) for file in reversed(once.values())]


def _in_turn(
    stops: Sequence[Stop], task: Task, workers: int, patience: float, store: Catalogue
) -> Generator[Arrival]:
    """What became of each file; those that only say of which data set they are, when the others are filed.

    Of one data set there is one at a time, so that each is compared with what was filed before it.
    """
    by_name = {str(stop.file): stop for stop in stops}
    claims: dict[str, deque[Stop]] = {}
    with closing(take_all(stops, task, workers, patience)) as arrivals:
        for arrival in arrivals:
            if arrival.claim is None:
                yield arrival
            else:
                stop = dataclasses.replace(by_name[arrival.ingested.file], puts_off=False)
                claims.setdefault(arrival.claim, deque()).append(stop)
    while claims:
        store.close()  # what is filed is found by the children
        yield from take_all([waiting.popleft() for waiting in claims.values()], task, workers, patience)
        claims = {digest: waiting for digest, waiting in claims.items() if waiting}


def _filed(arrivals: Generator[Arrival], store: Catalogue) -> Iterator[Ingested]:
    with store, closing(arrivals):
        for arrival in arrivals:
            ingested = arrival.ingested
            if arrival.description is not None:
                try:
                    store.file(arrival.description)
                except NxspectraError as error:
                    reason = f"described, and could not be filed: {error}"
                    ingested = dataclasses.replace(ingested, state=State.FAILED, reason=reason)
            yield ingested
