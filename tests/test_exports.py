"""Records for other catalogues: each is read back by the library of that catalogue."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import hypothesis
import icat.client
import icat.entities
import pytest
import rdflib
from datacite import schema45
from described import BARE, SITE, labelled, read
from hypothesis import given
from hypothesis import strategies as st
from icat.dumpfile_xml import XMLDumpFileReader
from lxml import etree
from rocrate.rocrate import ROCrate
from scitacean.model import UploadDataset, UploadOrigDatablock
from scitacean.testing.client import FakeClient
from suds.sudsobject import Factory

from nxspectra import exports, hdf5
from nxspectra.errors import FileChanged, Refused, UsageError
from nxspectra.rdf import Description, describe
from nxspectra.settings import Settings
from nxspectra.shipped import shipped
from nxspectra.testing import DIGEST, conforming
from nxspectra.tree import Field, Group

FULL = SITE.model_validate(
    {
        **SITE.model_dump(),
        "citations": ["https://doi.org/10.5334/dsj-2022-015"],
        "scicat": {
            "contact_email": "data@example.org",
            "owner_group": "p02.2",
            "source_folder": "/gpfs/p02.2",
        },
        "datacite": {"doi_prefix": "10.5072"},
        "icat": {
            "facility": "DESY",
            "visit_id": "1",
            "instrument_pid": "DOI:10.5442/NI000001",
            "parameter_types": {"pressure": "sample pressure"},
        },
    }
)


def written(tree: Group, folder: Path) -> Description:
    """The description of a tree that was written to `run_0042.nxs`."""
    return describe(hdf5.read(hdf5.write(tree, folder / "run_0042.nxs")), FULL)


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Description:
    tree = conforming(12, classified=True, migrated=True)
    return written(tree, tmp_path_factory.mktemp("described"))


# -- what nobody has said ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("scicat", ["contact_email in [scicat]", "owner_group in [scicat]", "owner in [scicat]"]),
        ("datacite", ["doi_prefix in [datacite]", "creators with a name", "name in [publisher]", "issued"]),
        ("ro-crate", ["license", "issued"]),
        ("icat", ["facility in [icat]", "visit_id in [icat]"]),
    ],
)
def test_what_the_site_has_not_set_is_said_at_once(
    form: exports.Form, said: list[str], tmp_path: Path
) -> None:
    bare = describe(hdf5.read(hdf5.write(conforming(), tmp_path / "run.nxs")), BARE)
    with pytest.raises(Refused) as refused:
        exports.export(bare, form, BARE)
    assert [each for each in said if each not in str(refused.value)] == []
    assert "NXSPECTRA_CONFIG" in str(refused.value)


@pytest.mark.parametrize("form", ["scicat", "datacite", "ro-crate"])
def test_a_tree_that_is_in_no_file_has_no_record(form: exports.Form) -> None:
    with pytest.raises(Refused, match="is not in one yet"):
        exports.export(describe(conforming(migrated=True), FULL), form, FULL)


def test_an_unknown_record_is_told_with_those_there_are(description: Description) -> None:
    with pytest.raises(UsageError, match="scicat, datacite, ro-crate, icat"):
        exports.export(description, "dspace", FULL)  # type: ignore[arg-type]


def test_without_the_extra_its_name_is_told(tmp_path: Path) -> None:
    path = hdf5.write(conforming(migrated=True), tmp_path / "run.nxs")
    code = (
        "import sys\n"
        "for name in ('scitacean', 'datacite', 'rocrate'): sys.modules[name] = None\n"
        "import nxspectra as nxs\n"
        "from nxspectra import exports\n"
        "from nxspectra.errors import MissingExtra\n"
        "for form in ('scicat', 'datacite', 'ro-crate'):\n"
        "    try: exports.export(nxs.describe(nxs.read(sys.argv[1])), form)\n"
        "    except MissingExtra as error: assert 'nxspectra[exports]' in str(error)\n"
        "    else: raise SystemExit(form)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def test_describing_in_the_shell_loads_no_library_of_another_catalogue(tmp_path: Path) -> None:
    path = hdf5.write(conforming(migrated=True), tmp_path / "run.nxs")
    code = (
        "import sys\nfrom nxspectra.cli import program\n"
        "try:\n    program(['describe', sys.argv[1]])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert not {'scitacean', 'datacite', 'rocrate', 'icat', 'rdflib', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, stdout=subprocess.DEVNULL)


# -- SciCat --------------------------------------------------------------------------------------


def scicat(description: Description) -> dict[str, Any]:
    return json.loads(exports.export(description, "scicat", FULL))


def test_scicat_takes_the_measurement_and_gives_it_back(description: Description) -> None:
    sent = scicat(description)
    client = FakeClient.without_login(url="https://scicat.example.org/api/v4")
    raw = client.scicat.create_dataset_model(UploadDataset(**sent["datasets"][0]))
    block = UploadOrigDatablock(**{**sent["origdatablocks"][0], "datasetId": raw.pid})
    client.scicat.create_orig_datablock(block)
    back = client.get_dataset(raw.pid)
    assert (back.type, back.name, back.owner_group) == ("raw", description.title, "p02.2")
    assert {each.pid for each in back.techniques} == set(description.techniques)
    (file,) = back.files
    assert file.remote_path.name == "run_0042.nxs"
    assert file.checksum() == description.file.digest  # type: ignore[union-attr]
    assert back.meta["sample_pressure_max"]["valueSI"] == pytest.approx(44.1e9)


def test_what_scicat_is_sent_is_what_its_models_hold(description: Description) -> None:
    sent = scicat(description)
    for each in sent["datasets"]:
        assert UploadDataset(**each).model_dump(mode="json", exclude_none=True) == each
    for each in sent["origdatablocks"]:
        assert UploadOrigDatablock(**each).model_dump(mode="json", exclude_none=True) == each


def test_labels_are_a_derived_data_set_that_names_the_model(description: Description) -> None:
    sent = scicat(description)
    measured, derived = sent["datasets"]
    assert (measured["type"], derived["type"]) == ("raw", "derived")
    assert derived["inputDatasets"] == [sent["origdatablocks"][0]["datasetId"]]
    assert derived["jobParameters"]["modelSha256"] == DIGEST
    assert derived["scientificMetadata"]["transition_1_pressure"]["unit"] == "GPa"
    runs = derived["scientificMetadata"]["runs"]["value"]
    assert sum(run["frames"] for run in runs) == 12


def test_labels_of_a_person_are_derived_by_that_person(tmp_path: Path) -> None:
    _, derived = scicat(written(labelled([0, 0, 1, 1]), tmp_path))["datasets"]
    assert "0000-0002-1825-0097" in derived["description"]
    assert "jobParameters" not in derived


def test_one_value_is_told_as_one_and_a_ramp_by_its_ends(description: Description) -> None:
    metadata = scicat(description)["datasets"][0]["scientificMetadata"]
    assert metadata["incident_photon_energy"]["value"] == 25.6
    assert (metadata["sample_pressure_min"]["value"], metadata["sample_pressure_max"]["value"]) == (0.1, 44.1)
    assert "sample_pressure" not in metadata


def test_a_unit_that_mathjs_does_not_know_is_told_in_si(tmp_path: Path) -> None:
    tree = conforming().put("entry/sample/pressure", Field([1.0, 441.0] * 3, units="kbar"))
    metadata = scicat(written(tree, tmp_path))["datasets"][0]["scientificMetadata"]
    assert metadata["sample_pressure_max"]["unit"] == "Pa"
    assert metadata["sample_pressure_max"]["value"] == pytest.approx(44.1e9)


def test_an_address_that_is_none_is_refused_by_scicat(description: Description) -> None:
    site = FULL.model_copy(
        update={"scicat": FULL.scicat.model_copy(update={"contact_email": "ask at the desk"})}
    )
    with pytest.raises(Refused, match="contactEmail"):
        exports.scicat(description, site)


# -- the schema for SciCat's ingestor -------------------------------------------------------------

HIGH_LEVEL = {
    "pid", "datasetName", "description", "principalInvestigator", "creationLocation", "owner", "ownerEmail",
    "sourceFolder", "contactEmail", "creationTime", "type", "sampleId", "techniques", "instrumentId",
    "proposalId", "ownerGroup", "accessGroups", "startTime", "endTime", "runNumber", "keywords",
}  # fmt: skip
"""Fields of a data set in SciCat's ingestor, https://github.com/SciCatProject/scicat-ingestor."""
GIVEN = {"data_file_path", "data_file_name", "now", "ingestor_run_id", "ingestor_metadata_schema_id"}
"""Variables that the ingestor sets itself."""


