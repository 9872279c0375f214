"""The worry: which classifier is right, by how much, and whether it knows how sure it may be.

Every classifier is trained, calibrated and asked on the same simulated ramps (`nxspectra.testing.ramps`),
split by ramp. Two trainings: `many` has 32 labelled curves of each of 100 ramps, half of them within 50
frames of the boundary, and four times as many of a ramp without one; `few` has four curves, as the published
method: frames 80, 120 (low), 260 and 300 (high) of one ramp. Both are calibrated on 60 other ramps.

    python benchmarks/evaluate.py --models weighted,augmented-ensemble     # one JSON a model, in --work
    python benchmarks/evaluate.py --table                                  # the tables of what is there
    python benchmarks/evaluate.py                                          # all, then the tables: hours

A model whose JSON is there is not run again; what it was trained to and what it answered stay in --work, so
that without its JSON only the figures are made anew. To be done in hours, curves are prepared once, by the
default's preprocessing, and a ramp has every frame within 60 of its boundaries and every fifth of the others;
that is the same for all. Networks of torch get 12 curves of a ramp instead of 32, no noisy copies of so many,
and steps of 64 curves, and are asked in single precision. Times are CPU seconds of one thread (set
OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tables import tables

from nxspectra.classifiers import Model, calibrate, evaluate, installed, summary, train
from nxspectra.classifiers.curve_networks import CurveNetwork
from nxspectra.classifiers.evaluation import auroc
from nxspectra.classifiers.evaluation.trial import boundary_error, true_changes
from nxspectra.preprocessing import Preprocessing
from nxspectra.simulation import ANGLES, CLASSES, POINTS
from nxspectra.spectra import Spectra
from nxspectra.testing.ramps import SINGLE, STRANGERS, USUAL, Drawing, ramps, strangers

Floats = NDArray[np.float64]
Answer = Callable[[Floats], Floats]

AXIS = np.linspace(*ANGLES, POINTS)
AS_IT_IS = Preprocessing(background=None, spike_width=0.0, edge_width=0.0)
"""For curves that were prepared before."""
FEW = {"low": (80, 120), "high": (260, 300)}
TRAINED_ON, CALIBRATED_ON, TESTED_ON = 100, 60, 220
SLOW = ("cnn", "cnn-attention", "cnn-attention-sct", "fcnn-1d", "lstm", "lstm-angle", "resnet", "transformer",
        "transformer-angle", "self-supervised", "end-to-end")  # fmt: skip
CURVES = dict.fromkeys(SLOW, 12)
"""Labelled curves of a ramp, where not 32."""

UNEVEN = ", highest points not quite equal"
"""After the name of strangers: with noise of a hundredth of a count, which hides that they are saturated."""

SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "many": {
        **{name: {"noise_copies": 0, "batch_size": 64} for name in SLOW},
        "fcnn-1d": {"noise_copies": 0, "batch_size": 64, "epochs": 30},
        "self-supervised": {"epochs": 20},
        "end-to-end": {"noise_rounds": 0, "iterations": 200},
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
    """How many numbers a classifier has learned to vote with; None of one that does not say."""
    number = getattr(estimator, "n_parameters_", None)
    return None if number is None else int(number)


def trained(name: str, training: str, prepared: Prepared) -> tuple[Model, float]:
    """A model, made once and kept, and the CPU seconds that training took."""
    path = prepared.folder.parent / "models" / f"{training}-{name}.npz"
    seconds = path.with_suffix(".seconds")
    if not seconds.exists():
        if training == "few":
            usual = next(each for each in ramps("train") if each.kind == "transition at 18.5 GPa")
            runs, labels = few(prepared, usual)
        else:
            runs, labels = many(prepared, TRAINED_ON, CURVES.get(name, 32))
        began = time.process_time()
        model = train(runs, labels, name, preprocessing=AS_IT_IS, **SETTINGS[training].get(name, {}))
        spent = time.process_time() - began
        model.save(path)
        seconds.write_text(f"{spent:.2f}\n")
    return Model.load(path), float(seconds.read_text())


def in_single(network: CurveNetwork) -> Answer:
    """`predict_proba` of a curve network for two classes, in single precision: a third of the time."""
    import torch  # noqa: PLC0415 - it is loaded for those who need it

    from nxspectra.classifiers.networks import curves  # noqa: PLC0415

    layout = curves.Layout(network.layout, network.n_features_in_, 2, network._settings())

    def answer(X: Floats) -> Floats:
        with torch.no_grad(), curves.one_thread():
            module = layout.with_state(network.state_).float()
            parts = curves.portions(module, torch.from_numpy(X.astype(np.float32)))
            second = torch.sigmoid(torch.cat([module(part) for part in parts]).double())
            return np.asarray(torch.cat([1.0 - second, second], dim=1).numpy())

    return answer


def seconds_a_curve(estimator: Any, curves: Floats) -> float:
    """CPU seconds that one curve takes when some are asked about together, once all is loaded."""
    estimator.predict_proba(curves[:2])
    began = time.process_time()
    estimator.predict_proba(curves)
    return (time.process_time() - began) / len(curves)


def remember(model: Model, work: Path, sample: Floats) -> None:
    """From now on the model's classifier is asked about the curves of a ramp once, and its answer is kept."""
    folder = work / "answers" / model.digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    estimator: Any = model.estimator
    ask: Answer = estimator.predict_proba
    if isinstance(estimator, CurveNetwork):
        double, ask = ask, in_single(estimator)
        np.testing.assert_allclose(ask(sample), double(sample), atol=1e-3)

    def answer(X: Floats) -> Floats:
        path = folder / f"{hashlib.sha256(np.ascontiguousarray(X)).hexdigest()[:24]}.npy"
        if not path.exists():
            partial = path.with_suffix(".partial.npy")
            np.save(partial, ask(X))
            partial.rename(path)
        return np.asarray(np.load(path))

    estimator.predict_proba = answer


