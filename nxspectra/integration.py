"""Detector frames to spectra: azimuthal integration by pyFAI, with how it was done written down.

    raw = integrate(nxs.read("lambda_00001.nxs"), "L2.poni")
    run = nxs.migrate(raw, facts=sidecars.read("L2.poni"))

The one room for pyFAI (J. Kieffer and others, https://pyfai.readthedocs.io), an optional extra.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra import units
from nxspectra.errors import FileError, MissingExtra, Refused, UsageError
from nxspectra.tree import Field, Group, Node, accounted

try:
    import pyFAI
except ImportError:
    raise MissingExtra(
        "pyFAI is not installed; install nxspectra[integrate] to integrate the frames of a detector"
    ) from None

NAME = "integration"
PROGRAM = "pyFAI"
REFERENCE = "https://doi.org/10.1107/S1600576715004306"
"""G. Ashiotis and others, The fast azimuthal integration Python library, J. Appl. Cryst. 48, 510 (2015)."""
METHOD = ("bbox", "csr", "cython")
UNIT = "2th_deg"
DEAD = -1.0e9
"""Stands for a pixel without a value in the frame that is given to pyFAI."""
LEAST_SIDE = 8
"""Pixels; what is smaller is no detector."""
SAME_PIXEL = 0.01
"""Part by which the pixels of the file and those of the calibration may differ."""
LARGEST_CALIBRATION = 1_000_000
"""Bytes."""
NOT_FRAMES = frozenset(
    {"flatfield", "flatfield_error", "flatfield_errors", "dark", "dark_error", "pixel_mask"}
)
"""Images of an NXdetector that are no measurement."""

Progress = Callable[[int, int], None]
"""Told how many frames are done, of how many."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The images of a detector."""

    path: str
    field: Field
    """(n_frames, rows, columns)"""
    detector: Group

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        shape = self.field.shape or ()
        return int(shape[1]), int(shape[2])

    def __len__(self) -> int:
        return int((self.field.shape or (0,))[0])


def integrate(
    root: Group,
    calibration: str | Path,
    *,
    frames: str | None = None,
    points: int | None = None,
    polarization: float | None = None,
    progress: Progress | None = None,
    earlier: Group | None = None,
) -> Group:
    """`root` with the frames of its detector integrated over the azimuth, over two theta in degrees.

    `calibration` is a .poni of pyFAI; `frames` the path of the images where there are several; `points` of a
    spectrum, as many as the frame has pixels along the radius if not given; `polarization` the factor to
    correct for, between -1 and 1. The solid angle of the pixels is corrected for. Pixels of the detector's
    `pixel_mask`, negative ones and those at `saturation_value` are left out. One frame is read at a time.
    A tree in which these frames were integrated with this calibration and settings is given back as it is;
    if it was done in an `earlier` result of the same raw file, it is taken from there.

    Raises Refused, saying why, where calibration and frames do not fit; UsageError for a file that is no
    calibration or settings out of range; FileError if it cannot be read; MissingExtra without pyFAI.
    """
    content, geometry = check_settings(Path(calibration), points, polarization)
    images = the_frames(root, frames)
    check_geometry(geometry, images, Path(calibration).name)
    masked = mask_of(images)
    geometry.detector.shape = images.shape
    number = points or int(geometry.guess_npt_rad())
    settings: dict[str, Node] = {
        "frames": Field(images.path),
        "calibration": Field(content.decode("utf-8", errors="replace")),
        "points": Field(number),
        "unit": Field(UNIT),
        "method": Field(", ".join(METHOD)),
        "solid_angle_applied": Field(True),
        "polarization_applied": Field(polarization is not None),
        "normalization_applied": Field(True),
        "masked_pixels": Field(int(masked.sum())),
    }
    if polarization is not None:
        settings["polarization_factor"] = Field(polarization)
    home = f"/{images.path.split('/')[1]}"
    if done_before(root, home, settings) is not None:
        return root
    path = free(root, home)
    done = None if earlier is None else done_before(earlier, home, settings)
    if done is not None and path == free(Group(), home):
        return root.add([accounted(path, done)])
    job = Job(geometry, masked, number, polarization)
    radial, intensity = job.spectra_of(images, progress)
    note = {
        "file_name": Field(Path(calibration).name),
        "checksum": Field(hashlib.sha256(content).hexdigest()),
        "algorithm": Field("sha256"),
    }
    process = Group(
        "NXprocess",
        {
            "program": Field(PROGRAM),
            "version": Field(str(pyFAI.version)),
            "date": Field(datetime.now(UTC).isoformat(timespec="seconds")),
            "reference": Field(REFERENCE),
            "input": Group("NXparameters", settings),
            "calibration_file": Group("NXnote", note),
            "data": spectra_group(f"{path}/data", radial, intensity),
        },
        default="data",
    )
    return root.add([accounted(path, process)])


