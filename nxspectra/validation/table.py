"""Every rule of validation: its id, how much it matters, what it asks, and an example of what it says.

A finding may be milder than its rule: what a base class asks and the application definition does not, is
at most a warning, and a dimension in a base class is information only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nxspectra.findings import Finding, Severity
from nxspectra.nxdl import Origin


class Case(Protocol):
    """What a rule is asked about: a place in the tree, and the rule of the definition for it."""

    @property
    def path(self) -> str: ...
    @property
    def origin(self) -> Origin | None: ...
    @property
    def base(self) -> bool:
        """Only a base class says it."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked."""

    id: str
    severity: Severity
    asks: str
    example: str

    def found(
        self, case: Case, message: str, *, path: str | None = None, severity: Severity | None = None
    ) -> Finding:
        """The finding that `case` breaks this rule."""
        how_bad = severity or self.severity
        if case.base and how_bad is Severity.VIOLATION:
            how_bad = Severity.WARNING
        return self.at(path or case.path, message, case.origin, how_bad)

    def at(
        self, path: str, message: str, origin: Origin | None = None, severity: Severity | None = None
    ) -> Finding:
        """The finding that what is at `path` breaks this rule."""
        if origin is None:
            return Finding(path, self.id, message, severity or self.severity)
        return Finding(
            path,
            self.id,
            message,
            severity or self.severity,
            origin.definition,
            origin.nxdl,
            origin.line,
        )


RULES: dict[str, Rule] = {}
"""By id, in the order of the documentation."""


def _rule(name: str, severity: Severity, asks: str, example: str) -> Rule:
    RULES[name] = Rule(name, severity, asks, example)
    return RULES[name]


VIOLATION, WARNING, INFO = Severity.VIOLATION, Severity.WARNING, Severity.INFO

# -- which definition --------------------------------------------------------------------------

NO_ENTRY = _rule(
    "no-entry",
    VIOLATION,
    "A file has at least one NXentry; everything else stands in one.",
    "`/`: holds no NXentry, so there is nothing to validate",
)
DEFINITION_MISSING = _rule(
    "definition-missing",
    VIOLATION,
    "An entry names the application definition that it follows; one that does not is compared with"
    " NXdiffraction_spectra.",
    "`/entry`: names no application definition, so it was compared with NXdiffraction_spectra",
)
UNKNOWN_DEFINITION = _rule(
    "unknown-definition",
    VIOLATION,
    "The definition that an entry names is known; others come from the folder given as `--definitions`.",
    "`/entry/definition`: no application definition 'NXdifraction_spectra'; did you mean"
    " NXdiffraction_spectra?",
)
UNUSABLE_DEFINITION = _rule(
    "unusable-definition",
    VIOLATION,
    "The NXDL file of the definition that an entry names can be used.",
    "`/entry/definition`: NXramp.nxdl.xml: has a DOCTYPE, which no NXDL file needs",
)
DEFINITION_SPELLING = _rule(
    "definition-spelling",
    WARNING,
    "The name of a definition is spelled as the definition spells it, upper and lower case too.",
    "`/entry/definition`: is 'nxdiffraction_spectra'; taken for NXdiffraction_spectra",
)
SEVERAL_DEFINITIONS = _rule(
    "several-definitions",
    INFO,
    "An entry names one application definition; one that names several is compared with each, up to eight.",
    "`/entry/definition`: names 2 definitions, 'NXmonopd', 'NXsas', and was compared with each",
)

POLICY_APPLIED = _rule(
    "policy-applied",
    INFO,
    "Where an official definition has a known defect, what is done about it is said; see the page on policy.",
    "`/entry/data/radial_axis@units`: unit-categories-as-values: the definition lists categories of units as"
    " values of units; any unit of such a category is taken",
)

# -- what is there -----------------------------------------------------------------------------

