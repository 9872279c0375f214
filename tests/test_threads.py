"""Libraries that compute take no more threads than it pays to give them."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy  # noqa: F401  # brings linear algebra with it
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from nxspectra.threads import environment, one_thread

TRAINING = """
from pathlib import Path
import numpy as np
from nxspectra.classifiers.augmented import AugmentedEnsemble

def ticks():
    each = {int(task.name): (task / "stat").read_text().rpartition(")")[2].split()[11:13]
            for task in Path("/proc/self/task").iterdir()}
    main = sum(map(int, each.pop(int(Path("/proc/self").resolve().name))))
    return main, sum(int(user) + int(system) for user, system in each.values())

rng = np.random.default_rng(0)
curves, classes = rng.random((40, 4023)), np.arange(40) % 2
before = ticks()
AugmentedEnsemble(iterations=500).fit(curves, classes)
print(*(then - now for then, now in zip(ticks(), before)))
"""
"""It tells the processor time of the main thread while it trains, and of all others."""


def test_all_libraries_have_one_thread_and_afterwards_as_many_as_before() -> None:
    def numbers() -> list[int]:
        return [library["num_threads"] for library in threadpool_info()]

    with threadpool_limits(2):
        before = numbers()
        assert 2 in before
        with one_thread():
            assert set(numbers()) == {1}
        assert numbers() == before


def test_training_computes_in_one_thread() -> None:
    many = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", TRAINING], env=many, capture_output=True, text=True, check=True
    )
    main, others = map(int, done.stdout.split())
    # threads spin for a moment when there are to be more of them again
    assert others < main / 3


def test_processes_at_once_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert environment(2)["OMP_NUM_THREADS"] == environment(2)["NUMBA_NUM_THREADS"] == "4"
    assert environment(2)["OPENBLAS_NUM_THREADS"] == "1"
    assert environment(20)["OMP_NUM_THREADS"] == "1"


def test_what_the_user_says_of_threads_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert environment(1)["OPENBLAS_NUM_THREADS"] == "3"