def imsc() -> dict[str, Any]:
    return json.loads(shipped("NXdiffraction_spectra.imsc.json").read_text(encoding="utf-8"))


def test_the_ingestor_finds_in_a_file_of_ours_what_its_schema_looks_for(tmp_path: Path) -> None:
    path = hdf5.write(conforming(12, migrated=True), tmp_path / "run.nxs")
    with h5py.File(path) as file:
        for name, variable in imsc()["variables"].items():
            if variable["source"] != "NXS":
                continue
            value = file[variable["path"]][...].item()
            if variable["value_type"] == "float":
                float(value)
            else:
                assert value.decode("utf-8"), name


def test_every_variable_of_the_schema_is_defined_before_it_is_used() -> None:
    schema = imsc()
    known = set(GIVEN)
    for name, variable in schema["variables"].items():
        assert set(_used(variable.get("value", ""))) <= known, name
        known.add(name)
    for name, item in schema["schema"].items():
        assert set(_used(item["value"])) <= known, name


def _used(value: object) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value)
    return [part.partition(">")[0] for part in text.split("<")[1:]]


def test_the_schema_fills_what_scicat_requires_and_nothing_unknown() -> None:
    high = {each["machine_name"] for each in imsc()["schema"].values() if each["field_type"] == "high_level"}
    assert high <= HIGH_LEVEL
    required = {"datasetName", "owner", "ownerGroup", "sourceFolder", "contactEmail", "creationTime", "type"}
    assert required <= high


