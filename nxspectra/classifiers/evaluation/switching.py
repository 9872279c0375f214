"""How cleanly the labels of a series switch: P_conf of the paper, and its ambiguous region."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def ambiguous_region(class_index: ArrayLike) -> tuple[int, int] | None:
    """(c0, c1): last of the unbroken 0-labels from the start, first of the unbroken 1-labels to the end.

    Frames of a series (n_spectra,) of two classes; what lies strictly between is ambiguous. Frames without
    a class (-1) are passed over. None if the series does not start with a 0 or does not end with a 1. Sun
    and Brockhauser, Data Science Journal 21 (2022) 15, doi 10.5334/dsj-2022-015.
    """
    labels = np.asarray(class_index, dtype=np.int64)
    frames = np.flatnonzero(labels >= 0)
    labels = labels[frames]
    if not labels.size or labels[0] != 0 or labels[-1] != 1:
        return None
    zeros = int(np.argmax(labels != 0))
    ones = int(np.argmax(labels[::-1] != 1))
    return int(frames[zeros - 1]), int(frames[labels.size - ones])


def confidence(class_index: ArrayLike) -> float:
    """P_conf = 1 - N_f / N_t, N_f being the ambiguous spectra of N_t; 0 where there is no ambiguous region.

    It says whether the labels switch once along the series, and nothing about whether they are right.
    """
    labels = np.asarray(class_index, dtype=np.int64)
    region = ambiguous_region(labels)
    if region is None:
        return 0.0
    between = labels[region[0] + 1 : region[1]]
    return 1.0 - int(np.count_nonzero(between >= 0)) / int(np.count_nonzero(labels >= 0))