MISSING_GROUP = _rule(
    "missing-group",
    VIOLATION,
    "A required group is there, and as often as asked; a recommended one that is not is a warning.",
    "`/entry/(NXsample)`: required NXsample is missing",
)
MISSING_FIELD = _rule(
    "missing-field",
    VIOLATION,
    "A required field is there, also in a required group that is missing itself; a recommended one that"
    " is not is a warning.",
    "`/entry/sample/pressure`: required field is missing",
)
MISSING_ATTRIBUTE = _rule(
    "missing-attribute",
    VIOLATION,
    "A required attribute is there; a recommended one that is not is a warning.",
    "`/entry/data@signal`: required attribute is missing",
)
MISSING_LINK = _rule(
    "missing-link",
    VIOLATION,
    "A link that the definition asks for is there.",
    "`/entry/data/data`: link to /NXentry/NXinstrument/NXdetector/data is missing",
)
TOO_MANY = _rule(
    "too-many",
    VIOLATION,
    "A group or field is there at most as often as allowed.",
    "`/entry/instrument`: 2 groups of class NXsource, at most 1 allowed",
)
WRONG_CLASS = _rule(
    "wrong-class",
    VIOLATION,
    "A group is a group of the right class, a field is a field.",
    "`/entry/data`: is an NXcollection; NXdata expected",
)
UNKNOWN_CLASS = _rule(
    "unknown-class",
    WARNING,
    "The NX_class of a group is one that NeXus knows.",
    "`/entry/sampel`: is of the unknown class NXsampel; did you mean NXsample?",
)
NO_VALUE = _rule(
    "no-value",
    VIOLATION,
    "A required field has a value: neither a null data space, nor an empty array, nor a blank text.",
    "`/entry/sample/name`: is blank",
)
DEPRECATED = _rule(
    "deprecated",
    WARNING,
    "Nothing deprecated is used; what only a base class deprecates is information.",
    "`/entry/sample/distance`: is deprecated: use the NXtransformations",
)
UNDOCUMENTED = _rule(
    "undocumented",
    INFO,
    "What neither the definition nor the base class knows is pointed out, with what may have been meant.",
    "`/entry/instrument/detector/count_tim`: is not known in NXdetector; did you mean count_time?",
)
INVALID_NAME = _rule(
    "invalid-name",
    WARNING,
    "Names of groups, fields and attributes have letters, digits, underscores and dots inside, and at most"
    " 63 of them.",
    "`/entry/sample/P(GPa)`: is not a valid NeXus name",
)

# -- values ------------------------------------------------------------------------------------

WRONG_TYPE = _rule(
    "wrong-type",
    VIOLATION,
    "A value has the type that is asked for.",
    "`/entry/sample/pressure`: holds text; floating point numbers (NX_FLOAT) expected",
)
MISSING_UNITS = _rule(
    "missing-units",
    VIOLATION,
    "A number that has a kind of unit has a unit; where any unit will do its absence is information.",
    "`/entry/sample/pressure`: has no units; NX_PRESSURE expected, for example GPa",
)
WRONG_UNITS = _rule(
    "wrong-units",
    VIOLATION,
    "A unit is of the kind that is asked for.",
    "`/entry/sample/pressure@units`: 'keV' is not a unit of NX_PRESSURE; for example GPa is",
)
UNKNOWN_UNITS = _rule(
    "unknown-units",
    VIOLATION,
    "A unit is a unit; where any unit will do one that is not known is a warning, a placeholder is not.",
    "`/entry/sample/pressure@units`: '{units of logged value}' is not a unit",
)
UNITS_SPELLING = _rule(
    "units-spelling",
    INFO,
    "A unit in a facility's own spelling is understood and pointed out.",
    "`/entry/instrument/detector/count_time@units`: 'millisecond' is understood as ms",
)
WRONG_RANK = _rule(
    "wrong-rank",
    VIOLATION,
    "An array has as many dimensions as asked.",
    "`/entry/data/intensity`: has 1 dimension (4023); 2 expected: (nP, nPoints)",
)
WRONG_SIZE = _rule(
    "wrong-size",
    VIOLATION,
    "A dimension with a fixed length has it.",
    "`/entry/weighted_classification/boundaries/frame_interval`: has length 3 along dimension 2; 2 expected",
)
SYMBOL_MISMATCH = _rule(
    "symbol-mismatch",
    VIOLATION,
    "Fields that share a symbol have the same length there, also across groups.",
    "`/entry/sample/pressure`: has length 5 along nP, but /entry/data/intensity has 6",
)
NOT_IN_ENUMERATION = _rule(
    "not-in-enumeration",
    VIOLATION,
    "A value with a closed list of values is one of them; where the list is open, another is information.",
    "`/entry/instrument/source/probe`: is 'xray'; one of x-ray, neutron, electron expected; did you mean"
    " x-ray?",
)
INVALID_DATE = _rule(
    "invalid-date",
    VIOLATION,
    "A date and time is written as ISO 8601 has it.",
    "`/entry/start_time`: 'Fri Jun 03 17:38:36 2016' is not ISO 8601, for example 2021-05-27T10:15:00+02:00",
)
DATE_WITHOUT_ZONE = _rule(
    "date-without-zone",
    WARNING,
    "A date and time has a time zone.",
    "`/entry/start_time`: '2021-05-27T10:15:00' has no time zone",
)

