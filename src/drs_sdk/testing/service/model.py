"""The DRS service model of the installed botocore, as small typed values.

The only module of the emulator that reads botocore's model. Everything else works on
`Service`, `Operation` and `Shape`, so that the emulator judges requests and answers by the
service's own description and never by the SDK's models.
"""
# botocore ships no type information; it is wrapped here, once, with explicit casts.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import botocore
import botocore.loaders
import botocore.model

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "drs"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a structure, and where it travels.

    Attributes:
        shape: What the member holds.
        location: `uri`, `querystring`, `header`, or empty for the body.
        wire_name: Its name at that location.
    """

    shape: Shape
    location: str
    wire_name: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of the service model with the constraints it carries.

    Attributes:
        name: The service's name of the shape.
        kind: structure, list, map, string, integer, long, float, double, boolean or timestamp.
        members: Members of a structure, by name.
        required: Members that a structure must have.
        is_union: Whether exactly one member may be set.
        element: Item of a list, or value of a map.
        key: Key of a map.
        enum: Allowed strings, if the shape is an enum.
        minimum: Least value, length or number of items.
        maximum: Greatest value, length or number of items.
        pattern: What a string must match from its first to its last character.
    """

    name: str
    kind: str
    members: Mapping[str, Member] = field(default_factory=dict[str, Member])
    required: tuple[str, ...] = ()
    is_union: bool = False
    element: Shape | None = None
    key: Shape | None = None
    enum: frozenset[str] | None = None
    minimum: int | None = None
    maximum: int | None = None
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """A modelled exception: its HTTP status and its members."""

    name: str
    status: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: how it is reached, what it takes, answers and refuses with."""

    name: str
    snake_name: str
    method: str
    path: str
    status: int
    input: Shape
    output: Shape | None
    errors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Service:
    """The whole service: operations, errors and shapes by name, and the routing table."""

    operations: Mapping[str, Operation]
    errors: Mapping[str, ErrorShape]
    shapes: Mapping[str, Shape]
    _exact: Mapping[tuple[str, str], Operation]
    _templated: tuple[tuple[str, re.Pattern[str], Operation], ...]

    def route(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]] | None:
        """Find the operation behind a method and a still percent-encoded path.

        Returns:
            The operation and its path labels, or None when no operation lives there.
        """
        exact = self._exact.get((method, raw_path))
        if exact is not None:
            return exact, {}
        for verb, pattern, operation in self._templated:
            match = pattern.fullmatch(raw_path) if verb == method else None
            if match is not None:
                return operation, {key: unquote(text) for key, text in match.groupdict().items()}
        return None

    def operation(self, name: str) -> Operation:
        """Return an operation by its service name or its snake_case name.

        Raises:
            ValueError: No such operation.
        """
        found = self.operations.get(name)
        if found is None:
            found = next((o for o in self.operations.values() if o.snake_name == name), None)
        if found is None:
            raise ValueError(f"DRS has no operation called {name!r}")
        return found


@cache
def data_loader() -> object:
    """Return one botocore data loader, shared so that model files are read once a process."""
    return botocore.loaders.create_loader()


@cache
def load_service() -> Service:
    """Read the service model of the installed botocore."""
    loader: Any = data_loader()
    model = botocore.model.ServiceModel(loader.load_service_model(SERVICE, "service-2"), SERVICE)
    reader = _ShapeReader(model)
    operations: dict[str, Operation] = {}
    errors: dict[str, ErrorShape] = {}
    for name in cast("list[str]", model.operation_names):
        source: Any = model.operation_model(name)
        operations[name] = Operation(
            name=name,
            snake_name=botocore.xform_name(name),
            method=source.http["method"],
            path=source.http["requestUri"],
            status=int(source.http.get("responseCode", 200)),
            input=reader.read(source.input_shape) if source.input_shape else Shape("", "structure"),
            output=reader.read(source.output_shape) if source.output_shape else None,
            errors=frozenset(error.name for error in source.error_shapes),
        )
        for error in source.error_shapes:
            status = int(error.metadata["error"]["httpStatusCode"])
            errors[error.name] = ErrorShape(error.name, status, reader.read(error))
    exact = {(o.method, o.path): o for o in operations.values() if "{" not in o.path}
    templated = tuple(
        (o.method, _path_pattern(o.path), o) for o in operations.values() if "{" in o.path
    )
    return Service(operations, errors, reader.shapes, exact, templated)


def _path_pattern(path: str) -> re.Pattern[str]:
    # A label takes the rest of the path, slashes included: clients that leave the slash of
    # an ARN unencoded are understood too. DRS has one label, and it comes last.
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(path)))


class _ShapeReader:
    def __init__(self, model: object) -> None:
        self._model = model
        self.shapes: dict[str, Shape] = {}

    def read(self, source: Any) -> Shape:  # noqa: ANN401 - an untyped botocore shape
        known = self.shapes.get(source.name)
        if known is None:
            known = self.shapes[source.name] = self._build(source)
        return known

    def _build(self, source: Any) -> Shape:  # noqa: ANN401 - an untyped botocore shape
        kind = cast("str", source.type_name)
        metadata = cast("dict[str, Any]", source.metadata)
        members: dict[str, Member] = {}
        element = key = None
        if kind == "structure":
            for name, member in source.members.items():
                place = cast("dict[str, str]", member.serialization)
                wire_name = place.get("name", cast("str", name))
                members[name] = Member(self.read(member), place.get("location", ""), wire_name)
        elif kind == "list":
            element = self.read(source.member)
        elif kind == "map":
            key, element = self.read(source.key), self.read(source.value)
        enum = cast("list[str]", source.enum) if kind == "string" else []
        pattern = metadata.get("pattern")
        return Shape(
            name=source.name,
            kind=kind,
            members=members,
            required=tuple(metadata.get("required", ())),
            is_union=bool(metadata.get("union")),
            element=element,
            key=key,
            enum=frozenset(enum) if enum else None,
            minimum=metadata.get("min"),
            maximum=metadata.get("max"),
            pattern=re.compile(pattern, re.ASCII) if pattern else None,
        )
