"""Interpretations that were asked for, in the index: each is made once, whoever asks and whatever dies.

A server that takes a job up says every few seconds that it still works on it. One whose process is gone, or
that is not heard of for `silence` seconds, is dead, and its job is taken up by another. What a job came to is
written only by who holds it, so it ends once.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from nxspectra.catalogue.index import Index
from nxspectra.catalogue.tables import jobs
from nxspectra.errors import Refused
from nxspectra.interpretation.workers import is_dead

KIND = "interpretation"
ATTEMPTS = 3
"""A job over which so many servers died is given up."""


class QueueFull(Refused):
    """As many jobs wait as may."""


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be interpreted, and by what."""

    pid: str
    iri: str
    title: str
    path: str
    """Of the file, on this machine."""
    digest: str
    """sha256 of the file when it was filed."""
    model: str
    """Its name in $NXSPECTRA_MODELS."""
    model_digest: str

    @property
    def key(self) -> str:
        """The same for the same data, read by the same model."""
        return hashlib.sha256("\n".join((self.pid, self.digest, self.model_digest)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Job:
    """One interpretation: asked for, being made, done or failed."""

    id: str
    asked: Asked
    state: State
    created: int
    """Seconds since 1970, as are the others."""
    started: int | None
    ended: int | None
    attempts: int
    result: Mapping[str, Any] | None = None
    """As `interpretation.answering` makes it, once it is done."""
    error: str | None = None
    """Why it failed."""


_ASKED = TypeAdapter(Asked)


class Jobs:
    """The jobs in an index, seen by one server."""

    def __init__(
        self,
        index: Index,
        worker: str,
        *,
        most_waiting: int = 100,
        silence: float = 30.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`worker`: what no other server is called, as `workers.own_name` makes it."""
        self.index, self.worker = index, worker
        self.most_waiting, self.silence = most_waiting, silence
        self._now = now

    # -- asking --------------------------------------------------------------------------------

    def ask(self, asked: Asked) -> Job:
        """The job for this; a new one, unless the same was asked before and has not failed.

        Raises QueueFull if no more may wait.
        """
        row = {
            "id": asked.key[:32],
            "kind": KIND,
            "request_key": asked.key,
            "request": _ASKED.dump_json(asked).decode(),
            "state": State.QUEUED,
            "created": int(self._now()),
            "attempts": 0,
        }
        known = self.get(str(row["id"]))
        if known is not None and known.state is not State.FAILED:
            return known
        with self.index.writing() as connection:
            waits = select(func.count()).where(jobs.c.state == State.QUEUED, jobs.c.kind == KIND)
            if (connection.scalar(waits) or 0) >= self.most_waiting:
                raise QueueFull(f"{self.most_waiting} interpretations are waiting; ask again later")
            insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(jobs)
            connection.execute(insert.values(row).on_conflict_do_nothing())
            again = {**row, "started": None, "ended": None, "worker": None, "result": None, "error": None}
            connection.execute(
                update(jobs).where(jobs.c.id == row["id"], jobs.c.state == State.FAILED).values(again)
            )
            found = connection.execute(select(jobs).where(jobs.c.id == row["id"])).one()
        return _job(found)

    def get(self, job: str) -> Job | None:
        with self.index.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job, jobs.c.kind == KIND)).one_or_none()
        return None if row is None else _job(row)

    # -- doing ---------------------------------------------------------------------------------

    def claim(self) -> Job | None:
        """The job that has waited longest, which is ours then; None if none waits."""
        if not self._any():
            return None  # to look costs nobody the right to write
        with self.index.writing() as connection:
            now, lost = self._now(), self._lost(connection)
            connection.execute(
                update(jobs)
                .where(lost, jobs.c.attempts >= ATTEMPTS)
                .values(state=State.FAILED, ended=int(now), error=f"{ATTEMPTS} servers ended over it")
            )
            next_one = (
                select(jobs.c.id)
                .where(jobs.c.kind == KIND, or_(jobs.c.state == State.QUEUED, lost))
                .order_by(jobs.c.created, jobs.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            claimed = connection.execute(
                update(jobs)
                .where(jobs.c.id == next_one.scalar_subquery())
                .values(
                    state=State.RUNNING,
                    worker=self.worker,
                    started=int(now),
                    seen=now,
                    attempts=jobs.c.attempts + 1,
                )
                .returning(jobs)
            ).one_or_none()
        return None if claimed is None else _job(claimed)

    def _any(self) -> bool:
        with self.index.reading() as connection:
            waits = or_(jobs.c.state == State.QUEUED, self._lost(connection))
            return connection.scalar(select(jobs.c.id).where(jobs.c.kind == KIND, waits).limit(1)) is not None

    def _lost(self, connection: Connection) -> Any:
        """Jobs whose server is dead."""
        running = and_(jobs.c.state == State.RUNNING, jobs.c.kind == KIND)
        names = connection.scalars(select(jobs.c.worker).where(running).distinct())
        dead = [name for name in names if name != self.worker and is_dead(name or "")]
        silent = jobs.c.seen < self._now() - self.silence
        return and_(running, or_(silent, jobs.c.worker.in_(dead)))

    def still_at(self, job: Job) -> bool:
        """Say that we work on it; False if it is not ours any more."""
        return self._ours(job, seen=self._now())

    def done(self, job: Job, result: Mapping[str, Any]) -> bool:
        """What it came to; False if it is not ours any more, and then nothing is written."""
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
        return self._ours(job, state=State.DONE, ended=int(self._now()), result=text)

    def failed(self, job: Job, reason: str) -> bool:
        return self._ours(job, state=State.FAILED, ended=int(self._now()), error=reason)

    def give_back(self, job: Job) -> bool:
        """Let another take it up: this server ends."""
        return self._ours(job, state=State.QUEUED, worker=None, seen=None, attempts=job.attempts - 1)

    def _ours(self, job: Job, **values: Any) -> bool:
        ours = (
            jobs.c.id == job.id,
            jobs.c.state == State.RUNNING,
            jobs.c.worker == self.worker,
            # the same server may have lost it and taken it up again
            jobs.c.attempts == job.attempts,
        )
        with self.index.writing() as connection:
            return connection.execute(update(jobs).where(*ours).values(values)).rowcount == 1


def _job(row: Row[Any]) -> Job:
    return Job(
        row.id,
        _ASKED.validate_json(row.request),
        State(row.state),
        row.created,
        row.started,
        row.ended,
        row.attempts,
        None if row.result is None else json.loads(row.result),
        row.error,
    )
