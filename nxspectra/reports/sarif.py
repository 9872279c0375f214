"""Reports as SARIF 2.1.0, which code hosts show beside a change and editors beside a file.

Static Analysis Results Interchange Format (SARIF) Version 2.1.0, OASIS Standard, 27 March 2020; section
numbers below are of that document. A result lies in an artifact, which is the file, and in it at a logical
location (3.33), which is the HDF5 path; the line of the NXDL file that asks for it is a related location.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import TypeAlias
from urllib.parse import quote

from nxspectra import __version__
from nxspectra.findings import EntryReport, Finding, Severity
from nxspectra.reports import Outcome, Unread
from nxspectra.reports.known import key
from nxspectra.validation import RULES, Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
FINGERPRINT = "fileNamePathRule/v1"

Json: TypeAlias = "dict[str, object]"


def sarif(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """One SARIF log with one run: the rules, the results as they come, and at the end what was looked at."""
    ids = {name: number for number, name in enumerate(RULES)}
    yield f'{{\n"$schema": {_text(SCHEMA)},\n"version": "2.1.0",\n"runs": [{{\n'
    yield f'"tool": {{"driver": {_text(_driver())}}},\n"results": ['
    artifacts: dict[str, tuple[EntryReport, ...]] = {}
    unread: list[Unread] = []
    mark = "\n"
    for outcome in outcomes:
        if isinstance(outcome, Unread):
            artifacts.setdefault(outcome.file, ())
            unread.append(outcome)
            continue
        artifacts[outcome.file or ""] = outcome.entries
        for finding in outcome.findings:
            yield mark + _text(_result(outcome.file or "", finding, ids))
            mark = ",\n"
    yield f'\n],\n"artifacts": {_text([_artifact(*each) for each in artifacts.items()])},\n'
    yield f'"invocations": {_text([_invocation(unread)])}\n}}]\n}}\n'


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def _driver() -> Json:
    return {
        "name": "nxspectra",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in RULES.values()],
    }


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.asks},
        "fullDescription": {"text": rule.asks},
        "help": {
            "text": f"{rule.asks} For example: {rule.example.replace('`', '')}",
            "markdown": f"{rule.asks}\n\nFor example: {rule.example}",
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def _result(file: str, finding: Finding, ids: Mapping[str, int]) -> Json:
    index = {"ruleIndex": ids[finding.rule]} if finding.rule in ids else {}
    result: Json = {
        "ruleId": finding.rule,
        **index,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.path}: {finding.message}"},
        "locations": [_location(file, finding.path)],
        "partialFingerprints": {FINGERPRINT: _fingerprint(file, finding)},
    }
    if finding.nxdl is not None:
        region = {} if finding.line is None else {"region": {"startLine": finding.line}}
        asked = f"{finding.definition or finding.nxdl} asks for it here"
        result["relatedLocations"] = [
            {
                "id": 1,
                "message": {"text": asked},
                "physicalLocation": {"artifactLocation": {"uri": _uri(finding.nxdl)}, **region},
            }
        ]
    return result


def _location(file: str, path: str) -> Json:
    where, at, name = path.rpartition("@")
    logical = {
        "name": name if at else path.rpartition("/")[2] or "/",
        "fullyQualifiedName": path,
        "kind": "attribute" if at and "/" in where else "object",
    }
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(file)},
            # an HDF5 file has no lines; code hosts show only what has one
            "region": {"startLine": 1},
        },
        "logicalLocations": [logical],
    }


def _fingerprint(file: str, finding: Finding) -> str:
    return hashlib.sha256(_bytes("\0".join(key(file, finding)))).hexdigest()


def _artifact(file: str, entries: tuple[EntryReport, ...]) -> Json:
    """A file; its property bag (3.8) says what each entry was compared with, and in which version."""
    return {
        "location": {"uri": _uri(file)},
        "roles": ["analysisTarget"],
        "mimeType": "application/x-hdf5",
        "properties": {"entries": [entry.as_json() for entry in entries]},
    }


def _invocation(unread: list[Unread]) -> Json:
    """Whether every file could be looked at (3.20.14), and which could not."""
    notes = [
        {
            "level": "error",
            "message": {"text": f"{each.file}: {each.error}"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(each.file)}}}],
        }
        for each in unread
    ]
    return {"executionSuccessful": not unread, "toolExecutionNotifications": notes}


def _uri(file: str) -> str:
    """A relative reference for a relative path, seen from the folder of the run; else a file URI (3.4.3)."""
    raw = _bytes(PurePath(file).as_posix())
    return f"file://{quote(raw)}" if Path(file).is_absolute() else quote(raw, safe="/")


def _bytes(text: str) -> bytes:
    """The bytes of a name as the file system has it, or of one that it could not have."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
