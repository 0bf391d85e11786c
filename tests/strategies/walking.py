# ruff: noqa: ANN401 - JSON trees have any type
"""Holding a model against a JSON tree, member by member, by the service model."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from strategies import service_shapes as drs

if TYPE_CHECKING:
    from botocore.model import Shape


def differences(found: Shape, ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Every place where a model does not hold what a JSON tree says, with both values.

    Args:
        found: The shape of the structure.
        ours: The model.
        theirs: The tree in the service's names; a member that is missing is None, or empty for
            lists and maps.
        path: Where the structure stands.
    """
    if not isinstance(ours, BaseModel):
        return [f"{path}: {ours!r} is no model"]
    off: list[str] = []
    fields = type(ours).model_fields
    for alias, name, member in drs.members(found):
        here = f"{path}.{name}"
        if name not in fields:
            off.append(f"{here}: no such field")
            continue
        if (fields[name].serialization_alias or name) != alias:
            off.append(f"{here}: alias is {fields[name].serialization_alias}, not {alias}")
        kind = drs.kind_of(member, owner=found.name, member=alias)
        off += _different(member, kind, getattr(ours, name), theirs.get(alias), here)
    off += [f"{path}.{name}: kept, but a member of the model" for name in ours.model_extra or ()]
    return off


def _different(found: Shape, kind: drs.Kind, ours: Any, theirs: Any, path: str) -> list[str]:
    if kind == "list":
        return _different_lists(found, ours, theirs or [], path)
    if kind == "map":
        return _different_maps(found, ours, theirs or {}, path)
    if theirs is None:
        return [] if ours is None else [f"{path}: {ours!r}, not None"]
    if kind == "structure":
        return differences(found, ours, theirs, path)
    expected, same = theirs, type(ours) is type(theirs) and ours == theirs
    if kind == "datetime":
        expected = theirs if isinstance(theirs, datetime) else drs.parse_date_time(theirs)
        same = isinstance(ours, datetime) and ours == expected
        same = same and ours.utcoffset() == expected.utcoffset()
    elif kind == "duration":
        expected = drs.parse_duration(theirs)
        same = ours == expected
    elif kind == "enum":
        is_known = theirs in found.metadata["enum"]
        same = isinstance(ours, Enum) and str(ours) == theirs and ours.is_known is is_known  # type: ignore[attr-defined]
    return [] if same else [f"{path}: {ours!r}, not {expected!r}"]


def _different_lists(found: Shape, ours: Any, theirs: list[Any], path: str) -> list[str]:
    if not isinstance(ours, list) or len(ours) != len(theirs):
        return [f"{path}: {ours!r}, not {theirs!r}"]
    kind = drs.kind_of(found.member)
    off: list[str] = []
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        off += _different(found.member, kind, mine, other, f"{path}[{index}]")
    return off


def _different_maps(found: Shape, ours: Any, theirs: dict[str, Any], path: str) -> list[str]:
    if not isinstance(ours, dict) or list(ours) != list(theirs):
        return [f"{path}: {ours!r}, not {theirs!r}"]
    kind = drs.kind_of(found.value)
    off: list[str] = []
    for key, mine in ours.items():
        off += _different(found.value, kind, mine, theirs[key], f"{path}.{key}")
    return off
