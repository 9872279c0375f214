"""What a tree says about its data set, gathered into a Description; files that follow no definition too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from nxspectra.errors import Refused
from nxspectra.findings import Report
from nxspectra.rdf import techniques
from nxspectra.rdf.description import Description, File, Parameter, Raw, Sample
from nxspectra.rdf.facilities import operator, ror
from nxspectra.rdf.publication import Publication, orcid_iri, organisation, site_iri
from nxspectra.rdf.quantities import (
    BEAM_ENERGY,
    EXPOSURE,
    PRESSURE,
    QUANTITIES,
    TEMPERATURE,
    WAVELENGTH,
    Quantity,
)
from nxspectra.rdf.ranges import photon_energy, range_of
from nxspectra.rdf.results import NAME, Result, results
from nxspectra.rdf.terms import NX, Agent, Iri, iri, iso_moment, plain, segment
from nxspectra.settings import Instrument as SiteInstrument
from nxspectra.settings import Settings, orcid_of
from nxspectra.spectra import DEFINITION, VERSION, classifications, definitions_of, raw_file, spectra_entry
from nxspectra.tree import Field, Group, one

NEXUS = Iri("http://www.nexusformat.org/")
DEFINITIONS = "https://w3id.org/nxspectra/"

TITLE, TEXT = 300, 2000
"""Most characters of a title and of a description that are taken from a file."""

_XRAYS_UNLESS_SAID = (DEFINITION, "NXmx")

_HANDLE = re.compile(r"https?://(?:(?:dx\.)?doi\.org|hdl\.handle\.net)/[0-9][0-9A-Z.]*/[A-Za-z0-9._:/-]+")
"""A DOI or handle as PIDINST gives them to instruments, https://doi.org/10.15497/RDA00070."""
_DEFINITION_NAME = re.compile(r"NX[A-Za-z0-9_]{1,60}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}")


def describe(root: Group, settings: Settings | None = None, *, report: Report | None = None) -> Description:
    """The data set in `root`: the entry with diffraction spectra, or else the default or first entry.

    With the `report` of its validation the description says whether it conforms; without, it says only what
    the file claims. Settings are those of $NXSPECTRA_CONFIG unless given. Raises Refused for a tree that was
    not read from a file and names no raw file: it has no identifier. Raises SettingsError.
    """
    site = Settings.load() if settings is None else settings
    facts = _Facts(root, _entry(root), site)
    raw, file = facts.raw(), facts.file()
    digest = raw.digest if raw else file.digest if file else None
    if digest is None:
        raise Refused(
            "the tree does not come from a file, so its data set has no identifier; write it to a file,"
            " read that, and describe what was read"
        )
    pid = site.pid_prefix + digest
    parameters = tuple(facts.parameters())
    definition, conforms = facts.definition(), None if report is None else facts.conforms(report)
    found = facts.techniques(parameters)
    return Description(
        pid=pid,
        iri=data_set_iri(site, digest),
        title=facts.title(file, raw),
        text=facts.summary(parameters),
        entry=facts.entry,
        definition=definition,
        conforms=conforms,
        conforms_to=tuple(facts.standards(conforms)),
        techniques=found,
        parameters=parameters,
        spectra=facts.spectra(),
        probe=facts.probe(),
        instrument=facts.instrument(),
        facility=facts.facility(),
        operator=facts.operator(),
        sample=facts.sample(),
        started=facts.moment("start_time"),
        ended=facts.moment("end_time"),
        experiment=facts.text("experiment_identifier"),
        people=tuple(facts.people()),
        results=tuple(facts.results()),
        file=file,
        raw=raw,
        keywords=tuple(
            dict.fromkeys((*_labels(found, site), *(plain(word, NAME) for word in site.keywords)))
        ),
        label_scheme=Iri(site.label_scheme),
        base=Iri(site.base_iri),
        **vars(Publication.of(site, pid)),
    )


def data_set_iri(site: Settings, digest: str) -> Iri:
    """The IRI of the data set whose raw file has this sha256, as the site names its data sets."""
    pid = site.pid_prefix + digest
    return Iri(pid) if pid.startswith(("http://", "https://")) else Iri(site.base_iri + pid)


