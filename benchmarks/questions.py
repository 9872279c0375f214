"""What is asked of a catalogue in the benchmarks of search: selective and not, one condition and several."""

from __future__ import annotations

from typing import Any

QUESTIONS: dict[str, dict[str, Any]] = {
    "newest": {},
    "range, few": {"parameters": {"pressure": "118..119GPa"}},
    "range, many": {"parameters": {"pressure": "10..20GPa"}},
    "range within": {"parameters": {"pressure": "all 10..20GPa"}},
    "energy as wavelength": {"parameters": {"wavelength": "0.4843..0.4844angstrom"}},
    "technique, broad": {"technique": "diffraction"},
    "technique, narrow": {"technique": "small angle x-ray scattering"},
    "text, one word": {"text": "bridgmanite"},
    "text, common word": {"text": "diffraction"},
    "text, two words": {"text": "decompression bridgmanite"},
    "text, one data set": {"text": "ice_vii_0004711"},
    "label": {"label": "low"},
    "label, sure": {"label": "low", "confidence": "0.999"},
    "transition": {"parameters": {"transition": "15..15.1GPa"}},
    "formula": {"formula": "(Mg0.2,Fe0.8)O"},
    "instrument": {"instrument": "ID15B"},
    "month": {"dates": "2019-05"},
    "combined": {
        "text": "compression",
        "technique": "x-ray diffraction",
        "label": "low",
        "parameters": {"pressure": "10..20GPa", "energy": "25..26keV"},
    },
    "combined, rare": {
        "technique": "x-ray diffraction",
        "parameters": {"pressure": "50..60GPa", "temperature": "300..301K"},
        "formula": "MgSiO3",
    },
    "contradiction": {"technique": "neutron powder diffraction", "parameters": {"energy": "25..26keV"}},
}