# -- DataCite ------------------------------------------------------------------------------------


def test_datacite_finds_the_record_valid_and_writes_it_as_xml(description: Description) -> None:
    record = exports.datacite(description, FULL)
    assert schema45.validate(record)
    xml = etree.fromstring(schema45.tostring(record).encode())
    names = {"d": "http://datacite.org/schema/kernel-4"}
    assert xml.findtext("d:identifier", namespaces=names) == f"10.5072/{DIGEST}"
    assert xml.findtext("d:creators/d:creator/d:creatorName", namespaces=names) == "Josiah Carberry"
    uris = {each.get("valueURI") for each in xml.iterfind("d:subjects/d:subject", names)}
    assert set(description.techniques) <= uris
    (rights, access) = xml.iterfind("d:rightsList/d:rights", names)
    assert rights.get("rightsIdentifier") == "CC-BY-4.0"
    assert access.text == "access: public"


@pytest.mark.parametrize("key", ["creators", "titles", "publisher", "publicationYear", "types"])
def test_datacite_refuses_the_record_without_what_it_requires(description: Description, key: str) -> None:
    record = dict(exports.datacite(description, FULL))
    del record[key]
    assert not schema45.validate(record)


def test_a_pid_that_is_a_doi_is_the_doi(tmp_path: Path) -> None:
    site = FULL.model_copy(update={"pid_prefix": "https://doi.org/10.5072/"})
    path = hdf5.write(conforming(migrated=True), tmp_path / "run.nxs")
    assert exports.datacite(describe(hdf5.read(path), site), site)["doi"] == f"10.5072/{DIGEST}"


def test_the_record_says_where_it_was_measured_and_what_to_read_with_it(description: Description) -> None:
    record: dict[str, Any] = dict(exports.datacite(description, FULL))
    (host,) = record["contributors"]
    assert host["nameIdentifiers"][0]["nameIdentifier"] == "https://ror.org/01js2sh04"
    related = {each["relatedIdentifier"] for each in record["relatedIdentifiers"]}
    assert "10.5334/dsj-2022-015" in related
    assert any(DIGEST in each for each in related)


def test_what_datacite_does_not_take_is_told(description: Description) -> None:
    damaged = dataclasses.replace(description, pid="10.5/run_0042")
    with pytest.raises(Refused, match="does not take this record: doi: "):
        exports.datacite(damaged, FULL)


# -- RO-Crate ------------------------------------------------------------------------------------


