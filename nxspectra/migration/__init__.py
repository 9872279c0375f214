"""Raw keys to their standard places, each with its evidence; what is uncertain is reported, not written.

    run = migrate(raw, "p02.2", {"pressure": "21.3 GPa"})
    print(render(review(raw, "p02.2")))

A crosswalk says which keys of a beamline tell which concept of NXdiffraction_spectra, and which must not be
taken for it. Adding never removes or replaces, and migrating what was migrated adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from nxspectra.errors import Refused
from nxspectra.findings import Finding, Severity
from nxspectra.migration.crosswalk import Crosswalk, available
from nxspectra.migration.facts import Facts, Sidecar, parse_facts
from nxspectra.migration.known import know
from nxspectra.migration.outcome import RULES, EntryOutcome, Found, Review, State, render
from nxspectra.migration.places import free
from nxspectra.migration.plan import EntryPlan, plan
from nxspectra.migration.provenance import account
from nxspectra.tree import Addition, Group, accounted

__all__ = [
    "RULES",
    "Crosswalk",
    "EntryOutcome",
    "Facts",
    "Found",
    "Review",
    "Sidecar",
    "State",
    "available",
    "migrate",
    "migrate_and_review",
    "render",
    "review",
]

_NO_FACTS: Mapping[str, str] = {}


def migrate(
    root: Group,
    crosswalk: str | Path | Crosswalk = "p02.2",
    facts: Mapping[str, str] = _NO_FACTS,
    *,
    when: datetime | None = None,
) -> Group:
    """`root` with every key that the crosswalk knows at its standard place; `.additions` says what and why.

    `facts` are what a person knows and the file does not say, by concept path or alias, perhaps read from a
    file by `nxspectra.sidecars.read`; `when` is the date that is noted, now if not given. Migrating twice is
    migrating once.

    Raises Refused when there is no NXentry or a fact contradicts the file; CrosswalkError, UsageError or
    UnitError when crosswalk or facts cannot be used. `root` is as it was.
    """
    return migrate_and_review(root, crosswalk, facts, when=when)[0]


def review(
    root: Group,
    crosswalk: str | Path | Crosswalk = "p02.2",
    facts: Mapping[str, str] = _NO_FACTS,
) -> Review:
    """What `migrate` would do and would not do, and why.

    Raises CrosswalkError, UsageError, UnitError or Refused when crosswalk or facts cannot be used; a file
    without NXentry is a finding here.
    """
    table = crosswalk if isinstance(crosswalk, Crosswalk) else Crosswalk.load(crosswalk)
    return _outcome(root, table, _plans(root, table, facts))


def migrate_and_review(
    root: Group,
    crosswalk: str | Path | Crosswalk = "p02.2",
    facts: Mapping[str, str] = _NO_FACTS,
    *,
    when: datetime | None = None,
) -> tuple[Group, Review]:
    """What `migrate` and `review` give, from one look at the file. Raises as `migrate`."""
    table = crosswalk if isinstance(crosswalk, Crosswalk) else Crosswalk.load(crosswalk)
    plans = _plans(root, table, facts)
    if not plans:
        raise Refused(f"{_name(root)}: {_NO_ENTRY}")
    moment = when or datetime.now(UTC)
    additions: list[Addition] = []
    for planned in plans:
        if planned.additions:
            process = account(root, table, planned.found, moment)
            made = accounted(_account_path(root, planned), process, planned.additions)
            additions += [*planned.additions, made]
    return (root.add(additions) if additions else root), _outcome(root, table, plans)


_NO_ENTRY = "there is no NXentry, so there is nothing to migrate; `nxspectra show` lists what is there"


def _plans(root: Group, crosswalk: Crosswalk, facts: Mapping[str, str]) -> tuple[EntryPlan, ...]:
    if isinstance(facts, Facts):
        patterns = root.field("entry/pattern_files/file_name")
        facts = (
            facts.about(root.source.path if root.source else None)
            if patterns is None
            else facts.along([str(name) for name in patterns.array.reshape(-1)])
        )
    parsed = parse_facts(facts)
    entries = sorted(name for name, _ in root.of_class("NXentry"))
    known = [know(root, f"/{name}", crosswalk, parsed) for name in entries]
    with_spectra = [entry.path for entry in known if entry.has_spectra]
    if parsed and known and all(entry.is_left for entry in known):
        raise Refused(
            f"{_name(root)}: {known[0].path} follows {known[0].follows} and has no spectra, so nothing can be"
            " said of them; name them with --set intensity=PATH --set two_theta=PATH, nothing was written"
        )
    plans = []
    for entry in known:
        aside = bool(with_spectra) and entry.path not in with_spectra
        # where the file has spectra, what a person says is about them, and only they need what is required
        planned = plan(root, entry, crosswalk, {} if aside else parsed, entry.path in with_spectra[:1])
        if aside:
            findings = tuple(replace(finding, severity=Severity.INFO) for finding in planned.findings)
            planned = replace(planned, findings=findings)
        plans.append(planned)
    return tuple(plans)


def _account_path(root: Group, planned: EntryPlan) -> str:
    return free(root, f"{planned.outcome.target}/migration")


def _added(root: Group, planned: EntryPlan) -> tuple[str, ...]:
    """Every path that is added to an entry, the account of them last."""
    if not planned.additions:
        return ()
    return (*(addition.path for addition in planned.additions), _account_path(root, planned))


def _outcome(root: Group, crosswalk: Crosswalk, plans: tuple[EntryPlan, ...]) -> Review:
    findings: dict[tuple[str, str, str], Finding] = {}
    for planned in plans:
        for finding in planned.findings:
            findings.setdefault((finding.path, finding.rule, finding.message), finding)
    if not plans:
        findings["/", "", ""] = Finding("/(NXentry)", "no-entry", _NO_ENTRY, Severity.VIOLATION)
    return Review(
        crosswalk.name,
        root.source.path if root.source else None,
        tuple(planned.outcome for planned in plans),
        tuple(found for planned in plans for found in planned.found),
        tuple(findings.values()),
        tuple(path for planned in plans for path in _added(root, planned)),
    )


def _name(root: Group) -> str:
    return root.source.path if root.source else "the tree"
