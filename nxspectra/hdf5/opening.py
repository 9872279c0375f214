"""Opening an HDF5 file for reading: without a lock, and with a plain reason when it cannot be opened.

What a file says of itself before libhdf5 sees it stands in its superblock: HDF5 File Format
Specification 3.0, section II.A, "Disk Format: Level 0A".
"""

from __future__ import annotations

import hashlib
import math
import os
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from h5py import h5f, h5p

from nxspectra.errors import FileBusy, FileChanged, FileError, NotHDF5
from nxspectra.limits import while_reading

SIGNATURE = b"\x89HDF\r\n\x1a\n"
WRITING, SWMR = 0x01, 0x04
"""Consistency flags of a superblock of version 3."""

Identity: TypeAlias = tuple[int, int, int, int]
"""Device, inode, size in bytes, time of last change in ns: another file, or a changed one, differs."""


def identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class SourceFile:
    """The file that a tree was read from, as it was then."""

    __slots__ = ("_digest", "identity", "path", "pruned", "starts_at_zero")

    path: str
    """Absolute."""
    identity: Identity
    pruned: bool
    """Some groups were read without their children."""
    starts_at_zero: bool
    """There is no user block before the superblock, so that addresses in the file are offsets in it."""

    def __init__(self, path: str, identity: Identity, starts_at_zero: bool = False) -> None:
        self.path = path
        self.identity = identity
        self.starts_at_zero = starts_at_zero
        self.pruned = False
        self._digest: str | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.identity[2]

    @property
    def digest(self) -> str:
        """sha256 of the whole file in hex, computed when first asked for; raises FileChanged, FileError."""
        if self._digest is None:
            self.verify()
            digest = sha256(self.path)
            self.verify()
            self._digest = digest
        return self._digest

    def verify(self, file: int | None = None) -> None:
        """Raise FileChanged if the file at this path, or the open one, is no longer the one that was read."""
        with file_errors(self.path):
            now = identity(Path(self.path).stat() if file is None else os.fstat(file))
        if now != self.identity:
            raise FileChanged(f"{self.path}: changed since it was read; read it again")

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r})"


def busy(path: str | os.PathLike[str], *, recent: float = math.inf) -> str | None:
    """Why a file seems to be open for writing, by its own flags or by a writer's lock; None if it does not.

    A writer that takes no lock is not seen, nor one on another machine. A file that has not changed in the
    last `recent` seconds is not looked at: asking for locks is slow. Raises FileError and NotHDF5.
    """
    with file_errors(path):
        status = Path(path).stat()
        if time.time() - status.st_mtime > recent:
            return None
        try:
            look_at(str(path), status)
        except FileBusy as error:
            return str(error)
        writer = other_writer(status)
    return (
        None
        if writer is None
        else f"{path}: process {writer} holds it open for writing; wait until it is done"
    )


