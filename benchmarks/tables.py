"""The tables of what `evaluate.py` has measured, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from nxspectra.classifiers import paired
from nxspectra.classifiers.plugins import DEFAULT
from nxspectra.testing.ramps import SINGLE, USUAL


def row(found: dict[str, Any], which: str, figures: Iterable[str], digits: int = 2) -> str:
    cells = []
    for figure in figures:
        value, low, high = found[which][figure]
        empty = value is None
        cells.append("-" if empty else f"{value:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})")
    return " | ".join(cells)


def head(*columns: str) -> None:
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")


def tables(work: Path) -> None:
    """What the JSON files say, as Markdown."""
    results = [json.loads(path.read_text()) for path in sorted(work.glob("*.json"))]
    for training in ("many", "few"):
        mine = [each for each in results if each["training"] == training]
        if not mine:
            continue
        mine.sort(key=lambda each: each["usual"]["boundary error, frames"][0])
        print(f"\n### {training}: usual ramps\n")
        head("model", "ramps", "boundary, frames", "GPa", "ECE near", "Brier near", "accuracy", "P_conf",
             "parameters", "train, CPU s", "a curve, CPU ms")  # fmt: skip
        for each in mine:
            print(
                f"| `{each['model']}` | {each['usual']['series']} |"
                f" {row(each, 'usual', ['boundary error, frames', 'boundary error, GPa'])} |"
                f" {row(each, 'usual', ['ECE near', 'Brier near', 'accuracy', 'P_conf'], 3)} |"
                f" {each['parameters'] or '-'} | {each['train_cpu_s']:.1f} | {each['infer_cpu_ms']:.3f} |"
            )
        print(f"\n### {training}: all ramps with a transition\n")
        head("model", "ramps", "boundary, frames", "interval holds", "width, frames", "interval in GPa holds",
             "width, GPa", "balanced accuracy", "not calibrated, usual ramps: boundary; ECE near",
             "ramps of one phase called a transition")  # fmt: skip
        for each in mine:
            single = [ramp for ramp in each["ramps"] if ramp["kind"] in SINGLE]
            called = sum(ramp["boundaries"] > 0 for ramp in single)
            before = (
                row(each, "usual, not calibrated", ["boundary error, frames"]),
                row(each, "usual, not calibrated", ["ECE near"], 3),
            )
            print(
                f"| `{each['model']}` | {each['with a transition']['series']} | "
                + row(
                    each,
                    "with a transition",
                    [
                        "boundary error, frames",
                        "interval holds, frames",
                        "interval width, frames",
                        "interval holds, GPa",
                        "interval width, GPa",
                    ],
                )
                + f" | {row(each, 'with a transition', ['balanced accuracy'], 3)} | {'; '.join(before)}"
                f" | {called} of {len(single)} |"
            )
        compared(mine, training)
        kinds(mine, training)


def compared(mine: list[dict[str, Any]], training: str) -> None:
    """Paired differences to the default over the same ramps: usual ones, and all with a transition."""
    ours = next((each for each in mine if each["model"] == DEFAULT), None)
    if ours is None:
        return
    print(f"\n### {training}: what each is worse by than `{DEFAULT}` on the same ramps, paired\n")
    head("model", "usual ramps: boundary, frames", "Brier near", "all with a transition: boundary, frames",
         "Brier near")  # fmt: skip
    base = {ramp["name"]: ramp for ramp in ours["ramps"] if ramp["kind"] not in SINGLE}
    for each in mine:
        if each is ours:
            continue
        both = [ramp for ramp in each["ramps"] if ramp["name"] in base]
        cells = [
            worse(ramps, base, word)
            for ramps in ([ramp for ramp in both if ramp["kind"] == USUAL], both)
            for word in ("boundary_error", "brier_near")
        ]
        print(f"| `{each['model']}` | {' | '.join(cells)} |")


def worse(ramps: list[dict[str, Any]], base: dict[str, dict[str, Any]], word: str) -> str:
    """The mean difference of a figure to that of the same ramps in `base`, with its interval."""
    pairs = [(ramp[word], base[ramp["name"]][word]) for ramp in ramps]
    known = [(one, other) for one, other in pairs if np.isfinite([one, other]).all()]
    found = paired([one for one, _ in known], [other for _, other in known])
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def kinds(mine: list[dict[str, Any]], training: str) -> None:
    """Each kind of ramp, for the default and the seed's scheme."""
    for each in mine:
        if each["model"] not in (DEFAULT, "weighted"):
            continue
        print(f"\n### {training}: `{each['model']}` by kind of ramp\n")
        head("ramps", "accuracy", "boundary, frames", "GPa", "interval holds", "width, frames", "ECE near")
        for kind, found in each["kinds"].items():
            one = {"kind": found}
            frames = ["boundary error, frames", "boundary error, GPa", "interval holds, frames"]
            cells = [row(one, "kind", ["accuracy"], 3), row(one, "kind", frames)]
            cells += [row(one, "kind", ["interval width, frames"], 1), row(one, "kind", ["ECE near"], 3)]
            print(f"| {kind} | {' | '.join(cells)} |")
        among(each["strangers"])


def among(found: dict[str, float]) -> None:
    """The strangers of one model."""
    print()
    head("curves", "set aside", "AUROC to usual ramps", "AUROC to all ramps", "accepted")
    for kind in [word.removesuffix(" accepted") for word in found if word.endswith(" accepted")]:
        if kind in ("usual", "all"):
            continue
        ranks = " | ".join(f"{found[f'{kind}, AUROC to {word}']:.3f}" for word in ("usual", "all"))
        print(f"| {kind} | {found[f'{kind}, set aside']:.1%} | {ranks} | {found[f'{kind} accepted']:.1%} |")
    print(f"\nAccepted of usual ramps {found['usual accepted']:.1%}, of all {found['all accepted']:.1%}")
