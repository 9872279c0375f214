"""The one door to disk: look at a file, read it to a tree, write a tree whole or not at all."""

from nxspectra.hdf5.guarding import guard
from nxspectra.hdf5.opening import busy, sha256
from nxspectra.hdf5.reading import read
from nxspectra.hdf5.writing import write

__all__ = ["busy", "guard", "read", "sha256", "write"]
