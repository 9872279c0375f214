"""SciCat's API v4: CreateDatasetDto and CreateOrigDatablockDto, as scitacean's models have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from nxspectra import __version__
from nxspectra.errors import Refused
from nxspectra.exports.wanted import digest_of, missing_extra, moment, require, technique_name, the_file
from nxspectra.rdf import Description
from nxspectra.rdf.description import File, Parameter
from nxspectra.rdf.results import Result
from nxspectra.settings import Settings

try:
    from pydantic import ValidationError
    from scitacean import PID
    from scitacean.model import (
        UploadDataFile,
        UploadDataset,
        UploadOrigDatablock,
        UploadTechnique,
    )
except ImportError as error:
    raise missing_extra("scitacean") from error

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST_RUNS = 200
"""Labels that change more often than this are told by their numbers only."""

_MATHJS: Mapping[str, str] = {
    **{each: each for each in ("Pa", "hPa", "kPa", "MPa", "GPa", "bar", "atm", "torr", "psi")},
    **{each: each for each in ("J", "eV", "keV", "MeV", "GeV", "m", "nm", "pm", "angstrom")},
    **{each: each for each in ("s", "ms", "us", "ns", "K", "degC", "degF")},
    "min": "minute",
    "h": "hour",
    "d": "day",
}
"""Our spellings of units that mathjs knows, as it writes them: SciCat computes with it.

https://mathjs.org/docs/datatypes/units.html
"""


def record(description: Description, site: Settings) -> dict[str, object]:
    file, mine = the_file(description, "SciCat"), site.scicat
    named = [each.name for each in (*description.creators, *description.people) if each.name]
    people = list(dict.fromkeys(named))
    owner = mine.owner or next(iter(people), None)
    created = moment(description.started) or _modified(file)
    folder = mine.source_folder or str(PurePath(file.path).parent)
    require(
        "SciCat",
        {
            "contact_email in [scicat]": mine.contact_email,
            "owner_group in [scicat]": mine.owner_group,
            "owner in [scicat] (or a creator with a name)": owner,
            "start_time in the entry of the file": created,
        },
    )
    # what every data set of the file has, whether it was measured or derived
    shared: dict[str, Any] = {
        "contactEmail": mine.contact_email,
        "ownerGroup": mine.owner_group,
        "owner": owner,
        "sourceFolder": folder,
        "accessGroups": list(mine.access_groups) or None,
        "principalInvestigators": list(mine.principal_investigators) or people or None,
        "creationLocation": mine.creation_location or _location(description),
        "instrumentIds": [mine.instrument_id] if mine.instrument_id else None,
        "proposalIds": [description.experiment] if description.experiment else None,
        "license": description.license,
        "techniques": [
            UploadTechnique(pid=each, name=technique_name(each)) for each in description.techniques
        ],
    }
    pid = PID(pid=digest_of(description), prefix=mine.pid_prefix)
    datasets = [
        _measured(description, shared, created),
        *(_derived(description, each, shared, pid) for each in description.results),
    ]
    block = _made(
        UploadOrigDatablock,
        datasetId=pid,
        size=file.size,
        chkAlg="sha256",
        dataFileList=[_data_file(file, created)],
    )
    return {"datasets": [_json(each) for each in datasets], "origdatablocks": [_json(block)]}


def _made(model: type[BaseModel], **fields: Any) -> BaseModel:
    """A model of scitacean. Raises Refused for what it does not take, such as an address that is none."""
    try:
        return model(**fields)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(step) for step in each['loc'])}: {each['msg']}"
            for each in error.errors(include_url=False)
        )
        raise Refused(f"SciCat does not take this record: {problems}") from error


def _json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_none=True)


def _measured(description: Description, shared: Mapping[str, Any], created: datetime | None) -> BaseModel:
    return _made(
        UploadDataset,
        **shared,
        type="raw",
        datasetName=description.title,
        description=description.text,
        creationTime=created,
        startTime=moment(description.started),
        endTime=moment(description.ended),
        dataFormat="NeXus",
        keywords=list(description.keywords) or None,
        scientificMetadata=dict(_metadata(description)),
    )


def _derived(description: Description, result: Result, shared: Mapping[str, Any], pid: PID) -> BaseModel:
    """The labels of one classification, which were made from the measurement."""
    by = result.person.name or result.person.iri if result.person else None
    software = f"{result.program} {result.version}".strip()
    model = {}
    if result.model is not None:
        classifier, file_name, digest = result.model
        model = {"classifier": classifier, "model": file_name, "modelSha256": digest}
    return _made(
        UploadDataset,
        **shared,
        type="derived",
        datasetName=f"{description.title}: labels at {result.path}",
        description=f"Class of each spectrum, by {by or software}.",
        creationTime=moment(result.date) or datetime.now(UTC),
        inputDatasets=[pid],
        usedSoftware=list(dict.fromkeys((software, f"nxspectra {__version__}"))),
        jobParameters=model or None,
        keywords=list(result.classes),
        scientificMetadata=dict(_labels(result)),
    )


def _metadata(description: Description) -> Iterator[tuple[str, object]]:
    for parameter in description.parameters:
        yield from _quantity(parameter)
    sample = description.sample
    for name, text in (
        ("sample_name", sample and sample.name),
        ("sample_chemical_formula", sample and sample.formula),
        ("probe", description.probe),
        ("nexus_definition", description.definition),
        ("nexus_entry", description.entry),
        ("identifier", description.pid),
    ):
        if text:
            yield name, {"value": text, "unit": "", "type": "string"}
    if description.spectra is not None:
        yield "number_of_spectra", {"value": description.spectra, "unit": "", "type": "number"}
    if description.conforms is not None:
        yield "conforms", {"value": description.conforms, "unit": "", "type": "boolean"}


def _quantity(parameter: Parameter) -> Iterator[tuple[str, object]]:
    """One value, or the two ends of a range under names that SciCat's PaN search API looks for."""
    name = parameter.quantity.pan_name or parameter.quantity.name
    human = parameter.quantity.name.replace("_", " ")
    ends = {"": (parameter.minimum, parameter.si_minimum)}
    if parameter.minimum != parameter.maximum:
        ends = {
            "_min": (parameter.minimum, parameter.si_minimum),
            "_max": (parameter.maximum, parameter.si_maximum),
        }
    unit = _MATHJS.get(parameter.units)
    for suffix, (value, si) in ends.items():
        yield (
            f"{name}{suffix}",
            {
                # a unit that mathjs does not know would be kept as text: then it is told in SI
                "value": si if unit is None else value,
                "unit": unit or parameter.quantity.si,
                "valueSI": si,
                "unitSI": parameter.quantity.si,
                "human_name": f"{human}{suffix.replace('_', ', ')}",
                "type": "quantity",
            },
        )


