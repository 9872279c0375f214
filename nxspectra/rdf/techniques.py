"""Techniques: PaNET terms with their sub-trees, and which technique a kind of file was measured by."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from nxspectra.errors import SettingsError, UsageError
from nxspectra.rdf.terms import ESRFET, PANET, Iri
from nxspectra.settings import VARIABLE, Settings
from nxspectra.shipped import shipped

DIFFRACTION_RAMP_FRAMES = 10
"""With fewer spectra a change of pressure is a series of steps rather than a study of time dependence."""

XRAY_POWDER_DIFFRACTION = "PaNET01101"
NEUTRON_POWDER_DIFFRACTION = "PaNET01100"
POWDER_DIFFRACTION = "PaNET01030"
VERSUS_PRESSURE = "PaNET01065"
TIME_DEPENDENT_DIFFRACTION = "PaNET01264"

# An application definition by probe; "" where the probe is unknown or does not matter.
_SMALL_ANGLE = {"x-ray": "PaNET01188", "neutron": "PaNET01189", "": "PaNET01124"}
_POWDER = {"x-ray": XRAY_POWDER_DIFFRACTION, "neutron": NEUTRON_POWDER_DIFFRACTION, "": POWDER_DIFFRACTION}
_SINGLE_CRYSTAL = {"x-ray": "PaNET01102", "neutron": "PaNET01236", "": "PaNET01029"}
_TOMOGRAPHY = {"x-ray": "PaNET01207", "": "PaNET01129"}
_REFLECTOMETRY = {"x-ray": "PaNET01149", "neutron": "PaNET01239", "": "PaNET01121"}
_BY_DEFINITION: Mapping[str, Mapping[str, str]] = {
    "NXarpes": {"": "PaNET01089"},
    "NXazint1d": _POWDER,
    "NXcanSAS": _SMALL_ANGLE,
    "NXfluo": {"": "PaNET01177"},
    "NXlauetof": {"": "PaNET01236"},
    "NXmonopd": _POWDER,
    "NXmpes": {"": "PaNET01093"},
    # written for macromolecular crystallography, used for any diffraction on an area detector
    "NXmx": {"x-ray": "PaNET01216", "": "PaNET01022"},
    "NXptycho": {"": "PaNET01212"},
    "NXrefscan": _REFLECTOMETRY,
    "NXreftof": _REFLECTOMETRY,
    "NXsas": _SMALL_ANGLE,
    "NXstxm": {"": "PaNET01219"},
    "NXtofnpd": {"": NEUTRON_POWDER_DIFFRACTION},
    "NXtofsingle": {"": "PaNET01236"},
    "NXtomo": _TOMOGRAPHY,
    "NXtomophase": _TOMOGRAPHY,
    "NXtomoproc": _TOMOGRAPHY,
    "NXxas": {"": "PaNET01196"},
    "NXxasproc": {"": "PaNET01196"},
    "NXxrot": _SINGLE_CRYSTAL,
}

# ESRFET states these by restrictions, not as subclasses of PaNET, so the step across is written out here.
_ESRFET_TO_PANET: Mapping[str, tuple[str, ...]] = {
    "HP-XRD": ("PaNET01216", VERSUS_PRESSURE),
    "TR-XRD": ("PaNET01216", TIME_DEPENDENT_DIFFRACTION),
    "XRD": ("PaNET01216",),
    "XRPD": (XRAY_POWDER_DIFFRACTION,),
}

_PANET_ID = re.compile(r"(?:https?://purl\.org/pan-science/PaNET/|panet:)?(PaNET\d{5,7})", re.IGNORECASE)
_ESRFET_IRI = re.compile(r"https?://w3id\.org/PaN/ESRFET#([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Technique:
    """A PaNET term."""

    id: str
    label: str
    synonyms: tuple[str, ...]
    ancestors: frozenset[str]
    """Ids of every wider term, the closure of PaNET's superclasses."""
    parents: frozenset[str] = frozenset()
    """Ids of the terms that are stated to be wider."""

    @property
    def iri(self) -> Iri:
        return PANET[self.id]


