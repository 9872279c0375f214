"""Reports in words."""

from __future__ import annotations

from collections.abc import Iterator

from nxspectra.findings import Finding, Report, Severity


def finding_lines(finding: Finding, indent: str = "    ") -> Iterator[str]:
    """Where and which rule; below it what to do."""
    where = f"  ({finding.nxdl}:{finding.line})" if finding.nxdl and finding.line else ""
    yield f"{indent}{finding.path}  [{finding.rule}]{where}"
    yield f"{indent}    {finding.message}"


def count_line(report: Report) -> str:
    """`2 violations, 1 note`, or `nothing found`."""
    numbers = report.count()
    words = [f"{number} {plural(severity, number)}" for severity, number in numbers.items() if number]
    return ", ".join(words) or "nothing found"


def plural(severity: Severity, number: int) -> str:
    """The word for so many findings of a severity; those of severity info are notes."""
    word = "note" if severity is Severity.INFO else str(severity)
    return word if number == 1 else f"{word}s"