# -- plots and links ---------------------------------------------------------------------------

NXDATA_SIGNAL = _rule(
    "nxdata-signal",
    VIOLATION,
    "The signal of an NXdata is a field in it.",
    "`/entry/data@signal`: names 'intensities', which is not in the group; did you mean intensity?",
)
NXDATA_AXES = _rule(
    "nxdata-axes",
    VIOLATION,
    "The axes of an NXdata are fields in it, one for each dimension of the signal, or a dot for none.",
    "`/entry/data@axes`: names 1 axis for a signal of 2 dimensions",
)
NXDATA_LENGTH = _rule(
    "nxdata-length",
    VIOLATION,
    "An axis is as long as the dimension it stands for, or one longer if it holds edges.",
    "`/entry/data/two_theta`: has length 40, but intensity has 48 along this axis",
)
BROKEN_DEFAULT = _rule(
    "broken-default",
    WARNING,
    "The attribute default names a group that is there, and leads to an NXdata.",
    "`/entry@default`: names 'dta', which is not there; did you mean data?",
)
BROKEN_LINK = _rule(
    "broken-link",
    VIOLATION,
    "A link leads to something; one to something that the definition does not ask for is a warning.",
    "`/entry/data/intensity`: is a link to /entry/raw/I, where there is nothing",
)
LINK_NOT_FOLLOWED = _rule(
    "link-not-followed",
    INFO,
    "A link out of the file, or into an NXcollection that was not read, counts as there and is not checked.",
    "`/entry/data/intensity`: is a link into another file (raw.nxs), which was not opened",
)
LINK_LOOP = _rule(
    "link-loop",
    VIOLATION,
    "Following a link comes to an end; in what the definition does not ask for it is a warning if not.",
    "`/entry/data/intensity`: is a link to /entry/raw/I, and following it never ends",
)
LINK_ELSEWHERE = _rule(
    "link-elsewhere",
    WARNING,
    "A link that the definition asks for leads where the definition says.",
    "`/entry/data/polar_angle`: leads to /entry/sample/angle; /NXentry/NXinstrument/NXdetector/polar_angle"
    " expected",
)
LINK_TARGET = _rule(
    "link-target",
    WARNING,
    "The attribute target of a field or group that is linked is the path of that very field or group.",
    "`/entry/sample/pressure@target`: is '/entry/sample/p', where there is nothing",
)
DEPENDS_ON = _rule(
    "depends-on",
    VIOLATION,
    "A chain of depends_on leads from one transformation to the next, and ends.",
    "`/entry/sample/depends_on`: leads to /entry/sample/transformations/phi, where there is nothing",
)
UNREADABLE = _rule(
    "unreadable",
    VIOLATION,
    "Everything that the definition knows can be read; elsewhere it is a warning if not.",
    "`/entry/data/intensity`: cannot be read: the filter 32008 is not there",
)
TOO_DEEP = _rule(
    "too-deep",
    VIOLATION,
    "Groups stand in each other at most 5,000 deep; what is below is not read.",
    "`/entry/x/x/x`: is more than 5000 groups deep; what is below is not read",
)
TOO_MANY_ITEMS = _rule(
    "too-many-items",
    VIOLATION,
    "A file has at most 1,000,000 objects and links; a group with which there are more is not read.",
    "`/entry/log`: has more than its share of 1000000 items; they are not read",
)
TOO_MANY_ATTRIBUTES = _rule(
    "too-many-attributes",
    VIOLATION,
    "A group or field has at most 100,000 attributes; one that has more is not read.",
    "`/entry/sample`: has 100002 attributes, more than 100000; it is not read",
)
TOOK_TOO_LONG = _rule(
    "took-too-long",
    VIOLATION,
    "A file is looked through in 50 seconds; what was not reached by then is not read.",
    "`/entry/data`: was not reached in 50 s, nor were 3 items after it in this group",
)
EXTERNAL_STORAGE = _rule(
    "external-storage",
    VIOLATION,
    "Values stand in the file, not in a raw file beside it, which could be any file of the machine.",
    "`/entry/data/intensity`: its values are kept outside, in frames.raw, which is not read",
)
VIRTUAL_SOURCE = _rule(
    "virtual-source",
    VIOLATION,
    "The sources of a virtual data set are there, beside the file; without them it reads as fill values.",
    "`/entry/data/intensity`: is virtual, and its source a.h5 is not there: it would read as fill values",
)
USER_DEFINED_LINK = _rule(
    "user-defined-link",
    VIOLATION,
    "Links are of a kind that HDF5 itself follows.",
    "`/entry/data`: is a user-defined link (type 65), which is not followed",
)
IMPOSSIBLE_NAME = _rule(
    "impossible-name",
    VIOLATION,
    "A name is one that leads to its own object: not empty, not a dot, without a slash.",
    "`/entry/a/b`: b'a/b' is not a possible name",
)