def on_trial(name: str, training: str, work: Path, asked: int, held: int) -> dict[str, Any]:
    """Everything that is measured of one classifier."""
    prepared = Prepared(work)
    plain, seconds = trained(name, training, prepared)
    sample = prepared.ramp(ramps("test", 1)[0])[0].intensity[:64]
    spent = seconds_a_curve(plain.estimator, sample)
    remember(plain, work, sample[:4])
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


def odd_ones(kind: str, prepared: Prepared) -> Floats:
    """Curves of a kind of strangers (n, n_points), prepared; rows of NaN where they are set aside."""
    path = prepared.folder / f"strangers-{kind.replace(' ', '-')}.npy"
    if not path.exists():
        series = [strangers(kind.removesuffix(UNEVEN), seed) for seed in range(6)]
        if kind.endswith(UNEVEN):
            chance = np.random.default_rng(0)
            series = [
                replace(each, intensity=each.intensity + chance.normal(0.0, 0.01, each.intensity.shape))
                for each in series
            ]
        np.save(path, np.concatenate([prepared.preprocessing(each, AXIS) for each in series]))
    return np.asarray(np.load(path))


def among_strangers(model: Model, prepared: Prepared, asked: int) -> dict[str, float]:
    """AUROC of the score of each kind of strangers against usual ramps, and against all; shares accepted.

    A curve that preprocessing sets aside, as one of a saturated detector, gets no class whatever its score:
    it counts as the strangest. So the saturated are there once more, as if nobody had noticed.
    """
    assert model.calibration is not None
    judge = model.calibration.strangers

    def scores(curves: Floats) -> Floats:
        usable = np.isfinite(curves).all(axis=1)
        found = np.full(len(curves), np.inf)
        found[usable] = judge(curves[usable])
        return found

    own: dict[str, list[Floats]] = {"usual": [], "all": []}
    for each in ramps("test", min(asked, 80)):
        score = scores(prepared.ramp(each)[0].intensity[::5])
        own["all"].append(score)
        if each.kind == USUAL:
            own["usual"].append(score)
    usual, every = (np.concatenate(own[word]) for word in ("usual", "all"))
    found = {
        "usual accepted": float(np.mean(usual <= judge.threshold)),
        "all accepted": float(np.mean(every <= judge.threshold)),
    }
    for kind in (*STRANGERS, f"saturated{UNEVEN}"):
        score = scores(odd_ones(kind, prepared))
        found[f"{kind}, set aside"] = float(np.mean(np.isinf(score)))
        found[f"{kind}, AUROC to usual"] = auroc(usual, score)
        found[f"{kind}, AUROC to all"] = auroc(every, score)
        found[f"{kind} accepted"] = float(np.mean(score <= judge.threshold))
    return found


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
