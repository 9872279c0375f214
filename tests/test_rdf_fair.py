"""What the published checks of FAIR-Checker and F-UJI ask of metadata, asked of our JSON-LD.

The checks are those of https://github.com/IFB-ElixirFr/FAIR-checker (metrics/) and of F-UJI,
https://github.com/pangaea-data-publisher/fuji; docs/explanation/fair.md goes through them one by one. What
depends on a server or on a registry is not in a description and not here.
"""

from __future__ import annotations

import json
from urllib.parse import urlparse

import pyoxigraph
import pytest
from described import BARE, SITE, described, trained
from rdflib import RDF, Graph, URIRef
from rdflib.namespace import DCAT, DCTERMS, PROV

from nxspectra.rdf import describe
from nxspectra.settings import Settings
from nxspectra.testing import conforming

SCHEMA = "https://schema.org/"


def page(settings: Settings = SITE) -> str:
    """The JSON-LD of a landing page."""
    tree = conforming(12, classified=True, migrated=True)
    return described(tree, settings).serialize(format="json-ld")


def graph(text: str) -> Graph:
    quads = pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.JSON_LD)
    return Graph().parse(data="".join(f"{each.triple} .\n" for each in quads), format="nt")


@pytest.fixture(scope="module")
def facts() -> Graph:
    return graph(page())


@pytest.fixture(scope="module")
def it() -> URIRef:
    return URIRef(described(conforming(12, migrated=True), SITE).iri)


def test_f1b_the_data_set_has_an_identifier(facts: Graph, it: URIRef) -> None:
    assert facts.value(it, DCTERMS.identifier) is not None
    assert facts.value(it, URIRef(f"{SCHEMA}identifier")) is not None


def test_f2a_title_description_and_download_are_told_in_dcat(facts: Graph, it: URIRef) -> None:
    assert facts.value(it, DCTERMS.title) is not None
    assert facts.value(it, DCTERMS.description) is not None
    assert len(list(facts.objects(None, DCAT.downloadURL))) == 1


@pytest.mark.parametrize(
    "name",
    ["creator", "name", "identifier", "publisher", "datePublished", "description", "keywords", "license"],
)
def test_f2_core_metadata_are_told_in_schema_org(facts: Graph, it: URIRef, name: str) -> None:
    assert facts.value(it, URIRef(SCHEMA + name)) is not None


def test_f3_and_r1_the_file_has_an_address_its_type_and_its_size_in_bytes(facts: Graph) -> None:
    (file,) = facts.subjects(RDF.type, DCAT.Distribution)
    size = int(float(str(facts.value(file, URIRef(f"{SCHEMA}contentSize")))))
    assert size == int(str(facts.value(file, DCAT.byteSize)))
    assert str(facts.value(file, URIRef(f"{SCHEMA}contentUrl"))).startswith("https://")
    # the extension .nxs is not in F-UJI's list of scientific formats, this media type is
    assert str(facts.value(file, URIRef(f"{SCHEMA}encodingFormat"))) == "application/x-hdf5"


def test_a1_the_access_level_is_a_term_of_the_eu_vocabulary(facts: Graph, it: URIRef) -> None:
    assert "/authority/access-right/" in str(facts.value(it, DCTERMS.accessRights))


def test_i2_vocabularies_beyond_the_general_ones_are_used(facts: Graph) -> None:
    used = {str(term) for _, predicate, value in facts for term in (predicate, value)}
    for vocabulary in ("http://qudt.org/schema/qudt/", str(PROV), "http://www.w3.org/ns/sosa/"):
        assert any(each.startswith(vocabulary) for each in used), vocabulary
    assert any(each.startswith("http://purl.org/pan-science/PaNET/") for each in used)


def test_i3_more_than_three_authorities_are_linked(facts: Graph) -> None:
    nodes = {term for subject, _, value in facts for term in (subject, value) if isinstance(term, URIRef)}
    assert len({urlparse(node).netloc for node in nodes}) > 3


def test_i3_related_resources_are_named_where_the_site_names_them() -> None:
    site = SITE.model_copy(
        update={
            "part_of": ("https://data.example.org/",),
            "citations": ("https://doi.org/10.5334/dsj-2022-015",),
        }
    )
    document = json.loads(page(site))
    assert document["schema:isPartOf"] == {"@id": "https://data.example.org/"}
    assert document["dct:references"] == {"@id": "https://doi.org/10.5334/dsj-2022-015"}


def test_r11_the_licence_is_an_iri(facts: Graph, it: URIRef) -> None:
    licence = facts.value(it, DCTERMS.license)
    assert isinstance(licence, URIRef)


def test_r12_provenance_is_told_in_prov(facts: Graph, it: URIRef) -> None:
    assert facts.value(it, PROV.wasGeneratedBy) is not None
    assert facts.value(it, PROV.wasDerivedFrom) is not None


@pytest.mark.parametrize("what", ["file", "model"])
def test_f2b_no_term_is_private_and_the_context_is_inline(what: str) -> None:
    text = page() if what == "file" else describe(trained(), SITE).serialize(format="json-ld")
    document = json.loads(text)
    assert all(isinstance(each, str) for each in document["@context"].values())
    assert isinstance(document["@context"], dict)
    terms = {str(predicate) for _, predicate, _ in graph(text)}
    terms |= {str(kind) for kind in graph(text).objects(None, RDF.type)}
    assert not [each for each in terms if "nxspectra" in each]


def test_who_reads_schema_org_only_finds_the_file_and_the_creator_there() -> None:
    document = json.loads(page())
    assert document["schema:distribution"]["schema:contentUrl"].keys() == {"@id"}
    assert document["schema:creator"]["schema:name"] == "Josiah Carberry"


def test_a_site_that_has_set_nothing_lacks_just_what_only_it_can_say() -> None:
    with_all, with_none = json.loads(page(SITE)), json.loads(page(BARE))
    lacking = {key.partition(":")[2] for key in with_all} - {key.partition(":")[2] for key in with_none}
    assert lacking == {
        "creator",
        "publisher",
        "license",
        "accessRights",
        "isAccessibleForFree",
        "issued",
        "datePublished",
    }
