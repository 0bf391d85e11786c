"""What a JSON object of the service is called in the emulator, and two things done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable

Doc: TypeAlias = dict[str, Any]
"""A structure in the service's own terms: camelCase member names and JSON values."""


def without_nulls(value: object, leaf: Callable[[object], object] | None = None) -> object:
    """Copy a JSON value without the members that are null, which mean "not sent".

    Args:
        value: The value.
        leaf: What to make of what is neither a structure nor a list.
    """
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {k: without_nulls(item, leaf) for k, item in members.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item, leaf) for item in cast("list[object]", value)]
    return value if leaf is None else leaf(value)


def deep_copy(value: object) -> object:
    """Copy a JSON value down to its leaves (much cheaper than `copy.deepcopy`)."""
    if isinstance(value, dict):
        return {key: deep_copy(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [deep_copy(item) for item in cast("list[object]", value)]
    return value


def copy_doc(doc: Doc) -> Doc:
    """Copy a structure down to its leaves."""
    return cast("Doc", deep_copy(doc))
