"""Damaged files by number: the same number gives the same file, and what becomes of it is told.

A third of them are sound files with damaged bytes, a third are written from damaged trees, and a third
are both. What is done with each is what `nxspectra validate` does, after a look by the guard.
"""

from __future__ import annotations

import random
import re
import signal
import struct
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import h5py
import numpy as np

from nxspectra import hdf5
from nxspectra.children import Died, answers
from nxspectra.cli.validating import read_and_validate
from nxspectra.errors import FileError, NxspectraError, Refused
from nxspectra.limits import Limits
from nxspectra.simulation import simulate
from nxspectra.testing import conforming, maximal, minimal
from nxspectra.tree import Field, Group, Link, Node, Null

SECONDS = 3
"""Of processor time for one file; what takes longer hangs."""
OFFICIAL = ("NXmonopd", "NXsas", "NXmx", "NXtofraw", "NXarpes", "NXcanSAS", "NXstxm", "NXellipsometry")
MARKS = re.compile(rb"\x89HDF|OHDR|OCHK|TREE|HEAP|SNOD|GCOL|FRHP|FHDB|FHIB|BTHD|BTLF|BTIN|FADB|EAHD|SMTB")
"""With these begin the parts of an HDF5 file (HDF5 File Format Specification 3.0)."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    number: int
    kind: str
    """findings, refused (a FileError), died (in libhdf5), or defect (ours)."""
    said: str


class HangsError(BaseException):
    """Python code that does not come to an end; not an Exception, so that nothing takes it for damage."""


# -- the files to begin with -----------------------------------------------------------------------


def sound(folder: Path) -> list[Path]:
    """Files with nothing wrong in them, of every layout that HDF5 has, in `folder`."""
    trees = [
        conforming(5, 40),
        conforming(4, 700, classified=True, migrated=True),
        simulate(1, 6, points=60).tree(),
        *(minimal(name) for name in OFFICIAL),
        maximal("NXmonopd"),
    ]
    files = []
    for number, tree in enumerate(trees):
        files.append(hdf5.write(tree, folder / f"new{number}.nxs", overwrite=True))
        # Plain h5py writes the old layout, which has no checksums: damage gets further there.
        files.append(folder / f"old{number}.nxs")
        with h5py.File(files[-2]) as new, h5py.File(files[-1], "w") as old:
            for name in new:
                new.copy(name, old)
    return [*files, odd(folder / "odd.nxs"), odd(folder / "odd-latest.nxs", libver="latest")]


def odd(path: Path, **options: Any) -> Path:
    """One of everything that a reader must not trip over."""
    with h5py.File(path, "w", **options) as file:
        entry = file.create_group("entry", track_order=True)
        entry.attrs["NX_class"] = np.array(["NXentry"], dtype=object)
        entry["definition"] = np.array(["NXmonopd"], dtype=object)
        entry["texts"] = np.array(["one", "two", "Å" * 300], dtype=object)
        entry["fixed"] = np.array([b"abc", b"\xc5ngstr"], dtype="S8")
        record = np.dtype([("a", "<i4"), ("b", "<f8", (2,)), ("c", h5py.string_dtype())])
        entry["record"] = np.array([(1, (2.0, 3.0), b"x"), (4, (5.0, 6.0), b"y")], dtype=record)
        ragged = entry.create_dataset("ragged", 2, h5py.vlen_dtype(np.int32))
        ragged[0] = np.arange(5)
        entry["truth"] = np.array([True, False])
        entry["kind"] = np.array([0, 1], dtype=h5py.enum_dtype({"LOW": 0, "HIGH": 1}))
        entry["opaque"] = np.array([b"12345678"], dtype="V8")
        entry["nothing"] = h5py.Empty("f8")
        entry["type"] = np.dtype("<f4")
        entry["complex"] = np.array([1 + 2j])
        data = entry.create_group("data")
        data.attrs.update(NX_class="NXdata", signal="counts", axes=["angle"])
        data["angle"] = np.linspace(0, 90, 200)
        data["angle"].attrs["units"] = np.bytes_(b"\xb0")
        data.create_dataset("counts", data=np.arange(200), chunks=(16,), compression="gzip", shuffle=True)
        data.create_dataset("grown", data=np.arange(40), chunks=(8,), maxshape=(None,), fletcher32=True)
        data["reference"] = np.array([file["entry/data"].ref, entry.ref], dtype=h5py.ref_dtype)
        data["region"] = np.array([data["counts"].regionref[3:9]], dtype=h5py.regionref_dtype)
        data["soft"] = h5py.SoftLink("/entry/data/counts")
        data["loop"] = h5py.SoftLink("loop")
        data["outside"] = h5py.ExternalLink("elsewhere.h5", "/entry")
        data["again"] = data["counts"]
        entry["data/circle"] = entry
        many = entry.create_group("collection")
        many.attrs["NX_class"] = "NXcollection"
        for index in range(60):
            many[f"key_{index}"] = float(index)
            many.attrs[f"note_{index}"] = f"{index}" * 30
    return path


def endless(path: Path, *, late: bool = False) -> None:
    """Let libhdf5 turn in a circle when it reads text in this file; `late` only in what is not read at first.

    In its heap the next text stands where this one does: a text has 2**64 - 16 bytes, which with the 16 of
    its head is 0 (HDF5 File Format Specification 3.0, section III.E, "Disk Format: Level 1E - Global Heap").
    """
    with h5py.File(path, "r+") as file:
        if late:
            # so many names that they stay in the file, in heaps of their own, until they are asked for
            del file["entry/definition"]
            names = ["NXdiffraction_spectra", *(f"NXother_{number}" for number in range(2000))]
            file["entry/definition"] = np.array(names, dtype=h5py.string_dtype())
        else:
            file["entry"].attrs["note"] = np.array(["a", "b"], dtype=h5py.string_dtype())
    content = bytearray(path.read_bytes())
    heaps = list(re.finditer(b"GCOL", content))
    for heap in heaps[-1:] if late else heaps:
        struct.pack_into("<Q", content, heap.start() + 24, 2**64 - 16)
    path.write_bytes(content)


# -- damage ----------------------------------------------------------------------------------------


def damaged(number: int, sounds: list[Path], path: Path) -> None:
    """Write the damaged file of this number to `path`."""
    chance = random.Random(number)
    if number % 3 == 0:
        content = chance.choice(sounds).read_bytes()
    else:
        path.unlink(missing_ok=True)
        for _ in range(50):
            tree = damaged_tree(chance, hdf5.read(chance.choice(sounds)))
            with suppress(Refused, FileError):  # there is no such file; another one then
                hdf5.write(Group(None, tree.children, tree.attributes), path)
                break
        content = path.read_bytes()
    if number % 3 != 1:
        content = damaged_bytes(chance, content)
    path.write_bytes(content)


def damaged_bytes(chance: random.Random, content: bytes) -> bytes:
    """A few wounds in the bytes of a file, most of them where its structure is."""
    wounded = bytearray(content)
    marks = [match.start() for match in MARKS.finditer(content)]

    def place() -> int:
        if marks and chance.random() < 0.8:
            return min(chance.choice(marks) + int(chance.expovariate(1 / 40)), len(wounded) - 9)
        return chance.randrange(len(wounded) - 8)

    for _ in range(chance.choice((1, 1, 2, 4, 12))):
        at = place()
        match chance.randrange(7):
            case 0:
                wounded[at] ^= 1 << chance.randrange(8)
            case 1:
                length = chance.choice((1, 4, 16, 400))
                wounded[at : at + length] = chance.randbytes(length)[: len(wounded) - at]
            case 2:
                size, form = chance.choice(((1, "<B"), (2, "<H"), (4, "<I"), (8, "<Q")))
                values = (0, 1, 2, 127, 255, (1 << 8 * size) - 1, (1 << 8 * size - 1) - 1, len(wounded), at)
                value = chance.choice(values) & ((1 << 8 * size) - 1)
                wounded[at : at + size] = struct.pack(form, value)
            case 3:
                length, other = chance.choice((8, 24, 64, 512)), place()
                wounded[at : at + length] = wounded[other : other + length][: len(wounded) - at]
            case 4:
                # An address of one thing becomes the address of another.
                if marks:
                    address = struct.pack("<Q", chance.choice(marks))
                    spots = [
                        spot.start()
                        for mark in chance.sample(marks, min(8, len(marks)))
                        for spot in re.finditer(re.escape(struct.pack("<Q", mark)), wounded)
                    ]
                    spot = chance.choice(spots) if spots else at
                    wounded[spot : spot + 8] = address
            case 5:
                wounded[at : at + chance.choice((2, 8, 40))] = bytes(chance.choice((2, 8, 40)))
            case 6:
                if chance.random() < 0.3:
                    wounded = cut(wounded, at)
    return bytes(wounded)


def cut(content: bytearray, at: int) -> bytearray:
    """The file without its end, and with a superblock that does not tell."""
    cut_off = content[: max(at, 120)]
    for size_at in (40, 28):
        if struct.unpack_from("<Q", cut_off, size_at)[0] == len(content):
            struct.pack_into("<Q", cut_off, size_at, len(cut_off))
    return cut_off


def damaged_tree(chance: random.Random, root: Group) -> Group:
    """A few things in a tree that are not as they should be."""
    for _ in range(chance.choice((1, 2, 3, 6, 15))):
        places = [path for path, _ in root.walk()]
        if not places:
            break
        path = chance.choice(places)
        node = root.get(path)
        with suppress(KeyError, TypeError):  # a way that leads through a link, or through a field
            match chance.randrange(8):
                case 0:
                    root = root.without(path)
                case 1:
                    root = root.put(path, odd_field(chance))
                case 2:
                    target = chance.choice((*places, "loop", ".", "..", "/", path, "/nowhere", ""))
                    root = root.put(path, Link(target, chance.choice((None, None, None, "other.h5"))))
                case 3:
                    root = root.put(f"{path}@{odd_attribute(chance)}", odd_value(chance))
                case 4 if isinstance(node, Group):
                    name = chance.choice(("x", "entry", "data", "a b", "é\udcff", "L" * 80, "1.1", ".x"))
                    root = root.put(f"{path}/{name}", chance.choice((odd_field(chance), node, deep(chance))))
                case 5:
                    other = root.get(chance.choice(places))
                    if other is not None:
                        root = root.put(path, other)
                case 6 if isinstance(node, Group):
                    root = root.put(f"{path}@NX_class", chance.choice(("NXentry", "NXdata", "NX", "")))
                case 7:
                    entry = next(iter(root.of_class("NXentry")), ("entry", None))[0]
                    root = root.put(f"{entry}/definition", Field(chance.choice(OFFICIAL)))
    return root


def deep(chance: random.Random) -> Node:
    node: Node = odd_field(chance)
    for _ in range(chance.choice((1, 5, 60))):
        node = Group(chance.choice(("NXentry", "NXdata", "NXinstrument", None)), {"x": node})
    return node


def odd_attribute(chance: random.Random) -> str:
    names = ("units", "NX_class", "signal", "axes", "default", "target", "depends_on", "version", "x_indices")
    return chance.choice((*names, "transformation_type", "vector", "offset", "type", "URL", "é", "a b"))


def odd_value(chance: random.Random) -> Any:
    return chance.choice(
        (
            *("", "mm", "Å", "GPa*/", "[", "0" * 400, ".", "..", "/", "/entry", "data", "x/../x", "9" * 30),
            *("NXdata", "m**9999999", "((((", "10^-6 m", "1e400", "{units}", "2021-13-99", "\u202e", "%s%n"),
            *(0, -1, 2**63 - 1, True, 1.5, float("nan"), float("inf"), None),
            np.array(["a", "b"]),
            np.array(["intensity"]),
            np.array([[1, 2], [3, 4]]),
            np.empty(0),
            np.empty((0, 3), dtype="U4"),
            np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
            np.array(1j),
            np.array(b"\x00\xff", dtype="V2"),
        )
    )


def odd_field(chance: random.Random) -> Field:
    value = odd_value(chance) if chance.random() < 0.6 else None
    if value is None:
        size = chance.choice(((), (1,), (0,), (3,), (1, 1, 1), (2, 3, 4), (200, 30)))
        kind = chance.choice(("i1", "u8", "f2", "f4", ">f8", "c16", "?", "U3"))
        value = np.resize(np.array([1, 0, 5, 127], dtype=kind), size)
        if value.dtype.kind == "f" and chance.random() < 0.3:
            value = np.full_like(value, chance.choice((np.nan, np.inf, -1)))
    data = Null() if chance.random() < 0.05 else value
    return Field(data, {odd_attribute(chance): odd_value(chance) for _ in range(chance.randrange(3))})


# -- what becomes of it ----------------------------------------------------------------------------


def outcomes(numbers: Iterable[int], folder: Path, workers: int = 1) -> Iterator[Outcome]:
    """What becomes of the damaged files of these numbers, each in a child that may die of it."""
    wanted = list(numbers)
    sounds = sound(folder)

    def work(number: int) -> Outcome:
        path = folder / f"damaged{number}.nxs"
        try:
            damaged(number, sounds, path)
            outcome = told(number, path)
        except BaseException:  # what is wrong with the damaging itself
            return Outcome(number, "defect", traceback.format_exc())
        if outcome.kind != "defect":
            path.unlink()
        return outcome

    limits = Limits(memory=1 << 30, cpu=int(SECONDS) + 1)
    for index, answer in answers(wanted, work, workers, limits=limits):
        if isinstance(answer, Died):
            yield Outcome(wanted[index], "died", answer.reason)
        else:
            yield answer


def told(number: int, path: Path) -> Outcome:
    """What guard, reader and validation make of a file."""
    signal.signal(signal.SIGPROF, hangs)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        findings = [str(finding) for finding in hdf5.guard(path)]
        _, report = read_and_validate(path, None, None)
        return Outcome(number, "findings", f"{len(findings)}, {len(report.findings)}")
    except NxspectraError as error:
        return Outcome(number, "refused", f"{type(error).__name__}: {error}")
    except MemoryError:
        return Outcome(number, "died", "out of memory")
    except BaseException:
        return Outcome(number, "defect", traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def hangs(_number: int, _frame: FrameType | None) -> None:
    raise HangsError
