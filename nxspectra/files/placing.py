"""What is in the hidden file, and how it takes its place."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path

from nxspectra.errors import FileError, Refused
from nxspectra.files.claiming import temporary

Content = str | bytes | Iterable[str]
"""Of a file; text, also in pieces, is UTF-8."""


def write_whole(path: str | os.PathLike[str], content: Content, *, durable: bool = True) -> None:
    """`content` as the file at `path`: whoever is killed at any moment leaves the old file or the new one.

    A new file has the rights of any new file; one that takes the place of another has that one's. A link
    stays, and the file it leads to is written; a pipe or a terminal is written to as it is. What is not
    `durable` may be lost when the machine goes down soon after. Raises FileError where the disk says no, or
    the file is write-protected, and FileBusy while somebody else writes the same file.
    """
    target = Path(path)
    with writing_errors(target):
        if target.is_dir():
            raise FileError(f"{target}: cannot be written: is a folder; give the name of a file in it")
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                put(content, stream)
            return
        if target.exists() and not os.access(target, os.W_OK):
            raise FileError(f"{target}: is read-only; write another file, or take its write protection away")
        final = target.resolve()
        if not final.parent.is_dir():
            raise FileError(f"{target}: cannot be written: there is no folder {final.parent}; make it first")
        with temporary(final, len(content) if isinstance(content, bytes) else 0) as (file, name):
            if final.exists():
                give_rights(file, final, replaced=True)
            with open(file, "wb", closefd=False) as stream:
                put(content, stream)
            if durable:
                os.fsync(file)
            take_place(name, final, replace=True, durable=durable)


def put(content: Content, stream: BufferedWriter) -> None:
    for piece in (content,) if isinstance(content, str | bytes) else content:
        stream.write(piece.encode() if isinstance(piece, str) else piece)
    stream.flush()


@contextmanager
def writing_errors(target: Path) -> Iterator[None]:
    """Turn what the operating system says into a FileError."""
    try:
        yield
    except OSError as error:
        raise FileError(f"{target}: {why_not(error)}") from error


def why_not(error: OSError) -> str:
    """Why a file could not be written, for a person."""
    if isinstance(error, PermissionError):
        return "permission denied; write where you have the right to"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full or the quota used up; nothing was changed"
    return f"cannot be written: {error.strerror or error}; nothing was changed"


def give_rights(file: int, like: Path, *, replaced: bool) -> None:
    """The rights of the file that is replaced, or of the source; a copy can be written by its owner."""
    wanted = like.stat()
    with contextlib.suppress(OSError):
        os.fchown(file, wanted.st_uid if replaced else -1, wanted.st_gid)
    mode = stat.S_IMODE(wanted.st_mode) | (0 if replaced else stat.S_IWUSR)
    if os.fstat(file).st_gid != wanted.st_gid:
        # What its group might do, another group may only do if everybody may.
        mode = (mode & ~stat.S_IRWXG) | ((mode & stat.S_IRWXO) << 3)
    os.fchmod(file, mode)
    if replaced:
        for attribute in os.listxattr(like):
            with contextlib.suppress(OSError):
                os.setxattr(file, attribute, os.getxattr(like, attribute))


def take_place(name: Path, final: Path, *, replace: bool, durable: bool = True) -> None:
    """Give the finished file its name, in one step, and have the folder on disk too if `durable`."""
    if replace:
        name.replace(final)
    else:
        try:
            # A link never replaces a file that somebody else has made in the meantime.
            final.hardlink_to(name)
            name.unlink()
        except FileExistsError:
            raise Refused(f"{final}: was made by somebody else meanwhile; choose another name") from None
        except OSError:
            name.replace(final)
    if not durable:
        return
    folder = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
