"""A raw file that uses all that HDF5 has, and all that is in a file at the level of bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

from nxspectra.tree import Addition, Field, Group, Link

SERIES = np.linspace(0, 50, 349 * 40, dtype="float32").reshape(349, 40)

ADDED = (
    Addition(
        "/entry/sample",
        Group(
            "NXsample", {"pressure": Field(np.linspace(0, 60, 349), units="GPa"), "name": Field("(Mg,Fe)O")}
        ),
    ),
    Addition("/entry/data/pressure", Link("/entry/sample/pressure")),
    Addition("/entry/data@axes", np.array(["pressure", "two_theta"])),
    Addition("/entry@default", "data"),
)


def make_raw(path: Path, libver: Any = "earliest") -> Path:
    """A file with chunks, filters, fill values, references, every kind of link, and recorded orders."""
    with h5py.File(path, "w", libver=libver, userblock_size=0) as file:
        entry = file.create_group("entry", track_order=True)
        entry.attrs["NX_class"] = np.array([b"NXentry"])
        data = entry.create_group("data")
        data.attrs["signal"] = "intensity"
        packed = data.create_dataset(
            "intensity", data=SERIES, chunks=(16, 40), shuffle=True, compression="gzip", fillvalue=-1.0
        )
        packed.attrs["long_name"] = "Intensität".encode("latin-1")
        data.create_dataset("packed", data=SERIES, chunks=(64, 40), **hdf5plugin.Bitshuffle(cname="lz4"))
        data.create_dataset("growing", (5, 3), "i4", maxshape=(None, 3), fillvalue=7)
        data["plain"] = SERIES
        data["of"] = packed.ref
        data["texts"] = ["a", "µ", ""]
        data["kind"] = np.dtype([("frame", "i4"), ("value", ">f8")])
        data.create_dataset("records", data=np.zeros(3, data["kind"].dtype), dtype=data["kind"])
        entry["collection/shutter_time"] = 100.0
        entry["collection/shutter_time"].attrs["units"] = "ms"
        for i in range(30):
            entry["collection"].attrs[f"a{i}"] = i
        entry["again"] = data
        entry["soft"] = h5py.SoftLink("/entry/data")
        entry["external"] = h5py.ExternalLink("other.h5", "/entry")
    return path


def everything(path: Path) -> dict[str, Any]:
    """All that is in a file at the level of bytes: chunks as stored, types, properties, links, attributes."""
    found: dict[str, Any] = {}
    with h5py.File(path, "r") as file:

        def look(group: h5py.Group, where: str) -> None:
            order = group.id.get_create_plist().get_link_creation_order()
            found[where] = (order, attributes(group))
            for name in group:
                link = group.get(name, getlink=True)
                at = f"{where}/{name}"
                if not isinstance(link, h5py.HardLink):
                    found[at] = (type(link).__name__, link.path, getattr(link, "filename", None))
                    continue
                item = group[name]
                info = h5py.h5o.get_info(item.id)
                found[f"{at} object"] = (info.addr, info.rc)
                if isinstance(item, h5py.Group) and f"{where}/data" != at.replace("again", "data"):
                    look(item, at)
                elif isinstance(item, h5py.Dataset):
                    found[at] = dataset(item)
                elif isinstance(item, h5py.Datatype):
                    found[at] = item.id.encode()

        look(file["/"], "")
        look(file["/entry/data"], "/entry/data")
    return found


def attributes(item: h5py.HLObject) -> dict[str, Any]:
    return {
        name: (item.attrs.get_id(name).get_type().encode(), np.asarray(item.attrs[name]).tolist())
        for name in item.attrs
    }


def dataset(item: h5py.Dataset) -> tuple[Any, ...]:
    creation = item.id.get_create_plist()
    filters = [creation.get_filter(index) for index in range(creation.get_nfilters())]
    if item.chunks:
        stored: Any = []
        for index in range(item.id.get_num_chunks()):
            info = item.id.get_chunk_info(index)
            stored.append((tuple(info), item.id.read_direct_chunk(info.chunk_offset)))
    else:
        stored = (item.id.get_offset(), str(item[()]) if item.dtype.kind == "O" else item[()].tobytes())
    return (
        item.shape,
        item.maxshape,
        item.id.get_type().encode(),
        creation.get_layout(),
        filters,
        item.fillvalue.tobytes() if hasattr(item.fillvalue, "tobytes") else None,
        attributes(item),
        stored,
    )