@dataclass(frozen=True)
class Techniques:
    """All terms of one release of PaNET, by id."""

    version: str
    terms: Mapping[str, Technique]
    source: str = "unknown"
    released: str | None = None
    """Day of the release."""
    license: str | None = None
    reasoned: bool = True
    """Whether it was compiled from a reasoned ontology; else what lies below a term is incomplete."""

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[str, ...]]:
        names: dict[str, tuple[str, ...]] = {}
        for term in self.terms.values():
            names.setdefault(_normal(term.label), (term.id,))
        whole = frozenset(names)
        for term in self.terms.values():
            stem = _stem(_normal(term.label))
            if stem not in whole:
                names[stem] = (*names.get(stem, ()), term.id)
        labels = frozenset(names)
        for term in self.terms.values():
            # a label goes before the same word as a synonym: PaNET01163 is also called "Diffraction"
            for synonym in {_normal(synonym) for synonym in term.synonyms} - labels:
                names[synonym] = (*names.get(synonym, ()), term.id)
        return names

    def term(self, said: str) -> Technique:
        """The term that is meant by an IRI, an id, a label or a synonym.

        Raises UsageError, with the nearest names, if no technique is called so, or several are.
        """
        return self.terms[self._id_of(said)]

    def narrower(self, term_id: str) -> frozenset[str]:
        """Ids of a term and of every term below it."""
        return frozenset({term_id, *(term.id for term in self.terms.values() if term_id in term.ancestors)})

    def resolve(self, said: str) -> tuple[Iri, ...]:
        """The IRIs of the technique that is meant and of all below it.

        `said` is an IRI, an id such as PaNET01101, a label or a synonym; upper and lower case do not matter.
        Raises UsageError, with the nearest names, if no technique is called so, or several are.
        """
        esrfet = _ESRFET_IRI.fullmatch(said.strip())
        if esrfet is not None:
            return (ESRFET[esrfet[1]],)
        return tuple(PANET[each] for each in sorted(self.narrower(self._id_of(said))))

    def called(self, name: str) -> tuple[Technique, ...]:
        """The terms with this label or synonym, in whatever case; none if there are none."""
        name = _normal(name)
        ids = self._by_name.get(name) or self._by_name.get(_stem(name), ())
        return tuple(self.terms[each] for each in ids)

    def _id_of(self, said: str) -> str:
        found = _PANET_ID.fullmatch(said.strip())
        if found is not None:
            term_id = "PaNET" + found[1][len("PaNET") :]
            if term_id in self.terms:
                return term_id
            raise UsageError(f"{said!r} is not a technique of PaNET {self.version}")
        found_terms = self.called(said)
        if len(found_terms) == 1:
            return found_terms[0].id
        if found_terms:
            meant = "; ".join(f"{term.label} ({term.id})" for term in found_terms)
            raise UsageError(f"{said!r} is a name of several techniques: {meant}; say which by its id")
        close = (self._by_name[each][0] for each in get_close_matches(_normal(said), self._by_name, n=3))
        labels = dict.fromkeys(self.terms[each].label for each in close)
        hint = f"; did you mean {' or '.join(repr(label) for label in labels)}?" if labels else ""
        raise UsageError(f"no technique is called {said!r}{hint}")


def _normal(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").replace("_", " ").split())


def _stem(name: str) -> str:
    """`x ray probe` of "x-ray probe", "x-ray probe technique" and "x-ray probe-based techniques".

    Releases of PaNET differ in this ending of labels.
    """
    return name.removesuffix("s").removesuffix(" technique").removesuffix(" based")


def load(path: Path | None = None) -> Techniques:
    """The table of techniques that comes with the package, or one that `nxspectra technique compile` made.

    Raises SettingsError if it cannot be read or is none.
    """
    where = path or shipped("panet.json")
    try:
        facts = json.loads(where.read_text(encoding="utf-8"))
        terms = {key: _technique(key, term) for key, term in facts["terms"].items()}
        return Techniques(
            version=str(facts["version"]),
            terms=terms,
            source=str(facts.get("source", "unknown")),
            released=facts.get("released"),
            license=facts.get("license"),
            reasoned=bool(facts.get("reasoned", True)),
        )
    except OSError as error:
        raise SettingsError(f"{where}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{where}: is no table of techniques ({error!r}); `nxspectra technique compile` makes one"
        ) from None


def _technique(key: str, term: Mapping[str, Any]) -> Technique:
    return Technique(
        key,
        str(term["label"]),
        tuple(map(str, term["synonyms"])),
        frozenset(map(str, term["ancestors"])),
        frozenset(map(str, term.get("parents", ()))),
    )


def table(site: Settings | None = None) -> Techniques:
    """The table of techniques that the site has set, or else that of the package.

    Settings are those of $NXSPECTRA_CONFIG unless given, read once. Raises SettingsError.
    """
    return _loaded(_chosen(os.environ.get(VARIABLE)) if site is None else site.techniques)


@lru_cache(maxsize=4)
def _chosen(config: str | None) -> Path | None:
    """What the settings in `config` say; asked for with every data set that is filed, so remembered."""
    return Settings.load(config).techniques if config else None


@lru_cache(maxsize=4)
def _loaded(path: Path | None) -> Techniques:
    """The table in that file, read when first asked for."""
    return load(path)


def of_diffraction(probe: str, frames: int, pressure_changes: bool | None) -> tuple[Iri, ...]:
    """The techniques of a file that follows NXdiffraction_spectra.

    PaNET has no term for powder diffraction at high pressure, so it takes two; a ramp takes a third.
    `pressure_changes` is None where the pressure is unknown.
    """
    ids = [NEUTRON_POWDER_DIFFRACTION if probe == "neutron" else XRAY_POWDER_DIFFRACTION]
    if pressure_changes is not None:
        ids.append(VERSUS_PRESSURE)
    if pressure_changes and frames >= DIFFRACTION_RAMP_FRAMES:
        ids.append(TIME_DEPENDENT_DIFFRACTION)
    return tuple(PANET[each] for each in ids)


def of_definition(definition: str, probe: str) -> tuple[Iri, ...]:
    """The technique that an application definition is for; none for definitions of no particular one."""
    by_probe = _BY_DEFINITION.get(definition, {})
    term_id = by_probe.get(probe) or by_probe.get("")
    return () if term_id is None else (PANET[term_id],)


def of_identifiers(identifiers: Iterable[str]) -> tuple[Iri, ...]:
    """The techniques that a file names by identifier, ESRFET ones together with what they are in PaNET."""
    found: list[Iri] = []
    for identifier in identifiers:
        esrfet = _ESRFET_IRI.fullmatch(identifier.strip())
        panet = _PANET_ID.fullmatch(identifier.strip())
        if esrfet is not None:
            found.append(ESRFET[esrfet[1]])
            found.extend(PANET[each] for each in _ESRFET_TO_PANET.get(esrfet[1], ()))
        elif panet is not None:
            found.append(PANET["PaNET" + panet[1][len("PaNET") :]])
    return tuple(dict.fromkeys(found))
