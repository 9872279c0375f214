"""What is known already: the findings of an earlier report, so that only new ones are told.

A finding is the same when file name, HDF5 path and rule are: messages are reworded, folders are moved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TypeAlias

from nxspectra.errors import UsageError
from nxspectra.findings import Finding, Report

Key: TypeAlias = tuple[str, str, str]


def key(file: str, finding: Finding) -> Key:
    """What makes a finding the same: the name of the file without its folder, the path, the rule."""
    return PurePath(file).name, finding.path, finding.rule


def load(path: Path) -> frozenset[Key]:
    """The findings of an earlier report, which is JSON Lines; raises UsageError where it is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise UsageError(f"{path}: cannot be read as an earlier report: {reason}") from None
    found: set[Key] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found.update(_findings(line, f"{path}:{number}"))
    return frozenset(found)


def new(report: Report, known: frozenset[Key]) -> Report:
    """`report` without the findings that are known."""
    file = report.file or ""
    return replace(
        report, findings=tuple(finding for finding in report.findings if key(file, finding) not in known)
    )


def _findings(line: str, where: str) -> set[Key]:
    wanted = "an earlier report has one JSON object a file, as `nxspectra validate --format json` writes it"
    try:
        report = json.loads(line)
    except ValueError:
        raise UsageError(f"{where}: is not JSON; {wanted}") from None
    if not isinstance(report, Mapping) or not isinstance(report.get("file"), str):
        raise UsageError(f"{where}: names no file; {wanted}")
    if isinstance(report.get("error"), str):
        return set()
    findings = report.get("findings")
    if not isinstance(findings, list):
        raise UsageError(f"{where}: has no list of findings; {wanted}")
    found: set[Key] = set()
    for finding in findings:
        path = finding.get("path") if isinstance(finding, Mapping) else None
        rule = finding.get("rule") if isinstance(finding, Mapping) else None
        if not isinstance(path, str) or not isinstance(rule, str):
            raise UsageError(f"{where}: a finding has no path or no rule; {wanted}")
        found.add((PurePath(report["file"]).name, path, rule))
    return found
