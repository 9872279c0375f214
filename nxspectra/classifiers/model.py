"""A trained classifier and its card, in one file: an `.npz` that numpy reads, with `card.json` in it.

Nothing in it is pickled. The card says what the model is and holds a digest of every other member, and
`seal.json` one of the card; the digest of the whole file is what a classification refers to.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from nxspectra.classifiers.calibration import FOLDER, Calibration
from nxspectra.classifiers.estimator import check_parameters
from nxspectra.classifiers.plugins import Classifier, classifier
from nxspectra.errors import FileError, ModelError
from nxspectra.files import write_whole, writing_errors
from nxspectra.spectra import ModelReference

CARD = "card.json"
SEAL = "seal.json"
"""The member with the sha256 of the card."""
GRID = "two_theta.npy"
FORMAT = 1
FOLDERS = "NXSPECTRA_MODELS"
"""Environment variable: folders in which models are looked up by name."""
LARGEST = 2**30
"""Bytes that a model may unpack to."""

Floats = NDArray[np.float64]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grid(_Record):
    """The angle axis that the model expects, in short; the whole is a member of the file."""

    first: float
    """Degrees."""
    last: float
    """Degrees."""
    n_points: int


class TrainingFile(_Record):
    """A file that the model was trained on, and which of its spectra."""

    file_name: str
    sha256: str | None = None
    raw_sha256: str | None = None
    """Of the raw file that it was made from, where it says so."""
    entry: str
    frames: dict[str, str]
    """By class, as in a label: `80,120-125`."""


class Calibrated(_Record):
    """On which held-out series a model was calibrated, and what that gave."""

    method: str
    """Of correcting probabilities: `temperature` or `isotonic`."""
    sure: float
    """Probability of the class below which a spectrum is ambiguous."""
    files: tuple[TrainingFile, ...]
    figures: dict[str, float | None]
    """What was measured on them, for example the score above which a spectrum is given no class."""


class Card(_Record):
    """What a model is: who made it, of what, with which settings, and how well it separates its classes."""

    format: Literal["nxspectra model"] = "nxspectra model"
    format_version: int = FORMAT
    classifier: str
    """Name of the entry point."""
    provider: str
    """Distribution that the classifier comes from, with version."""
    program: str = "nxspectra"
    version: str
    date: str
    """ISO 8601 with time zone."""
    seed: int
    parameters: dict[str, JsonValue]
    classes: tuple[str, ...] = Field(min_length=2)
    grid: Grid
    energy: float | None = None
    """keV, of the beam of the training spectra."""
    preprocessing: dict[str, JsonValue]
    training: tuple[TrainingFile, ...]
    figures: dict[str, float | tuple[float, ...] | None]
    """What was measured in training, for example the separability of each bin."""
    calibration: Calibrated | None = None
    """None for a model that was not calibrated."""
    members: dict[str, str]
    """sha256 of each other member of the file."""


@dataclass(frozen=True)
class Model:
    """A trained classifier with its card."""

    estimator: Classifier
    card: Card = field(repr=False)
    two_theta: Floats = field(repr=False)
    """(n_points,), degrees."""
    digest: str
    """sha256 of the file in hex."""
    file_name: str
    content: bytes = field(repr=False)
    """The file, byte by byte."""
    calibration: Calibration | None = field(default=None, repr=False)
    """What held-out series have taught about it; None for a model that was not calibrated."""

    @classmethod
    def of(
        cls, estimator: Classifier, card: Card, two_theta: Floats, calibration: Calibration | None = None
    ) -> Self:
        """The model of a fitted estimator; `members` of the card is filled in."""
        members = _saved(estimator)
        members[GRID] = _npy(two_theta)
        if calibration is not None:
            members |= {f"{name}.npy": _npy(array) for name, array in calibration.arrays().items()}
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(members.items())}
        card = card.model_copy(update={"members": digests})
        members[CARD] = (card.model_dump_json(indent=1) + "\n").encode()
        members[SEAL] = _seal(members[CARD])
        content = _zipped(members)
        digest = hashlib.sha256(content).hexdigest()
        file_name = f"{card.classifier}-{digest[:12]}.npz"
        return cls(estimator, card, two_theta, digest, file_name, content, calibration)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The model in a file, or of that name in a folder of $NXSPECTRA_MODELS.

        Raises ModelError if there is none, or if it is not as it was saved; UnknownClassifier if its
        classifier is not installed; FileError if it cannot be read.
        """
        where = _found(path)
        try:
            content = where.read_bytes()
        except OSError as error:
            raise FileError(f"{where}: {error.strerror or error}") from error
        members = _members(content, where)
        card = _card(members, where)
        _check_members(members, card, where)
        kind = classifier(card.classifier)
        try:
            check_parameters(kind, card.parameters, f"nxspectra {card.version} ({card.provider})")
            estimator = kind.load(where)
        except ModelError as error:
            raise ModelError(str(error) if str(where) in str(error) else f"{where}: {error}") from error
        two_theta = np.load(io.BytesIO(members[GRID]), allow_pickle=False)
        digest = hashlib.sha256(content).hexdigest()
        calibration = None if card.calibration is None else _calibration(members, where)
        return cls(estimator, card, two_theta, digest, where.name, content, calibration)

    def save(self, path: str | Path) -> Self:
        """Write the file, whole or not at all; the same model, known by that file's name.

        The folder is made if it is not there. Raises FileError if it cannot be written.
        """
        target = Path(path)
        with writing_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, self.content)
        return replace(self, file_name=target.name)

    @property
    def reference(self) -> ModelReference:
        """What a classification says about the model that made it."""
        return ModelReference(self.card.classifier, self.file_name, self.digest)


