"""The hidden file beside a target in which the next state of it is made, and who may make it.

It is the claim on the target as well: whoever has it locked is the one writer. The lock ends with its
process, however that ends, so what a killed writer left is known by being unlocked.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nxspectra.errors import FileBusy, FileError

LONGEST_NAME = 255
"""Bytes of a file name."""


@contextmanager
def temporary(final: Path, needed: int) -> Iterator[tuple[int, Path]]:
    """A new file beside `final`, open and claimed as ours, gone at the end if it was not put in place.

    What a killed writer of the same target left is removed first. Raises FileBusy, and FileError if there
    are not as many bytes left on the disk as are needed.
    """
    name, marker = hidden(final, "tmp"), hidden(final, "lock")
    file, marked = claim(name, marker, final)
    try:
        check_disk(file, str(final), needed)
        yield file, name
    finally:
        with contextlib.suppress(OSError):
            if os.path.samestat(name.stat(), os.fstat(file)):
                name.unlink()
        if marked:
            marker.unlink(missing_ok=True)
        os.close(file)


def check_disk(file: int, path: str, needed: int) -> None:
    """Raise FileError if the disk of an open file has less room than is needed to write `path`."""
    disk = os.fstatvfs(file)
    free = disk.f_bavail * disk.f_frsize
    if needed > free:
        raise FileError(
            f"{path}: {needed:,} bytes are needed, the disk has {free:,} left; nothing was changed"
        )


def hidden(final: Path, ending: str) -> Path:
    name = os.fsencode(final.name)
    if len(name) + len(ending) + 2 > LONGEST_NAME:
        name = hashlib.sha256(name).hexdigest().encode()
    return final.with_name(f".{os.fsdecode(name)}.{ending}")


def claim(name: Path, marker: Path, final: Path) -> tuple[int, bool]:
    """The hidden file, empty and ours; and whether a marker says so, where the file system has no locks."""
    busy = FileBusy(f"{final}: is being written by another program or thread; wait until it is done")
    while True:
        try:
            file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            if not clear_away(name, marker):
                raise busy from None
            continue
        locked = lock(file, wait=True)
        if not os.fstat(file).st_nlink:
            # Somebody took it for a left one, between its making and its locking.
            os.close(file)
        elif locked is None and not mark(marker):
            os.close(file)
            raise busy
        else:
            return file, locked is None


def clear_away(name: Path, marker: Path) -> bool:
    """Remove what a killed writer left; False if the writer lives."""
    try:
        file = os.open(name, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        locked = lock(file)
        if locked is False or (locked is None and not abandoned(marker)):
            return False
        with contextlib.suppress(FileNotFoundError):
            # By now the name may be that of a finished file's successor, which is not ours to take.
            if os.path.samestat(name.stat(), os.fstat(file)):
                name.unlink()
    finally:
        os.close(file)
    return True


def lock(file: int, wait: bool = False) -> bool | None:
    """Lock a file for this open file description; None where the file system has no locks.

    Not flock: that is what libhdf5 takes, and it would stand in its own way.
    """
    command = fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK
    try:
        fcntl.fcntl(file, command, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except OSError as error:
        return False if error.errno in {errno.EAGAIN, errno.EACCES} else None
    return True


# -- where there are no locks, as on some parallel file systems -------------------------------------


def mark(marker: Path) -> bool:
    """Write down that this process is the writer; False if somebody else has."""
    while True:
        try:
            file = os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            if not abandoned(marker):
                return False
            marker.unlink(missing_ok=True)
            continue
        os.write(file, f"{os.getpid()} {socket.gethostname()}".encode())
        os.close(file)
        return True


def abandoned(marker: Path) -> bool:
    """Nobody is the writer, or a process of this machine that is no more."""
    try:
        process, _, host = marker.read_text().partition(" ")
    except FileNotFoundError:
        return True
    return host == socket.gethostname() and process.isdecimal() and not alive(int(process))


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
