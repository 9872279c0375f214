"""The memory file of the reference server as records: what is in it, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxspectra.catalogue.record import Parameter, Record
from nxspectra.catalogue.transfer.memory import Imported, read
from nxspectra.errors import FileError
from nxspectra.findings import Severity
from nxspectra.settings import Settings

PID = "20.500.99999/ramp-1"
SITE = Settings(base_iri="https://data.example.org/id/")


def models() -> dict[str, dict[str, Any]]:
    """Two data sets of one beamtime, as the reference server joins them."""
    return {
        "Dataset": {
            PID: {
                "pid": PID,
                "title": "Compression of ferropericlase",
                "isPublic": True,
                "size": 5617664,
                "creationDate": "2021-05-27T10:15:00.000Z",
                "documentId": "10.5072/beamtime",
                "instrumentId": "10.5072/P02.2",
            },
            "20.500.99999/ramp-2": {
                "pid": "20.500.99999/ramp-2",
                "title": "Decompression",
                "isPublic": False,
                "creationDate": "2021-05-28",
                "documentId": "10.5072/beamtime",
            },
        },
        "Document": {
            "10.5072/beamtime": {
                "pid": "10.5072/beamtime",
                "isPublic": True,
                "type": "proposal",
                "title": "Spin transition",
                "keywords": ["high pressure", "dDAC"],
                "releaseDate": "2024-05-27",
            }
        },
        "Instrument": {
            "10.5072/P02.2": {"pid": "10.5072/P02.2", "name": "P02.2", "facility": "PETRA III"},
        },
        "Sample": {"1": {"pid": "s-1", "name": "(Mg0.2,Fe0.8)O", "description": "powder"}},
        "Technique": {"1": {"pid": "PaNET01101", "name": "x-ray powder diffraction"}},
        "DatasetSample": {"1": {"id": 1, "datasetId": PID, "sampleId": "s-1"}},
        "DatasetTechnique": {"1": {"id": 1, "datasetId": PID, "techniqueId": "PaNET01101"}},
        "Parameter": {
            "1": {"id": 1, "name": "sample_pressure", "value": 44.1, "unit": "GPa", "datasetId": PID},
            "2": {
                "id": 2,
                "name": "incident_photon_energy",
                "value": "25.6",
                "unit": "keV",
                "datasetId": PID,
            },
            "3": {"id": 3, "name": "sample_state", "value": "solid", "datasetId": PID},
        },
        "File": {"1": {"id": 7, "name": "ramp.nxs", "path": "/data/ramp.nxs", "size": 10, "datasetId": PID}},
        "Member": {
            "1": {"id": 1, "role": "PI", "documentId": "10.5072/beamtime", "personId": 1, "affiliationId": 1}
        },
        "Person": {"1": {"id": 1, "fullName": "Josiah Carberry", "orcid": "0000-0002-1825-0097"}},
        "Affiliation": {"1": {"id": 1, "name": "DESY", "city": "Hamburg", "country": "Germany"}},
        "AccessToken": {},
    }


def filed(folder: Path, content: dict[str, dict[str, Any]], **broken: str) -> Path:
    """The file; `broken`: texts instead of JSON, by `MODEL__KEY`."""
    written = {
        model: {key: json.dumps(thing) for key, thing in things.items()} for model, things in content.items()
    }
    for place, text in broken.items():
        model, _, key = place.partition("__")
        written[model][key] = text
    path = folder / "db.json"
    path.write_text(json.dumps({"ids": {"Dataset": 3}, "models": written}), encoding="utf-8")
    return path


def changed(folder: Path, model: str, key: str, **values: Any) -> Imported:
    """The file with one thing changed."""
    content = models()
    content[model][key] |= values
    return read(filed(folder, content), SITE)


def rules(imported: Imported) -> dict[str, str]:
    """Where each rule was found."""
    return {each.rule: each.path for each in imported.findings if each.severity is not Severity.INFO}


def first(imported: Imported) -> Record:
    return imported.records[0]


def test_a_data_set_comes_with_all_that_it_is_joined_with(tmp_path: Path) -> None:
    imported = read(filed(tmp_path, models()), SITE)
    assert rules(imported) == {}
    ramp, other = imported.records
    assert (ramp.pid, ramp.iri, ramp.is_public) == (PID, f"https://data.example.org/id/{PID}", True)
    assert (ramp.size, ramp.created, ramp.released) == (5617664, "2021-05-27T10:15:00.000Z", "2024-05-27")
    assert ramp.instrument is not None
    assert ramp.facility is not None
    assert (ramp.instrument.pid, ramp.facility.name) == ("10.5072/P02.2", "PETRA III")
    assert [sample.name for sample in ramp.samples] == ["(Mg0.2,Fe0.8)O"]
    assert ramp.techniques == ("http://purl.org/pan-science/PaNET/PaNET01101",)
    assert ramp.parameters == (
        Parameter("sample_pressure", 44.1, 44.1, "GPa", 44.1e9, 44.1e9),
        Parameter(
            "incident_photon_energy", 25.6, 25.6, "keV", 25600 * 1.602176634e-19, 25600 * 1.602176634e-19
        ),
        Parameter("sample_state", text="solid"),
    )
    assert [(file.name, file.path, file.id) for file in ramp.files] == [("ramp.nxs", "/data/ramp.nxs", "7")]
    (document,) = ramp.documents
    (member,) = document.members
    assert (member.person.orcid, member.role) == ("0000-0002-1825-0097", "PI")
    assert member.affiliation is not None
    assert member.affiliation.city == "Hamburg"
    assert (other.is_public, other.documents) == (False, (document,))


@pytest.mark.parametrize(
    ("model", "key", "values", "rule", "path"),
    [
        ("Dataset", PID, {"pid": None}, "no-pid", f"Dataset/{PID}"),
        ("Dataset", PID, {"title": None}, "no-title", f"Dataset/{PID}"),
        ("Dataset", PID, {"isPublic": "yes"}, "not-said-public", f"Dataset/{PID}"),
        ("Dataset", PID, {"size": 10**30}, "no-size", f"Dataset/{PID}/size"),
        ("Dataset", PID, {"size": -1}, "no-size", f"Dataset/{PID}/size"),
        ("Dataset", PID, {"creationDate": "yesterday"}, "no-date", f"Dataset/{PID}/creationDate"),
        ("Dataset", PID, {"creationDate": 20210527}, "no-date", f"Dataset/{PID}/creationDate"),
        ("Dataset", PID, {"title": ["a"]}, "no-text", f"Dataset/{PID}/title"),
        ("Dataset", PID, {"instrumentId": "nowhere"}, "dangling-key", f"Dataset/{PID}"),
        ("Dataset", PID, {"documentId": "nowhere"}, "dangling-key", f"Dataset/{PID}"),
        ("DatasetTechnique", "1", {"techniqueId": "nowhere"}, "dangling-key", "DatasetTechnique/1"),
        ("Member", "1", {"personId": 9}, "no-person", "Member/1"),
        ("Person", "1", {"orcid": "0000-0002-1825-0098"}, "no-orcid", "Person/1"),
        ("Dataset", PID, {"techniques": {"name": "looking"}}, "unknown-technique", f"Dataset/{PID}/"),
        ("Parameter", "1", {"unit": "glorps"}, "unknown-unit", "Parameter/1"),
        ("Parameter", "1", {"value": None}, "no-value", "Parameter/1"),
        ("Parameter", "1", {"name": ""}, "no-name", "Parameter/1"),
        ("Dataset", PID, {"files": ["x"]}, "no-object", f"Dataset/{PID}/files/0"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_where_it_is(
    tmp_path: Path, model: str, key: str, values: dict[str, Any], rule: str, path: str
) -> None:
    if rule == "no-pid":
        content = models()
        content[model][key] |= values
        imported = read(filed(tmp_path, content), SITE)
        assert len(imported.records) == 1
    else:
        imported = changed(tmp_path, model, key, **values)
        assert len(imported.records) == 2
    assert rules(imported).get(rule, "").startswith(path), imported.findings


def test_json_that_is_broken_is_told_with_its_key_and_the_rest_is_kept(tmp_path: Path) -> None:
    imported = read(filed(tmp_path, models(), Parameter__1='{"id": 1,', Sample__1="[1]", File__1="NaN"), SITE)
    told = {each.path: each.rule for each in imported.findings if each.severity is Severity.VIOLATION}
    assert told == {"Parameter/1": "no-json", "Sample/1": "no-object", "File/1": "no-json"}
    assert len(first(imported).parameters) == 2
    assert len(imported.records) == 2


@pytest.mark.parametrize("value", ['{"value": 1e999}', '{"value": NaN}', '{"value": Infinity}'])
def test_numbers_that_are_none_are_not_kept(tmp_path: Path, value: str) -> None:
    text = f'{{"id": 1, "name": "sample_pressure", "unit": "GPa", "datasetId": "{PID}", {value[1:]}'
    imported = read(filed(tmp_path, models(), Parameter__1=text), SITE)
    assert all(each.name != "sample_pressure" or each.minimum is None for each in first(imported).parameters)
    assert imported.findings


def test_the_same_pid_twice_is_told_and_the_first_is_kept(tmp_path: Path) -> None:
    imported = changed(tmp_path, "Dataset", "20.500.99999/ramp-2", pid=PID)
    assert [record.title for record in imported.records] == ["Compression of ferropericlase"]
    assert rules(imported) == {"same-pid": "Dataset/20.500.99999/ramp-2"}


def test_spellings_of_models_and_keys_do_not_matter(tmp_path: Path) -> None:
    content = models()
    content["datasets"] = content.pop("Dataset")
    content["dataset_technique"] = content.pop("DatasetTechnique")
    content["SampleDataset"] = content.pop("DatasetSample")
    ramp = content["datasets"][PID]
    ramp["instrument_id"], ramp["documentPid"] = ramp.pop("instrumentId"), ramp.pop("documentId")
    content["File"]["1"]["DatasetId"] = content["File"]["1"].pop("datasetId")
    one, other = first(read(filed(tmp_path, content), SITE)), first(read(filed(tmp_path, models()), SITE))
    assert one == other


def test_parameters_of_the_first_version_of_the_server_are_read(tmp_path: Path) -> None:
    pressure = {"value": "50", "unit": "bar"}
    record = first(changed(tmp_path, "Dataset", PID, pressure=pressure, parameters={"name": "x", "value": 3}))
    assert Parameter("pressure", 50, 50, "bar", 5e6, 5e6) in record.parameters
    assert Parameter("x", 3, 3) in record.parameters


def test_parameters_of_a_document_are_its_own(tmp_path: Path) -> None:
    content = models()
    document = next(iter(content["Document"]))
    content["Parameter"]["d"] = {"id": "d", "name": "shifts", "value": 9, "documentId": document}
    ramp = first(read(filed(tmp_path, content), SITE))
    assert ramp.documents[0].parameters == (Parameter("shifts", 9, 9),)
    assert ramp.parameters == first(read(filed(tmp_path, models()), SITE)).parameters


def test_what_belongs_to_no_data_set_is_counted(tmp_path: Path) -> None:
    content = models()
    content["Instrument"] |= {str(number): {"pid": str(number), "name": "x"} for number in range(3)}
    content["Logbook"] = {"1": {"id": 1}}
    told = {each.path: each.message for each in read(filed(tmp_path, content), SITE).findings}
    assert told["Instrument"].startswith("3 belong to no data set")
    assert "is no model of data sets" in told["Logbook"]


HOSTILE = "<script>alert(1)</script> '; DROP TABLE datasets; -- \x00\x1b[2J\u202e \ud800 } . <urn:x> {{7*7}}"


def test_hostile_text_is_kept_as_text(tmp_path: Path) -> None:
    record = first(changed(tmp_path, "Dataset", PID, title=HOSTILE))
    assert "DROP TABLE" in record.title
    assert record.title.isprintable()
    assert Record.from_json(record.as_json()) == record


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON"),
        (b'{"ids": {}}', 'there are no "models" in it'),
        (b"[]", 'there are no "models" in it'),
        (b'{"models": []}', 'there are no "models" in it'),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b'{"models": ' + b"[" * 100_000, "is not JSON"),
        (b'{"models": {"Dataset": NaN}}', "NaN is no number"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "db.json"
    path.write_bytes(content)
    with pytest.raises(FileError, match=said):
        read(path, SITE)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read(tmp_path / "db.json", SITE)


NAMES = ["pid", "title", "isPublic", "size", "creationDate", "documents", "document", "instrument", "files"]
NAMES += ["instrumentId", "documentId", "parameters", "samples", "techniques", "x"]
INNER = ["pid", "name", "value", "members", "person"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PARTS = st.lists(st.dictionaries(st.sampled_from(INNER), ANYTHING), max_size=3)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING | PARTS))
def test_any_thing_becomes_a_record_or_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, thing: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    text = json.dumps({"models": {"Dataset": {"1": thing}}}).replace("Infinity", "1e999").replace("NaN", "0")
    path.write_text(text)
    imported = read(path, SITE)
    for record in imported.records:
        assert Record.from_json(record.as_json()) == record
    assert len(imported.records) <= 1