def spectra_group(path: str, radial: NDArray[np.float64], intensity: NDArray[np.float32]) -> Group:
    """The NXdata of the spectra, with the names and attributes of NXazint1d."""
    return Group(
        "NXdata",
        {
            "I": Field(intensity, units="arbitrary units", long_name="intensity", target=f"{path}/I"),
            "radial_axis": Field(radial, units="deg", long_name="2theta", target=f"{path}/radial_axis"),
        },
        signal="I",
        axes=np.array([".", "radial_axis"]),
        interpretation="spectrum",
    )


def done_before(root: Group, home: str, settings: dict[str, Node]) -> Group | None:
    """The account of an integration of the same frames with the same settings; None if there is none."""
    for _, process in (root.group(home) or Group()).of_class("NXprocess"):
        given = process.group("input")
        if given is not None and dict(given.children) == settings and process.field("data/I") is not None:
            return process
    return None


def free(root: Group, home: str) -> str:
    number, path = 1, f"{home}/{NAME}"
    while path in root:
        number += 1
        path = f"{home}/{NAME}_{number}"
    return path


# -- the calibration ---------------------------------------------------------------------------


def check_settings(
    calibration: Path, points: int | None = None, polarization: float | None = None
) -> tuple[bytes, Any]:
    """The bytes of a .poni, and pyFAI's integrator of it. Raises FileError and UsageError."""
    if points is not None and points < 2:
        raise UsageError(f"points={points}: a spectrum has at least two")
    if polarization is not None and not -1 <= polarization <= 1:
        raise UsageError(f"polarization={polarization:g}: the factor is between -1 and 1")
    return read_calibration(calibration)


def read_calibration(file: Path) -> tuple[bytes, Any]:
    """The bytes of a .poni, and pyFAI's integrator of it. Raises FileError and UsageError."""
    try:
        if file.stat().st_size > LARGEST_CALIBRATION:
            raise UsageError(f"{file}: {file.stat().st_size} bytes are no calibration of pyFAI")
        content = file.read_bytes()
    except OSError as error:
        raise FileError(f"{file}: cannot be read: {error.strerror}") from None
    if b"Poni1:" not in content or b"Distance:" not in content:
        raise UsageError(
            f"{file}: is no calibration of pyFAI; it has no lines `Distance: ...` and `Poni1: ...`"
        )
    try:
        return content, pyFAI.load(str(file))
    except Exception as error:  # whatever pyFAI makes of what is not its own
        raise UsageError(f"{file}: pyFAI cannot use it: {error}") from error


def check_geometry(geometry: Any, images: Frames, name: str) -> None:
    """Raise Refused if the calibration is of another detector than the frames."""
    wanted = geometry.detector.max_shape
    if wanted is not None and tuple(wanted) != images.shape:
        raise Refused(
            f"{images.path}: frames of {images.shape[0]} x {images.shape[1]} pixels, and {name} is the"
            f" calibration of a detector of {wanted[0]} x {wanted[1]} ({geometry.detector.name});"
            " nothing was written"
        )
    for leaf, meant in (
        ("y_pixel_size", geometry.detector.pixel1),
        ("x_pixel_size", geometry.detector.pixel2),
    ):
        size = in_metres(images.detector.field(leaf))
        if size is not None and meant and abs(size - meant) > SAME_PIXEL * meant:
            raise Refused(
                f"{images.path}: {leaf} is {1e6 * size:.6g} um in the file and {1e6 * meant:.6g} um in"
                f" {name}; nothing was written"
            )
    shift = images.detector.field("translation/distance")
    if shift is not None and shift.dtype.kind in "iuf" and np.any(np.nan_to_num(shift.array) != 0):
        moved = ", ".join(f"{each:g}" for each in shift.array.reshape(-1))
        raise Refused(
            f"{images.path}: the frames are of one module of a detector, moved by ({moved})"
            f" {shift.units or ''}; put the modules together, or give the module its own calibration and take"
            " this translation away; nothing was written"
        )


