"""A small facility: data sets of several kinds, as records, with what tells one search from another."""

from __future__ import annotations

from nxspectra import units
from nxspectra.catalogue.record import (
    Affiliation,
    Document,
    Facility,
    File,
    Instrument,
    Member,
    Parameter,
    Person,
    Record,
    Sample,
    Source,
)

PANET = "http://purl.org/pan-science/PaNET/"
DESY, ESS = Facility("DESY", "https://ror.org/01js2sh04"), Facility("ESS")
P02, LOKI = Instrument("20.500/P02.2", "P02.2"), Instrument("20.500/LoKI", "LoKI")
IMPORTED = Source("imported", "db.json")

CHADWICK = Person("James Chadwick", "0000-0002-1825-0097", "James", "Chadwick", "r-1")
PROPOSAL = Document(
    "10.5072/proposal",
    "Iron oxides under pressure",
    "proposal",
    "Where does the high-spin phase end?",
    "10.5072/proposal",
    "2021-05-01",
    "2021-12-31",
    "2024-01-01",
    "CC-BY-4.0",
    ("iron", "high pressure"),
    (
        Member(CHADWICK, "principal investigator", Affiliation("ESS", "Odarslovsvagen", "Lund", "Sweden")),
        Member(Person("Ada Lovelace"), "local contact"),
    ),
)
PAPER = Document("10.5072/paper", "Neutrons see ice", "publication", "Cold", keywords=("ice",))
EMBARGOED = Document("10.5072/embargoed", "Not yet told", "proposal", is_public=False)


def number(name: str, low: float, unit: str | None = None, high: float | None = None) -> Parameter:
    """A parameter of one value or a range, in a unit or in none."""
    high = low if high is None else high
    if unit is None or units.parse(unit) is None:
        return Parameter(name, low, high, unit)
    si = [float(units.to_si(end, unit)) for end in (low, high)]
    return Parameter(name, low, high, unit, *si)


def record(name: str, title: str, **facts: object) -> Record:
    pid = f"20.500/{name}"
    return Record(pid, f"https://data.example.org/id/{pid}", title, **facts)  # type: ignore[arg-type]


RAMP = record(
    "ramp",
    "Compression of ferropericlase",
    created="2021-06-01T10:00:00Z",
    size=5_617_664,
    keywords=("iron",),
    instrument=P02,
    facility=DESY,
    probe="x-ray",
    techniques=(PANET + "PaNET01101", PANET + "PaNET01065"),
    samples=(Sample("ferropericlase", "(Mg0.2,Fe0.8)O"),),
    parameters=(
        number("sample_pressure", 0.1, "GPa", 120.4),
        number("incident_photon_energy", 25.6, "keV"),
        Parameter("sample_chemical_formula", text="(Mg0.2,Fe0.8)O"),
    ),
    files=(File("ramp.nxs", "/data/private/2021/ramp.nxs", 5_617_664, "ab" * 32),),
    documents=(PROPOSAL,),
)
AMBIENT = record(
    "ambient",
    "Ambient run of ferropericlase",
    created="2021-05-31T10:00:00Z",
    size=1000,
    instrument=P02,
    facility=DESY,
    probe="x-ray",
    techniques=(PANET + "PaNET01101",),
    samples=(Sample("ferropericlase", "(Mg0.2,Fe0.8)O"),),
    parameters=(
        number("sample_pressure", 101325, "Pa"),
        number("incident_wavelength", 0.0484, "nm"),
        number("sample_temperature", 295, "K"),
        Parameter("sample_chemical_formula", text="(Mg0.2,Fe0.8)O"),
    ),
    files=(File("ambient.nxs", "/data/private/2021/ambient.nxs", 1000),),
    documents=(PROPOSAL,),
)
ICE = record(
    "ice",
    "Ice VII at low temperature",
    created="2020-03-10T22:00:00Z",
    size=77,
    instrument=LOKI,
    facility=ESS,
    probe="neutron",
    techniques=(PANET + "PaNET01189",),
    samples=(Sample("ice", None, "deuterated, 100% pure", "s-ice"),),
    parameters=(
        number("incident_wavelength", 2.4, "angstrom"),
        number("sample_temperature", 20, "celsius"),
        number("sample_mass", 3.0, "furlong"),
    ),
    files=(File("ice_1.hdf", "/public/ice_1.hdf", 70, None, "f-1"), File("ice_2.hdf", None, 7, None, "f-2")),
    documents=(PAPER,),
    source=IMPORTED,
)
COPPER = record(
    "copper",
    "Copper cylinder 100% solid_state",
    created="2019-08-02T12:03:28Z",
    instrument=LOKI,
    facility=ESS,
    techniques=(PANET + "PaNET01227", "urn:own:polishing"),
    samples=(Sample("Solid copper cylinder", "Cu"),),
    parameters=(
        number("photon_energy", 930, "eV"),
        number("temperature", 20, "celsius"),
        number("wavelength", 1064, "nm"),
        number("run", 7),
        Parameter("sample_state", text="solid"),
        Parameter("chemical_formula", text="Cu"),
    ),
    files=(File("file1.hdf"), File("file2.hdf")),
    documents=(PROPOSAL,),
    source=IMPORTED,
)
BARE = record("bare", "Ünbekanntes %_\\ 'x' \"y\" <b>", source=IMPORTED)
SECRET = record(
    "secret",
    "Secret compression of ferropericlase",
    created="2022-01-01T00:00:00Z",
    is_public=False,
    instrument=P02,
    facility=DESY,
    techniques=(PANET + "PaNET01101",),
    parameters=(number("sample_pressure", 55, "GPa"),),
    files=(File("secret.nxs", "/data/private/secret.nxs"),),
    documents=(PROPOSAL, EMBARGOED),
)

RECORDS = (RAMP, AMBIENT, ICE, COPPER, BARE, SECRET)
