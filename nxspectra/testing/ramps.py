"""Simulated ramps to judge classifiers by: a stated distribution, its seeds fixed, the truth with each.

    for each in ramps("test"):
        made = nxs.classify(each.simulate().spectra, model)

Three parts, for training, for calibration and for the test, hold different ramps of the same distribution:
a curve of a ramp that was trained on is never in the test. What the distribution is stands in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from nxspectra.errors import UsageError
from nxspectra.simulation import ANGLES, Ramp, simulate
from nxspectra.spectra import Spectra

Part = Literal["train", "calibrate", "test"]
Chance = np.random.Generator
Drawn = dict[str, Any]

USUAL = "usual"
"""The kind of default difficulty: everything as measured, the transition over a logistic of 2 GPa."""
TRANSITION = (14.0, 24.0)
"""GPa, between which the transition of every ramp lies, drawn evenly. Were it always the same, a classifier
that reads the pressure off the lines would look best; it would call one phase under pressure a transition."""
SINGLE = ("low alone", "high alone")
"""Kinds without a transition: one phase over the whole range of pressure."""
FIRST_SEED: Mapping[Part, int] = {"train": 10_000, "calibrate": 20_000, "test": 30_000}


@dataclass(frozen=True)
class Kind:
    """A way in which a ramp may differ from the usual one."""

    number: int
    """Of these among the 220 ramps of a part."""
    draw: Callable[[Chance], Drawn]
    """The knobs of `simulate` for one ramp; its transition pressure is drawn unless it is among them."""


def _mixed(chance: Chance) -> Drawn:
    return {
        "width": float(np.exp(chance.uniform(np.log(0.5), np.log(4.0)))),
        "noise": float(np.exp(chance.uniform(0.0, np.log(5.0)))),
        "spottiness": float(chance.uniform(0.1, 0.3)),
        "drift": float(chance.uniform(-0.3, 1.0)),
        "zero_shift": float(chance.uniform(-0.02, 0.02)),
        "energy_error": float(chance.uniform(-0.003, 0.003)),
        "missing": float(chance.uniform(0.0, 0.3)),
        "decompression": bool(chance.random() < 0.3),
        "precursor": bool(chance.random() < 0.7),
    }


def _detector(chance: Chance) -> Drawn:
    # an axis that covers that of the usual detector but for a few points
    first = ANGLES[0] + float(chance.uniform(-0.4, 0.05))
    last = ANGLES[1] + float(chance.uniform(-0.05, 1.5))
    return {"points": int(chance.integers(2000, 5001)), "angles": (first, last)}


KINDS: Mapping[str, Kind] = {
    USUAL: Kind(60, lambda _: {}),
    "transition at 18.5 GPa": Kind(12, lambda _: {"transition_pressure": 18.5}),
    "transition width": Kind(12, lambda r: {"width": float(np.exp(r.uniform(np.log(0.5), np.log(4.0))))}),
    "noise x 3": Kind(10, lambda _: {"noise": 3.0}),
    "noise x 10": Kind(10, lambda _: {"noise": 10.0}),
    "spottiness": Kind(10, lambda r: {"spottiness": float(r.uniform(0.25, 0.5))}),
    "background drift": Kind(8, lambda r: {"drift": float(r.uniform(-0.3, 1.0))}),
    "zero shift": Kind(8, lambda r: {"zero_shift": float(r.choice([-0.02, 0.02]))}),
    "energy error": Kind(8, lambda r: {"energy_error": float(r.choice([-0.003, 0.003]))}),
    "no precursor": Kind(8, lambda _: {"precursor": False}),
    "decompression": Kind(8, lambda _: {"decompression": True}),
    "two ramps": Kind(8, lambda r: {"two_ramps": True, "decompression": bool(r.random() < 0.5)}),
    "missing frames": Kind(8, lambda r: {"missing": float(r.uniform(0.1, 0.5))}),
    "other bins": Kind(8, lambda r: {"points": int(r.choice([1000, 1500, 2500, 6000]))}),
    "other detector": Kind(8, _detector),
    "several at once": Kind(14, _mixed),
    # no pressure of the ramp reaches the first transition, and every one is beyond the second
    SINGLE[0]: Kind(10, lambda _: {"transition_pressure": None}),
    SINGLE[1]: Kind(10, lambda _: {"transition_pressure": -100.0}),
}
"""The distribution, in words of `simulate`; `TRANSITION` says where the transitions lie."""


@dataclass(frozen=True)
class Drawing:
    """One ramp of the distribution, not made yet."""

    part: Part
    kind: str
    seed: int
    knobs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """A word for it, good as a file name: `test-30004`."""
        return f"{self.part}-{self.seed}"

    def simulate(self, frames: int = 349, **knobs: Any) -> Ramp:
        """The ramp with its truth; `knobs` wins over what was drawn."""
        return simulate(self.seed, frames, **{**self.knobs, **knobs})


def ramps(part: Part, number: int | None = None) -> tuple[Drawing, ...]:
    """The first `number` ramps of a part, all 220 unless given; any number of them is a fair mixture.

    Raises UsageError for a part that there is not.
    """
    if part not in get_args(Part):
        raise UsageError(f"no part {part!r} of the ramps; there are {', '.join(get_args(Part))}")
    # every kind is spread evenly over the list, so that its beginning has all of them in proportion
    places = [
        ((each + 0.5) / kind.number, name) for name, kind in KINDS.items() for each in range(kind.number)
    ]
    drawn = []
    for index, (_, name) in enumerate(sorted(places)):
        seed = FIRST_SEED[part] + index
        chance = np.random.default_rng(seed)
        transition = float(chance.uniform(*TRANSITION))
        knobs = {"transition_pressure": transition, **KINDS[name].draw(chance)}
        drawn.append(Drawing(part, name, seed, knobs))
    return tuple(drawn[:number])


STRANGERS = ("beam off", "marker only", "saturated", "shifted energy", "other sample")
"""Curves that a classifier of these ramps has never seen."""


def strangers(kind: str, seed: int = 0, every: int = 10) -> Spectra:
    """Curves of a kind of `STRANGERS`, every tenth of a ramp.

    Beam off leaves the noise of the detector and its hot pixel; saturated is cut at a level between a quarter
    and half of each curve's highest point; a shifted energy is wrong by 3 to 4 percent either way; the
    other sample is iron. Raises UsageError for a kind that there is not.
    """
    chance = np.random.default_rng([seed, 7])
    frames = tuple(range(0, 349, every))
    first = FIRST_SEED["test"] + 5000 + seed
    if kind == "beam off":
        spectra = simulate(first, beam_off=frames).spectra.select(list(frames))
        dark = chance.normal(0.0, 0.05, spectra.intensity.shape)
        return replace(spectra, intensity=spectra.intensity + dark)
    if kind == "marker only":
        return simulate(first, marker_only=frames).spectra.select(list(frames))
    if kind == "saturated":
        spectra = simulate(first).spectra.select(list(frames))
        level = chance.uniform(0.25, 0.5, len(frames)) * spectra.intensity.max(axis=1)
        return replace(spectra, intensity=np.minimum(spectra.intensity, level[:, np.newaxis]))
    if kind == "shifted energy":
        wrong = float(chance.choice([-1.0, 1.0]) * chance.uniform(0.03, 0.04))
        return simulate(first, energy_error=wrong).spectra.select(list(frames))
    if kind == "other sample":
        return simulate(first, stranger=True).spectra.select(list(frames))
    raise UsageError(f"no strangers {kind!r}; there are {', '.join(STRANGERS)}")