@dataclass(frozen=True)
class _Facts:
    """The questions that are asked of one entry; a subentry asks its entry for what it does not know."""

    root: Group
    entry: str | None
    site: Settings

    # -- finding things ------------------------------------------------------------------------

    def entries(self) -> Iterator[str]:
        if self.entry is None:
            return
        yield self.entry
        parent = self.entry.rpartition("/")[0]
        if parent:
            yield parent

    def field(self, *place: str) -> tuple[str, Field] | None:
        """Path and field at a place given by the classes of groups and the name of the field."""
        *classes, name = place
        for entry in self.entries():
            for path in self.groups(entry, *classes):
                field = self.root.field(f"{path}/{name}")
                if field is not None:
                    return f"{path}/{name}", field
        return None

    def groups(self, start: str, *classes: str) -> Iterator[str]:
        """Paths of the groups below `start` down these classes, links followed."""
        if not classes:
            yield start
            return
        group = self.root.group(start)
        for name in group.children if group else ():
            child = self.root.group(f"{start}/{name}")
            if child is not None and child.nx_class == classes[0]:
                yield from self.groups(f"{start}/{name}", *classes[1:])

    def text(self, *place: str, most: int = NAME) -> str | None:
        found = self.field(*place)
        return None if found is None else _text(found[1], most)

    def stored(self, path: str) -> bool:
        """Is what stands at `path` in the file, rather than still to be added to it?"""
        return not any(path == added or path.startswith(f"{added}/") for added in self.root.additions.paths)

    # -- the file ------------------------------------------------------------------------------

    def file(self) -> File | None:
        source = self.root.source
        if source is None:
            return None
        name = PurePath(source.path).name
        download = Iri(self.site.files + segment(name)) if self.site.files else None
        return File(plain(name, NAME), source.size, source.digest, str(source.path), download)

    def raw(self) -> Raw | None:
        told = raw_file(self.root, self.entry)
        if told is None:
            return None
        name, date = told.file_name or "raw file", iso_moment(_at(self.root, f"{told.account}/date"))
        program = _at(self.root, f"{told.account}/program") or "unknown"
        return Raw(PurePath(name).name, told.checksum, program, date)

    # -- what it is ----------------------------------------------------------------------------

    def definition(self) -> str | None:
        """Ours, if it is among several that the entry says it follows."""
        names = () if self.entry is None else definitions_of(self.root, self.entry)
        name = DEFINITION if DEFINITION in names else next(iter(names), "")
        return name if _DEFINITION_NAME.fullmatch(name) else None

    def conforms(self, report: Report) -> bool:
        verdicts = [each.conforms for each in report.entries if each.path == self.entry]
        return bool(verdicts) and all(verdicts)

    def standards(self, conforms: bool | None) -> Iterator[Iri]:
        definition = self.definition()
        if definition == DEFINITION and conforms is not False:
            said = one(self.root.attribute(f"{self.entry}/definition@version"))
            version = said if isinstance(said, str) and _VERSION.fullmatch(said) else VERSION
            yield Iri(f"{DEFINITIONS}{DEFINITION}/{version}")
        elif definition is not None and conforms is not False:
            yield NX[definition]
        yield NEXUS

    def probe(self) -> str | None:
        said = self.text("NXinstrument", "NXsource", "probe") or self.text("NXsource", "probe")
        if said is None:
            return "x-ray" if self.definition() in _XRAYS_UNLESS_SAID else None
        return "x-ray" if said.casefold().replace("-", "").replace(" ", "") in ("xray", "xrays") else said

    def techniques(self, parameters: Iterable[Parameter]) -> tuple[Iri, ...]:
        probe, definition = self.probe() or "", self.definition() or ""
        own: tuple[Iri, ...]
        if definition == DEFINITION:
            pressure = next((each for each in parameters if each.quantity is PRESSURE), None)
            changes = None if pressure is None else pressure.minimum < pressure.maximum
            own = techniques.of_diffraction(probe, self.spectra() or 0, changes)
        else:
            own = techniques.of_definition(definition, probe)
        return tuple(
            dict.fromkeys((*own, *techniques.of_identifiers(self.said(stem="identifier_technique"))))
        )

    def spectra(self) -> int | None:
        intensity = self.root.field(f"{self.entry}/data/intensity") if self.entry else None
        if intensity is None or self.definition() != DEFINITION or not intensity.shape:
            return None
        return intensity.shape[0] if len(intensity.shape) > 1 else 1

    # -- how it was measured -------------------------------------------------------------------

    def parameters(self) -> Iterator[Parameter]:
        found = {quantity.name: self.parameter(quantity) for quantity in QUANTITIES}
        energy, wavelength = found[BEAM_ENERGY.name], found[WAVELENGTH.name]
        if energy is None and wavelength is not None and self.probe() == "x-ray":
            found[BEAM_ENERGY.name] = photon_energy(wavelength)
        yield from (parameter for parameter in found.values() if parameter is not None)

    def parameter(self, quantity: Quantity) -> Parameter | None:
        for place in quantity.places:
            found = self.field(*place)
            made = None if found is None else range_of(quantity, place, *found, self.stored(found[0]))
            if made is not None:
                return made
        return None

    def instrument(self) -> Agent | None:
        site: SiteInstrument | None = self.site.instrument
        name = self.text("NXinstrument", "name")
        known = next((iri(said) for said in self.said("NXinstrument") if _HANDLE.fullmatch(said)), None)
        if site is None:
            return Agent(name, known) if name or known else None
        own = name is None or site.name is None or name.casefold() == site.name.casefold()
        return Agent(name or site.name, known or site_iri(site.iri)) if own else Agent(name, known)

    def facility(self) -> Agent | None:
        """The light source, or what the site calls its facility."""
        name = self.text("NXinstrument", "NXsource", "name")
        return organisation(self.site.facility) or (Agent(name) if name else None)

    def operator(self) -> Agent | None:
        """The organisation that runs the source, where its ROR is known from the file or the name."""
        if self.site.facility is not None and self.site.facility.iri is not None:
            return None
        known = next(filter(None, (ror(said) for said in self.said("NXinstrument", "NXsource"))), None)
        named = operator(self.text("NXinstrument", "NXsource", "name"))
        return named if known is None or (named and named.iri == known) else Agent(None, known)

    def said(self, *classes: str, stem: str = "identifier") -> Iterator[str]:
        """Values of the fields `identifier`, `identifier_1` ... of the groups down these classes."""
        for entry in self.entries():
            for path in self.groups(entry, *classes):
                group = self.root.group(path)
                for name in group.children if group else ():
                    value = _at(self.root, f"{path}/{name}") if name.startswith(stem) else None
                    if value is not None:
                        yield value

    def sample(self) -> Sample | None:
        for entry in self.entries():
            for path in self.groups(entry, "NXsample"):
                name, formula = _at(self.root, f"{path}/name"), _at(self.root, f"{path}/chemical_formula")
                return Sample(name, formula, path)
        return None

    def moment(self, name: str) -> str | None:
        found = self.field(name)
        return None if found is None else iso_moment(_text(found[1], NAME))

    def people(self) -> Iterator[Agent]:
        for entry in self.entries():
            for path in self.groups(entry, "NXuser"):
                group = self.root.group(path)
                name = _at(self.root, f"{path}/name")
                orcids = (
                    orcid_of(_at(self.root, f"{path}/{key}") or "")
                    for key in (group.children if group else ())
                    if "orcid" in key.casefold() or key.startswith("identifier")
                )
                orcid = next((each for each in orcids if each), None)
                if name or orcid:
                    yield Agent(name, orcid_iri(orcid))

    # -- what was found ------------------------------------------------------------------------

    def results(self) -> Iterator[Result]:
        found = classifications(self.root, self.entry) if self.definition() == DEFINITION else {}
        return results(found, self.stored)

    # -- words ---------------------------------------------------------------------------------

    def title(self, file: File | None, raw: Raw | None) -> str:
        said = self.text("title", most=TITLE)
        if said:
            return said
        name = file.name if file else raw.name if raw else ""
        return plain(PurePath(name).stem, TITLE) or "Untitled data set"

    def summary(self, parameters: Iterable[Parameter]) -> str:
        """The file's own description if it has one, and what is known in one sentence."""
        number, probe, definition = self.spectra(), self.probe(), self.definition()
        if number is not None:
            what = f"Series of {number} {probe or ''} diffraction spectra"
        else:
            what = (
                f"NeXus file of {definition}" if definition else "NeXus file without application definition"
            )
        sample, instrument = self.sample(), self.instrument()
        of = " ".join(dict.fromkeys(part for part in (sample.name, sample.formula) if part)) if sample else ""
        parts = [" ".join(what.split()) + (f" of {of}" if of else "")]
        parts += [_said(each) for each in parameters if not each.derived]
        where = self.text("NXinstrument", "NXsource", "name")
        place = ", ".join(part for part in (instrument.name if instrument else None, where) if part)
        known = "; ".join([*parts, *([f"measured at {place}"] if place else [])])
        own = self.text("experiment_description", most=TEXT)
        return f"{own} {known}." if own else f"{known}."


