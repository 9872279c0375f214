"""One validator in a process of its own, which times a pass over its files whenever it is told to.

`python peers.py TOOL FILE...` with the Python in which TOOL is installed: a line on standard input is
answered by the processor seconds of one pass over all files. What the tool itself prints goes nowhere. The
first pass is a rehearsal and is not to be counted: it loads definitions.
"""

from __future__ import annotations

# ruff: noqa: PLC0415  # each tool is in another environment
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path


def walk() -> Callable[[str], object]:
    """The floor: all objects outside of NXcollections, attributes, shapes, values of up to 4096 bytes."""
    import numpy as np
    from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5p, h5s

    access = h5p.create(h5p.FILE_ACCESS)
    access.set_file_locking(False, True)

    def one(path: str) -> int:
        file = h5f.open(path.encode(), h5f.ACC_RDONLY, access)
        stack = [h5g.open(file, b"/")]
        seen: set[int] = set()
        while stack:
            item = stack.pop()
            attributes = {}
            for index in range(h5a.get_num_attrs(item)):
                attribute = h5a.open(item, index=index)
                value = np.empty(attribute.shape, attribute.dtype)
                attribute.read(value)
                attributes[attribute.name] = value
            if isinstance(item, h5d.DatasetID):
                dtype, shape = item.dtype, item.shape
                if np.prod(shape) * dtype.itemsize <= 4096:
                    item.read(h5s.ALL, h5s.ALL, np.empty(shape, dtype))
            elif attributes.get(b"NX_class", np.array(b"")).tolist() != b"NXcollection":
                for name in item:
                    link = item.links.get_info(name)
                    if link.type == h5l.TYPE_HARD and link.u not in seen:
                        seen.add(link.u)
                        stack.append(h5o.open(item, name))
        return len(seen)

    return one


def nxspectra() -> Callable[[str], object]:
    from nxspectra.cli.validating import check

    return lambda path: check(Path(path), definition=None, definitions=None, wants_plan=False)


def nxvalidate() -> Callable[[str], object]:
    from nexusformat.nexus.validate import validate_application

    return validate_application


def nxcheck() -> Callable[[str], object]:
    from nexusformat.nexus.validate import validate_file

    return validate_file


def pynxtools() -> Callable[[str], object]:
    from pynxtools.dataconverter.validate_file import validate

    return validate


def punx() -> Callable[[str], object]:
    from punx.validate import Data_File_Validator

    validator = Data_File_Validator()
    return validator.validate


TOOLS = {tool.__name__: tool for tool in (walk, nxspectra, nxvalidate, nxcheck, pynxtools, punx)}


def main(tool: str, files: Sequence[str]) -> None:
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    logging.disable(logging.CRITICAL)
    try:
        one = TOOLS[tool]()
    except ImportError as error:
        answers.write(f"{error}\n")
        return
    for _ in sys.stdin:
        began = time.process_time()
        try:
            for file in files:
                one(file)
        except Exception:
            answers.write(f"{' '.join(traceback.format_exc().split())}\n")
            return
        answers.write(f"{time.process_time() - began}\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