def test_a_crate_is_read_back_with_its_file(tmp_path: Path) -> None:
    description = written(conforming(12, classified=True, migrated=True), tmp_path)
    exports.write_ro_crate(description, tmp_path / "crate")
    crate = ROCrate(tmp_path / "crate")
    assert crate.metadata.id == "ro-crate-metadata.json"
    assert crate.version == "1.2"
    assert crate.name == description.title
    assert crate.license.id == description.license
    data = crate.mainEntity
    assert hdf5.sha256(tmp_path / "crate" / data.id) == data["sha256"] == description.file.digest  # type: ignore[union-attr]
    techniques = {each.id for each in crate.root_dataset["measurementTechnique"]}
    assert techniques == set(description.techniques)
    pressure = crate.dereference("#pressure")
    assert (pressure["minValue"], pressure["maxValue"], pressure["unitText"]) == ("0.1", "44.1", "GPa")
    turtle = (tmp_path / "crate" / "run_0042.ttl").read_text(encoding="utf-8")
    assert set(rdflib.Graph().parse(data=turtle, format="turtle")) == set(description.graph())


def test_the_metadata_alone_are_those_of_the_crate_without_its_copies(description: Description) -> None:
    record = exports.ro_crate(description)
    crate = ROCrate(record)
    assert crate.version == "1.2"
    assert crate.mainEntity["sha256"] == description.file.digest  # type: ignore[union-attr]
    labels = crate.dereference("#labels-1")
    assert {each.id for each in labels["instrument"]} >= {f"https://data.example.org/id/model/{DIGEST}"}


def test_a_file_that_changed_since_is_not_passed_off_as_what_was_described(tmp_path: Path) -> None:
    description = written(conforming(migrated=True), tmp_path)
    with (tmp_path / "run_0042.nxs").open("ab") as file:
        file.write(b"more")
    with pytest.raises(FileChanged, match="changed after it was described"):
        exports.write_ro_crate(description, tmp_path / "crate")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    description = written(conforming(migrated=True), tmp_path)
    with pytest.raises(UsageError, match="is already there"):
        exports.write_ro_crate(description, tmp_path)


# -- ICAT ----------------------------------------------------------------------------------------

ENTITIES = {
    "Facility": (["id", "name"], [], []),
    "Investigation": (["id", "name", "visitId"], ["facility"], []),
    "Dataset": (
        ["id", "complete", "description", "doi", "endDate", "location", "name", "startDate"],
        ["investigation", "sample", "type"],
        ["datasetInstruments", "datasetTechniques", "parameters"],
    ),
    "DatasetInstrument": (["id"], ["dataset", "instrument"], []),
    "DatasetTechnique": (["id"], ["dataset", "technique"], []),
    "DatasetParameter": (
        ["id", "dateTimeValue", "error", "numericValue", "rangeBottom", "rangeTop", "stringValue"],
        ["dataset", "type"],
        [],
    ),
    "DatasetType": (["id", "name"], ["facility"], []),
    "Instrument": (["id", "name", "pid"], ["facility"], []),
    "ParameterType": (["id", "name", "units"], ["facility"], []),
    "Technique": (["id", "name", "pid"], [], []),
}
"""The part of the ICAT 5.0 schema that a data set is made of: attributes, relations to one, to many."""
TARGETS = {
    "parameters": "DatasetParameter",
    "datasetInstruments": "DatasetInstrument",
    "datasetTechniques": "DatasetTechnique",
    "type": "ParameterType",
    "investigation": "Investigation",
    "facility": "Facility",
    "dataset": "Dataset",
    "instrument": "Instrument",
    "technique": "Technique",
}


class Icat(icat.client.Client):
    """python-icat's client with a schema of its own and, instead of a server, a note of what it was asked."""

    def __init__(self) -> None:
        self.apiversion = icat.client.Version("5.0.0")
        self.asked: list[str] = []
        self.typemap = None
        self.typemap = icat.entities.getTypeMap(self)
        self.factory = self

    def __del__(self) -> None: ...

    def getEntityNames(self) -> list[str]:
        return list(ENTITIES)

    def getEntityInfo(self, name: str) -> Any:
        kinds = ENTITIES.get(name, ([], [], []))
        info = Factory.object("entityInfo")
        info.classComment, info.constraints = name, [{"fieldNames": ["id"]}]
        info.fields = []
        for relation, names in zip(("ATTRIBUTE", "ONE", "MANY"), kinds, strict=True):
            for each in names:
                field = Factory.object("entityField")
                field.name, field.relType = each, relation
                field.type, field.notNullable = TARGETS.get(each, "String"), False
                if name == "Dataset" and each == "type":
                    field.type = "DatasetType"
                info.fields.append(field)
        return info

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def create(self, name: str) -> Any:
        made = Factory.object(name)
        known = self.typemap[name]
        for each in known.InstRel | known.InstMRel:
            setattr(made, each, None)
        return made

    def autoRefresh(self) -> None: ...

    def assertedSearch(self, query: Any) -> list[Any]:
        self.asked.append(str(query))
        return [self.new(query.entity.BeanName, id=len(self.asked))]