def rule_of_unread(rule: str) -> Rule:
    """The rule that something breaks which was not read."""
    return RULES.get(rule, UNREADABLE)


# -- does it make sense ------------------------------------------------------------------------

CLASS_INDEX = _rule(
    "class-index",
    VIOLATION,
    "A class index is -1 or an index into the names of the classes.",
    "`/entry/weighted_classification/labels/class_index`: reaches 2, but there are 2 class names",
)
ENERGY_AND_WAVELENGTH = _rule(
    "energy-and-wavelength",
    WARNING,
    "Energy and wavelength of an X-ray beam agree: their product is 12.398 keV angstrom.",
    "`/entry/instrument/beam/incident_wavelength`: 1.03 angstrom is 12.0 keV, but incident_energy is"
    " 25.6 keV",
)
TWO_THETA_ORDER = _rule(
    "two-theta-order",
    WARNING,
    "The diffraction angles ascend.",
    "`/entry/data/two_theta`: does not ascend: point 17 is at 12.1 deg after 12.3 deg",
)
IMPLAUSIBLE_VALUE = _rule(
    "implausible-value",
    WARNING,
    "Pressure, beam energy, exposure and angle are such as occur in experiments.",
    "`/entry/sample/pressure`: reaches 44100 GPa; 0 to 1000 GPa is plausible. Is the unit right?",
)
NAN_VALUES = _rule(
    "nan-values",
    WARNING,
    "Spectra and their conditions are numbers; of a large series every so many spectra are looked at.",
    "`/entry/data/intensity`: 12 of 288 values are not finite, in 1 of 6 spectra",
)
NEGATIVE_COUNTS = _rule(
    "negative-counts",
    WARNING,
    "Counts are not negative.",
    "`/entry/data/intensity`: reaches -3 counts; has a background been taken off?",
)
