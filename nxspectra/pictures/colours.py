"""Colours of Okabe and Ito (jfly.uni-koeln.de/color), told apart by every eye."""

from __future__ import annotations

CLASS_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442")
NO_CLASS = "#BBBBBB"
TRUTH = "#F0529C"
DASHES = (0, (4.0, 2.0))
