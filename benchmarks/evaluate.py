"""The worry: which classifier is right, by how much, and whether it knows how sure it may be.

Every classifier is trained, calibrated and asked on the same simulated ramps (`nxspectra.testing.ramps`),
split by ramp. Two trainings: `many` has 32 labelled curves of each of 100 ramps, half of them within 50
frames of the boundary, and four times as many of a ramp without one; `few` has four curves, as the published
method: frames 80, 120 (low), 260 and 300 (high) of one ramp. Both are calibrated on 60 other ramps.

    python benchmarks/evaluate.py --models weighted,augmented-ensemble     # one JSON a model, in --work
    python benchmarks/evaluate.py --table                                  # the tables of what is there
    python benchmarks/evaluate.py                                          # all, then the tables: hours

A model whose JSON is there is not run again. To be done in hours, curves are prepared once, by the
default's preprocessing, and a ramp has every frame within 60 of its boundaries and every fifth of the others;
that is the same for all. Networks of torch get 12 curves of a ramp instead of 32, no noisy copies of so many,
and steps of 64 curves. Times are CPU seconds of one thread (set OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from nxspectra.classifiers import Model, calibrate, evaluate, installed, paired, summary, train
from nxspectra.classifiers.evaluation import auroc
from nxspectra.classifiers.evaluation.trial import boundary_error, true_changes
from nxspectra.classifiers.plugins import DEFAULT
from nxspectra.preprocessing import Preprocessing
from nxspectra.simulation import ANGLES, CLASSES, POINTS
from nxspectra.spectra import Spectra
from nxspectra.testing.ramps import SINGLE, STRANGERS, USUAL, Drawing, ramps, strangers

AXIS = np.linspace(*ANGLES, POINTS)
AS_IT_IS = Preprocessing(background=None, spike_width=0.0, edge_width=0.0)
"""For curves that were prepared before."""
FEW = {"low": (80, 120), "high": (260, 300)}
TRAINED_ON, CALIBRATED_ON, TESTED_ON = 100, 60, 220
SLOW = ("cnn", "cnn-attention", "cnn-attention-sct", "fcnn-1d", "lstm", "lstm-angle", "resnet", "transformer",
        "transformer-angle", "self-supervised")  # fmt: skip
CURVES = dict.fromkeys(SLOW, 12)
"""Labelled curves of a ramp, where not 32."""

SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "many": {
        **{name: {"noise_copies": 0, "batch_size": 64} for name in SLOW if name != "self-supervised"},
        "fcnn-1d": {"noise_copies": 0, "batch_size": 64, "epochs": 30},
    },
    "few": {},
}
"""Parameters that differ from a classifier's own, by training and name, so that a CPU can do it."""


