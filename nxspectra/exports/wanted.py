"""What a record requires and the site has not set: said all at once, by the names of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from nxspectra.errors import MissingExtra, Refused
from nxspectra.rdf import Description
from nxspectra.rdf.description import File
from nxspectra.rdf.techniques import table
from nxspectra.rdf.terms import PANET, Iri
from nxspectra.settings import VARIABLE


def require(record: str, wanted: Mapping[str, object]) -> None:
    """Raise Refused if something is missing in `wanted`: by where it is to be said, what was said."""
    missing = [where for where, said in wanted.items() if not said]
    if missing:
        raise Refused(
            f"a record for {record} needs what nobody has said: {', '.join(missing)};"
            f" set it in the site settings, the TOML file named by ${VARIABLE}"
        )


def the_file(description: Description, record: str) -> File:
    """The file that is described. Raises Refused if the tree was not read from one."""
    if description.file is None:
        raise Refused(
            f"a record for {record} is of a file, and this tree is not in one yet; write it, and read that"
        )
    return description.file


def moment(text: str | None) -> datetime | None:
    """A moment with a time zone: one that a file gives without is UTC to these catalogues."""
    if not text:
        return None
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def missing_extra(library: str) -> MissingExtra:
    return MissingExtra(f"{library} is not installed, which makes this record; install nxspectra[exports]")


def technique_name(technique: Iri) -> str:
    """The label of a PaNET term; of a term of another vocabulary the last part of its IRI."""
    word = technique.replace("#", "/").rpartition("/")[2]
    term = table().terms.get(word) if technique.startswith(PANET.base) else None
    return word if term is None else term.label


def digest_of(description: Description) -> str:
    """The sha256 of the raw file, which the identifier of the data set is made of."""
    if description.raw is not None:
        return description.raw.digest
    return the_file(description, "a catalogue").digest
