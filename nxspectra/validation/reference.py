"""The page of all rules, docs/reference/rules.md: `python -m nxspectra.validation.reference` prints it."""

from __future__ import annotations

import sys

from nxspectra.validation.table import RULES, Rule

PREFACE = """# Rules of validation

<!-- Made from the table of rules by `python -m nxspectra.validation.reference`; a test keeps it current. -->

`nxspectra validate` asks these rules of each NXentry and NXsubentry. A finding names the HDF5 path, the rule,
how much it matters, what to do about it, and the NXDL file and line that ask for it.

- A **violation** means that the entry does not follow its application definition.
- A **warning** is something recommended that is missing, something that a base class asks, or an odd value.
- An **info** is worth knowing and changes nothing.

What an application definition asks goes before what a base class asks: where both speak, the definition is
followed, and what only a base class asks is at most a warning (a dimension, at most an info). What is in an
NXcollection is never validated.

Official definitions have defects. What is done about each is [written down](../explanation/policy.md), and
said with `policy-applied` where it mattered. Where other validators judge otherwise,
[this page](../explanation/validators.md) says who is right and why.

Rules have stable names, so that a script can look for them:

```python
import nxspectra as nxs
from nxspectra.testing import conforming

report = nxs.validate(conforming().without("entry/sample/name"))
assert [(each.path, each.rule) for each in report.findings] == [("/entry/sample/name", "missing-field")]
```
"""

HEADINGS = {
    "no-entry": "Which definition",
    "missing-group": "What is there",
    "wrong-type": "Values",
    "nxdata-signal": "Plots and links",
    "class-index": "Does it make sense",
}
"""The first rule of each part of the page."""


def page() -> str:
    """The page as Markdown."""
    parts = [PREFACE]
    for rule in RULES.values():
        if rule.id in HEADINGS:
            parts.append(f"## {HEADINGS[rule.id]}\n")
        parts.append(_entry(rule))
    return "\n".join(parts)


def _entry(rule: Rule) -> str:
    return f"### {rule.id}\n\n**{rule.severity}**. {rule.asks}\n\n> {rule.example}\n"


def main() -> None:
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