def kept(label: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Frames of a ramp that are asked about."""
    number = np.arange(label.size)
    keep = number % 5 == 0
    for _, _, first in true_changes(label):
        keep |= np.abs(number - first) <= 60
    return np.flatnonzero(keep)


class Prepared:
    """Ramps with their backgrounds off, made once and kept in a folder."""

    def __init__(self, work: Path) -> None:
        self.folder = work / "ramps"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.preprocessing = Preprocessing()

    def ramp(self, drawing: Drawing, *, whole: bool = False) -> tuple[Spectra, list[str | None]]:
        """The spectra, prepared, and their true classes."""
        path = self.folder / f"{drawing.name}{'-whole' if whole else ''}.npz"
        if not path.exists():
            made = drawing.simulate()
            frames = np.arange(len(made.spectra)) if whole else kept(made.truth.label)
            spectra = made.spectra.select(frames)
            curves = self.preprocessing(spectra, AXIS).astype(np.float32)
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, curves=curves, label=made.truth.label[frames], pressure=spectra.pressure)
            partial.rename(path)
        with np.load(path) as file:
            names = [None if index < 0 else CLASSES[index] for index in file["label"]]
            return Spectra(AXIS, file["curves"].astype(np.float64), file["pressure"], np.array([25.6])), names


def few(prepared: Prepared, drawing: Drawing) -> tuple[list[Spectra], list[str]]:
    """Four labelled curves of one ramp."""
    spectra, _ = prepared.ramp(drawing, whole=True)
    return [spectra], [f"{name}={','.join(map(str, frames))}" for name, frames in FEW.items()]


def many(prepared: Prepared, number: int, curves: int) -> tuple[list[Spectra], list[str]]:
    """So many labelled curves of each ramp."""
    runs, labels = [], []
    for drawing in ramps("train", number):
        spectra, names = prepared.ramp(drawing)
        rng = np.random.default_rng(drawing.seed)
        label = np.array([CLASSES.index(name) if name else -1 for name in names])
        wanted = min(curves * (4 if drawing.kind in SINGLE else 1), label.size)
        near = np.zeros(label.size, np.bool_)
        for _, _, first in true_changes(label):
            near |= np.abs(np.arange(label.size) - first) < 50
        half = min(wanted // 2, int(near.sum()))
        chosen = rng.choice(np.flatnonzero(near), half, replace=False)
        rest = np.setdiff1d(np.arange(label.size), chosen)
        chosen = np.sort(np.concatenate([chosen, rng.choice(rest, wanted - half, replace=False)]))
        for index, name in enumerate(CLASSES):
            mine = np.flatnonzero(label[chosen] == index)
            if mine.size:
                labels.append(f"run {len(runs)}:{name}={','.join(map(str, mine))}")
        runs.append(spectra.select(chosen))
    return runs, labels


def weights(estimator: object) -> int | None:
    """How many numbers a classifier has learned to vote with."""
    layers = getattr(estimator, "layers_", None)
    if layers is not None:
        return int(sum(each.size for each in layers))
    state = getattr(estimator, "state_", None)
    if state is not None:
        moving = ("running_mean", "running_var", "num_batches_tracked")
        return int(sum(each.size for name, each in state.items() if not name.endswith(moving)))
    networks = getattr(estimator, "networks_", None)
    if networks is not None:
        parts = {part.name: getattr(networks, part.name) for part in fields(networks)}
        return int(sum(each.size for name, each in parts.items() if name not in ("shift", "scale", "reach")))
    return None


def trained(name: str, training: str, prepared: Prepared) -> tuple[Model, float]:
    """A model, and the CPU seconds that training took."""
    if training == "few":
        usual = next(each for each in ramps("train") if each.kind == "transition at 18.5 GPa")
        runs, labels = few(prepared, usual)
    else:
        runs, labels = many(prepared, TRAINED_ON, CURVES.get(name, 32))
    settings = SETTINGS[training].get(name, {})
    began = time.process_time()
    model = train(runs, labels, name, preprocessing=AS_IT_IS, **settings)
    return model, time.process_time() - began


def on_trial(name: str, training: str, work: Path, asked: int, held: int) -> dict[str, Any]:
    """Everything that is measured of one classifier."""
    prepared = Prepared(work)
    plain, seconds = trained(name, training, prepared)
    drawings = ramps("calibrate", held)
    series = [prepared.ramp(each) for each in drawings]
    best = calibrate(plain, [spectra for spectra, _ in series], truth=[names for _, names in series])
    del series
    verdicts, raw, kinds = [], [], []
    for each in ramps("test", asked):
        spectra, names = prepared.ramp(each)
        verdicts += evaluate(best, [spectra], truth=[names]).verdicts
        if each.kind == USUAL:
            raw += evaluate(plain, [spectra], truth=[names]).verdicts
        kinds.append(each.kind)
    began = time.process_time()
    plain.estimator.predict_proba(spectra.intensity)
    spent = (time.process_time() - began) / len(spectra)
    usual = [v for v, kind in zip(verdicts, kinds, strict=True) if kind == USUAL]
    both = [v for v, kind in zip(verdicts, kinds, strict=True) if kind not in SINGLE]
    assert best.card.calibration is not None
    return {
        "model": name,
        "training": training,
        "settings": SETTINGS[training].get(name, {}),
        "parameters": weights(plain.estimator),
        "train_cpu_s": seconds,
        "infer_cpu_ms": 1000.0 * spent,
        "calibration": best.card.calibration.figures,
        "usual": summary(usual).as_json(),
        "usual, not calibrated": summary(raw).as_json(),
        "with a transition": summary(both).as_json(),
        "kinds": {
            kind: summary([v for v, k in zip(verdicts, kinds, strict=True) if k == kind]).as_json()
            for kind in dict.fromkeys(kinds)
        },
        "strangers": among_strangers(best, prepared, asked),
        "ramps": [
            {
                "name": each.name,
                "kind": each.kind,
                "boundary_error": boundary_error(v),
                "boundaries": len(v.boundaries) + v.spurious - sum(f.boundary is None for f in v.boundaries),
                "wrong": (1.0 - v.accuracy) * v.spectra,
                "near": [v.near.sure.tolist(), v.near.right.tolist(), v.near.number.tolist()],
                "brier_near": v.near.brier,
            }
            for each, v in zip(ramps("test", asked), verdicts, strict=True)
        ],
    }


def among_strangers(model: Model, prepared: Prepared, asked: int) -> dict[str, float]:
    """AUROC of the score of each kind of strangers against usual ramps, and against all; shares accepted."""
    assert model.calibration is not None
    judge = model.calibration.strangers
    scores: dict[str, list[Any]] = {"usual": [], "all": []}
    for each in ramps("test", min(asked, 80)):
        score = judge(prepared.ramp(each)[0].intensity[::5])
        scores["all"].append(score)
        if each.kind == USUAL:
            scores["usual"].append(score)
    usual, every = (np.concatenate(scores[word]) for word in ("usual", "all"))
    found = {
        "usual accepted": float(np.mean(usual <= judge.threshold)),
        "all accepted": float(np.mean(every <= judge.threshold)),
    }
    for kind in STRANGERS:
        path = prepared.folder / f"strangers-{kind.replace(' ', '-')}.npy"
        if not path.exists():
            curves = [prepared.preprocessing(strangers(kind, seed), AXIS) for seed in range(6)]
            np.save(path, np.concatenate(curves).astype(np.float32))
        odd = np.load(path)
        score = judge(odd[np.isfinite(odd).all(axis=1)].astype(np.float64))
        found[f"{kind}, AUROC to usual"] = auroc(usual, score)
        found[f"{kind}, AUROC to all"] = auroc(every, score)
        found[f"{kind} accepted"] = float(np.mean(score <= judge.threshold))
    return found


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
        mine.sort(key=lambda each: each["usual"]["boundary error, frames"][0] or 99.0)
        print(f"\n### {training}: usual ramps\n")
        head("model", "boundary, frames", "GPa", "ECE near", "Brier near", "accuracy", "P_conf", "parameters",
             "train, CPU s", "a curve, CPU ms")  # fmt: skip
        for each in mine:
            print(
                f"| `{each['model']}` |"
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
    """Paired differences to the default over the same usual ramps."""
    ours = next((each for each in mine if each["model"] == DEFAULT), None)
    if ours is None:
        return
    print(f"\n### {training}: what each is worse by than `{DEFAULT}`, usual ramps, paired\n")
    head("model", "boundary, frames", "Brier near")
    base = {ramp["name"]: ramp for ramp in ours["ramps"] if ramp["kind"] == USUAL}
    for each in mine:
        if each is ours:
            continue
        both = [ramp for ramp in each["ramps"] if ramp["name"] in base]
        cells = []
        for word in ("boundary_error", "brier_near"):
            one, other = [ramp[word] for ramp in both], [base[ramp["name"]][word] for ramp in both]
            difference = paired(one, other)
            cells.append(f"{difference.value:+.3f} ({difference.low:+.3f} to {difference.high:+.3f})")
        print(f"| `{each['model']}` | {' | '.join(cells)} |")


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
        print(f"\nStrangers, `{each['model']}`: {json.dumps(each['strangers'])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--models", default=",".join(sorted(installed())), help="names, by commas")
    parser.add_argument("--training", default="many,few", help="many, few")
    parser.add_argument("--test", type=int, default=TESTED_ON, help="ramps of the test, the first so many")
    parser.add_argument("--calibrate", type=int, default=CALIBRATED_ON, help="ramps to calibrate on")
    parser.add_argument(
        "--work", type=Path, default=Path("nxspectra-evaluation"), help="folder of what is made"
    )
    parser.add_argument("--table", action="store_true", help="only print the tables")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    if not asked.table:
        for training in asked.training.split(","):
            for name in asked.models.split(","):
                path = asked.work / f"{training}-{name}.json"
                if path.exists():
                    continue
                began = time.time()
                found = on_trial(name, training, asked.work, asked.test, asked.calibrate)
                path.write_text(json.dumps(found, indent=1))
                error = found["usual"]["boundary error, frames"][0]
                print(
                    f"{training} {name}: boundary {error:.2f} frames, {time.time() - began:.0f} s", flush=True
                )
    tables(asked.work)


if __name__ == "__main__":
    main()