def _labels(result: Result) -> Iterator[tuple[str, object]]:
    yield "label_origin", {"value": result.origin, "unit": "", "type": "string"}
    for label, frames in result.frames.items():
        yield f"frames_{label}", {"value": frames, "unit": "", "type": "number"}
    if result.confidence is not None:
        yield "P_conf", {"value": result.confidence, "unit": "", "type": "number"}
    for number, each in enumerate(result.transitions, start=1):
        name = f"transition_{number}"
        yield f"{name}_frame", {"value": each.frame, "unit": "", "type": "number"}
        if each.pressure is not None:
            low, high = each.pressure_interval or (each.pressure, each.pressure)
            for suffix, value in (("", each.pressure), ("_min", low), ("_max", high)):
                yield (
                    f"{name}_pressure{suffix}",
                    {
                        "value": value,
                        "unit": "GPa",
                        "valueSI": value * 1e9,
                        "unitSI": "Pa",
                        "type": "quantity",
                    },
                )
    if len(result.runs) <= MOST_RUNS:
        runs = [
            {"label": run.label, "first": run.first, "last": run.last, "frames": run.frames,
             "mean_probability": run.mean_probability}
            for run in result.runs
        ]  # fmt: skip
        yield "runs", {"value": runs, "unit": "", "type": "array"}


def _location(description: Description) -> str | None:
    said = (description.facility, description.instrument)
    return ":".join(each.name for each in said if each and each.name) or None


def _data_file(file: File, created: datetime | None) -> UploadDataFile:
    try:
        known = Path(file.path).stat()
    except OSError:
        return UploadDataFile(
            path=file.name, size=file.size, time=created or datetime.now(UTC), chk=file.digest
        )
    return UploadDataFile(
        path=file.name,
        size=file.size,
        time=datetime.fromtimestamp(known.st_mtime, UTC),
        chk=file.digest,
        uid=str(known.st_uid),
        gid=str(known.st_gid),
        perm=oct(known.st_mode & 0o7777),
    )


def _modified(file: File) -> datetime | None:
    try:
        return datetime.fromtimestamp(Path(file.path).stat().st_mtime, UTC)
    except OSError:
        return None
