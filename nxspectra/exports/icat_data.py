"""ICAT data files in XML, https://python-icat.readthedocs.io/en/stable/file-icatdata.html."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lxml import etree

from nxspectra import __version__
from nxspectra.errors import Refused
from nxspectra.exports.wanted import digest_of, moment, require, technique_name
from nxspectra.rdf import Description
from nxspectra.rdf.description import Parameter
from nxspectra.rdf.terms import ESRFET, PANET, Iri
from nxspectra.settings import Settings

_SAFE = re.compile(r"[^'\"\\<>&%\x00-\x1f]+")
"""icatingest puts the words that references are looked up by between quotes of a query."""
_PREFIXES = {PANET.base: "PaNET", ESRFET.base: "ESRFET"}


def document(description: Description, site: Settings) -> str:
    mine = site.icat
    investigation = mine.investigation or description.experiment
    require(
        "ICAT",
        {
            "facility in [icat]": mine.facility,
            "investigation in [icat] (or experiment_identifier in the file)": investigation,
            "visit_id in [icat]": mine.visit_id,
        },
    )
    root = etree.Element("icatdata")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "date").text = datetime.now(UTC).isoformat(timespec="seconds")
    etree.SubElement(head, "generator").text = f"nxspectra {__version__}"
    data = etree.SubElement(root, "data")
    _reference(
        data,
        "investigationRef",
        {
            "id": "investigation",
            "name": investigation,
            "visitId": mine.visit_id,
            "facility.name": mine.facility,
        },
    )
    dataset = etree.SubElement(data, "dataset", id="dataset")
    for name, text in (
        ("complete", "false"),
        ("description", description.text[:255]),
        ("endDate", _moment(description.ended)),
        ("location", description.file and description.file.name),
        ("name", digest_of(description)),
        ("startDate", _moment(description.started)),
    ):
        if text:
            etree.SubElement(dataset, name).text = text
    etree.SubElement(dataset, "investigation", ref="investigation")
    _reference(dataset, "type", {"name": mine.dataset_type, "facility.name": mine.facility})
    if mine.instrument_pid:
        _reference(
            etree.SubElement(dataset, "datasetInstruments"), "instrument", {"pid": mine.instrument_pid}
        )
    for technique in description.techniques:
        _reference(etree.SubElement(dataset, "datasetTechniques"), "technique", {"pid": _pid(technique)})
    for parameter in description.parameters:
        _numeric(dataset, parameter, site)
    for name, text in _texts(description).items():
        _text(dataset, name, text, site)
    etree.indent(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return written.decode() + "\n"


def _moment(text: str | None) -> str | None:
    when = moment(text)
    return None if when is None else when.isoformat()


def _reference(parent: etree._Element, tag: str, words: dict[str, str | None]) -> None:
    """Something that is in ICAT already, by what it is looked up by.

    Raises Refused for a word that would end the query it is put in.
    """
    for key, word in words.items():
        if word is None or _SAFE.fullmatch(word) is None:
            raise Refused(
                f"ICAT cannot look up {tag} by {key} {word!r}: it holds a quote or a sign of markup"
            )
    etree.SubElement(parent, tag, {key: word for key, word in words.items() if word is not None})


def _pid(technique: Iri) -> str:
    """`PaNET:PaNET01101`, as ICAT names the terms of an ontology."""
    for base, prefix in _PREFIXES.items():
        if technique.startswith(base):
            return f"{prefix}:{technique[len(base) :]}"
    return technique


def _numeric(dataset: etree._Element, parameter: Parameter, site: Settings) -> None:
    where = etree.SubElement(dataset, "parameters")
    middle = (parameter.minimum + parameter.maximum) / 2
    etree.SubElement(where, "numericValue").text = repr(middle)
    if parameter.minimum != parameter.maximum:
        etree.SubElement(where, "rangeBottom").text = repr(parameter.minimum)
        etree.SubElement(where, "rangeTop").text = repr(parameter.maximum)
    name = parameter.quantity.name
    _reference(
        where,
        "type",
        {
            "name": site.icat.parameter_types.get(name, name),
            "units": parameter.units,
            "facility.name": site.icat.facility,
        },
    )


def _text(dataset: etree._Element, name: str, text: str, site: Settings) -> None:
    where = etree.SubElement(dataset, "parameters")
    etree.SubElement(where, "stringValue").text = text[:4000]
    known = site.icat.parameter_types.get(name, name)
    _reference(where, "type", {"name": known, "facility.name": site.icat.facility})


def _texts(description: Description) -> dict[str, str]:
    """What ICAT keeps as words; of the labels how many frames bear each."""
    sample = description.sample
    said = {
        "title": description.title,
        "sample_name": sample and sample.name,
        "sample_chemical_formula": sample and sample.formula,
        "definition": description.definition,
        "probe": description.probe,
        "technique": ", ".join(technique_name(each) for each in description.techniques),
        "labels": "; ".join(
            f"{result.path}: " + ", ".join(f"{label} {frames}" for label, frames in result.frames.items())
            for result in description.results
        ),
    }
    return {name: text for name, text in said.items() if text}