def sha256(path: str | os.PathLike[str]) -> str:
    """sha256 of a file in hex; raises FileError."""
    with file_errors(path), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[tuple[h5f.FileID, SourceFile]]:
    """The file opened for reading without a lock; everything opened in it is closed at the end.

    Raises FileError, NotHDF5 and FileBusy.
    """
    where = os.path.abspath(path)  # noqa: PTH100 - for each file, and a Path costs more than the look
    with file_errors(path):
        status = os.stat(where)  # noqa: PTH116
        if stat.S_ISDIR(status.st_mode):
            raise FileError(f"{path}: is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise FileError(f"{path}: is not a regular file")
        start = look_at(where, status)
    with while_reading(status.st_size):
        file = open_file(where, str(path))
        try:
            yield file, SourceFile(where, identity(status), start == 0)
        finally:
            file._close_open_objects(h5f.OBJ_LOCAL | h5f.OBJ_ALL)


def open_file(where: str, said: str) -> h5f.FileID:
    for lock in (_WITHOUT, None, (True, False), (True, True), (False, False)):
        try:
            return h5f.open(
                os.fsencode(where), h5f.ACC_RDONLY, None if lock is None else _kept_locking(*lock)
            )
        except OSError as error:
            # This very process has it open already, and in one process one file has one setting.
            if "flag values don't match" not in str(error):
                raise NotHDF5(f"{said}: cannot be opened as HDF5: {error}") from None
    raise FileBusy(f"{said}: is open in this program in another way; close it there first")


def locking(lock: bool, ignore_when_disabled: bool) -> h5p.PropFAID:
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_file_locking(lock, ignore_when_disabled)
    return access


_kept_locking = lru_cache(maxsize=4)(locking)
"""A property list is copied by whoever opens a file with it, and takes longer to make than to use."""
_WITHOUT = (False, True)


def without_lock() -> h5p.PropFAID:
    """File access that takes no lock: a reader that takes one stops the next scan of a beamline."""
    return locking(*_WITHOUT)


@contextmanager
def file_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the operating system says about `path` into a FileError."""
    try:
        yield
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file") from None
    except PermissionError:
        raise FileError(f"{path}: permission denied; ask its owner for the right to read it") from None
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from None


# -- before libhdf5 sees it ------------------------------------------------------------------------


def look_at(path: str, status: os.stat_result) -> int:
    """Where the superblock starts; raises NotHDF5 or FileBusy if the first bytes tell that reading fails."""
    if status.st_size == 0:
        raise NotHDF5(f"{path}: is an empty file (0 bytes)")
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        start = signature_offset(file, status.st_size)
        if start is None:
            raise NotHDF5(f"{path}: {other_kind(os.pread(file, 512, 0))}")
        superblock = os.pread(file, 96, start)
    finally:
        os.close(file)
    flags, stored_size = superblock_says(superblock)
    if flags & (WRITING | SWMR):
        how = "in SWMR mode" if flags & SWMR else "for writing"
        raise FileBusy(
            f"{path}: is marked as open {how}; wait until its writer is done, or, if the writer was killed,"
            " make a copy and run `h5clear --status --increment=0` on the copy"
        )
    if stored_size is not None and stored_size < status.st_size:
        # A finished file is as long as it says; one with unwritten metadata is longer.
        writer = other_writer(status)
        if writer is not None:
            raise FileBusy(f"{path}: process {writer} is writing to it; wait until it is done")
    if stored_size is not None and stored_size > status.st_size:
        raise NotHDF5(
            f"{path}: is truncated: {status.st_size} bytes, its superblock says {stored_size};"
            " copy it again, or wait if it is still being written"
        )
    return start


def signature_offset(file: int, size: int) -> int | None:
    """Where the superblock starts: at 0, or after a user block at 512, 1024, 2048, …; None if nowhere."""
    start = 0
    while start < size:
        if os.pread(file, len(SIGNATURE), start) == SIGNATURE:
            return start
        start = start * 2 if start else 512
    return None


def superblock_says(superblock: bytes) -> tuple[int, int | None]:
    """The consistency flags (version 3 only) and the end of file that a superblock states.

    The end of file is an absolute address. None when the superblock is too short or too new to tell.
    """
    version = superblock[8] if len(superblock) > 8 else 255
    if version in {0, 1}:
        offsets, at, flags = superblock[13], 24 + 4 * version, 0
    elif version in {2, 3}:
        offsets, at, flags = superblock[9], 12, superblock[11] if version == 3 else 0
    else:
        return 0, None
    code = {2: "<H", 4: "<I", 8: "<Q"}.get(offsets)
    end = at + 2 * offsets
    if code is None or len(superblock) < end + offsets:
        return flags, None
    stored_size: int = struct.unpack_from(code, superblock, end)[0]
    return flags, stored_size


def other_writer(status: os.stat_result) -> int | None:
    """The process that holds an exclusive lock on the file, as HDF5 writers do; None if none is known.

    Asked of /proc/locks: trying the lock ourselves could stop a writer that is just about to open.
    That takes milliseconds, since the kernel halts all locking for it: to be asked only on suspicion.
    """
    try:
        locks = Path("/proc/locks").read_text()
    except OSError:
        return None
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in locks.splitlines():
        words = line.split()
        if len(words) == 8 and words[1] in {"FLOCK", "POSIX"} and words[3] == "WRITE" and words[5] == file:
            process = int(words[4])
            return process if process != os.getpid() else None
    return None


def other_kind(start: bytes) -> str:
    """What a file that is not HDF5 is instead, from its first bytes."""
    known = {
        b"\x0e\x03\x13\x01": "is an HDF4 file, not HDF5; convert it with h4toh5",
        b"CDF": "is a classic netCDF file, not HDF5; convert it with nccopy -k nc4",
        b"PK\x03\x04": "is a ZIP archive, not HDF5; unpack it first",
        b"\x1f\x8b": "is gzip-compressed, not HDF5; unpack it first",
        b"II*\x00": "is a TIFF image, not HDF5",
        b"MM\x00*": "is a TIFF image, not HDF5",
        b"###CBF": "is a CBF image, not HDF5",
        b"<?xml": "is XML text, not HDF5",
    }
    for magic, what in known.items():
        if start.startswith(magic):
            return what
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError as error:
        # A multi-byte character may be cut at the end of what was looked at.
        text = start[: error.start].decode("utf-8") if error.start > len(start) - 4 else "\x00"
    if all(character.isprintable() or character in "\t\r\n\f" for character in text):
        return "is text, not HDF5"
    return "is not HDF5: it has no HDF5 signature"
