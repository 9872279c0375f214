"""The worry: many clients at once make the API fail, or wait.

64 clients ask for a minute, as fast as they are answered, a mixture of what clients of the PaN search API
ask: pages, parameters with units, techniques, free text, one data set, counts. Beside it, in the same run and
as many at once, the status of the service, which asks no index: the least that a request costs here. An
answer that is not 200 ends it.

    python benchmarks/api.py                   64 clients, 60 s, 20,000 data sets
    python benchmarks/api.py 16 10 100000      clients, seconds, data sets
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from nxspectra.catalogue import Catalogue
from nxspectra.catalogue.record import Document, Facility, File, Instrument, Parameter, Record, Sample
from nxspectra.rdf.quantities import PLANCK_TIMES_LIGHT
from nxspectra.units import ELECTRONVOLT

PANET = "http://purl.org/pan-science/PaNET/PaNET"
TECHNIQUES = (("01101",), ("01101", "01065"), ("01101", "01065", "01264"), ("01100",), ("01188",), ("01227",))
SAMPLES = (
    ("ferropericlase", "(Mg0.2,Fe0.8)O"),
    ("bridgmanite", "MgSiO3"),
    ("ice VII", "H2O"),
    ("iron", "Fe"),
)
PLACES = (("P02.2", "DESY"), ("HED", "European XFEL"), ("ID27", "ESRF"), ("GSECARS", "APS"))
WORDS = ("compression", "decompression", "ambient", "heating", "melting", "calibration", "ramp", "test")


def facility(number: int) -> Iterator[Record]:
    """Data sets as several beamlines measure them in ten years."""
    chance = random.Random(number)
    for each in range(number):
        sample, formula = chance.choice(SAMPLES)
        instrument, place = chance.choice(PLACES)
        low = chance.choice((0.0, chance.expovariate(1 / 20)))
        high = low + chance.choice((0.0, chance.expovariate(1 / 30)))
        energy = chance.gauss(25.6, 4)
        day = f"{2015 + each * 10 // number}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        beamtime = f"I-{each // 50:06}"
        pid = f"20.500.99999/{each:08}"
        yield Record(
            pid,
            f"https://data.example.org/id/{pid}",
            f"{chance.choice(WORDS).capitalize()} of {sample}, run {each}",
            f"{sample} {formula} at {instrument}, {chance.choice(WORDS)}",
            size=chance.randint(10**6, 10**9),
            created=f"{day}T{chance.randint(0, 23):02}:00:00Z",
            probe="x-ray",
            instrument=Instrument(f"{place}:{instrument}", instrument),
            facility=Facility(place),
            samples=(Sample(sample, formula),),
            techniques=tuple(PANET + term for term in chance.choice(TECHNIQUES)),
            parameters=(
                Parameter("sample_pressure", low, high, "GPa", low * 1e9, high * 1e9),
                Parameter(
                    "incident_photon_energy", energy, energy, "keV", *[energy * 1e3 * ELECTRONVOLT] * 2
                ),
                Parameter("exposure", 0.1, 0.1, "s", 0.1, 0.1),
                Parameter("sample_chemical_formula", text=formula),
            ),
            files=(File(f"run_{each:08}.nxs", size=10**6),),
            documents=(Document(beamtime, f"Beamtime {beamtime} on {sample}", "proposal"),),
        )


def questions(number: int) -> Iterator[tuple[str, str]]:
    """What clients ask, without end: of which kind, and the path."""
    chance = random.Random(1)
    while True:
        kind = chance.choice(list(_KINDS))
        yield kind, _KINDS[kind](chance, number)


def _listed(**asked: object) -> str:
    return f"/api/Datasets?{urlencode({'filter': json.dumps({'limit': 10, **asked})})}"


def _having(name: str, low: float, high: float, unit: str) -> str:
    said = [{"name": name}, {"value": {"between": [low, high]}}, {"unit": unit}]
    return _listed(include=[{"relation": "parameters", "scope": {"where": {"and": said}}}])


def _wavelength(chance: random.Random) -> str:
    length = PLANCK_TIMES_LIGHT / (chance.gauss(25.6, 4) * 1e3 * ELECTRONVOLT) * 1e12
    return _having("incident_wavelength", length - 0.05, length + 0.05, "pm")


def _technique(name: str) -> str:
    return _listed(include=[{"relation": "techniques", "scope": {"where": {"name": name}}}])


ALL_JOINED = ["parameters", "files", "samples", "techniques", "instrument"]


def _one(chance: random.Random, number: int) -> str:
    return f"/api/Datasets/{quote(f'20.500.99999/{chance.randrange(number):08}', safe='')}"


def _count(chance: random.Random) -> str:
    where = {"creationDate": {"gt": f"{chance.randint(2015, 2024)}-01-01"}}
    return f"/api/Datasets/count?{urlencode({'where': json.dumps(where)})}"


def _documents(chance: random.Random) -> str:
    asked = {"limit": 10, "skip": chance.randint(0, 100), "include": ["datasets"]}
    return f"/api/Documents?{urlencode({'filter': json.dumps(asked)})}"


_KINDS: dict[str, Callable[[random.Random, int], str]] = {
    "first page": lambda _, __: _listed(),
    "with all joined": lambda _, __: _listed(include=ALL_JOINED),
    "pressure": lambda chance, _: _having("sample_pressure", p := chance.uniform(0, 2000), p + 5, "kbar"),
    "rare pressure": lambda chance, _: _having(
        "sample_pressure", p := chance.uniform(200, 300), p + 1, "GPa"
    ),
    "wavelength": lambda chance, _: _wavelength(chance),
    "technique": lambda chance, _: _technique(chance.choice(("diffraction", "XPD", "XAS"))),
    "free text": lambda chance, _: _listed(query=f"{chance.choice(WORDS)} {chance.choice(SAMPLES)[0]}"),
    "one": _one,
    "count": lambda chance, _: _count(chance),
    "documents": lambda chance, _: _documents(chance),
}


async def clients(
    url: str, number: int, seconds: float, asked: Iterator[tuple[str, str]]
) -> dict[str, list[float]]:
    """Seconds that each answer took, by kind."""
    took: dict[str, list[float]] = defaultdict(list)
    end = time.monotonic() + seconds
    where = urlsplit(url)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        while time.monotonic() < end:
            kind, path = next(asked)
            started = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            body = await reader.readexactly(length)
            assert head.startswith("http/1.1 200"), (kind, path, head, body[:500])
            took[kind].append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(one() for _ in range(number)))
    return took


def told(name: str, took: list[float], against: float) -> str:
    cuts = statistics.quantiles(took, n=100)
    figures = "".join(f"{cuts[part - 1] * 1000:9.1f}" for part in (50, 95, 99))
    return f"{name:18}{len(took):8}{figures} ms   p50 is {cuts[49] / against:6.1f} times the least"


def main(number: int = 64, seconds: float = 60.0, data_sets: int = 20_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Path(folder) / "catalogue"
        started = time.perf_counter()
        with Catalogue(catalogue) as filing:
            filing.keep("benchmark", facility(data_sets))
        print(f"{data_sets} data sets filed in {time.perf_counter() - started:.1f} s")
        command = [sys.executable, "-m", "nxspectra", "serve", "--catalogue", str(catalogue), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                url = server.stdout.readline().strip()
                asyncio.run(clients(url, 4, 2, questions(data_sets)))
                least = asyncio.run(clients(url, number, seconds / 6, iter(lambda: ("status", "/"), None)))
                took = asyncio.run(clients(url, number, seconds, questions(data_sets)))
                peak = Path(f"/proc/{server.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
            finally:
                server.terminate()
    floor = statistics.median(least["status"])
    every = [each for some in took.values() for each in some]
    print(f"{number} clients for {seconds:g} s, no error; {len(every) / seconds:.0f} answers a second")
    print(f"the server had at most {int(peak) / 1000:.0f} MB\n{'':18}{'':8}{'p50':>9}{'p95':>9}{'p99':>9}")
    print(told("the least", least["status"], floor))
    for kind in _KINDS:
        print(told(kind, took[kind], floor))
    print(told("all", every, floor))


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float, int), sys.argv[1:], strict=False)))