def icat_read(text: str) -> tuple[Any, list[Any], list[str]]:
    """The one data set that python-icat reads, its parameters, and what it looked up."""
    client = Icat()
    objects = XMLDumpFileReader(client, io.BytesIO(text.encode())).getobjs()
    dataset = next(objects)  # the reader forgets its parts when it goes on
    parameters = list(dataset.parameters)
    assert len(dataset.datasetTechniques) == text.count("<technique ")
    assert next(objects, None) is None
    return dataset, parameters, client.asked


def test_icat_reads_the_data_set_with_its_parameters(description: Description) -> None:
    dataset, parameters, asked = icat_read(exports.icat(description, FULL))
    assert (dataset.BeanName, dataset.name) == ("Dataset", DIGEST)
    ends = {(each.numericValue, each.rangeBottom, each.rangeTop) for each in parameters}
    assert ("22.1", "0.1", "44.1") in ends
    assert ("25.6", None, None) in ends
    said = "\n".join(asked)
    for each in ("'11012345'", "'PaNET:PaNET01101'", "'sample pressure'", "'GPa'", "'DOI:10.5442/NI000001'"):
        assert each in said


def test_a_day_without_a_time_is_a_moment_for_icat(tmp_path: Path) -> None:
    tree = conforming(migrated=True).put("entry/start_time", Field("2021-05-27"))
    dataset, _, _ = icat_read(exports.icat(written(tree, tmp_path), FULL))
    assert dataset.startDate == "2021-05-27T00:00:00+00:00"


def test_a_word_that_would_end_a_query_is_refused(tmp_path: Path) -> None:
    tree = conforming(migrated=True).put("entry/experiment_identifier", Field("1' OR '1'='1"))
    with pytest.raises(Refused, match="cannot look up investigationRef by name"):
        exports.icat(written(tree, tmp_path), FULL)


def test_markup_in_a_title_stays_text(tmp_path: Path) -> None:
    title = "]]></stringValue><user/>&amp;"
    tree = conforming(migrated=True).put("entry/title", Field(title))
    _, parameters, _ = icat_read(exports.icat(written(tree, tmp_path), FULL))
    assert title in {each.stringValue for each in parameters}


# -- whatever the file says ----------------------------------------------------------------------

WORDS = st.text(max_size=30)


@given(title=WORDS, formula=WORDS, person=WORDS, place=WORDS, experiment=WORDS)
@hypothesis.settings(max_examples=8, phases=[hypothesis.Phase.generate])
def test_every_record_can_be_made_of_any_text(
    title: str, formula: str, person: str, place: str, experiment: str
) -> None:
    tree = conforming(4, classified=True, migrated=True).put("entry/title", Field(title))
    tree = tree.put("entry/sample/chemical_formula", Field(formula))
    tree = tree.put("entry/instrument/name", Field(place))
    tree = tree.put("entry/experiment_identifier", Field(experiment))
    tree = tree.put("entry/user", Group("NXuser", {"name": Field(person)}))
    description = describe(read(tree), FULL)
    for each in scicat(description)["datasets"]:
        UploadDataset(**each)
    assert schema45.validate(exports.datacite(description, FULL))
    assert ROCrate(exports.ro_crate(description)).name == description.title
    site = FULL.model_copy(update={"icat": FULL.icat.model_copy(update={"investigation": "11012345"})})
    assert etree.fromstring(exports.icat(description, site).encode()).find("data/dataset") is not None


# -- settings ------------------------------------------------------------------------------------


def test_a_prefix_that_is_none_of_a_doi_is_not_taken() -> None:
    with pytest.raises(ValueError, match="is not the prefix of a DOI"):
        Settings.model_validate({"datacite": {"doi_prefix": "example.org"}})
