"""The worry: a model can be trained only on a machine that a beamline does not have.

Each classifier is trained in a process of its own, on four labelled curves and noisy copies of them, 44 in
all where it makes copies (as the weighted network was published), or with `--published` on 31 curves and 50
copies of each, as the networks were that take a curve as a whole. CPU seconds of one thread without those of
loading libraries, and the most memory that the process ever had.

    OMP_NUM_THREADS=1 python benchmarks/training_cost.py                          # all, on 44 curves
    OMP_NUM_THREADS=1 python benchmarks/training_cost.py --published cnn fcnn-1d
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

from nxspectra.classifiers import classifier, installed, train
from nxspectra.simulation import simulate

FEW = ["low=80,120", "high=260,300"]
PUBLISHED = [
    "low=" + ",".join(map(str, range(0, 151, 10))),
    "high=" + ",".join(map(str, range(200, 341, 10))),
]
SHORT: dict[str, dict[str, Any]] = {
    # one step of each takes as much room as all of them; all would take hours
    "resnet": {"epochs": 1},
    "end-to-end": {"iterations": 20},
}


def cost(name: str, *, published: bool) -> dict[str, Any]:
    """In this process: CPU seconds of training, and its most memory, MB."""
    settings = dict(SHORT.get(name, {}))
    if (
        hasattr(classifier(name)(), "noise_copies")
        and not published
        and name not in ("weighted", "reference")
    ):
        settings["noise_copies"] = 10
    ramp = simulate(seed=4).spectra
    train([simulate(seed=4, frames=20, points=200).spectra], ["low=2,4", "high=15,18"], name, **quick(name))
    began = time.process_time()
    model = train([ramp], PUBLISHED if published else FEW, name, **settings)
    seconds = time.process_time() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    weights = getattr(model.estimator, "n_parameters_", None)
    return {"name": name, "settings": settings, "cpu_s": seconds, "MB": most, "weights": weights}


def quick(name: str) -> dict[str, Any]:
    """Parameters by which libraries are loaded and kernels compiled, and little else is done."""
    known = classifier(name)().get_params()
    return {word: 1 for word in ("epochs", "noise_copies") if word in known} | (
        {"iterations": 30} if "iterations" in known else {}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", help="of classifiers; all if none is given")
    parser.add_argument("--published", action="store_true", help="on 31 curves with 50 copies of each")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(cost(asked.names[0], published=asked.published)))
        return
    print("| model | weights | training, CPU s | most memory, MB | settings that are not the default |")
    print("|---|---|---|---|---|")
    for name in asked.names or sorted(installed()):
        command = [sys.executable, __file__, name, "--here", *(["--published"] if asked.published else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| `{name}` | {done.stderr.strip().splitlines()[-1]} |")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        settings = ", ".join(f"{word} {value}" for word, value in found["settings"].items())
        figures = f"{found['weights'] or '-'} | {found['cpu_s']:.1f} | {found['MB']:.0f}"
        print(f"| `{name}` | {figures} | {settings} |", flush=True)


if __name__ == "__main__":
    main()
