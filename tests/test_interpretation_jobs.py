"""Jobs: each is claimed by one and ends once, whoever dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from indexes import indexes

from nxspectra.catalogue.index import Index
from nxspectra.interpretation.jobs import ATTEMPTS, Asked, Jobs, QueueFull, State
from nxspectra.interpretation.workers import is_dead, own_name

RESULT = {"labels": ["ü \u2028 </script>"], "P_conf": 0.5}


def asked(pid: str = "20.500/x", digest: str = "a" * 64, model: str = "b" * 64) -> Asked:
    return Asked(
        pid, f"https://data.example.org/id/{pid}", "Ferropericlase", "/data/x.nxs", digest, "fe", model
    )


@dataclass
class Clock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    with indexes(request.param, tmp_path) as index:
        with index.writing():
            """Which makes the tables."""
        yield index
        while OPENED:
            OPENED.pop().close()


OPENED: list[Index] = []
"""By servers, to be closed at the end of a test."""


def server(index: Index, clock: Clock, name: str = "one", **limits: float) -> Jobs:
    OPENED.append(Index(index.url))
    return Jobs(OPENED[-1], name, now=clock, **limits)  # type: ignore[arg-type]


def test_the_same_asked_again_is_the_same_job(index: Index, clock: Clock) -> None:
    jobs = server(index, clock)
    first = jobs.ask(asked())
    assert server(index, clock, "two").ask(asked()) == first
    claimed = jobs.claim()
    assert claimed is not None
    assert jobs.done(claimed, RESULT)
    again = jobs.ask(asked())
    assert (again.id, again.state, again.result) == (first.id, State.DONE, RESULT)


@pytest.mark.parametrize("other", [asked(pid="20.500/y"), asked(digest="c" * 64), asked(model="c" * 64)])
def test_other_data_or_another_model_is_another_job(index: Index, clock: Clock, other: Asked) -> None:
    jobs = server(index, clock)
    assert jobs.ask(asked()).id != jobs.ask(other).id


def test_each_job_is_claimed_by_one_oldest_first(index: Index, clock: Clock) -> None:
    one, two = server(index, clock), server(index, clock, "two")
    for pid in ("c", "a", "b"):
        one.ask(asked(pid))
        clock.now += 1
    claimed = [one.claim(), two.claim(), one.claim(), two.claim()]
    assert [job and job.asked.pid for job in claimed] == ["c", "a", "b", None]


def test_a_job_ends_once(index: Index, clock: Clock) -> None:
    jobs = server(index, clock)
    jobs.ask(asked())
    job = jobs.claim()
    assert job is not None
    assert jobs.done(job, RESULT)
    assert not jobs.done(job, {"other": 1})
    assert not jobs.failed(job, "late")
    shown = jobs.get(job.id)
    assert shown is not None
    assert (shown.state, shown.result, shown.error) == (State.DONE, RESULT, None)


def test_the_job_of_a_silent_server_is_taken_up_and_ended_by_the_other(index: Index, clock: Clock) -> None:
    one, two = server(index, clock, silence=30), server(index, clock, "two", silence=30)
    one.ask(asked())
    lost = one.claim()
    assert lost is not None
    clock.now += 20
    assert one.still_at(lost)
    clock.now += 20
    assert two.claim() is None, "it was heard of 20 s ago"
    clock.now += 20
    taken = two.claim()
    assert taken is not None
    assert taken.attempts == 2
    assert not one.still_at(lost)
    assert not one.done(lost, {"of": "one"})
    assert two.done(taken, {"of": "two"})
    shown = one.get(lost.id)
    assert shown is not None
    assert shown.result == {"of": "two"}


def test_the_same_server_does_not_end_what_it_lost_and_took_up_again(index: Index, clock: Clock) -> None:
    jobs = server(index, clock, silence=30)
    jobs.ask(asked())
    lost = jobs.claim()
    clock.now += 60
    again = jobs.claim()
    assert lost is not None
    assert again is not None
    assert not jobs.done(lost, {"of": "the first"})
    assert jobs.done(again, {"of": "the second"})


def test_a_job_over_which_servers_die_is_given_up(index: Index, clock: Clock) -> None:
    jobs = server(index, clock, silence=30)
    jobs.ask(asked())
    for _ in range(ATTEMPTS):
        assert jobs.claim() is not None
        clock.now += 60
    assert jobs.claim() is None
    shown = jobs.get(jobs.ask(asked(pid="other")).id)
    assert shown is not None
    failed = jobs.get(asked().key[:32])
    assert failed is not None
    assert failed.state is State.FAILED
    assert "3 servers ended over it" in (failed.error or "")


def test_what_failed_is_tried_again_when_it_is_asked_again(index: Index, clock: Clock) -> None:
    jobs = server(index, clock)
    jobs.ask(asked())
    job = jobs.claim()
    assert job is not None
    jobs.failed(job, "the file has changed")
    again = jobs.ask(asked())
    assert (again.state, again.error, again.attempts) == (State.QUEUED, None, 0)
    assert jobs.claim() is not None


def test_what_is_given_back_waits_as_before(index: Index, clock: Clock) -> None:
    jobs = server(index, clock)
    jobs.ask(asked())
    job = jobs.claim()
    assert job is not None
    assert jobs.give_back(job)
    again = server(index, clock, "two").claim()
    assert again is not None
    assert (again.id, again.attempts) == (job.id, 1)


def test_only_so_many_may_wait(index: Index, clock: Clock) -> None:
    jobs = server(index, clock, most_waiting=2)
    first = jobs.ask(asked("a"))
    jobs.ask(asked("b"))
    with pytest.raises(QueueFull, match="2 interpretations are waiting"):
        jobs.ask(asked("c"))
    assert jobs.ask(asked("a")) == first, "what waits already may be asked for"
    jobs.claim()
    jobs.ask(asked("c"))


def test_a_process_that_ended_is_known_to_be_dead() -> None:
    program = "from nxspectra.interpretation.workers import own_name; print(own_name())"
    name = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert is_dead(name)
    assert not is_dead(own_name())
    assert not is_dead(name.replace(name.partition(" ")[0], "elsewhere"))
    place, _, start, unique = own_name().split()
    assert is_dead(f"{place} {os.getpid()} {int(start) - 1} {unique}"), "the pid went to another process"


@pytest.mark.parametrize("name", ["", "one", "a b c d", "a 1", "\x00 1 2 3"])
def test_nothing_is_certain_of_other_names(name: str) -> None:
    assert not is_dead(name)
