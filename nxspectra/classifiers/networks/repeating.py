"""Computing that gives the same every time and on any machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Torch's stream of chance begins at `seed`, and is put back afterwards; one thread, and on a GPU only
    algorithms that give the same every time.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    with one_thread(), torch.random.fork_rng():
        torch.manual_seed(seed)
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread, so that sums are added up in the same order on any machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
