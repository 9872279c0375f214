"""What is kept beside the concepts: gauges and drives of the cell, and how images became spectra."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nxspectra import units
from nxspectra.findings import Finding, Severity
from nxspectra.migration.concepts import PRESSURE
from nxspectra.migration.crosswalk import Key, Refusal, Rule
from nxspectra.migration.crosswalk_text import RuleText, Trust
from nxspectra.migration.forms import (
    Floats,
    Problem,
    iso_date,
    read,
    short,
)
from nxspectra.migration.outcome import Found, State
from nxspectra.migration.places import Draft
from nxspectra.tree import Evidence, Field, Group, Link

ENVIRONMENT = ("sample", "pressure_env")
HIGHEST = 1.0
"""GPa, 10,000 bar: more is no pressure of a gas."""
_INTEGRATION = re.compile(r"integrat|azint|pyfai|dioptas|fit2d|reduction", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sensor:
    """A gauge or drive of the cell, whose key must not be taken for the pressure on the sample."""

    path: str
    real: str
    kind: str
    """gas membrane, for example."""
    rule: str
    field: Field
    values: Floats
    """(), or (n_spectra,), in `unit`."""
    unit: str
    raw_units: str | None


def sensor(refusal: Refusal, key: Key, real: str, node: Group | Field, around: Group) -> Sensor | None:
    """What the key tells as a sensor of the cell; None if it tells no plausible pressure."""
    if not refusal.sensor or not isinstance(node, Field):
        return None
    text = RuleText(
        id=refusal.id, concept=PRESSURE.path, keys=("*",), trust=Trust.MEASURED, range=(0.0, HIGHEST)
    )
    reading = read(key.name, node, Rule(refusal.id, PRESSURE, refusal.selection, text, 0), {}, around)
    if reading is None or isinstance(reading, Problem) or isinstance(reading.values, str) or not reading.unit:
        return None
    numeric = node.dtype.kind in "iuf"
    # as it was read, not there and back through another unit
    values = (
        np.asarray(node.array, dtype=np.float64).reshape(reading.values.shape)
        if numeric
        else units.convert(reading.values, PRESSURE.unit, reading.unit)
    )
    return Sensor(key.path, real, refusal.sensor, refusal.id, node, values, reading.unit, reading.raw_units)


def place_sensors(
    draft: Draft, sensors: Iterable[Sensor], n: int | None
) -> tuple[list[Found], list[Finding]]:
    """Plan a sensor of `sample/pressure_env` for each that is not there yet."""
    found: list[Found] = []
    findings: list[Finding] = []
    named: set[str] = set()
    for one in sorted(sensors, key=lambda sensor: sensor.path):
        if one.values.size not in (1, n) and n is not None:
            message = f"sample/pressure_env: {one.values.size} values of the {one.kind} for {n} spectra"
            findings.append(Finding(one.path, "wrong-length", message, Severity.INFO))
            continue
        place = _there(draft, one)
        state = State.PLACED
        if place is None:
            place = _free(draft, one.kind, named)
            _plan(draft, place, one)
        else:
            state = State.IN_PLACE
        concept = f"{'/'.join(ENVIRONMENT)}/{place.rpartition('/')[2]}/value"
        evidence = Evidence(concept, one.path, short(one.field), one.raw_units, None, one.rule, "measured")
        found.append(Found(evidence, f"{place}/value", f"{short(one.values)} {one.unit}", state))
    return found, findings


def _there(draft: Draft, one: Sensor) -> str | None:
    """Path of the sensor that tells the same already."""
    if draft.would_make(ENVIRONMENT):
        return None
    environment = draft.group(ENVIRONMENT)
    group = draft.root.group(environment)
    for name, node in sorted(group.children.items()) if group else ():
        value = draft.root.find(f"{environment}/{name}/value")
        if not isinstance(node, Group) or node.nx_class != "NXsensor" or value is None:
            continue
        same = isinstance(value[1], Field) and (
            value[1].units == one.unit and np.array_equal(value[1].array, one.values, equal_nan=True)
        )
        if value[0] == one.real or same:
            return f"{environment}/{name}"
    return None


def _free(draft: Draft, kind: str, named: set[str]) -> str:
    environment = draft.group(ENVIRONMENT)
    word = re.sub(r"\W+", "_", kind.lower()).strip("_") or "sensor"
    number, path = 1, f"{environment}/{word}"
    while path in draft.root or path in named:
        number += 1
        path = f"{environment}/{word}_{number}"
    named.add(path)
    return path


def _plan(draft: Draft, path: str, one: Sensor) -> None:
    draft.add(path, Group("NXsensor", {"measurement": Field("pressure"), "type": Field(one.kind)}))
    evidence = Evidence("sample/pressure_env", one.path, short(one.field), one.raw_units, None, one.rule)
    # copied: free keys stand in an NXcollection, which who reads for validation passes by
    draft.add(f"{path}/value", Field(one.values, units=one.unit), evidence)


def is_integration(name: str, group: Group) -> bool:
    """Is it the account of an azimuthal integration, as the definition asks for it?"""
    if group.nx_class != "NXprocess":
        return False
    program, date, given = (group.field(word) for word in ("program", "date", "input"))
    if program is None or not (program.text or "").strip():
        return False
    settings = group.children.get("input")
    if given is not None or (isinstance(settings, Group) and settings.nx_class != "NXparameters"):
        return False
    told = None if date is None else (date.text or "")
    if told is not None and (iso_date(told) is None or "T" not in told):
        return False
    return bool(_INTEGRATION.search(f"{name} {program.text}"))


def place_reduction(draft: Draft, integrations: list[str], spectra: str | None) -> Found | None:
    """Plan the link `reduction` to the account of the integration; that of the spectra if there are more."""
    path = f"{draft.base}/reduction"
    own = [where for where in integrations if spectra is not None and spectra.startswith(f"{where}/")]
    chosen = own or integrations
    if len(chosen) != 1 or path in draft.root or path == chosen[0]:
        return None
    group = draft.root.group(chosen[0])
    program = None if group is None else group.field("program")
    if group is None or program is None:
        return None
    if "target" not in group.attributes:
        draft.add(f"{chosen[0]}@target", chosen[0])
    text = program.text or ""
    evidence = Evidence("reduction", chosen[0], text, None, None, "reduction", "measured")
    draft.add(path, Link(chosen[0]), evidence)
    return Found(evidence, path, short(text), State.PLACED)
