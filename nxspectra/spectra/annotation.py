"""A classification written into the tree of a series, and read from it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast, get_args

import numpy as np

from nxspectra.errors import NoSpectra, Refused
from nxspectra.spectra.classification import (
    Boundary,
    Classification,
    ModelReference,
    Origin,
    Votes,
)
