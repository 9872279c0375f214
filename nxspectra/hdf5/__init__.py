"""The one door to disk: look at a file, read it to a tree, write a tree whole or not at all.

    guard(path)        what in a file from outside could harm its reader, as findings; nothing of it is read
    read(path)         the tree of values; large arrays stay in the file until asked for
    write(root, path)  a copy of the source with the additions, or a fresh file; atomic
    differences(before, after)   what of one file is not in the other as it was
    busy(path)         why a file seems to be still open for writing
    sha256(path)       its digest

libhdf5 can still crash on, or never come back from, a file that was damaged with intent or by chance:
files from strangers are for a process of their own, with limits of time and memory.
"""

from nxspectra.hdf5.comparing import differences
from nxspectra.hdf5.guarding import guard
from nxspectra.hdf5.opening import busy, sha256
from nxspectra.hdf5.reading import read
from nxspectra.hdf5.writing import write

__all__ = ["busy", "differences", "guard", "read", "sha256", "write"]
