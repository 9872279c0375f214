"""A description as the record that another catalogue takes: SciCat, DataCite, RO-Crate, ICAT.

record = exports.datacite(nxs.describe(run))

What a catalogue requires and no file can say comes from the site settings; what is missing there is refused,
all of it in one message. The libraries are those of the extra `exports`.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Literal, TypeAlias, get_args

from nxspectra.errors import UsageError
from nxspectra.rdf import Description
from nxspectra.settings import Settings

Form = Literal["scicat", "datacite", "ro-crate", "icat"]
Record: TypeAlias = "dict[str, object]"

__all__ = [
    "Form",
    "Record",
    "check_installed",
    "datacite",
    "export",
    "icat",
    "ro_crate",
    "scicat",
    "write_ro_crate",
]


def scicat(description: Description, settings: Settings | None = None) -> Record:
    """What is to be sent to SciCat's API v4: `{"datasets": [..], "origdatablocks": [..]}`, in this order.

    The first data set is the measurement; labels of models and persons follow as derived data sets. Settings
    are those of $NXSPECTRA_CONFIG unless given. Raises Refused for what SciCat requires and nobody has said,
    MissingExtra without scitacean, SettingsError.
    """
    from nxspectra.exports import scicat_record  # noqa: PLC0415

    return scicat_record.record(description, _site(settings))


def datacite(description: Description, settings: Settings | None = None) -> Record:
    """The attributes of a DOI in DataCite's REST API, metadata schema 4.5, found valid by its JSON schema.

    Settings are those of $NXSPECTRA_CONFIG unless given. Raises Refused for what DataCite requires and nobody
    has said, MissingExtra without datacite, SettingsError.
    """
    from nxspectra.exports import datacite_record  # noqa: PLC0415

    return datacite_record.record(description, _site(settings))


def ro_crate(description: Description) -> Record:
    """The metadata of an RO-Crate 1.2 that holds the file: what `ro-crate-metadata.json` is to say.

    Raises Refused for what RO-Crate requires and nobody has said, MissingExtra without rocrate.
    """
    from nxspectra.exports import crate  # noqa: PLC0415

    return crate.metadata(description)


def write_ro_crate(description: Description, folder: str | os.PathLike[str]) -> None:
    """An RO-Crate as a folder: the metadata, a copy of the file, and the description in Turtle.

    The folder is made; raises UsageError if there is something in it, FileError if it cannot be written or
    the file is not what it was, and what `ro_crate` raises.
    """
    from nxspectra.exports import crate  # noqa: PLC0415

    crate.write(description, folder)


def icat(description: Description, settings: Settings | None = None) -> str:
    """An ICAT data file in XML, for `icatingest`: the data set with parameters, instrument and techniques.

    The investigation, the instrument, the techniques and the types of the parameters must be in ICAT already.
    Raises Refused for what ICAT requires and nobody has said, SettingsError.
    """
    from nxspectra.exports import icat_data  # noqa: PLC0415

    return icat_data.document(description, _site(settings))


def check_installed(form: Form) -> None:
    """Raise MissingExtra if the library that makes this record is not installed, before anything is read."""
    if form != "icat":
        makers = {"scicat": "scicat_record", "datacite": "datacite_record", "ro-crate": "crate"}
        import_module(f"{__name__}.{makers[form]}")


def export(description: Description, form: Form, settings: Settings | None = None) -> str:
    """The record as text: JSON, or XML for ICAT. Raises UsageError for a form that there is not."""
    if form == "icat":
        return icat(description, settings)
    if form == "scicat":
        record = scicat(description, settings)
    elif form == "datacite":
        record = datacite(description, settings)
    elif form == "ro-crate":
        record = ro_crate(description)
    else:
        raise UsageError(f"no record {form!r}; there are {', '.join(get_args(Form))}")
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def _site(settings: Settings | None) -> Settings:
    return Settings.load() if settings is None else settings