def _entry(root: Group) -> str | None:
    found = spectra_entry(root)
    if found is not None:
        return found
    names = [name for name in root if _class_of(root, name) == "NXentry"]
    default = one(root.attributes.get("default"))
    first = default if isinstance(default, str) and default in names else next(iter(names), None)
    return None if first is None else f"/{first}"


def _class_of(root: Group, name: str) -> str | None:
    group = root.group(name)
    return None if group is None else group.nx_class


def _text(field: Field, most: int) -> str | None:
    text = field.text
    # ten times the most is enough to cut from, however long a hostile text is
    return None if text is None else plain(text[: 10 * most], most) or None


def _at(group: Group, path: str) -> str | None:
    field = group.field(path)
    return None if field is None else _text(field, NAME)


def _keywords(site: Settings) -> Iterator[str]:
    yield from (plain(word, NAME) for word in site.keywords)


def _labels(found: Iterable[Iri], site: Settings) -> Iterator[str]:
    table = techniques.table(site)
    for each in found:
        term = table.terms.get(each.rpartition("/")[2])
        if term is not None:
            yield term.label


_SPOKEN = {BEAM_ENERGY.name: "beam energy", TEMPERATURE.name: "temperature", EXPOSURE.name: "exposure"}


def _said(parameter: Parameter) -> str:
    name = _SPOKEN.get(parameter.quantity.name, parameter.quantity.name)
    low, high = f"{parameter.minimum:.5g}", f"{parameter.maximum:.5g}"
    return f"{name} {low if low == high else f'{low} to {high}'} {parameter.units}"