def in_metres(field: Field | None) -> float | None:
    """The one length that a field holds; None if it holds none with a unit."""
    if field is None or field.number is None or field.units is None or not units.same_kind(field.units, "m"):
        return None
    return float(units.convert(np.array(field.number), field.units, "m"))


# -- the frames --------------------------------------------------------------------------------


def the_frames(root: Group, path: str | None) -> Frames:
    """The images at `path`, or the only ones in the file. Raises Refused and UsageError."""
    if path is not None:
        found = root.find(path)
        if found is None or not isinstance(found[1], Field):
            raise UsageError(
                f"{path}: there is no data set of this name; `nxspectra show` lists what is there"
            )
        if not is_stack(found[1]):
            raise Refused(f"{path}: {found[1].dtype} of shape {found[1].shape} is no stack of images")
        return Frames(found[0], found[1], root.group(found[0].rpartition("/")[0]) or Group())
    every = list(_stacks(root))
    named = [one for one in every if one.path.endswith("/data")] or every
    if not named:
        raise Refused("there are no frames of a detector: no data set of three dimensions in an NXdetector")
    if len(named) > 1:
        paths = " and ".join(one.path for one in named)
        raise Refused(f"{paths} hold frames; say which with --frames, for example --frames {named[0].path}")
    return named[0]


def _stacks(root: Group) -> Iterator[Frames]:
    for path, node in root.walk():
        name = path.rpartition("/")[2]
        if isinstance(node, Field) and is_stack(node) and name not in NOT_FRAMES:
            group = root.group(path.rpartition("/")[0])
            if group is not None and group.nx_class == "NXdetector":
                yield Frames(path, node, group)


def is_stack(field: Field) -> bool:
    shape = field.shape or ()
    return len(shape) == 3 and field.dtype.kind in "iuf" and min(shape[1:]) > LEAST_SIDE and shape[0] > 0


def mask_of(images: Frames) -> NDArray[np.bool_]:
    """(rows, columns), true where a pixel is not to be used. Raises Refused."""
    mask = images.detector.field("pixel_mask")
    if mask is None:
        return np.zeros(images.shape, dtype=bool)
    where = f"{images.path.rpartition('/')[0]}/pixel_mask"
    shape = tuple(size for size in mask.shape or () if size != 1)
    if shape != images.shape or mask.dtype.kind not in "biu":
        raise Refused(
            f"{where}: {mask.dtype} of shape {mask.shape} does not fit frames of {images.shape};"
            " nothing was written"
        )
    masked = np.asarray(mask.array.reshape(images.shape) != 0)
    if masked.all():
        raise Refused(f"{where}: leaves no pixel; nothing was written")
    return masked


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done with every frame."""

    geometry: Any
    """pyFAI's AzimuthalIntegrator."""
    masked: NDArray[np.bool_]
    """(rows, columns)"""
    points: int
    polarization: float | None

    def spectra_of(
        self, images: Frames, progress: Progress | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Two theta in degrees (points,), and the intensity (n_frames, points); NaN where no pixel is left.

        Points beyond the last pixels at either end are left out.
        """
        highest = images.detector.field("saturation_value")
        saturated = None if highest is None else highest.number
        intensity = np.empty((len(images), self.points), dtype=np.float32)
        radial = np.empty(self.points)
        for index in range(len(images)):
            frame = np.asarray(images.field.data[index], dtype=np.float32)
            dead = ~np.isfinite(frame) | (frame < 0)
            if saturated is not None:
                dead |= frame >= saturated
            frame[dead] = DEAD
            radial, intensity[index] = self.spectrum(frame)
            if progress is not None:
                progress(index + 1, len(images))
        seen = np.flatnonzero(np.any(np.isfinite(intensity), axis=0))
        if not seen.size:
            raise Refused(f"{images.path}: no pixel is left that holds a value; nothing was written")
        inside = slice(int(seen[0]), int(seen[-1]) + 1)
        return radial[inside], intensity[:, inside]

    def spectrum(self, frame: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        made = self.geometry.integrate1d(
            frame,
            self.points,
            unit=UNIT,
            mask=self.masked,
            dummy=DEAD,
            delta_dummy=1.0,
            correctSolidAngle=True,
            polarization_factor=self.polarization,
            method=METHOD,
        )
        radial = np.asarray(made.radial, dtype=np.float64)
        return radial, np.where(np.asarray(made.count) > 0, made.intensity, np.nan).astype(np.float32)
