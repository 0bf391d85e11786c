"""How the service's types read in Python, on either side and in a signature."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from botocore import xform_name

if TYPE_CHECKING:
    from codegen.overlay import Overlay
    from codegen.service import Service, Shape

DATE_TIME = "ISO8601DatetimeString"
DURATION = "ISO8601DurationString"
STRICT = {"str": "StrictStr", "int": "StrictInt", "bool": "StrictBool"}
_ID = re.compile(r"([a-z]+-)\[[0-9a-zA-Z-]+\]\{(\d+)(,?)\}")
"""The pattern of an id, which says its length, too: what it begins with, and how many follow."""
PLAIN = {"integer": "int", "long": "int", "boolean": "bool", "string": "str"}


@dataclass
class Types:
    """Writes type expressions, and remembers the names they need."""

    service: Service
    overlay: Overlay
    scalars: set[str] = field(default_factory=set)
    """Constrained scalars used so far, by shape name."""

    def shape_of(self, structure: str, member: str) -> Shape:
        """The shape of a member, service-model mistakes put right."""
        fix = self.overlay.overrides.get(structure, {}).get(member)
        name = self.service.shapes[structure].members[member]
        return self.service.shapes[fix["treat_as"] if fix else name]

    def temporal(self, shape: Shape) -> Literal["datetime", "timedelta"] | None:
        """Whether a shape is a time or a duration."""
        if shape.name == DATE_TIME or shape.kind == "timestamp":
            return "datetime"
        return "timedelta" if shape.name == DURATION else None

    def is_two_sided(self, shape: Shape) -> bool:
        """Whether a structure stands in requests and in responses."""
        both = shape.name in self.service.sent and shape.name in self.service.received
        return shape.kind == "structure" and both

    def holds_two_sided(self, shape: Shape) -> bool:
        """Whether a shape is a two-sided structure or a list or map of such."""
        if shape.item:
            return self.holds_two_sided(self.service.shapes[shape.item])
        return self.is_two_sided(shape)

    def received(self, shape: Shape) -> str:
        """The lenient type: constraints are the sender's business."""
        if temporal := self.temporal(shape):
            return "AwareDatetime" if temporal == "datetime" else "Duration"
        if shape.enum or shape.kind == "structure":
            return shape.name
        item = self.service.shapes.get(shape.item)
        if shape.kind == "list" and item:
            return f"list[{self.received(item)}]"
        if shape.kind == "map" and item:
            return f"dict[str, {self.received(item)}]"
        return PLAIN[shape.kind]

    def sent(self, shape: Shape) -> str:
        """The strict type, with the service model's constraints."""
        if self.temporal(shape) == "datetime":
            return "SentDatetime"
        if shape.enum:
            return f"Annotated[{shape.name}, Known]"
        if shape.kind == "structure":
            return shape.name
        item = self.service.shapes.get(shape.item)
        if item is None:
            self.scalars.add(shape.name)
            return f"scalars.{shape.name}"
        inner = self.sent(item)
        if shape.kind == "map":
            base = f"dict[{self.sent(self.service.shapes[shape.key])}, {inner}]"
        else:
            base = f"list[{inner}]"
        bounds = _arguments(min_length=shape.minimum or None, max_length=shape.maximum)
        return f"Annotated[{base}, Field({bounds})]" if bounds else base

    def parameter(self, shape: Shape) -> str:
        """The type of a method parameter or of a field of a dict twin: wide, and without None."""
        if temporal := self.temporal(shape):
            return temporal
        if shape.enum:
            return f"{shape.name}Like"
        if shape.kind == "structure":
            return f"{shape.name} | {shape.name}Dict"
        item = self.service.shapes.get(shape.item)
        if shape.kind == "list" and item:
            return f"Sequence[{self.parameter(item)}]"
        if shape.kind == "map" and item:
            return f"Mapping[str, {self.parameter(item)}]"
        return PLAIN[shape.kind]

    def is_sensitive(self, shape: Shape) -> bool:
        """Whether a shape, or what it is made of, must not be shown."""
        parts = [self.service.shapes[name] for name in (shape.item, shape.key) if name]
        return shape.sensitive or any(part.sensitive for part in parts)

    def scalar(self, name: str) -> str:
        """The definition of a constrained scalar."""
        shape = self.service.shapes[name]
        if shape.kind == "boolean":
            return "StrictBool"
        if shape.kind == "string":
            low, high = _beside_the_pattern(shape)
            limits = _arguments(
                min_length=low,
                max_length=high,
                pattern=f"^(?:{shape.pattern})$" if shape.pattern else None,
            )
            return f"Annotated[StrictStr, StringConstraints({limits})]" if limits else "StrictStr"
        limits = _arguments(ge=shape.minimum, le=shape.maximum)
        return f"Annotated[StrictInt, Field({limits})]" if limits else "StrictInt"

    def limits(self, shape: Shape) -> str:
        """What a caller should know of a shape's bounds, in words, or nothing."""
        low, high = shape.minimum, shape.maximum
        if shape.kind in {"integer", "long"}:
            if low is not None and high is not None:
                return f"From {low} to {high}."
            return f"At least {low}." if low else ""
        unit = {"list": "item", "string": "character"}.get(shape.kind)
        if unit is None or shape.enum or high is None or shape.pattern or self.temporal(shape):
            return ""
        if low == high:
            return f"Exactly {high} {unit}{'' if high == 1 else 's'}."
        if low:
            return f"{low} to {high} {unit}s."
        return f"At most {high} {unit}{'' if high == 1 else 's'}."


def _arguments(**values: int | str | None) -> str:
    parts: list[str] = []
    for name, value in values.items():
        if value is None:
            continue
        text = f'r"{value}"' if isinstance(value, str) else str(value)
        parts.append(f"{name}={text}")
    return ", ".join(parts)


def python_name(member: str) -> str:
    """The Python name of a member, operation or parameter."""
    return xform_name(member)


def _beside_the_pattern(shape: Shape) -> tuple[int | None, int | None]:
    """The lengths of a string, but for those that its pattern says already."""
    low, high = shape.minimum or None, shape.maximum
    if parts := _ID.fullmatch(shape.pattern or ""):
        length = len(parts[1]) + int(parts[2])
        low = None if low is not None and low <= length else low
        high = None if high is not None and high >= length and not parts[3] else high
    return low, high
