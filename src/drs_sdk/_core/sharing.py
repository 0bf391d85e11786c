"""Equal small structures of answers are one object, which keeps a fleet small in memory.

Nobody can see it: only frozen structures of plain values are shared, and only those that an answer
of the service was read into. What a user builds or validates is the user's own.
"""

from __future__ import annotations

from marshal import dumps
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound="BaseModel")

MOST = 512
"""Entries of a pool: it is emptied when it is full, so what varies cannot pile up."""

LONGEST = 2048
"""Bytes of what was sent, of a structure or a list of them that is kept for others."""

_BY_VALUE = 0
"""The version of marshal's format that writes equal values alike, whatever the objects are."""


class Sharing:
    """The structures read so far. It is the context that an answer is validated with.

    What was sent is looked up as the bytes that marshal writes of it: they tell 1, 1.0 and True
    apart, as they do every two values of JSON, and are made without a step of Python.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._pools: dict[object, dict[bytes, Any]] = {}  # by the type of what was read
        self._names: dict[frozenset[str], set[str]] = {}

    @property
    def kept(self) -> int:
        """How many structures, lists of them and sets of names are held for the next."""
        return len(self._names) + sum(len(pool) for pool in list(self._pools.values()))

    def structure(
        self, model: type[ModelT], value: object, build: Callable[[object], ModelT]
    ) -> ModelT:
        """Find the structure that was built of the same members, or build it.

        Args:
            model: The class of the structure, whose members are plain values.
            value: Its members as they were sent.
            build: Makes the structure; its error passes through.

        Returns:
            A structure that is equal in every way to one built anew.
        """
        if type(value) is not dict:
            return build(value)
        members = cast("dict[str, object]", value)
        pool = self._pools.setdefault(model, {})
        sent = dumps(members, _BY_VALUE)
        found = pool.get(sent)
        if found is not None:
            return cast("ModelT", found)
        built = build(members)
        if not built.model_extra and len(sent) <= LONGEST:  # extras can be written to
            _keep(pool, sent, built)
        return built

    def items(
        self, kind: object, value: object, build: Callable[[object], list[ModelT]]
    ) -> list[ModelT]:
        """Find the structures that were built of an equal list, or build them.

        Args:
            kind: What tells lists of these structures from others.
            value: The list as it was sent.
            build: Makes the list; its error passes through.

        Returns:
            A list of the caller's own.
        """
        if type(value) is not list:
            return build(value)
        items = cast("list[object]", value)
        pool = self._pools.setdefault(kind, {})
        sent = dumps(items, _BY_VALUE)
        found = pool.get(sent)
        if found is not None:
            return list(found)
        built = build(items)
        if len(sent) <= LONGEST and not any(each.model_extra for each in built):
            _keep(pool, sent, tuple(built))
        return built

    def names(self, fields: set[str]) -> set[str]:
        """Find the equal set of field names, or keep this one for the next."""
        if len(self._names) >= MOST:
            self._names.clear()
        return self._names.setdefault(frozenset(fields), fields)


def _keep(pool: dict[bytes, Any], sent: bytes, built: object) -> None:
    if len(pool) >= MOST:
        pool.clear()
    pool[sent] = built
