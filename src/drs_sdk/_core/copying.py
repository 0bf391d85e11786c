"""Deep copies of what an answer was read into: what nobody can write to stands in both.

A structure as it was read, without extras, holds what its fields say. So it is known by its class
where a list or a map can be in it.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel

from drs_sdk._core.sharing import NO_EXTRAS

if TYPE_CHECKING:
    from collections.abc import Mapping

ModelT = TypeVar("ModelT", bound=BaseModel)

_set = object.__setattr__  # the structures are frozen
_extras_of = attrgetter("__pydantic_extra__")
_AS_READ = {id(NO_EXTRAS)}
_TEXT = {str}


def is_as_read(model: BaseModel) -> bool:
    """Find out whether a structure is as an answer said, without extras; no copy of one is."""
    return model.__pydantic_extra__ is NO_EXTRAS


def deep_copy(model: ModelT, memo: dict[int, Any]) -> ModelT:
    """Copy a structure that is as it was read, with what could be written to in it.

    Args:
        model: The structure.
        memo: What has been copied so far, as `copy.deepcopy` keeps it.
    """
    kind = type(model)
    made = kind.__new__(kind)
    memo[id(model)] = made
    content = model.__dict__.copy()
    for name in (*_branches(kind), *_parts(kind)):
        if (value := content[name]) is not None:
            content[name] = _copied(value, memo)
    private: Mapping[str, object] | None = getattr(model, "__pydantic_private__", None)
    _set(made, "__dict__", content)
    _set(made, "__pydantic_extra__", {})
    _set(made, "__pydantic_fields_set__", model.__pydantic_fields_set__.copy())
    _set(made, "__pydantic_private__", private and deepcopy(private, memo))
    return made


def _copied(value: object, memo: dict[int, Any]) -> object:
    kind = type(value)
    if kind is list:
        return _copied_list(cast("list[object]", value), memo)
    if kind is dict:
        members = cast("dict[str, object]", value)
        return (
            members.copy()
            if _TEXT.issuperset(map(type, members.values()))
            else deepcopy(value, memo)
        )
    if _is_model(kind):
        model = cast("BaseModel", value)
        if _cannot_be_written_to(model):
            return model
        if is_as_read(model) and id(model) not in memo:
            return deep_copy(model, memo)
    return deepcopy(value, memo)


def _copied_list(items: list[object], memo: dict[int, Any]) -> list[object]:
    kinds = {*map(type, items)}
    if len(kinds) == 1:
        (kind,) = kinds
        if kind is str:
            return items.copy()
        is_plain = _is_model(kind) and not _branches(kind) and not _parts(kind)
        if is_plain and _AS_READ.issuperset(map(id, map(_extras_of, items))):
            return items.copy()
    made: list[object] | None = memo.get(id(items))
    if made is None:
        made = memo[id(items)] = []
        made += [_copied(each, memo) for each in items]
    return made


def _cannot_be_written_to(model: BaseModel) -> bool:
    kind = type(model)
    if not is_as_read(model) or _branches(kind):
        return False
    content = model.__dict__
    parts = (content[name] for name in _parts(kind))
    return all(part is None or _cannot_be_written_to(part) for part in parts)


@cache
def _is_model(kind: type) -> bool:
    return issubclass(kind, BaseModel)


@cache
def _branches(kind: type[BaseModel]) -> tuple[str, ...]:
    """Name the fields of a class in which there can be a list or a map, at whatever depth."""
    fields = kind.model_fields.items()
    return tuple(name for name, field in fields if any(map(_is_open, _kinds(field.annotation))))


@cache
def _parts(kind: type[BaseModel]) -> tuple[str, ...]:
    """Name the fields of a class that are structures without one, but may have extras."""
    fields = kind.model_fields.items()
    names = (name for name, field in fields if any(map(_is_model, _kinds(field.annotation))))
    return tuple(name for name in names if name not in _branches(kind))


def _is_open(kind: type) -> bool:
    return bool(_branches(kind)) if _is_model(kind) else kind in {list, dict, object}


def _kinds(annotation: object) -> list[type]:
    """List the classes that a value may be of; ``object`` where that is not known."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        return [kind for each in get_args(annotation) for kind in _kinds(each)]
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    found = origin or annotation
    return [found] if isinstance(found, type) else [object]
