"""What a site says of itself: publisher, licence, identifiers; one TOML file named by $NXSPECTRA_CONFIG.

    base_iri = "https://data.example.org/id/"
    pid_prefix = "20.500.99999/"
    license = "CC-BY-4.0"
    access_rights = "public"

    [publisher]
    name = "Deutsches Elektronen-Synchrotron DESY"
    iri = "https://ror.org/01js2sh04"

    [[creators]]
    name = "Josiah Carberry"
    orcid = "0000-0002-1825-0097"

Nothing of it is required: what the site has not set is left out of the descriptions.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from nxspectra.errors import SettingsError

VARIABLE = "NXSPECTRA_CONFIG"

LICENSES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC-BY-NC-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
}
"""SPDX names that may stand for the IRI of a licence."""

ACCESS = "http://publications.europa.eu/resource/authority/access-right/"
ACCESS_RIGHTS = {
    "public": ACCESS + "PUBLIC",
    "restricted": ACCESS + "RESTRICTED",
    "non-public": ACCESS + "NON_PUBLIC",
}
"""Words that may stand for a term of the EU vocabulary of access rights."""

_IRI = re.compile(r"https?://[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")
_PID = re.compile(r"[A-Za-z0-9._~:/-]*")


def is_iri(text: str) -> bool:
    """An absolute http or https IRI without characters that RDF forbids in one."""
    return _IRI.fullmatch(text) is not None


def orcid_of(text: str) -> str | None:
    """The bare ORCID in `text`, which may be its IRI; None if it is none or its check digit is wrong.

    The check digit is ISO 7064 MOD 11-2, https://support.orcid.org/hc/en-us/articles/360006897674.
    """
    found = _ORCID.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1].replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return found[1] if digits[-1] == ("X" if check == 10 else str(check)) else None


def _iri(text: str) -> str:
    if not is_iri(text):
        raise ValueError(f"{text!r} is not an http or https address")
    return text


def _base(text: str) -> str:
    if not _iri(text).endswith(("/", "#")):
        raise ValueError(f"{text!r} must end with / or #, because names are added to it")
    return text


def _pid(text: str) -> str:
    if _PID.fullmatch(text) is None:
        raise ValueError(f"{text!r} may hold only letters, digits and . _ ~ : / -")
    return text


def _doi_prefix(text: str) -> str:
    if re.fullmatch(r"10\.\d{4,9}", text) is None:
        raise ValueError(f"{text!r} is not the prefix of a DOI; 10.5072 is one")
    return text


def _orcid(text: str) -> str:
    orcid = orcid_of(text)
    if orcid is None:
        raise ValueError(f"{text!r} is not an ORCID; 0000-0002-1825-0097 is one")
    return orcid


def _license(value: object) -> object:
    return LICENSES.get(value, value) if isinstance(value, str) else value


def _access(value: object) -> object:
    return ACCESS_RIGHTS.get(value.lower(), value) if isinstance(value, str) else value


Iri = Annotated[str, AfterValidator(_iri)]
Base = Annotated[str, AfterValidator(_base)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Organisation(_Table):
    """A publisher or a facility: its name, its IRI (ROR where it has one), or both."""

    name: str | None = None
    iri: Iri | None = None


class Instrument(_Table):
    """The instrument of a site that has one; a name in the file goes first."""

    name: str | None = None
    iri: Iri | None = None


class Creator(_Table):
    """A person who is named as author of every data set that is described."""

    name: str | None = None
    orcid: Annotated[str, AfterValidator(_orcid)] | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.name is None and self.orcid is None:
            raise ValueError("a creator needs a name, an orcid, or both")
        return self


class SciCat(_Table):
    """What SciCat asks of a data set and no file says."""

    contact_email: str | None = None
    owner_group: str | None = None
    owner: str | None = None
    """A name; the first creator if not set."""
    access_groups: tuple[str, ...] = ()
    principal_investigators: tuple[str, ...] = ()
    """Names; the people whom the file names if not set."""
    source_folder: str | None = None
    """Where SciCat sees the files; the folder in which they lie here if not set."""
    creation_location: str | None = None
    """Facility and instrument; those of the file if not set."""
    instrument_id: str | None = None
    """Of the instrument in SciCat."""
    pid_prefix: str | None = None
    """The prefix that this SciCat gives to its pids."""


class DataCite(_Table):
    """What DataCite asks of a data set and no file says."""

    doi_prefix: Annotated[str, AfterValidator(_doi_prefix)] | None = None
    """A DOI is this, a slash, and the sha256 of the raw file."""


class Icat(_Table):
    """Where in ICAT a data set belongs."""

    facility: str | None = None
    investigation: str | None = None
    """Name of the investigation; the experiment that the file names if not set."""
    visit_id: str | None = None
    dataset_type: str = "raw"
    instrument_pid: str | None = None
    """Pid of the instrument in ICAT."""
    parameter_types: dict[str, str] = {}
    """What the parameter types are called there, by our names of the parameters."""


class Settings(_Table):
    """Publication facts of a site. `Settings()` is a site that has set none."""

    base_iri: Base = "https://w3id.org/nxspectra/id/"
    """The IRI of a data set is this and its pid."""
    pid_prefix: Annotated[str, AfterValidator(_pid)] = "sha256:"
    """The pid of a data set is this and the sha256 of its raw file; an address here makes it the IRI too."""
    label_scheme: Iri = "https://w3id.org/nxspectra/labels/phase"
    """The SKOS scheme that the class names of classifications belong to; a class is `SCHEME#NAME`."""
    publisher: Organisation | None = None
    facility: Organisation | None = None
    instrument: Instrument | None = None
    creators: tuple[Creator, ...] = ()
    license: Annotated[Iri, BeforeValidator(_license)] | None = None
    access_rights: Annotated[Iri, BeforeValidator(_access)] | None = None
    issued: date | None = None
    """Day of publication."""
    files: Base | None = None
    """Files can be downloaded at this and the file's name."""
    models: Base | None = None
    """Models can be downloaded at this and the file's name."""
    landing_pages: Base | None = None
    """The page of a data set is this and its pid."""
    keywords: tuple[str, ...] = ()
    index: str | None = None
    """URL of the database for the index of the catalogue, such as `postgresql+psycopg://host/name`."""
    part_of: tuple[Iri, ...] = ()
    """Collections or catalogues that the data sets belong to."""
    citations: tuple[Iri, ...] = ()
    """Publications to read with the data sets."""
    techniques: Path | None = None
    """A table of techniques that `nxspectra technique compile` made, instead of the one in the package."""
    scicat: SciCat = SciCat()
    datacite: DataCite = DataCite()
    icat: Icat = Icat()

    @classmethod
    def load(cls, path: str | os.PathLike[str] | None = None) -> Settings:
        """The settings in `path`, or else in $NXSPECTRA_CONFIG, or else those of a site that has set none.

        Raises SettingsError if the file cannot be read or something in it cannot be used.
        """
        chosen = os.fspath(path) if path is not None else os.environ.get(VARIABLE)
        if not chosen:
            return cls()
        named = "" if path is not None else f" (named by ${VARIABLE})"
        try:
            text = Path(chosen).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{chosen}{named}: cannot be read: {_reason(error)}") from None
        try:
            site = cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{chosen}{named}: is not TOML: {error}") from None
        except ValidationError as error:
            problems = "\n".join(f"  {problem}" for problem in _problems(error))
            raise SettingsError(f"{chosen}{named}: cannot be used:\n{problems}") from None
        if site.techniques is None:
            return site
        # a path in the settings is meant from where they stand
        return site.model_copy(update={"techniques": Path(chosen).parent / site.techniques})


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror or str(error)


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        key = ".".join(str(step) for step in problem["loc"])
        if problem["type"] == "extra_forbidden":
            yield f"{key}: there is no such setting{_nearest(problem['loc'])}"
        else:
            yield f"{key}: {problem['msg'].removeprefix('Value error, ')}"


def _nearest(location: tuple[int | str, ...]) -> str:
    *tables, word = location
    known: type[BaseModel] = Settings
    for table in tables:
        known = known if isinstance(table, int) else _table_of(known.model_fields[table].annotation) or known
    close = get_close_matches(str(word), known.model_fields, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known.model_fields)}"


def _table_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _table_of(each)) is not None), None)
