"""Every exception, as a tree; each says where, what and what to do next, and has the exit code of the shell.

NxspectraError
  FileError (3)           a file could not be read or written
    NotHDF5               it is not an HDF5 file, or truncated or damaged beyond opening
    FileChanged           it changed while a value of it was still to be read
    FileBusy              another program holds it open for writing
    UnsafeFile            the guard refused it: it reaches outside itself, or is absurdly large inside
    CatalogueDamaged      a part of a catalogue is lost or cannot be read; all in it comes from the files
    ServerFailed          another server could not be reached, or did not answer as it should
  Refused (1)             the input is understood and cannot be used as asked; nothing was written
    NoSpectra             there are no diffraction spectra where they were asked for
    ModelMismatch         the model does not fit these spectra
    LabelError            labels that are missing, contradictory or out of range
  UsageError (2)          what was asked for does not exist or contradicts itself
    UnknownDefinition     no application definition of that name
    DefinitionError       an NXDL file that is not one
    CrosswalkError        a crosswalk that cannot be used
    UnknownClassifier     no classifier of that name is installed
    ModelError            a model file that is not one, or not as it was saved
    UnitError             not a unit, or of another kind than the one asked for
    SettingsError         the site settings cannot be used
    FilterError           a filter of the PaN search API that cannot be understood
    MissingExtra          a library of an optional extra is not installed
"""


class NxspectraError(Exception):
    """The root of every error that nxspectra raises on purpose."""

    exit_code: int = 1


class FileError(NxspectraError):
    """A file could not be read or written."""

    exit_code = 3


class NotHDF5(FileError):
    """Not an HDF5 file, or truncated or damaged beyond opening."""


class FileChanged(FileError):
    """The file changed while a value of it was still to be read."""


class FileBusy(FileError):
    """Another program holds the file open for writing."""


class UnsafeFile(FileError):
    """The guard refused the file: it reaches outside itself, or is absurdly large inside."""


class CatalogueDamaged(FileError):
    """A part of a catalogue is lost or cannot be read; everything in it comes from the files."""


class ServerFailed(FileError):
    """Another server could not be reached, or did not answer as it should."""


class Refused(NxspectraError):
    """The input is understood and cannot be used as asked; nothing was written."""


class NoSpectra(Refused):
    """There are no diffraction spectra where they were asked for."""


class ModelMismatch(Refused):
    """The model does not fit these spectra."""


class LabelError(Refused):
    """Labels that are missing, contradictory or out of range."""


class UsageError(NxspectraError):
    """What was asked for does not exist or contradicts itself."""

    exit_code = 2


class UnknownDefinition(UsageError):
    """No application definition of that name."""


class DefinitionError(UsageError):
    """An NXDL file that is not one."""


class CrosswalkError(UsageError):
    """A crosswalk that cannot be used."""


class UnknownClassifier(UsageError):
    """No classifier of that name is installed."""


class ModelError(UsageError):
    """A model file that is not one, or not as it was saved."""


class UnitError(UsageError):
    """Not a unit, or of another kind than the one asked for."""


class SettingsError(UsageError):
    """The site settings cannot be used."""


class FilterError(UsageError):
    """A filter of the PaN search API that cannot be understood; `code` is LoopBack's name for it, if any."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class MissingExtra(UsageError):
    """A library of an optional extra is not installed."""
