"""The hand-written facts, loaded and held against the service model."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.service import Service

FOLDER = Path(__file__).parent / "overlays"


@dataclass(frozen=True)
class Family:
    """A group of operations and structures that share a module."""

    name: str
    title: str
    about: str
    operations: tuple[str, ...]
    structures: tuple[str, ...]

    @property
    def mixin(self) -> str:
        """The class that holds the family's methods."""
        return "".join(part.capitalize() for part in self.name.split("_")) + "Operations"


@dataclass
class Overlay:
    """Everything under `overlays/`."""

    folder: Path = FOLDER
    problems: list[str] = field(default_factory=list)

    def _load(self, name: str) -> dict[str, Any]:
        return tomllib.loads((self.folder / name).read_text("utf-8"))

    @cached_property
    def families(self) -> list[Family]:
        """The families, lowest first."""
        return [
            Family(
                name,
                entry["title"],
                entry["about"],
                tuple(entry["operations"]),
                tuple(entry["structures"]),
            )
            for name, entry in self._load("families.toml").items()
        ]

    @cached_property
    def overrides(self) -> dict[str, dict[str, dict[str, str]]]:
        """Service-model mistakes, by structure and member."""
        return self._load("overrides.toml")

    @cached_property
    def traits(self) -> dict[str, str]:
        """The trait class of each structure that has one."""
        return self._load("traits.toml")

    @cached_property
    def shared(self) -> list[str]:
        """The structures of which equal ones are one object."""
        return self._load("shared.toml")["structures"]

    @cached_property
    def safety(self) -> dict[str, dict[str, str]]:
        """Class and reason of each operation."""
        return self._load("safety.toml")

    @cached_property
    def operations(self) -> dict[str, dict[str, str]]:
        """Summary and details of each operation."""
        return self._load("descriptions/operations.toml")

    @cached_property
    def structures(self) -> dict[str, str]:
        """What each structure is."""
        return self._load("descriptions/structures.toml")

    @cached_property
    def enums(self) -> dict[str, Any]:
        """What each enum and each of its values means."""
        return self._load("descriptions/enums.toml")

    @cached_property
    def _glossary(self) -> dict[str, Any]:
        return self._load("descriptions/glossary.toml")

    @cached_property
    def _members(self) -> dict[str, dict[str, str]]:
        return self._load("descriptions/members.toml")

    def member(self, structure: str, member: str) -> str | None:
        """What a member means: said for its structure, or the same everywhere."""
        return (
            self._members.get(structure, {}).get(member)
            or self._glossary["overrides"].get(structure, {}).get(member)
            or self._glossary["members"].get(member)
        )

    def check(self, service: Service) -> list[str]:
        """Say what is missing, unknown or stale."""
        return [*self._grouping(service), *self._stale(service), *self._descriptions(service)]

    def _grouping(self, service: Service) -> Iterator[str]:
        grouped = [name for family in self.families for name in family.operations]
        yield from _differences("families.toml: operation", grouped, service.operations)
        yield from _differences("safety.toml: operation", self.safety, service.operations)
        for name, entry in self.safety.items():
            if entry["class"] not in {"read", "idempotent", "unsafe"} or not entry["reason"]:
                yield f"safety.toml: {name} needs a known class and a reason"
        own = {f"{name}{side}" for name in service.operations for side in ("Request", "Response")}
        free = [
            name
            for name, shape in service.structures.items()
            if name not in own and not shape.is_exception
        ]
        placed = [name for family in self.families for name in family.structures]
        yield from _differences("families.toml: structure", placed, free)

    def _stale(self, service: Service) -> Iterator[str]:
        for structure, members in self.overrides.items():
            for member, fix in members.items():
                shape = service.shapes.get(structure)
                now = shape.members.get(member) if shape is not None else None
                if now != fix["model_says"]:
                    yield (
                        f"overrides.toml: {structure}.{member} is stale: "
                        f"the service model says {now}, not {fix['model_says']}"
                    )
        for structure in self.traits:
            if structure not in service.structures:
                yield f"traits.toml: no structure {structure}"
        for structure in self.shared:
            shape = service.structures.get(structure)
            if shape is None or structure in service.sent:
                yield f"shared.toml: no structure {structure} that stands in answers only"
                continue
            for member, name in shape.members.items():
                is_plain = service.shapes[name].kind not in {"structure", "list", "map"}
                if not is_plain and name not in self.shared:
                    yield f"shared.toml: {structure}.{member} is no plain value"

    def _descriptions(self, service: Service) -> Iterator[str]:
        yield from _differences("operations.toml: operation", self.operations, service.operations)
        wanted = set(service.structures)
        wanted |= {f"{name}Response" for name in service.operations}
        yield from _differences("structures.toml: structure", self.structures, wanted)
        yield from _differences("enums.toml: enum", self.enums, service.enums)
        for name, shape in service.enums.items():
            values = self.enums.get(name, {}).get("values", {})
            yield from _differences(f"enums.toml: {name} value", values, shape.enum)
        for name, shape in service.structures.items():
            for member in shape.members:
                if not self.member(name, member):
                    yield f"descriptions: no words for {name}.{member}"
        for source, table in (
            ("members.toml", self._members),
            ("glossary.toml", self._glossary["overrides"]),
        ):
            for structure, members in table.items():
                known = service.structures.get(structure)
                for member in members:
                    if known is None or member not in known.members:
                        yield f"{source}: the service model has no {structure}.{member}"


def _differences(what: str, have: Any, want: Any) -> Iterator[str]:  # noqa: ANN401 - any collection of names
    have_names, want_names = list(have), set(want)
    for name in sorted(want_names - set(have_names)):
        yield f"{what} {name} is missing"
    for name in sorted(set(have_names) - want_names):
        yield f"{what} {name} is unknown to the service model"
    for name in sorted({name for name in have_names if have_names.count(name) > 1}):
        yield f"{what} {name} stands twice"
