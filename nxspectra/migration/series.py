"""The spectra of an entry among its raw keys: an intensity with the angle axis that fits it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nxspectra import units
from nxspectra.errors import Refused, UsageError
from nxspectra.findings import Finding, Severity
from nxspectra.migration.concepts import ENERGY, INTENSITY, TWO_THETA
from nxspectra.migration.crosswalk import Crosswalk, Rule, Selection
from nxspectra.migration.crosswalk_text import RuleText, Trust
from nxspectra.migration.facts import GIVEN, Fact, how_to_give, resolve
from nxspectra.migration.forms import PHOTON, Floats, Problem, read_field, unit_of
from nxspectra.migration.survey import SpectraKey, Survey
from nxspectra.tree import Field, Group


@dataclass(frozen=True, slots=True)
class Series:
    """The intensity and the angles that belong together."""

    intensity: SpectraKey
    angles: SpectraKey
    two_theta: Floats
    """(n_points,), degrees, strictly ascending."""
    conversion: str | None
    """How the raw axis became degrees; None if it was in degrees."""
    in_degrees: bool
    """The raw angles say themselves that they are degrees, so that a link will do."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n_spectra, n_points)"""
        shape = self.intensity.field.shape or ()
        return (1 if len(shape) == 1 else int(shape[0])), int(shape[-1])


def find_series(
    root: Group,
    entry: str,
    survey: Survey,
    crosswalk: Crosswalk,
    facts: dict[str, Fact],
    *,
    energy: float | None = None,
) -> tuple[Series | None, list[Finding]]:
    """The spectra among the keys of an entry, and what was found wrong with those that are not them.

    `energy` of the photons, keV, turns q into two theta.

    Raises UsageError or Refused when a person named keys that cannot be spectra.
    """
    intensities = _named(root, entry, facts.get(INTENSITY.path)) or survey.spectra.get(INTENSITY.path, [])
    angles = _named(root, entry, facts.get(TWO_THETA.path)) or survey.spectra.get(TWO_THETA.path, [])
    findings: list[Finding] = []
    series: list[Series] = []
    for intensity in sorted(intensities, key=lambda key: (*key.order, key.path)):
        fitting = _fit(intensity, angles, crosswalk, energy)
        if isinstance(fitting, Series):
            series.append(fitting)
        else:
            findings.append(Finding(intensity.path, fitting.rule, fitting.message, Severity.WARNING))
    if INTENSITY.path in facts and intensities and not series:
        raise Refused(f"{findings[0].path}: {findings[0].message}; nothing was written")
    if not series:
        return None, findings
    best = [one for one in series if one.intensity.order == series[0].intensity.order]
    if len(best) > 1:
        paths = " and ".join(one.intensity.path for one in best)
        shapes = " and ".join(str(one.intensity.field.shape) for one in best)
        findings.append(
            Finding(
                f"{entry}/{INTENSITY.path}",
                "ambiguous-key",
                f"{paths} both hold spectra, {shapes}; say which, for example"
                f" --set intensity={best[0].intensity.path}",
            )
        )
        return None, findings
    return best[0], findings


def _named(root: Group, entry: str, fact: Fact | None) -> list[SpectraKey]:
    """The key that a person named, if it is in this entry or beside all entries."""
    if fact is None or fact.path is None or not belongs(root, fact.path, entry):
        return []
    path, unit = resolve(root, fact)
    found = root.find(path)
    if found is None or not isinstance(found[1], Field):
        raise UsageError(f"{fact.said}: {path} is not a data set; `nxspectra show` lists what is there")
    if found[1].dtype.kind not in "iuf":
        raise Refused(f"{fact.said}: {path} holds no numbers but {found[1].dtype}; nothing was written")
    is_q = fact.concept is TWO_THETA and units.same_kind(unit or unit_of(found[1]) or "", "1/angstrom")
    rule = given_rule(fact, unit, "q" if is_q else None)
    return [SpectraKey(fact.concept, path, rule, found[1], found[0])]


def belongs(root: Group, path: str, entry: str) -> bool:
    """Is the path in this entry, or in none?"""
    first = "/" + path.strip("/").split("/")[0]
    node = root.get(first)
    return first == entry or not (isinstance(node, Group) and node.nx_class == "NXentry")


