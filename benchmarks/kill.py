"""The worry: a writer that is killed takes raw data with it.

Kills writers at random moments over migrate, annotate, strip and files of links, on the disk of the folder
for temporary files, and counts what is found afterwards: `python benchmarks/kill.py [KILLS] [SEED]`
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from killing import JOBS, Range


def main(kills: int = 1000, seed: int = 0) -> int:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, Range(Path(folder), seed) as here:
        for number in range(kills):
            here.kill(JOBS[number % len(JOBS)])
            if not (number + 1) % 100:
                print(f"{number + 1}: {dict(here.ends)}, found {dict(here.found)}", flush=True)
        left = here.left()
    lost = {what: count for what, count in here.found.items() if what not in {"old", "new"}}
    took = time.perf_counter() - began
    print(f"{kills} writers in {took:.0f} s: {here.ends['killed']} killed before their end")
    print(f"found {here.found['old']} old, {here.found['new']} new, {sum(lost.values())} anything else")
    print(f"hidden files left after the next run: {len(left)}")
    for what, count in lost.items():
        print(f"  {count}: {what}")
    return 1 if lost or left or here.ends["failed"] else 0


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
