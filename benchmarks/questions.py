"""What is asked of a catalogue in the benchmarks of search: selective and not, one condition and several.

`QUESTIONS` as `nxspectra search` has them, `FILTERS` and `WHERES` as the PaN search API has them, by model.
"""

from __future__ import annotations

import hashlib
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


def _joined(relation: str, where: dict[str, Any]) -> dict[str, Any]:
    return {"include": [{"relation": relation, "scope": {"where": where}}]}


def _having(name: str, low: float, high: float, unit: str) -> dict[str, Any]:
    said = [{"name": name}, {"value": {"between": [low, high]}}, {"unit": unit}]
    return _joined("parameters", {"and": said})


FILTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "newest": ("Dataset", {}),
    "pressure, few": ("Dataset", _having("sample_pressure", 1180, 1190, "kbar")),
    "pressure, many": ("Dataset", _having("sample_pressure", 100, 200, "kbar")),
    "wavelength, many": ("Dataset", _having("incident_wavelength", 48.43, 48.44, "pm")),
    "formula": ("Dataset", _joined("parameters", {"name": "sample_chemical_formula", "value": "MgSiO3"})),
    "any temperature": ("Dataset", _joined("parameters", {"name": "sample_temperature"})),
    "technique, broad": ("Dataset", _joined("techniques", {"name": "diffraction"})),
    "technique, narrow": ("Dataset", _joined("techniques", {"name": "SAXS"})),
    "sample": ("Dataset", _joined("samples", {"name": "ferropericlase"})),
    "instrument": ("Dataset", _joined("instrument", {"name": "ID15B"})),
    "a month": ("Dataset", {"where": {"creationDate": {"between": ["2016-05-01", "2016-06-01"]}}}),
    "title": ("Dataset", {"where": {"title": {"ilike": "%bridgmanite%"}}}),
    "no such title": ("Dataset", {"where": {"title": {"like": "%unobtainium%"}}}),
    "by title": ("Dataset", {"order": "title"}),
    "by size": ("Dataset", {"order": "size DESC"}),
    "free text": ("Dataset", {"query": "decompression bridgmanite"}),
    "one": ("Dataset", {"where": {"pid": f"sha256:{hashlib.sha256(b'4711').hexdigest()}"}}),
    "documents by pressure": ("Document", _having("sample_pressure", 100, 200, "kbar")),
    "documents by data sets": ("Document", _joined("datasets", {"title": {"like": "Ramp%"}})),
}
"""What is asked of a list: the model, and the filter, without a limit."""

WHERES: dict[str, tuple[str, dict[str, Any]]] = {
    "all": ("Dataset", {}),
    "since": ("Dataset", {"creationDate": {"gt": "2020-01-01"}}),
    "small": ("Dataset", {"size": {"lt": 2_000_000}}),
    "a title": ("Dataset", {"title": {"ilike": "%bridgmanite%"}}),
    "documents": ("Document", {"title": {"like": "%ESRF%"}}),
}
"""What is asked of a count."""
