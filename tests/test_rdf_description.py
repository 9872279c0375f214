"""Descriptions: who a data set is, and what is said of a tree."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
from described import BARE, PANET, SCHEMA, SITE, described, rules, techniques_of
from rdflib import RDF, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, SOSA, XSD

from nxspectra import hdf5, rdf
from nxspectra.errors import Refused
from nxspectra.findings import EntryReport, Report, Severity
from nxspectra.rdf import Description, describe
from nxspectra.rdf.techniques import of_definition, of_identifiers
from nxspectra.settings import Settings
from nxspectra.testing import DIGEST, conforming
from nxspectra.tree import Field, Group, Link, Unreadable

# -- who it is ---------------------------------------------------------------------------------


def test_the_pid_is_the_prefix_and_the_digest_of_the_raw_file() -> None:
    description = described(conforming(migrated=True), SITE)
    assert description.pid == f"20.500.99999/{DIGEST}"
    assert description.iri == f"https://data.example.org/id/20.500.99999/{DIGEST}"


def test_without_a_migration_the_file_itself_is_the_raw_file() -> None:
    assert described().pid == "sha256:" + "9f" * 32


def test_a_pid_that_is_an_address_is_the_iri() -> None:
    settings = Settings(pid_prefix="https://hdl.example.org/21.99999/")
    description = described(settings=settings)
    assert description.iri == description.pid == "https://hdl.example.org/21.99999/" + "9f" * 32


def test_a_raw_checksum_that_is_none_is_not_believed() -> None:
    tree = conforming(migrated=True).put("entry/migration/source_file/checksum", Field("see logbook"))
    assert described(tree).pid.endswith("9f" * 32)


def test_a_tree_that_comes_from_no_file_is_refused() -> None:
    with pytest.raises(Refused, match="does not come from a file"):
        describe(conforming(), BARE)


def test_a_tree_that_names_its_raw_file_can_be_described_before_it_is_written() -> None:
    description = describe(conforming(migrated=True), BARE)
    assert description.file is None
    assert description.raw is not None
    assert description.raw.name == "raw_0042.nxs"


def test_file_facts_are_those_of_the_real_file(tmp_path: Path) -> None:
    path = hdf5.write(conforming(classified=True, migrated=True), tmp_path / "run_0042.nxs")
    file = describe(hdf5.read(path), BARE).file
    assert file is not None
    assert (file.name, file.size) == ("run_0042.nxs", path.stat().st_size)
    assert file.digest == hdf5.sha256(path)


def test_what_is_described_from_a_written_file_is_what_was_described_from_the_tree(tmp_path: Path) -> None:
    tree = conforming(12, classified=True, migrated=True)
    path = hdf5.write(tree, tmp_path / "run_0042.nxs")
    from_file, from_tree = describe(hdf5.read(path), BARE), describe(tree, BARE)
    assert dataclasses.replace(from_file, file=None) == from_tree


def test_where_the_file_lies_is_not_published() -> None:
    description = described()
    texts = [description.serialize(format=form) for form in ("turtle", "n-triples", "json-ld")]
    assert not any("/data/2021" in text for text in texts)


def test_a_description_travels_between_processes() -> None:
    description = described(settings=SITE)
    assert pickle.loads(pickle.dumps(description)) == description


# -- what it says ------------------------------------------------------------------------------


def test_a_pressure_ramp_is_its_range_in_its_unit_and_in_pascal() -> None:
    pressure = next(each for each in described().parameters if each.quantity.name == "pressure")
    assert (pressure.minimum, pressure.maximum, pressure.units) == (0.1, 44.1, "GPa")
    assert (pressure.si_minimum, pressure.si_maximum) == pytest.approx((1e8, 4.41e10))
    assert pressure.path == "/entry/sample/pressure"


def test_the_unit_stays_as_the_file_has_it() -> None:
    tree = conforming().put("entry/sample/pressure", Field([1.0, 441.0] * 3, units="kbar"))
    pressure = described(tree).parameters[0]
    assert (pressure.units, pressure.maximum, pressure.si_maximum) == ("kbar", 441.0, pytest.approx(4.41e10))


def test_a_unit_without_a_term_is_told_in_si() -> None:
    tree = conforming().put("entry/sample/pressure", Field([0.01, 0.044] * 3, units="TPa"))
    pressure = described(tree).parameters[0]
    assert (pressure.units, pressure.maximum) == ("Pa", pytest.approx(4.4e10))
    assert "parameter-unit" not in rules(described(tree))


@pytest.mark.parametrize("units", ["V", "not a unit", None])
def test_a_value_whose_unit_is_none_of_the_quantity_is_left_out(units: str | None) -> None:
    tree = conforming().put("entry/instrument/beam/incident_energy", Field(25.6, units=units))
    assert "beam_energy" not in {each.quantity.name for each in described(tree).parameters}


def test_nan_pressures_do_not_count() -> None:
    tree = conforming().put("entry/sample/pressure", Field([np.nan, 3, 4, 5, 6, np.inf], units="GPa"))
    pressure = described(tree).parameters[0]
    assert (pressure.minimum, pressure.maximum, pressure.count) == (3, 6, 4)


def test_a_pressure_that_is_nowhere_a_number_is_left_out() -> None:
    tree = conforming().put("entry/sample/pressure", Field([np.nan] * 6, units="GPa"))
    assert "pressure" not in {each.quantity.name for each in described(tree).parameters}


def test_a_photon_energy_is_derived_from_the_wavelength() -> None:
    tree = conforming().without("entry/instrument/beam/incident_energy")
    tree = tree.put("entry/instrument/beam/incident_wavelength", Field(0.4836, units="angstrom"))
    energy = next(each for each in described(tree).parameters if each.quantity.name == "beam_energy")
    # CODATA 2018: h c = 12.398419843 keV angstrom
    assert energy.minimum == pytest.approx(12.398419843 / 0.4836)
    assert energy.derived


def test_the_wavelength_of_neutrons_is_no_photon_energy() -> None:
    tree = conforming().without("entry/instrument/beam/incident_energy")
    tree = tree.put("entry/instrument/beam/incident_wavelength", Field(2.4, units="angstrom"))
    tree = tree.put("entry/instrument/source/probe", Field("neutron"))
    assert "beam_energy" not in {each.quantity.name for each in described(tree).parameters}


def test_a_ramp_of_x_ray_powder_diffraction_has_its_three_techniques() -> None:
    assert techniques_of(conforming(12)) == ["PaNET01101", "PaNET01065", "PaNET01264"]


def test_a_few_steps_of_pressure_are_no_time_dependent_study() -> None:
    assert techniques_of(conforming(6)) == ["PaNET01101", "PaNET01065"]


def test_a_constant_pressure_is_no_ramp() -> None:
    tree = conforming(12).put("entry/sample/pressure", Field(np.full(12, 20.0), units="GPa"))
    assert techniques_of(tree) == ["PaNET01101", "PaNET01065"]


def test_neutrons_do_neutron_powder_diffraction() -> None:
    tree = conforming(12).put("entry/instrument/source/probe", Field("neutron"))
    assert techniques_of(tree)[0] == "PaNET01100"


def test_esrfet_identifiers_are_kept_and_carried_over_to_panet() -> None:
    tree = conforming().put(
        "entry/identifier_technique_1", Field("https://w3id.org/PaN/ESRFET#HP-XRD", type="W3ID")
    )
    found = described(tree).techniques
    assert "https://w3id.org/PaN/ESRFET#HP-XRD" in found
    assert {PANET + "PaNET01216", PANET + "PaNET01065"} <= set(found)


@pytest.mark.parametrize("hostile", ["https://evil.example.org/#XRD", "PaNET01101> . <x:y> <x:z> <x:w", ""])
def test_an_identifier_of_no_technique_is_left_out(hostile: str) -> None:
    assert of_identifiers([hostile]) == ()


@pytest.mark.parametrize(
    ("definition", "probe", "technique"),
    [("NXsas", "x-ray", "PaNET01188"), ("NXsas", "neutron", "PaNET01189"), ("NXtomo", "", "PaNET01129")],
)
def test_other_definitions_have_the_technique_they_are_for(
    definition: str, probe: str, technique: str
) -> None:
    assert of_definition(definition, probe) == (PANET + technique,)


def test_a_definition_of_no_particular_technique_has_none() -> None:
    assert of_definition("NXsensor_scan", "x-ray") == ()


def test_without_a_title_the_file_is_called_by_its_name() -> None:
    assert described(conforming().without("entry/title")).title == "run_0042"


def test_the_text_says_what_a_scientist_would_ask_first() -> None:
    text = described().text
    for said in (
        "12 x-ray diffraction spectra",
        "0.1 to 44.1 GPa",
        "25.6 keV",
        "0.1 s",
        "P02.2",
        "PETRA III",
    ):
        assert said in text


def test_a_subentry_asks_its_entry_for_what_it_does_not_know() -> None:
    ours = conforming().group("entry")
    assert ours is not None
    mine = Group("NXsubentry", ours.without("title").without("start_time").children)
    tree = Group(
        "NXroot", {"scan": Group("NXentry", {"title": Field("Scan 7"), "diffraction_spectra": mine})}
    )
    description = described(tree)
    assert description.entry == "/scan/diffraction_spectra"
    assert description.title == "Scan 7"


def test_people_in_the_file_are_named_with_their_orcid_and_nothing_else() -> None:
    user = Group(
        "NXuser",
        {
            "name": Field("Josiah Carberry"),
            "ORCID": Field("https://orcid.org/0000-0002-1825-0097"),
            "email": Field("josiah@example.org"),
        },
    )
    description = described(conforming().put("entry/user", user))
    assert [(each.name, each.iri) for each in description.people] == [
        ("Josiah Carberry", "https://orcid.org/0000-0002-1825-0097")
    ]
    assert "josiah@example.org" not in description.serialize()


def test_conformity_is_what_validation_said() -> None:
    def verdict(conforms: bool) -> Report:
        return Report(None, (EntryReport("/entry", "NXdiffraction_spectra", conforms),))

    assert described().conforms is None
    assert described(report=verdict(True)).conforms is True
    refused = described(report=verdict(False))
    assert refused.conforms is False
    assert not any("NXdiffraction_spectra" in standard for standard in refused.conforms_to)


def test_a_file_without_an_entry_is_described_by_what_is_known() -> None:
    description = described(Group("NXroot"))
    assert (description.entry, description.title, description.parameters) == (None, "run_0042", ())


def test_publication_facts_come_from_the_site() -> None:
    graph, site = described(settings=SITE).graph(), URIRef(described(settings=SITE).iri)
    assert graph.value(site, DCTERMS.license) == URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert graph.value(site, DCTERMS.creator) == URIRef("https://orcid.org/0000-0002-1825-0097")
    assert graph.value(site, DCTERMS.issued) == Literal("2026-02-01", datatype=XSD.date)
    (download,) = graph.objects(None, DCAT.downloadURL)
    assert download == URIRef("https://data.example.org/files/run_0042.nxs")


# -- where it was measured ------------------------------------------------------------------------


def operator_of(description: Description) -> tuple[str | None, str | None]:
    """Name of the light source, and IRI of the organisation that the graph says runs it."""
    graph = description.graph()
    (instrument,) = graph.subjects(RDF.type, SOSA.Sensor)
    facility = graph.value(instrument, SCHEMA.provider)
    runs = graph.value(facility, SCHEMA.parentOrganization)
    return str(graph.value(facility, SCHEMA.name)), None if runs is None else str(runs)


@pytest.mark.parametrize(
    ("source", "ror"),
    [
        ("PETRA III", "https://ror.org/01js2sh04"),
        ("petra-iii (DESY, Hamburg)", "https://ror.org/01js2sh04"),
        ("ESRF", "https://ror.org/02550n020"),
        ("PETRA IV", None),
    ],
)
def test_the_organisation_behind_a_light_source_is_named_where_it_is_known(
    source: str, ror: str | None
) -> None:
    tree = conforming().put("entry/instrument/source/name", Field(source))
    assert operator_of(described(tree)) == (source, ror)


def test_a_ror_in_the_file_goes_before_what_the_name_suggests() -> None:
    tree = conforming().put("entry/instrument/source/identifier_ror", Field("ror.org/01wp2jz98"))
    assert operator_of(described(tree))[1] == "https://ror.org/01wp2jz98"


def test_a_facility_that_the_site_names_by_its_ror_is_that() -> None:
    site = Settings.model_validate(
        {"facility": {"name": "European XFEL", "iri": "https://ror.org/01wp2jz98"}}
    )
    graph = described(settings=site).graph()
    (instrument,) = graph.subjects(RDF.type, SOSA.Sensor)
    assert graph.value(instrument, SCHEMA.provider) == URIRef("https://ror.org/01wp2jz98")


@pytest.mark.parametrize(
    ("said", "iri"),
    [
        ("https://doi.org/10.5442/NI000001", "https://doi.org/10.5442/NI000001"),
        ("https://hdl.handle.net/21.11157/8a9b", "https://hdl.handle.net/21.11157/8a9b"),
        ("https://evil.example.org/P02.2", None),
        ("https://doi.org/10.5442/a> <x:y> <x:z", None),
    ],
)
def test_an_instrument_is_known_by_its_persistent_identifier(said: str, iri: str | None) -> None:
    tree = conforming().put("entry/instrument/identifier_1", Field(said))
    instrument = described(tree).instrument
    assert instrument is not None
    assert (instrument.name, instrument.iri) == ("P02.2", iri)


# -- real files --------------------------------------------------------------------------------


def test_a_raw_lambda_file_is_described_by_its_exposure_and_nothing_false(real_files: Path) -> None:
    description = describe(hdf5.read(real_files / "lambda_p02.2_m1_part00000.nxs"), SITE)
    (exposure,) = description.parameters
    assert (exposure.quantity.name, exposure.minimum, exposure.units) == ("exposure", 100.0, "ms")
    assert description.techniques == ()
    assert rdf.check(description) == ()


@pytest.mark.parametrize(
    ("name", "energy"), [("538039.nxs", 5.223), ("AgBehenate_228.hdf5", 16.9), ("Therm_6_2.nxs", 12.648)]
)
def test_the_beam_energy_of_real_files_is_found(real_files: Path, name: str, energy: float) -> None:
    description = describe(hdf5.read(real_files / name), SITE)
    found = next(each for each in description.parameters if each.quantity.name == "beam_energy")
    assert found.minimum == pytest.approx(energy, abs=5e-3)
    assert not [each for each in rdf.check(description) if each.severity is Severity.VIOLATION]


def test_links_are_followed_to_parameters() -> None:
    tree = conforming().put("entry/elsewhere", Field(0.2, units="s"))
    tree = tree.put("entry/instrument/detector/count_time", Link("/entry/elsewhere"))
    exposure = next(each for each in described(tree).parameters if each.quantity.name == "exposure")
    assert exposure.minimum == 0.2


STRANGE = [
    Unreadable("checksum error"),
    Link("/entry", kind="hard"),
    Link("data", file="/etc/passwd", kind="external"),
    Group(None),
    Field(["a", "b"]),
    Field(np.array([], dtype=np.float64), units="GPa"),
    Field(np.array(1 + 2j), units="keV"),
    Field(np.nan, units="\x00"),
    Field(np.full((2, 3, 4), 10**300), units="keV"),
]


@pytest.mark.parametrize("item", STRANGE, ids=lambda item: repr(item)[:40])
def test_whatever_stands_at_a_place_a_file_is_described(item: Group | Field | Link | Unreadable) -> None:
    tree = conforming(3, classified=True, migrated=True).without("entry/reduction")
    for path, _ in tree.walk():
        assert described(tree.put(path, item)).triples()