def given_rule(fact: Fact, unit: str | None, quantity: Literal["q"] | None = None) -> Rule:
    """A rule that takes any form of the key that a person named, in the unit given with it."""
    text = RuleText(
        id=GIVEN,
        concept=fact.concept.path,
        keys=("*",),
        trust=Trust.MEASURED,
        unit=unit,
        quantity=quantity,
        for_all=True,
    )
    return Rule(fact.origin, fact.concept, Selection.of(text), text, -1)


def _fit(
    intensity: SpectraKey, angles: list[SpectraKey], crosswalk: Crosswalk, energy: float | None
) -> Series | Problem:
    """The intensity with the best of the angle axes that fit it."""
    shape = intensity.field.shape or ()
    if len(shape) not in (1, 2):
        return Problem("wrong-shape", f"data/intensity: has shape {shape}; expected (n_spectra, n_points)")
    problem = None
    for angle in _nearest(intensity, [key for key in angles if key.field.shape == (shape[-1],)]):
        fitting = _angles(intensity, angle, crosswalk, energy)
        if isinstance(fitting, Series):
            return fitting
        problem = problem or fitting
    if problem:
        return problem
    transposed = [key for key in angles if key.field.shape == (shape[0],)]
    if len(shape) == 2 and transposed:
        return Problem(
            "wrong-shape",
            f"data/intensity: shape {shape} has one row for each angle of {transposed[0].path}"
            f" ({shape[0]}); expected one row for each spectrum",
        )
    lengths = ", ".join(f"{key.path} has {key.field.shape}" for key in angles[:3])
    return Problem(
        "no-angles",
        f"data/intensity: has {shape[-1]} points a spectrum and no two theta of that length"
        + (f"; {lengths}" if lengths else ""),
    )


def _nearest(intensity: SpectraKey, angles: list[SpectraKey]) -> Iterator[SpectraKey]:
    """Those in the same group first, angles before q, then as the crosswalk trusts them."""
    group = intensity.path.rpartition("/")[0]
    yield from sorted(
        angles,
        key=lambda key: (
            key.path.rpartition("/")[0] != group,
            key.rule.text.quantity == "q",
            *key.order,
            key.path,
        ),
    )


def _angles(
    intensity: SpectraKey, angles: SpectraKey, crosswalk: Crosswalk, energy: float | None
) -> Series | Problem:
    name = angles.path.rpartition("/")[2]
    reading = read_field(name, angles.field, angles.rule, crosswalk.patterns, None)
    if reading is None or isinstance(reading, Problem) or isinstance(reading.values, str):
        message = reading.message if isinstance(reading, Problem) else "holds no angles"
        rule = reading.rule if isinstance(reading, Problem) else "no-angles"
        return Problem(rule, f"data/two_theta: {angles.path}: {message}")
    two_theta, conversion = reading.values, reading.conversion
    if angles.rule.text.quantity == "q":
        if energy is None:
            return Problem(
                "no-energy",
                f"data/two_theta: {angles.path} is q; two theta follows from it with the energy of the beam,"
                f" which is not known or not one: give it with {how_to_give(ENERGY)}",
            )
        sine = two_theta * PHOTON / energy / (4 * np.pi)
        if np.any(np.abs(sine) > 1):
            return Problem(
                "implausible-value",
                f"data/two_theta: {angles.path} reaches {two_theta.max():.6g} 1/angstrom; at {energy:g} keV"
                f" there is no diffraction beyond {4 * np.pi * energy / PHOTON:.6g}",
            )
        two_theta = np.degrees(2 * np.arcsin(sine))
        conversion = f"2 theta = 2 asin(q lambda / 4 pi) with {energy:.10g} keV, {reading.unit} -> deg"
    ends = two_theta[[0, -1]]
    if not (np.isfinite(ends).all() and (two_theta[1:] > two_theta[:-1]).all()):
        return Problem(
            "not-ascending", f"data/two_theta: {angles.path} does not ascend strictly; sort the points"
        )
    own = angles.field.units
    return Series(
        intensity,
        angles,
        two_theta,
        conversion,
        own is not None and units.usual_spelling(own) == "deg" and angles.field.dtype.kind == "f",
    )
