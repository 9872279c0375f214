"""A tree to a file, whole or not at all: killed at any moment it leaves the old file or the new one.

HDF5 has no journal: a file that is changed in place and killed while it closes loses what was there
before. So everything is done to a copy beside the target, which takes the target's name when it is
complete and on disk.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from h5py import h5f

from nxspectra.errors import FileBusy, FileChanged, FileError, Refused, UsageError
from nxspectra.hdf5.building import Builder, new_file
from nxspectra.hdf5.opening import SourceFile, identity, look_at, other_writer, without_lock
from nxspectra.hdf5.storage import reason
from nxspectra.tree import Field, Group, Source

COPIED_AT_ONCE = 1 << 30
"""Bytes for one copy_file_range."""
MARGIN = 1 << 20
"""Bytes that the disk must have beyond what is to be written, for HDF5's own structures."""
LONGEST_NAME = 255
"""Bytes of a file name."""


def write(
    root: Group, path: str | os.PathLike[str], *, in_place: bool = False, overwrite: bool = False
) -> Path:
    """Write `root` to `path`, whole or not at all, and give back the path.

    A tree that was read from a file is written as a copy of that file with its additions: what was
    there stays byte for byte. Any other tree, also one changed by `put` or `without`, is written
    fresh. `in_place` puts the copy with the additions where the file that was read is; without
    additions it leaves that file untouched. External links keep their words, so those of a copy in
    another folder look for their files there.
    Raises Refused where the target exists (without `overwrite`), is the file that was read (without
    `in_place`), or already has what is to be added; FileChanged if the file that was read is not
    that any more; FileBusy if another program has the target open for writing; FileError where the
    disk says no; UsageError for `in_place` at another file than the one that was read.
    """
    target = Path(path)
    with writing_errors(target):
        source = None if root.source is None else source_file(root.source)
        same = source is not None and target.exists() and target.samefile(source.path)
        check(target, same=same, in_place=in_place, overwrite=overwrite)
        check_tree(root, source, target, in_place=in_place)
        if in_place and not root.additions:
            return target
        final = target.resolve()
        check_idle(final)
        copied = None if root.edited else source
        with temporary(final, room(root, copied)) as (file, name):
            if copied is not None:
                copy(copied, file)
            if final.exists():
                give_rights(file, final, replaced=True)
            elif copied is not None:
                give_rights(file, Path(copied.path), replaced=False)
            fill(name, root, copied is not None)
            os.fsync(file)
            if copied is not None:
                copied.verify()
            take_place(name, final, replace=same or overwrite)
    return target


def source_file(source: Source) -> SourceFile:
    if isinstance(source, SourceFile):
        return source
    return SourceFile(source.path, identity(Path(source.path).stat()))


def check(target: Path, *, same: bool, in_place: bool, overwrite: bool) -> None:
    """Raise for a target that must not be written; `same` if it is the file that was read."""
    if target.is_dir():
        raise FileError(f"{target}: is a folder; give the name of a file in it")
    if target.exists() and not target.is_file():
        raise FileError(f"{target}: is not a regular file; give the name of one")
    if not target.resolve().parent.is_dir():
        raise FileError(f"{target}: there is no folder {target.parent}; make it first")
    if same and not in_place:
        raise Refused(f"{target}: is the file that was read; write to another one, or say in_place=True")
    if target.exists() and not same and not overwrite:
        raise Refused(f"{target}: is already there; choose another name, or say overwrite=True")
    if same and not os.access(target, os.W_OK):
        raise FileError(f"{target}: is read-only; write to another file, or take its write protection away")
    if in_place and not same:
        raise UsageError(f"{target}: cannot be written in place: it is not the file that was read")


def check_idle(final: Path) -> None:
    """Raise FileBusy if somebody writes to the file that is to be replaced: what they write would be lost."""
    writer = other_writer(final.stat()) if final.exists() else None
    if writer is not None:
        raise FileBusy(f"{final}: process {writer} has it open for writing; wait until it is done")


def check_tree(root: Group, source: SourceFile | None, target: Path, *, in_place: bool) -> None:
    if root.edited and in_place:
        raise Refused(
            f"{target}: the tree was changed in other ways than by additions; write it to a new file"
        )
    if root.edited and source is not None and source.pruned:
        raise Refused(
            f"{target}: the tree lacks what was not read of {source.path}; read it without `keep` first"
        )


