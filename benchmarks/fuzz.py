"""The worry: some damaged file that nobody thought of ends in a traceback, or never.

`python benchmarks/fuzz.py [HOW MANY] [--first N] [--workers N]` makes so many damaged files (20,000 if not
said; about 20 a second and worker), takes each the way of `nxspectra validate` in a child process, and tells
what became of them. What killed a child, or went wrong in Python, is told by its number; the file of a
defect stays in the folder that is named at the end. Ctrl-C ends it early, with
what there is. The exit code is 1 if there was a defect.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from damage import outcomes  # it lives beside the tests


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("many", nargs="?", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=1_000, help="number of the first file")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="damaged-"))
    kinds: Counter[str] = Counter()
    deaths: Counter[str] = Counter()
    began = time.monotonic()
    with suppress(KeyboardInterrupt):
        for outcome in outcomes(range(asked.first, asked.first + asked.many), folder, asked.workers):
            kinds[outcome.kind] += 1
            if outcome.kind == "died":
                deaths[outcome.said] += 1
            if outcome.kind in {"died", "defect"}:
                print(f"{outcome.number} {outcome.kind}: {outcome.said}", flush=True)
    print(f"{kinds.total()} files from number {asked.first} in {time.monotonic() - began:.0f} s, in {folder}")
    for kind, count in [*kinds.most_common(), *deaths.most_common()]:
        print(f"{count:7} {kind}")
    return 1 if kinds["defect"] else 0


if __name__ == "__main__":
    sys.exit(main())
