"""Reports as JUnit XML, which build servers show as tests: a suite a file, a failed test a finding.

There is no standard; this is what Apache Ant's XMLJUnitResultFormatter writes, with every element and
attribute that readers of it may ask for, and valid against the schema that is in use for it.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count

from nxspectra.findings import EntryReport, Finding, Report, Severity
from nxspectra.reports import Outcome, Unread

FAILING = (Severity.VIOLATION,)


def junit(outcomes: Iterable[Outcome], failing: Sequence[Severity] = FAILING) -> Iterator[str]:
    """One document; findings of a severity in `failing` are failed tests, the others are told beside them."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
    suite = partial(_suite, host=platform.node() or "localhost", failing=failing)
    for number, outcome in zip(count(), outcomes, strict=False):
        yield suite(outcome, number)
    yield "</testsuites>\n"


def _suite(outcome: Outcome, number: int, host: str, failing: Sequence[Severity]) -> str:
    file = _words(outcome.file or "(tree)")
    if isinstance(outcome, Unread):
        cases, failures, errors = [_case("read", file, _failure("error", "unreadable", outcome.error))], 0, 1
        told = ""
        properties = ""
    else:
        properties = "".join(_property(entry) for entry in outcome.entries)
        failed = [finding for finding in outcome.findings if finding.severity in failing]
        cases = [*_passed(outcome, failed, file), *(_failed(finding, file) for finding in failed)]
        failures, errors = len(failed), 0
        told = "\n".join(_line(finding) for finding in outcome.findings if finding not in failed)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    head = (
        f'<testsuite name={file} package="nxspectra.validate" id="{number}" timestamp="{now}"'
        f' hostname={_words(host)} tests="{len(cases)}" failures="{failures}" errors="{errors}" time="0">'
    )
    return "\n".join(
        [
            head,
            f"<properties>{properties}</properties>",
            *cases,
            f"<system-out>{_escaped(told)}</system-out>",
            "<system-err/>",
            "</testsuite>\n",
        ]
    )


def _property(entry: EntryReport) -> str:
    """What an entry was compared with, and in which version."""
    return f"<property name={_words(entry.path)} value={_words(entry.pinned)}/>"


def _passed(report: Report, failed: Sequence[Finding], file: str) -> Iterator[str]:
    """A passed test for each entry without a failure in it; for the file if it has none and no entry."""
    for entry in report.entries:
        if not any(
            finding.path == entry.path or finding.path.startswith((f"{entry.path}/", f"{entry.path}@"))
            for finding in failed
        ):
            yield _case(f"{entry.path} follows {entry.definition or 'no definition'}", file)
    if not report.entries and not failed:
        yield _case("read", file)


def _failed(finding: Finding, file: str) -> str:
    return _case(
        f"{finding.rule} {finding.path}",
        file,
        _failure("failure", f"{finding.severity}: {finding.rule}", finding.message, _line(finding)),
    )


def _case(name: str, file: str, inside: str = "") -> str:
    return f'<testcase name={_words(name)} classname={file} time="0">{inside}</testcase>'


def _failure(kind: str, type_: str, message: str, text: str = "") -> str:
    shown = _escaped(text or message)
    return f"<{kind} type={_words(type_)} message={_words(message)}>{shown}</{kind}>"


def _line(finding: Finding) -> str:
    where = f" ({finding.nxdl}:{finding.line})" if finding.nxdl and finding.line else ""
    return f"{finding.severity} {finding.path} [{finding.rule}]{where} {finding.message}"


def _words(text: str) -> str:
    """`text` as the value of an attribute, in its quotes, white space one space; a blank one quoted twice."""
    return '"' + _escaped(" ".join(text.split()) or repr(text)).replace('"', "&quot;") + '"'


def _escaped(text: str) -> str:
    """`text` in XML 1.0, section 2.2: what it cannot hold is written out."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(
        mark if _in_xml(mark) else mark.encode("unicode_escape", "surrogatepass").decode() for mark in plain
    )


def _in_xml(mark: str) -> bool:
    return (
        mark in "\t\n"
        or " " <= mark < "\x7f"
        or "\xa0" <= mark <= "\ud7ff"
        or "\ue000" <= mark <= "\ufffd"
        or mark >= "\U00010000"
    )
