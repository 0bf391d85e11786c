"""Where a value stands in a model: paths in Python names, as `server.disks[0].bytes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic.fields import FieldInfo


def python_path(model: type[BaseModel], location: Iterable[str | int]) -> str:
    """Write a location in Python names.

    Args:
        model: The model the location starts from.
        location: Aliases or names of fields, indexes of lists, keys of maps.
    """
    current: type[BaseModel] | None = model
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        name, found = _field(current, part) if current is not None else (part, None)
        current = next(_models_in(found.annotation), None) if found else None
        text += f".{name}" if text else name
        if found is not None and not found.repr:
            break  # what is sensitive may have sensitive keys
    return text


def siblings(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """Name the fields of the structure that the last part of a location was looked for in."""
    current = model
    for part in list(location)[:-1]:
        if isinstance(part, str):
            _, found = _field(current, part)
            current = next(_models_in(found.annotation), current) if found else current
    return list(current.model_fields)


def _field(model: type[BaseModel], part: str) -> tuple[str, FieldInfo | None]:
    for name, field in model.model_fields.items():
        if part in (name, field.validation_alias):
            return name, field
    return part, None


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in cast("tuple[object, ...]", get_args(annotation)):
        yield from _models_in(inner)
