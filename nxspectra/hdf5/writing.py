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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from h5py import h5f

from nxspectra import files
from nxspectra.errors import FileBusy, FileChanged, FileError, Refused, UsageError
from nxspectra.files import check_disk, give_rights, take_place, temporary
from nxspectra.hdf5.building import Builder, new_file
from nxspectra.hdf5.opening import SourceFile, identity, look_at, other_writer, without_lock
from nxspectra.hdf5.storage import reason
from nxspectra.tree import Field, Group, Source

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many bytes are done, of how many."""

COPIED_AT_ONCE = 64 << 20
"""Bytes for one copy_file_range."""
BLOCK = 512
"""Bytes of what stat calls a block."""
READ_AT_ONCE = 1 << 20
"""Bytes for one read and write, where the kernel cannot copy."""
MARGIN = 1 << 20
"""Bytes that the disk must have beyond what is to be written, for HDF5's own structures."""
CLONE = 0x40049409
"""FICLONE of linux/fs.h: the same blocks for two files, until one of them changes."""


def write(
    root: Group,
    path: str | os.PathLike[str],
    *,
    in_place: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write `root` to `path`, whole or not at all, and give back the path.

    A tree that was read from a file is written as a copy of that file with its additions: what was
    there stays byte for byte. Any other tree, also one changed by `put` or `without`, is written
    fresh. `in_place` puts the copy with the additions where the file that was read is; without
    additions it leaves that file untouched. External links keep their words, so those of a copy in
    another folder look for their files there. `progress` is told how far the copy is, again and again.
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
        copied = None if root.edited else source
        with successor(target, copied, room(root, copied), same or overwrite, progress) as name:
            fill(name, root, copied is not None)
    return target


@contextmanager
def successor(
    target: Path,
    copied: SourceFile | None,
    needed: int,
    replace: bool,
    progress: Progress | None = None,
) -> Iterator[Path]:
    """A file beside `target` to be changed at will, a copy or empty, that takes its place at the end.

    `needed` bytes are to be written besides the copy. If the end is not reached all is as it was.
    Raises FileBusy, FileChanged, FileError, and Refused where the target has come into being meanwhile.
    """
    final = target.resolve()
    check_idle(final)
    with temporary(final, needed) as (file, name):
        if copied is not None:
            copy(copied, file, needed, progress)
        if final.exists():
            give_rights(file, final, replaced=True)
        elif copied is not None:
            give_rights(file, Path(copied.path), replaced=False)
        with on_its_way(file) if copied is not None else contextlib.nullcontext():
            yield name
        os.fsync(file)
        if copied is not None:
            copied.verify()
        take_place(name, final, replace=replace)


@contextmanager
def on_its_way(file: int) -> Iterator[None]:
    """What is in the file goes to the disk while more is added to it: the wait at the end is short then."""
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(os.fdatasync, file)
        yield
        sent.result()


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
    """Bytes on disk for what is added to the copy, or for the whole tree, a little too many."""
    items = [root] if copied is None else [addition.item for addition in root.additions]
    needed = MARGIN
    for item in items:
        nodes = [item, *(node for _, node in item.walk())] if isinstance(item, Group) else [item]
        needed += sum(node.size * node.dtype.itemsize for node in nodes if isinstance(node, Field))
    return needed


def copy(source: SourceFile, file: int, more: int = MARGIN, progress: Progress | None = None) -> None:
    """The bytes of the source into `file`, shared on disk where the file system can; holes stay holes.

    `more` bytes are to follow. Raises FileChanged, and FileError before anything is copied if the disk
    has no room for all of it.
    """
    with Path(source.path).open("rb", buffering=0) as original:
        source.verify(original.fileno())
        if not cloned(original.fileno(), file):
            status = os.fstat(original.fileno())
            check_disk(file, source.path, min(status.st_size, status.st_blocks * BLOCK) + more)
            os.ftruncate(file, source.size)

            def tell(done: int) -> None:
                if progress is not None:
                    progress(done, source.size)

            for stretch in stretches(original.fileno(), source.size):
                copy_stretch(original.fileno(), file, stretch, tell)
        if os.fstat(file).st_size != source.size:
            raise FileChanged(f"{source.path}: changed while it was copied; read it again")
        source.verify(original.fileno())


def cloned(original: int, file: int) -> bool:
    """Both files have the same blocks now; False where the file system cannot do that."""
    try:
        fcntl.ioctl(file, CLONE, original)
    except OSError:
        return False
    return True


def can_share(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> bool:
    """Can a copy of the file in this folder share its blocks, so that it takes no time and no room?"""
    try:
        with Path(path).open("rb") as original:
            trial = os.open(folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
            try:
                return cloned(original.fileno(), trial)
            finally:
                os.close(trial)
    except OSError:
        return False


def stretches(file: int, size: int) -> Iterator[tuple[int, int]]:
    """The parts of a file that are not holes, from where to where; all of it where holes are not known."""
    start = 0
    while start < size:
        try:
            start = os.lseek(file, start, os.SEEK_DATA)
            end = os.lseek(file, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            end = size
        yield start, min(end, size)
        start = end


def copy_stretch(original: int, file: int, stretch: tuple[int, int], tell: Callable[[int], None]) -> None:
    """By the kernel where it can, else through memory, a piece at a time."""
    start, end = stretch
    with contextlib.suppress(OSError):
        while start < end:
            done = os.copy_file_range(original, file, min(end - start, COPIED_AT_ONCE), start, start)
            if not done:
                break
            start += done
            tell(start)
    while start < end:
        piece = os.pread(original, min(end - start, READ_AT_ONCE), start)
        if not piece:
            return
        while piece:
            done = os.pwrite(file, piece, start)
            start, piece = start + done, piece[done:]
        tell(start)


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
    with files.writing_errors(target):
        try:
            yield
        except (RuntimeError, ValueError, KeyError) as error:
            raise FileError(f"{target}: cannot be written: {reason(error)}; nothing was changed") from error
