"""The arguments of a function out of JSON, checked by its signature."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Sequence
from dataclasses import is_dataclass
from datetime import timedelta
from functools import cached_property
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    ValidationError,
    WithJsonSchema,
    create_model,
)

from drs_sdk.testing.admin.annotations import parameter_types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drs_sdk.testing.service.documents import Doc

_SERIES = {Iterable, Sequence, Collection}


class Arguments:
    """What a function takes, read from JSON as strictly as from Python.

    Lengths of time are seconds or ISO 8601 (`"PT5M"`), points in time ISO 8601.
    """

    def __init__(
        self, function: Callable[..., object], types: Mapping[object, object] | None = None
    ) -> None:
        """Keep the function, as it is called: a bound one, or one whose `self` is left out.

        Args:
            function: The function.
            types: What to read where a parameter is annotated so, or, by its name, where it is
                called so.
        """
        self._function = function
        self._types = types or {}

    def parse(self, document: bytes | Doc) -> dict[str, object]:
        """Read the arguments; those left out are left to the function.

        Args:
            document: A JSON object, written or read. Written and empty, it is one without
                members.

        Raises:
            ValueError: It is no JSON object, or not what the function takes; each mistake is
                named.
        """
        try:
            if isinstance(document, bytes):
                read = self._model.model_validate_json(document.strip() or b"{}")
            else:
                read = self._model.model_validate(document)
        except ValidationError as error:
            raise ValueError(self._mistakes(error)) from None
        given = {
            info.alias or field: cast("object", getattr(read, field))
            for field, info in self._model.model_fields.items()
            if field in read.model_fields_set
        }
        return {**given, **(read.model_extra or {})}

    def schema(self) -> dict[str, object]:
        """Return the JSON schema of the arguments."""
        schema = cast("dict[str, object]", self._model.model_json_schema())
        schema.pop("title", None)
        return schema

    @cached_property
    def _model(self) -> type[BaseModel]:
        types = parameter_types(self._function)
        fields: dict[str, Any] = {}
        extra = False
        for name, parameter in inspect.signature(self._function).parameters.items():
            if name == "self":
                continue
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                extra = True
                continue
            default: object = parameter.default
            if default is inspect.Parameter.empty:
                default = ...
            # By an alias: a parameter may be called as something that models have.
            fields[f"given_{name}"] = (
                self._types.get(name) or self._readable(types[name]),
                Field(default, alias=name),
            )
        config = ConfigDict(extra="allow" if extra else "forbid", strict=True)
        return create_model(self._function.__name__, __config__=config, **fields)

    def _readable(self, annotation: object) -> object:
        """Return what to read from JSON for an annotation."""
        if annotation in self._types:
            return self._types[annotation]
        if annotation is timedelta:
            return Annotated[timedelta, Strict(strict=False)]
        if _is_record(annotation):
            return _readable_record(cast("type[object]", annotation))
        parts = [self._readable(part) for part in get_args(annotation)]
        if get_origin(annotation) in _SERIES:
            # Pydantic reads other series late, one item after the other.
            return list[parts[0]]  # type: ignore[valid-type]
        if get_origin(annotation) in {Union, UnionType}:
            joined: Any = parts[0]
            for part in parts[1:]:
                joined |= part
            return cast("object", joined)
        return annotation

    def _mistakes(self, error: ValidationError) -> str:
        taken = ", ".join(info.alias or "" for info in self._model.model_fields.values())
        told: list[str] = []
        for detail in error.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in detail["loc"]) or "the arguments"
            text = detail["msg"].removeprefix("Value error, ")
            if detail["type"] == "extra_forbidden":
                text = f"there is no such argument; there are: {taken or 'none'}"
            told.append(f"{where}: {text}")
        return "; ".join(told)


def _readable_record(record: type[object]) -> object:
    """Return how to read a dataclass: by what it takes, as a function is."""
    arguments = Arguments(record)

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("Input should be an object")  # noqa: TRY004 - pydantic's rule
        return record(**arguments.parse(cast("Doc", value)))

    return Annotated[object, PlainValidator(read), WithJsonSchema(arguments.schema())]


def _is_record(annotation: object) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation)
