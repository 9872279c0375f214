"""The group `data`: the raw spectra by links, never copied, with the pressure as their axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nxspectra.errors import Refused
from nxspectra.findings import Finding, Severity
from nxspectra.migration.choosing import shown, usable
from nxspectra.migration.concepts import INTENSITY, TWO_THETA
from nxspectra.migration.facts import GIVEN, Fact, resolve
from nxspectra.migration.forms import Problem, short
from nxspectra.migration.outcome import Found, State
from nxspectra.migration.places import Draft, definition_of
from nxspectra.migration.series import Series
from nxspectra.migration.survey import SpectraKey
from nxspectra.spectra import DEFINITION, VERSION
from nxspectra.tree import Evidence, Field, Group, Link, texts


@dataclass(frozen=True)
class DataGroup:
    """The group `data` of the entry that follows the definition, as it is and as it is to be."""

    root: Group
    draft: Draft
    facts: dict[str, Fact]

    @cached_property
    def path(self) -> str:
        """That is there, or to be there."""
        return next(iter(self.draft.groups(("data",))), f"{self.draft.base}/data")

    # -- as it is --------------------------------------------------------------------------------

    def in_place(self, ours: bool) -> tuple[int, int] | None:
        """(n_spectra, n_points) of the spectra that stand there already; None if none do.

        A group that plots something else is not ours, unless the entry says that it is.
        """
        intensity, angles = self._field("intensity"), self._field("two_theta")
        if intensity is None or angles is None or (not ours and self._plots_another()):
            return None
        shape = intensity.shape or ()
        if (
            len(shape) != 2
            or angles.shape != shape[1:]
            or isinstance(usable(angles, TWO_THETA, None), Problem)
        ):
            return None
        return int(shape[0]), int(shape[1])

    def found_in_place(self, shape: tuple[int, int]) -> list[Found]:
        """The evidence of spectra in place. Raises Refused when a person named others."""
        found = []
        for concept in (INTENSITY, TWO_THETA):
            name = concept.path.rpartition("/")[2]
            path, node = f"{self.path}/{name}", self._field(name)
            fact = self.facts.get(concept.path)
            if fact is not None and not self._is_at(path, resolve(self.root, fact)[0]):
                raise Refused(
                    f"{fact.said}: {path} is already there and is not {fact.path};"
                    " what is there is never replaced, nothing was written"
                )
            text = "" if node is None else _shape(shape, node) if concept is INTENSITY else short(node)
            units = None if node is None else node.units
            evidence = Evidence(concept.path, path, text, units)
            found.append(Found(evidence, path, f"{text} {units or ''}".strip(), State.IN_PLACE))
        return found

    def occupied(self, series: Series) -> Finding | None:
        """Why the spectra cannot stand there; None if they can."""
        node = self.root.get(self.path)
        if node is None:
            return None
        why = None
        if not isinstance(node, Group) or node.nx_class != "NXdata":
            why = "is not an NXdata group"
        elif self._plots_another():
            why = "already plots something else"
        else:
            for name, key in (("intensity", series.intensity), ("two_theta", series.angles)):
                if name in node.children and not self._is_at(f"{self.path}/{name}", key.real):
                    why = f"already has another {name}"
        if why is None:
            return None
        message = f"{INTENSITY.path}: the group {why}; it is not replaced, so the spectra have no place here"
        return Finding(self.path, "unusable-in-place", message, Severity.VIOLATION)

    def _field(self, name: str) -> Field | None:
        return self.root.field(f"{self.path}/{name}")

    def _is_at(self, path: str, other: str) -> bool:
        """Are both the same object?"""
        one, two = self.root.find(path), self.root.find(other)
        return one is not None and two is not None and one[0] == two[0]

    def _plots_another(self) -> bool:
        group = self.root.group(self.path)
        signal = () if group is None else texts(group.attributes.get("signal"))
        if signal:
            return signal != ("intensity",)
        # files from before 2014 mark the signal on the field
        children = (self.root.get(f"{self.path}/{name}") for name in (group.children if group else ()))
        return any(child is not None and "signal" in child.attributes for child in children)

    # -- as it is to be --------------------------------------------------------------------------

    def declare(self) -> None:
        """Say that the entry follows the definition; only an entry with spectra does."""
        path = f"{self.draft.base}/definition"
        if self.root.get(path) is None:
            self.draft.add(path, Field(DEFINITION, version=VERSION))
        elif definition_of(self.root, self.draft.base) == DEFINITION and f"{path}@version" not in self.root:
            self.draft.add(f"{path}@version", VERSION)

    def place(self, series: Series) -> list[Found]:
        """Plan the links to the spectra; returns their evidence."""
        if self.root.get(self.path) is None:
            self.draft.add(self.path, Group("NXdata", {}))
        return [self._intensity(series), self._angles(series)]

    def _intensity(self, series: Series) -> Found:
        key, (n, points) = series.intensity, series.shape
        conversion = None
        if len(key.field.shape or ()) == 1:
            # one spectrum has no dimension to link along: it is small, and copied
            conversion = f"({points},) -> (1, {points})"
            units = {"units": key.field.units} if key.field.units else {}
            item: Field | Link = Field(key.field.array.reshape(1, -1), units)
        else:
            item = Link(key.real)
        text = _shape((n, points), key.field)
        return self._put(
            key, item, raw=text, conversion=conversion, text=f"{text} {key.field.units or ''}".strip()
        )

    def _angles(self, series: Series) -> Found:
        key = series.angles
        conversion = None
        if series.in_degrees:
            item: Field | Link = Link(key.real)
        else:
            item = Field(series.two_theta, units=TWO_THETA.unit)
            conversion = series.conversion
        return self._put(
            key,
            item,
            raw=short(key.field),
            conversion=conversion,
            text=shown(series.two_theta, TWO_THETA),
        )

    def _put(
        self, key: SpectraKey, item: Field | Link, *, raw: str, conversion: str | None, text: str
    ) -> Found:
        concept = key.concept
        given = concept.path in self.facts
        rule = self.facts[concept.path].origin if given else key.rule.id
        trust = GIVEN if given else str(key.rule.trust)
        evidence = Evidence(concept.path, key.path, raw, key.field.units, conversion, rule, trust)
        path = f"{self.path}/{concept.path.rpartition('/')[2]}"
        if path in self.root:
            return Found(evidence, path, text, State.IN_PLACE)
        if isinstance(item, Link) and "target" not in key.field.attributes:
            # NeXus asks what is linked to say where it stands
            self.draft.add(f"{key.real}@target", key.real)
        self.draft.add(path, item, evidence)
        return Found(evidence, path, text, State.PLACED)

    def axes(self, pressure: str | None) -> None:
        """The pressure as axis if it is known, and what makes the group a plot."""
        if pressure is not None and f"{self.path}/pressure" not in self.root:
            self.draft.add(f"{self.path}/pressure", Link(pressure))
        first = "." if pressure is None else "pressure"
        for name, value in (
            ("signal", "intensity"),
            ("axes", np.array([first, "two_theta"])),
            ("interpretation", "spectrum"),
        ):
            if f"{self.path}@{name}" not in self.root:
                self.draft.add(f"{self.path}@{name}", value)

    def complete(self, pressure: str | None) -> None:
        """What spectra in place may still lack: attributes, and the pressure once it is known."""
        axes = texts(self.root.attribute(f"{self.path}@axes"))
        if not axes or "pressure" in axes:
            self.axes(pressure)
        elif pressure is not None and f"{self.path}/pressure" not in self.root:
            # the axes are named already and not replaced; the index says along which the pressure runs
            self.draft.add(f"{self.path}/pressure", Link(pressure))
            self.draft.add(f"{self.path}@pressure_indices", 0)

    def defaults(self, entry: str, first: bool) -> None:
        """What is plotted first, where the file does not say."""
        base = self.draft.base
        name = "data" if base == entry else base.rpartition("/")[2]
        if base != entry and self.root.get(base) is not None and f"{base}@default" not in self.root:
            self.draft.add(f"{base}@default", "data")
        if f"{entry}@default" not in self.root:
            self.draft.add(f"{entry}@default", name)
        if first and "default" not in self.root.attributes:
            self.draft.add("/@default", entry.strip("/"))


def _shape(shape: tuple[int, int], node: Field) -> str:
    return f"{shape[0]} x {shape[1]} {node.dtype}"