def room(root: Group, copied: SourceFile | None) -> int:
    """Bytes on disk for the copy with the additions, or for the whole tree, a little too many."""
    items = [root] if copied is None else [addition.item for addition in root.additions]
    needed = MARGIN + (0 if copied is None else copied.size)
    for item in items:
        nodes = [item, *(node for _, node in item.walk())] if isinstance(item, Group) else [item]
        needed += sum(node.size * node.dtype.itemsize for node in nodes if isinstance(node, Field))
    return needed


def copy(source: SourceFile, file: int) -> None:
    """The bytes of the source into `file`, shared on disk where the file system can; raises FileChanged."""
    with Path(source.path).open("rb", buffering=0) as original:
        source.verify(original.fileno())
        left = source.size
        with contextlib.suppress(OSError):
            while left and (done := os.copy_file_range(original.fileno(), file, min(left, COPIED_AT_ONCE))):
                left -= done
        if left:
            original.seek(0)
            os.lseek(file, 0, os.SEEK_SET)
            # Buffered, because an unbuffered file may write less than it is given and say nothing.
            with open(file, "wb", closefd=False) as out:
                shutil.copyfileobj(original, out, 1 << 20)
        if os.fstat(file).st_size != source.size:
            raise FileChanged(f"{source.path}: changed while it was copied; read it again")
        source.verify(original.fileno())


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


def fill(name: Path, root: Group, copied: bool) -> None:
    """Additions into the copy, or the whole tree into a new file; closed with all of it written."""
    raw = os.fsencode(name)
    if copied and not root.additions:
        return
    access = without_lock()
    file = h5f.open(raw, h5f.ACC_RDWR, access) if copied else new_file(raw, access)
    try:
        builder = Builder(file)
        if copied:
            builder.add(root.additions)
        else:
            builder.fill(root)
        h5f.flush(file)
    finally:
        file._close_open_objects(h5f.OBJ_LOCAL | h5f.OBJ_ALL)
    look_at(str(name), name.stat())


@contextmanager
def writing_errors(target: Path) -> Iterator[None]:
    """Turn what the operating system and libhdf5 say into a FileError."""
    try:
        yield
    except PermissionError:
        raise FileError(f"{target}: permission denied; write where you have the right to") from None
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
        why = "the disk is full or the quota used up" if full else f"cannot be written: {reason(error)}"
        raise FileError(f"{target}: {why}; nothing was changed") from error


# -- the temporary file beside the target ------------------------------------------------------


@contextmanager
def temporary(final: Path, needed: int) -> Iterator[tuple[int, Path]]:
    """A new file beside `final`, open and locked as ours, gone at the end if it was not put in place.

    Those of dead writers of the same target are removed first. Raises FileBusy, FileError.
    """
    sweep(final)
    free = shutil.disk_usage(final.parent).free
    if needed > free:
        raise FileError(
            f"{final}: {needed:,} bytes are needed, the disk has {free:,} left; nothing was changed"
        )
    name = final.with_name(f"{prefix(final)}{os.getpid()}.tmp")
    file = own(name, final)
    try:
        yield file, name
    finally:
        with contextlib.suppress(OSError):
            if identity(name.stat())[:2] == identity(os.fstat(file))[:2]:
                name.unlink()
        os.close(file)


def prefix(final: Path) -> str:
    room_left = LONGEST_NAME - len(b".." + str(2**64).encode() + b".tmp")
    return f".{os.fsdecode(os.fsencode(final.name)[:room_left])}."


def own(name: Path, final: Path) -> int:
    while True:
        try:
            file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            raise FileBusy(f"{final}: is being written by another thread of this program") from None
        lock(file, wait=True)
        if os.fstat(file).st_nlink:
            return file
        # Somebody swept it away between its making and its locking.
        os.close(file)


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


def sweep(final: Path) -> None:
    """Remove what writers of `final` left that were killed: their locks went with them."""
    pattern = re.compile(re.escape(prefix(final)) + r"(\d+)\.tmp")
    for left in final.parent.iterdir():
        match = pattern.fullmatch(left.name)
        if match is None:
            continue
        with contextlib.suppress(OSError):
            file = os.open(left, os.O_RDWR | os.O_CLOEXEC)
            try:
                locked = lock(file)
                if locked or (locked is None and not alive(int(match[1]))):
                    left.unlink()
            finally:
                os.close(file)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def take_place(name: Path, final: Path, replace: bool) -> None:
    """Give the finished file its name, in one step, and have the folder on disk too."""
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
    folder = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
