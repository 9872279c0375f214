"""Progress on standard error, where a person is looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

SHOWN_AFTER = 1.0
"""Seconds."""


@contextmanager
def busy(words: str) -> Iterator[None]:
    """`words` beside something that moves, while the work lasts; nothing where nobody is looking."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield


@contextmanager
def copying(words: str) -> Iterator[Callable[[int, int], None]]:
    """A bar to be told how many bytes of how many are done; shown from one second on."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with _shown_later(words, Progress(*columns, console=Console(stderr=True), transient=True)) as tell:
        yield tell


@contextmanager
def counting(words: str) -> Iterator[Callable[[int, int], None]]:
    """A bar to be told how many of how many are done; shown from one second on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _shown_later(words, Progress(*columns, console=Console(stderr=True), transient=True)) as tell:
        yield tell


@contextmanager
def _shown_later(words: str, bar: Progress) -> Iterator[Callable[[int, int], None]]:
    began = time.monotonic()
    task = bar.add_task(words, total=None)

    def tell(done: int, of: int) -> None:
        bar.update(task, completed=done, total=of)
        if sys.stderr.isatty() and time.monotonic() - began > SHOWN_AFTER:
            bar.start()

    try:
        yield tell
    finally:
        bar.stop()
