"""DataCite's metadata schema 4.5, https://doi.org/10.14454/mzv1-5b55, as its REST API takes it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from nxspectra.errors import Refused
from nxspectra.exports.wanted import digest_of, missing_extra, require, technique_name, the_file
from nxspectra.rdf import Description
from nxspectra.rdf.terms import ESRFET, PANET, Agent, Iri
from nxspectra.settings import LICENSES, Settings

try:
    with warnings.catch_warnings():
        # it asks jsonschema in an old way, which is not ours to change
        warnings.simplefilter("ignore", DeprecationWarning)
        from datacite import schema45
except ImportError as error:
    raise missing_extra("datacite") from error

SCHEMA = "http://datacite.org/schema/kernel-4"
_ROR = "https://ror.org"
_ORCID = "https://orcid.org"
_VOCABULARIES = {"PaNET": PANET.base, "ESRFET": ESRFET.base}


def record(description: Description, site: Settings) -> dict[str, object]:
    file = the_file(description, "DataCite")
    doi = _doi(description, site)
    creators = [each for each in description.creators or description.people if each.name]
    publisher = description.publisher
    require(
        "DataCite",
        {
            "doi_prefix in [datacite]": doi,
            "creators with a name": creators,
            "name in [publisher]": publisher and publisher.name,
            "issued": description.issued,
        },
    )
    made: dict[str, object] = {
        "doi": doi,
        "url": str(description.landing_page or description.iri),
        "schemaVersion": SCHEMA,
        "types": {
            "resourceTypeGeneral": "Dataset",
            "resourceType": "NeXus file" if description.spectra is None else "Series of diffraction spectra",
        },
        "creators": [_person(each) for each in creators],
        "titles": [{"title": description.title}],
        "publisher": _publisher(publisher),
        "publicationYear": (description.issued or "")[:4],
        "subjects": [*_subjects(description)],
        "contributors": [*_contributors(description)],
        "dates": [*_dates(description)],
        "alternateIdentifiers": [
            {"alternateIdentifier": description.pid, "alternateIdentifierType": "nxspectra pid"}
        ],
        "relatedIdentifiers": [*_related(description)],
        "sizes": [f"{file.size} B"],
        "formats": ["application/x-hdf5"],
        "rightsList": [*_rights(description)],
        "descriptions": [{"description": description.text, "descriptionType": "Abstract"}],
    }
    made = {key: value for key, value in made.items() if value not in ([], None)}
    problems = [
        f"{'/'.join(str(step) for step in problem.absolute_path) or 'record'}: {problem.message[:200]}"
        for problem in schema45.validator.iter_errors(made)
    ]
    if problems:
        raise Refused(f"DataCite does not take this record: {'; '.join(problems)}")
    return made


def _doi(description: Description, site: Settings) -> str | None:
    """The pid if it is a DOI already, else one with the site's prefix."""
    said = description.pid.removeprefix("https://doi.org/").removeprefix("doi:")
    if said.startswith("10.") and "/" in said:
        return said
    prefix = site.datacite.doi_prefix
    return None if prefix is None else f"{prefix}/{digest_of(description)}"


def _person(agent: Agent) -> dict[str, object]:
    made: dict[str, object] = {"name": agent.name, "nameType": "Personal"}
    if agent.iri is not None:
        made["nameIdentifiers"] = [
            {"nameIdentifier": str(agent.iri), "nameIdentifierScheme": "ORCID", "schemeUri": _ORCID}
        ]
    return made


def _publisher(agent: Agent | None) -> dict[str, object]:
    made: dict[str, object] = {"name": agent.name if agent else None}
    if agent is not None and agent.iri is not None and agent.iri.startswith(f"{_ROR}/"):
        made |= {
            "publisherIdentifier": str(agent.iri),
            "publisherIdentifierScheme": "ROR",
            "schemeUri": _ROR,
        }
    return made


def _subjects(description: Description) -> Iterator[dict[str, object]]:
    labels = set()
    for technique in description.techniques:
        scheme = next((name for name, base in _VOCABULARIES.items() if technique.startswith(base)), None)
        label = technique_name(technique)
        labels.add(label)
        yield {
            "subject": label,
            **({"subjectScheme": scheme, "schemeUri": _VOCABULARIES[scheme]} if scheme else {}),
            "valueUri": str(technique),
        }
    for word in description.keywords:
        if word not in labels:
            yield {"subject": word}


def _contributors(description: Description) -> Iterator[dict[str, object]]:
    host = description.operator or description.facility
    if host is not None and host.name:
        ror = host.iri if host.iri and host.iri.startswith(f"{_ROR}/") else None
        yield {
            "name": host.name,
            "nameType": "Organizational",
            "contributorType": "HostingInstitution",
            **(
                {"nameIdentifiers": [
                    {"nameIdentifier": str(ror), "nameIdentifierScheme": "ROR", "schemeUri": _ROR}
                ]} if ror else {}
            ),
        }  # fmt: skip
    if description.creators:
        yield from (
            {**_person(each), "contributorType": "DataCollector"} for each in description.people if each.name
        )
    for result in description.results:
        if result.person is not None and result.person.name:
            yield {**_person(result.person), "contributorType": "DataCurator"}


def _dates(description: Description) -> Iterator[dict[str, object]]:
    if description.started:
        ends = (description.started, description.ended)
        yield {"date": "/".join(end for end in ends if end), "dateType": "Collected"}
    if description.issued:
        yield {"date": description.issued, "dateType": "Issued"}


def _related(description: Description) -> Iterator[dict[str, object]]:
    for relation, iris in (("References", description.citations), ("IsPartOf", description.part_of)):
        for each in iris:
            yield {**_identifier(each), "relationType": relation}
    for result in description.results:
        if result.model is not None:
            model = f"{description.base}model/{result.model[2]}"
            yield {
                "relatedIdentifier": model,
                "relatedIdentifierType": "URL",
                "relationType": "References",
                "resourceTypeGeneral": "Model",
            }


def _identifier(iri: Iri) -> dict[str, object]:
    for resolver in ("https://doi.org/", "http://doi.org/", "https://dx.doi.org/"):
        if iri.startswith(resolver):
            return {"relatedIdentifier": iri[len(resolver) :], "relatedIdentifierType": "DOI"}
    return {"relatedIdentifier": str(iri), "relatedIdentifierType": "URL"}


def _rights(description: Description) -> Iterator[dict[str, object]]:
    if description.license is not None:
        spdx = next((name for name, iri in LICENSES.items() if iri == description.license), None)
        yield {
            "rights": spdx or str(description.license),
            "rightsUri": str(description.license),
            **({"rightsIdentifier": spdx, "rightsIdentifierScheme": "SPDX"} if spdx else {}),
        }
    if description.access_rights is not None:
        word = description.access_rights.rpartition("/")[2].replace("_", " ").lower()
        yield {"rights": f"access: {word}", "rightsUri": str(description.access_rights)}
