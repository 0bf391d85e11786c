"""The `drs` service model as the installed botocore carries it, in plain typed records."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import botocore.session
from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Kind = Literal["structure", "list", "map", "string", "integer", "long", "boolean", "timestamp"]


@dataclass(frozen=True)
class Shape:
    """A shape of the service model."""

    name: str
    kind: Kind
    enum: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    sensitive: bool = False
    members: Mapping[str, str] = field(default_factory=dict[str, str])
    required: frozenset[str] = frozenset()
    is_union: bool = False
    is_exception: bool = False
    item: str = ""
    key: str = ""
    idempotency_token: bool = False


@dataclass(frozen=True)
class Pagination:
    """How an operation pages."""

    input_token: str
    output_token: str
    result_key: str


@dataclass(frozen=True)
class Operation:
    """An operation of the service model."""

    name: str
    request: str
    output: str | None
    errors: tuple[str, ...]
    token_member: str | None
    pagination: Pagination | None

    @property
    def python_name(self) -> str:
        """The method's name."""
        return xform_name(self.name)


class Service:
    """The service model and its paginators."""

    def __init__(self) -> None:
        """Load from the installed botocore."""
        session = botocore.session.get_session()
        self._model = cast("Any", session.get_service_model("drs"))
        loader = cast("Any", session.get_component("data_loader"))
        self._paginators = loader.load_service_model("drs", "paginators-1")["pagination"]
        self.api_version: str = self._model.api_version

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Every operation by name."""
        return {name: self._operation(name) for name in sorted(self._model.operation_names)}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Every shape by name."""
        return {name: self._shape(name) for name in sorted(self._model.shape_names)}

    @property
    def structures(self) -> dict[str, Shape]:
        """The structures, exceptions among them."""
        return {name: shape for name, shape in self.shapes.items() if shape.kind == "structure"}

    @property
    def enums(self) -> dict[str, Shape]:
        """The string shapes with fixed values."""
        return {name: shape for name, shape in self.shapes.items() if shape.enum}

    def closure(self, roots: Iterable[str]) -> set[str]:
        """Every shape that stands in one of these, at any depth, themselves included."""
        seen: set[str] = set()
        waiting = list(roots)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            shape = self.shapes[name]
            waiting.extend(shape.members.values())
            waiting.extend(part for part in (shape.item, shape.key) if part)
        return seen

    @cached_property
    def sent(self) -> set[str]:
        """The shapes that can stand in a request."""
        return self.closure(operation.request for operation in self.operations.values())

    @cached_property
    def received(self) -> set[str]:
        """The shapes that can stand in a response."""
        return self.closure(
            operation.output for operation in self.operations.values() if operation.output
        )

    def _operation(self, name: str) -> Operation:
        model = self._model.operation_model(name)
        pages = self._paginators.get(name)
        tokens = model.idempotent_members
        output = model.output_shape
        for member in (output.members if output is not None else {}).values():
            if member.serialization.get("location"):
                raise NotImplementedError(f"{name}: an answer's member outside the body")
        return Operation(
            name=name,
            request=model.input_shape.name,
            output=output.name if output is not None else None,
            errors=tuple(shape.name for shape in model.error_shapes),
            token_member=tokens[0] if tokens else None,
            pagination=Pagination(
                pages["input_token"], pages["output_token"], cast("str", pages["result_key"])
            )
            if pages
            else None,
        )

    def _shape(self, name: str) -> Shape:
        model = self._model.shape_for(name)
        meta = model.metadata
        kind = model.type_name
        return Shape(
            name=name,
            kind=kind,
            enum=tuple(meta.get("enum", ())),
            minimum=meta.get("min"),
            maximum=meta.get("max"),
            pattern=meta.get("pattern"),
            sensitive=bool(meta.get("sensitive")),
            idempotency_token=bool(meta.get("idempotencyToken")),
            members={key: shape.name for key, shape in model.members.items()}
            if kind == "structure"
            else {},
            required=frozenset(model.required_members) if kind == "structure" else frozenset(),
            is_union=kind == "structure" and bool(model.is_tagged_union),
            is_exception=bool(meta.get("exception")),
            item=model.member.name if kind == "list" else model.value.name if kind == "map" else "",
            key=model.key.name if kind == "map" else "",
        )
