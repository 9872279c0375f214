"""What a NeXus file is, as a value: groups, fields and links, and what is to be added to it; no I/O.

    root = Group("NXroot", {"entry": Group("NXentry", {"title": Field("Ramp 42")}, default="data")})
    root["entry/title"].text                      # 'Ramp 42'
    "entry/sample" in root                        # False
    root.put("entry/sample/pressure", Field([0.1, 0.2], units="GPa"))   # another tree; this one stays

Paths are written from the group they are asked of, with or without a leading slash; an attribute is
`entry/data@signal`. Links inside the tree are followed; a link that leads nowhere is not there.
"""

from nxspectra.tree.accounts import accounted
from nxspectra.tree.additions import Addition, Additions, Evidence
from nxspectra.tree.field import Field
from nxspectra.tree.group import LINKS_FOLLOWED, Group, Link, Node, Source
from nxspectra.tree.values import (
    Array,
    Attribute,
    Null,
    Stored,
    Unreadable,
    as_array,
    one,
    same_attributes,
    same_value,
    texts,
)

__all__ = [
    "LINKS_FOLLOWED",
    "Addition",
    "Additions",
    "Array",
    "Attribute",
    "Evidence",
    "Field",
    "Group",
    "Link",
    "Node",
    "Null",
    "Source",
    "Stored",
    "Unreadable",
    "accounted",
    "as_array",
    "one",
    "same_attributes",
    "same_value",
    "texts",
]
