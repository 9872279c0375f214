"""Labels that a person has given."""

from __future__ import annotations

import numpy as np

from nxspectra.spectra import Classification

BY_HAND = Classification(
    ("low", "high"),
    np.arange(24) // 12,
    "expert",
    "nxspectra",
    "0.1.0",
    "2026-01-01T00:00:00+00:00",
    by="https://orcid.org/0000-0002-1825-0097",
)
"""Of a ramp of 24 spectra."""
