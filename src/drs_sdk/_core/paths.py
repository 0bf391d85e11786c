"""Where a value stands in a model: paths in Python names, as `server.disks[0].bytes`."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Union, cast, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.fields import FieldInfo


def python_path(model: type[BaseModel], location: Iterable[str | int]) -> str:
    """Write a location in Python names.

    Args:
        model: The model the location starts from.
        location: Aliases or names of fields, indexes of lists, keys of maps.
    """
    annotation: object = model
    text = ""
    for part in location:
        annotation = _without_none(annotation)
        if isinstance(part, int):
            text += f"[{part}]"
            annotation = _last_argument(annotation)
            continue
        structure = _structure(annotation)
        name, found = _field(structure, part) if structure else (part, None)
        if structure is not None:
            annotation = found.annotation if found else None
        else:
            annotation = _last_argument(annotation)  # a key of a map
        text += f".{name}" if text else name
        if found is not None and not found.repr:
            break  # what is sensitive may have sensitive keys
    return text


def to_member(model: type[BaseModel], location: Iterable[str | int]) -> tuple[str | int, ...]:
    """Cut a location off after the first part that the model knows no structure of.

    Args:
        model: The model the location starts from.
        location: Aliases or names of fields, indexes of lists, keys of maps.
    """
    annotation: object = model
    parts: list[str | int] = []
    for part in location:
        annotation = _without_none(annotation)
        structure = _structure(annotation)
        if structure is None and get_origin(annotation) not in {list, dict}:
            break
        parts.append(part)
        if structure is None:
            annotation = _last_argument(annotation)
        else:
            found = _field(structure, str(part))[1]
            annotation = found.annotation if found else None
    return tuple(parts)


def siblings(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """Name the fields of the structure that the last part of a location was looked for in."""
    annotation: object = model
    for part in list(location)[:-1]:
        annotation = _without_none(annotation)
        structure = _structure(annotation)
        if structure is not None and isinstance(part, str):
            found = _field(structure, part)[1]
            annotation = found.annotation if found else None
        else:
            annotation = _last_argument(annotation)
    structure = _structure(_without_none(annotation))
    return list(structure.model_fields) if structure else []


def _field(model: type[BaseModel], part: str) -> tuple[str, FieldInfo | None]:
    for name, field in model.model_fields.items():
        if part in (name, field.validation_alias):
            return name, field
    return part, None


def _structure(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _without_none(annotation: object) -> object:
    """Unwrap ``Annotated[X, ...]`` and ``X | None`` to X."""
    arguments = cast("tuple[object, ...]", get_args(annotation))
    if get_origin(annotation) is Annotated:
        return _without_none(arguments[0])
    if get_origin(annotation) in {UnionType, Union}:
        return _without_none(next(each for each in arguments if each is not NoneType))
    return annotation


def _last_argument(annotation: object) -> object:
    """What a list or map holds; None where that is not known."""
    arguments = cast("tuple[object, ...]", get_args(annotation))
    return next((each for each in reversed(arguments) if each is not Ellipsis), None)
