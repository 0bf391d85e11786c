"""Checks a value against a shape of the service model, every constraint of it.

botocore itself checks types, unknown keys and minimum lengths only; the service checks all.
The same walk serves both sides: requests (the list becomes a ValidationException) and the
emulator's own answers (`deviations.py` then takes out what the real service gets wrong too).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.service.model import Shape

    Broken = Callable[["Rule", str], None]

Rule = Literal["required", "unknown", "type", "enum", "pattern", "length", "range", "size", "union"]

_INT32 = 2**31
_NUMBERS = frozenset({"integer", "long", "float", "double"})
_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
    "string": (str,),
    "timestamp": (str, int, float),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken constraint.

    Attributes:
        path: Where, as in `filters.sourceServerIDs[3]`.
        rule: Which kind of constraint.
        message: What is wrong, for people.
        shape: Name of the shape whose constraint is broken.
        owner: Name of the structure that holds the member, if any.
        member: Name of that member.
        value: The value at fault.
    """

    path: str
    rule: Rule
    message: str
    shape: str
    owner: str
    member: str
    value: object


def violations(shape: Shape, value: object, *, unknown_members: bool = False) -> list[Violation]:
    """List every constraint of `shape` that `value` breaks.

    Args:
        shape: The shape to check against.
        value: A JSON value.
        unknown_members: Whether members that the shape lacks count. The service ignores
            them in requests; in answers they are mistakes.
    """
    walk = _Walk(unknown_members=unknown_members)
    walk.check(shape, value, "", "", "")
    return walk.found


class _Walk:
    def __init__(self, *, unknown_members: bool) -> None:
        self.found: list[Violation] = []
        self._unknown_members = unknown_members

    def check(self, shape: Shape, value: object, path: str, owner: str, member: str) -> None:
        def broken(rule: Rule, message: str) -> None:
            self.found.append(Violation(path, rule, message, shape.name, owner, member, value))

        kind = shape.kind
        wanted = _TYPES[kind]
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
            broken("type", f"must be a {kind}")
        elif kind == "structure":
            self._structure(shape, cast("dict[str, object]", value), path)
        elif kind == "list":
            items = cast("list[object]", value)
            _bounds(shape, len(items), "size", "items", broken)
            element = cast("Shape", shape.element)
            for index, item in enumerate(items):
                self.check(element, item, f"{path}[{index}]", owner, member)
        elif kind == "map":
            entries = cast("dict[str, object]", value)
            _bounds(shape, len(entries), "size", "entries", broken)
            self._map(shape, entries, path, owner, member)
        elif kind == "string":
            _string(shape, cast("str", value), broken)
        elif kind in _NUMBERS:
            _number(shape, cast("float", value), broken)

    def _structure(self, shape: Shape, value: dict[str, object], path: str) -> None:
        prefix = f"{path}." if path else ""
        for name in shape.required:
            if name not in value:
                self.found.append(
                    Violation(
                        prefix + name, "required", "is required", shape.name, shape.name, name, None
                    )
                )
        known = 0
        for name, item in value.items():
            member = shape.members.get(name)
            if member is not None:
                known += 1
                self.check(member.shape, item, prefix + name, shape.name, name)
            elif self._unknown_members:
                self.found.append(
                    Violation(
                        prefix + name, "unknown", "is unknown", shape.name, shape.name, name, item
                    )
                )
        if shape.is_union and known != 1:
            self.found.append(
                Violation(
                    path, "union", "must have exactly one member", shape.name, shape.name, "", value
                )
            )

    def _map(
        self, shape: Shape, value: dict[str, object], path: str, owner: str, member: str
    ) -> None:
        for key, item in value.items():
            self.check(cast("Shape", shape.key), key, f"{path} key {key!r}", owner, member)
            self.check(cast("Shape", shape.element), item, f"{path}[{key!r}]", owner, member)


def _string(shape: Shape, text: str, broken: Broken) -> None:
    if shape.enum is not None and text not in shape.enum:
        broken("enum", "must be one of " + ", ".join(sorted(shape.enum)))
    _bounds(shape, len(text), "length", "characters", broken)
    if shape.pattern is not None and shape.pattern.fullmatch(text) is None:
        broken("pattern", f"must match {shape.pattern.pattern}")


def _number(shape: Shape, number: float, broken: Broken) -> None:
    _bounds(shape, number, "range", "", broken)
    if shape.kind == "integer" and not -_INT32 <= number < _INT32:
        broken("range", "must fit in 32 bits")


def _bounds(shape: Shape, number: float, rule: Rule, unit: str, broken: Broken) -> None:
    what = f" {unit}" if unit else ""
    if shape.minimum is not None and number < shape.minimum:
        broken(rule, f"must be at least {shape.minimum}{what}")
    if shape.maximum is not None and number > shape.maximum:
        broken(rule, f"must be at most {shape.maximum}{what}")
