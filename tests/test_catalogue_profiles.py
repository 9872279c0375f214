"""What traits occur together: every two and three conditions find what a plain reading finds."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from indexes import indexes
from sqlalchemy import func, select

from nxspectra.catalogue import tables, ways
from nxspectra.catalogue.finding import Finder
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.query import parse
from nxspectra.catalogue.record import Record
from nxspectra.catalogue.rows import closure_of
from nxspectra.rdf.terms import PANET
from nxspectra.testing.records import ELECTRONVOLT, records

RECORDS = list(records(400, seed=11))
KEV = 1e3 * ELECTRONVOLT


def ranges(record: Record, name: str) -> Iterator[tuple[float, float]]:
    for each in record.parameters:
        if each.name == name and each.si_min is not None and each.si_max is not None:
            yield each.si_min, each.si_max


def within(technique: str) -> Callable[[Record], bool]:
    return lambda r: any(PANET[technique] in closure_of(each) for each in r.techniques)


TRAITS: dict[str, tuple[dict[str, Any], Callable[[Record], bool]]] = {
    "neutrons": ({"technique": "neutron powder diffraction"}, within("PaNET01100")),
    "small angles": ({"technique": "small angle x-ray scattering"}, within("PaNET01188")),
    "photons": (
        {"parameters": {"energy": "1..1000keV"}},
        lambda r: any(low <= 1000 * KEV and high >= KEV for low, high in ranges(r, "incident_photon_energy")),
    ),
    "warm": (
        {"parameters": {"temperature": ">300K"}},
        lambda r: any(high > 300 for _, high in ranges(r, "sample_temperature")),
    ),
    "transition": (
        {"parameters": {"transition": "10..60GPa"}},
        lambda r: any((b.si_min or 0) <= 60e9 and (b.si_max or 0) >= 10e9 for b in r.boundaries),
    ),
    "label": ({"label": "high"}, lambda r: any(each.name == "high" for each in r.labels)),
    "instrument": ({"instrument": "D*"}, lambda r: r.instrument is not None and r.instrument.name[0] == "D"),
    "facility": ({"facility": "esrf"}, lambda r: r.facility is not None and r.facility.name == "ESRF"),
    "definition": ({"definition": "NXmonopd"}, lambda r: r.definition == "NXmonopd"),
    "word": ({"text": "diffraction"}, lambda r: "diffraction" in (r.description or "")),
}


@pytest.fixture(scope="module", params=[("sqlite", 4096), ("sqlite", 3), ("postgresql", 4096)], ids=str)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with all profiles that there are, and one with the first three only."""
    kind, most = request.param
    with pytest.MonkeyPatch.context() as patch, indexes(kind, tmp_path_factory.mktemp("index")) as index:
        patch.setattr(tables, "MOST_PROFILES", most)
        index.put(RECORDS)
        yield index


@pytest.mark.parametrize("few", [5000, 40])
def test_traits_together_find_what_a_plain_reading_finds(
    filled: Index, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "FEW", few)
    monkeypatch.setattr(ways, "FEW_BESIDE_DEAR", few)
    empty = 0
    with filled.reading() as connection:
        rows = connection.execute(select(tables.datasets.c.id, tables.datasets.c.pid))
        pids = {row.id: row.pid for row in rows}
        for number in (2, 3):
            for names in itertools.combinations(TRAITS, number):
                asked: dict[str, Any] = {}
                for name in names:
                    for key, value in TRAITS[name][0].items():
                        asked[key] = {**asked.get(key, {}), **value} if key == "parameters" else value
                # of two techniques the last is asked for
                tests = [TRAITS[each][1] for each in names if not names_other_technique(each, names)]
                true = {record.pid for record in RECORDS if all(test(record) for test in tests)}
                finder = Finder(connection, parse(asked.pop("text", None), **asked))
                found = [pids[each] for each, _ in finder.page(1000).ids]
                assert sorted(found) == sorted(true), names
                assert finder.count().number == len(true), names
                empty += not true
    assert 20 < empty < 150  # or nothing is told of what never meets


def names_other_technique(name: str, names: tuple[str, ...]) -> bool:
    return name == "neutrons" and "small angles" in names


def test_what_no_profile_allows_is_known_without_trying_a_data_set(filled: Index) -> None:
    asked = parse(technique="neutron powder diffraction", parameters={"energy": "1..1000keV"})
    with filled.reading() as connection:
        have_none = connection.scalar(
            select(func.count()).select_from(tables.datasets).where(tables.datasets.c.profile.is_(None))
        )
        few = Finder(connection, asked).way.few
        number = None if few is None or few.ids is None else len(connection.scalars(few.ids).all())
    assert number == 0 or have_none


def test_a_data_set_that_is_replaced_is_found_by_its_new_traits_only(tmp_path: Path) -> None:
    index = Index.in_folder(tmp_path)
    old = next(record for record in RECORDS if TRAITS["photons"][1](record) and record.labels)
    new = next(record for record in RECORDS if TRAITS["neutrons"][1](record))
    index.put([dataclasses.replace(new, pid=old.pid, iri=old.iri)])
    index.put([old])

    def found(**asked: Any) -> int:
        with index.reading() as connection:
            return len(Finder(connection, parse(**asked)).page(9).ids)

    assert found(technique="neutron powder diffraction", definition=new.definition) == 0
    assert found(label=old.labels[0].name, definition=old.definition) == 1
    index.remove(old.pid)
    assert found(label=old.labels[0].name, definition=old.definition) == 0
    index.close()