def model_names() -> dict[str, Path]:
    """The models in the folders of $NXSPECTRA_MODELS, by name."""
    folders = [Path(part) for part in os.environ.get(FOLDERS, "").split(os.pathsep) if part]
    return {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.npz"))}


def _found(path: str | Path) -> Path:
    where = Path(path)
    if where.exists():
        return where
    names = model_names()
    name = str(path).removesuffix(".npz")
    if name in names:
        return names[name]
    if os.environ.get(FOLDERS):
        close = get_close_matches(name, names, n=1)
        said = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(sorted(names)) or 'none'}"
        raise ModelError(f"no model {str(path)!r}: there is no such file, and none in ${FOLDERS}; {said}")
    raise ModelError(
        f"no model {str(path)!r}: there is no such file, and ${FOLDERS} names no folder to look a name up in"
    )


def _members(content: bytes, where: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > LARGEST:
                raise ModelError(f"{where}: it would unpack to more than {LARGEST >> 30} GiB; it is no model")
            return {info.filename: archive.read(info) for info in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ModelError(
            f"{where}: not a model: {error}; a model is an .npz that `nxspectra train` wrote"
        ) from error


def _card(members: Mapping[str, bytes], where: Path) -> Card:
    if CARD not in members:
        raise ModelError(f"{where}: not a model: it has no {CARD}; a model is what `nxspectra train` wrote")
    try:
        raw = json.loads(members[CARD])
        version = raw.get("format_version") if isinstance(raw, dict) else None
        if isinstance(version, int) and version > FORMAT:
            raise ModelError(
                f"{where}: a model of format {version}, and this nxspectra reads up to {FORMAT}: update it"
            )
        return Card.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "the card"
        raise ModelError(f"{where}: {CARD}: {place}: {first['msg']}") from error
    except ValueError as error:
        raise ModelError(f"{where}: {CARD} is not JSON: {error}") from error


def _seal(card: bytes) -> bytes:
    return json.dumps({CARD: hashlib.sha256(card).hexdigest()}).encode()


def _check_members(members: Mapping[str, bytes], card: Card, where: Path) -> None:
    own = set(members) - {CARD, SEAL}
    if own != set(card.members) or GRID not in members or SEAL not in members:
        strange = ", ".join(sorted(own ^ set(card.members) | ({GRID, SEAL} - set(members))))
        raise ModelError(f"{where}: not as it was saved: {strange} was added or is missing")
    if members[SEAL] != _seal(members[CARD]):
        raise ModelError(f"{where}: not as it was saved: {CARD} has changed; train or copy it again")
    for name, data in members.items():
        if name not in (CARD, SEAL) and hashlib.sha256(data).hexdigest() != card.members[name]:
            raise ModelError(f"{where}: not as it was saved: {name} has changed; train or copy it again")
        if name.endswith(".npy"):
            _check_array(name, data, where)


def _calibration(members: Mapping[str, bytes], where: Path) -> Calibration:
    arrays = {
        name.removesuffix(".npy"): np.load(io.BytesIO(data), allow_pickle=False)
        for name, data in members.items()
        if name.startswith(FOLDER)
    }
    try:
        return Calibration.of(arrays)
    except ModelError as error:
        raise ModelError(f"{where}: {error}") from error


def _check_array(name: str, data: bytes, where: Path) -> None:
    """An array of the size it claims, without objects: numpy would believe the header."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    except ValueError as error:
        raise ModelError(f"{where}: {name}: {error}") from error
    if dtype.hasobject:
        raise ModelError(f"{where}: {name} holds pickled objects, which are never loaded")
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size != len(data) - file.tell():
        raise ModelError(f"{where}: {name} is not as long as it says")


def _saved(estimator: Classifier) -> dict[str, bytes]:
    """The members of what the estimator saves."""
    with tempfile.TemporaryDirectory(prefix="nxspectra-") as folder:
        path = Path(folder) / "estimator.npz"
        estimator.save(path)
        if not path.exists() or not zipfile.is_zipfile(path):
            raise ModelError(f"{type(estimator).__name__}.save did not write an .npz; a model is made of one")
        members = _members(path.read_bytes(), path)
    for name in members:
        if name in (CARD, SEAL, GRID) or name.startswith(FOLDER):
            raise ModelError(f"{type(estimator).__name__}.save wrote {name}, which is the model's own")
    return members


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    return file.getvalue()


def _zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip file that depends on nothing but its members: no time stamps, and nothing compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(members, key=lambda name: (name not in (CARD, SEAL), name)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr, info.create_system = 0o644 << 16, 3
            archive.writestr(info, members[name])
    return file.getvalue()
