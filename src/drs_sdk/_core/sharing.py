"""Equal small structures of answers are one object, which keeps a fleet small in memory.

Nobody can see it: only frozen structures of plain values are shared, and only those that an answer
of the service was read into. What a user builds or validates is the user's own.
"""

from __future__ import annotations

from collections import defaultdict
from marshal import dumps
from typing import TYPE_CHECKING, TypeVar

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


NO_EXTRAS: dict[str, Any] = {}
"""Stands in every structure that was read and has none: `Shape.model_extra` gives a copy of it."""

_set = object.__setattr__  # the structures are frozen


class Sharing:
    """The structures read so far. It is the context that an answer is validated with.

    What was sent is looked up as the bytes that marshal writes of it: they tell 1, 1.0 and True
    apart, as they do every two values of JSON, and are made without a step of Python.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        # By the type of what was read.
        self._pools: defaultdict[object, dict[bytes, Any]] = defaultdict(dict)
        self._names: dict[frozenset[str], set[str]] = {}
        self._left_out = object()  # another one for each structure that is not to be kept
        self._latest: dict[type[BaseModel], set[str]] = {}  # the names that its last one had

    @property
    def kept(self) -> int:
        """How many structures, lists of them and sets of names are held for the next."""
        return len(self._names) + sum(len(pool) for pool in list(self._pools.values()))

    def structure(
        self, model: type[ModelT], value: object, build: Callable[[object], ModelT]
    ) -> ModelT:
        """Find the structure that was built of the same members, or build it.

        Args:
            model: The class of the structure, whose members are plain values, or such structures.
            value: Its members as they were sent.
            build: Makes the structure; its error passes through.

        Returns:
            A structure that is equal in every way to one built anew.
        """
        if type(value) is not dict:
            return build(value)
        sent = dumps(value, _BY_VALUE)  # pyright: ignore[reportUnknownArgumentType]
        pool = self._pools[model]
        found: ModelT | None = pool.get(sent)
        if found is not None:
            return found
        left_out = self._left_out
        built = build(value)  # pyright: ignore[reportUnknownArgumentType]
        if built.__pydantic_extra__ or len(sent) > LONGEST:  # lists in extras can be written to
            self._left_out = object()
        elif self._left_out is left_out:  # nor was anything in it left out
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
        sent = dumps(value, _BY_VALUE)  # pyright: ignore[reportUnknownArgumentType]
        pool = self._pools[kind]
        found: tuple[ModelT, ...] | None = pool.get(sent)
        if found is not None:
            return [*found]
        left_out = self._left_out
        built = build(value)  # pyright: ignore[reportUnknownArgumentType]
        if self._left_out is left_out and len(sent) <= LONGEST:
            _keep(pool, sent, tuple(built))
        return built

    def lighten(self, model: BaseModel) -> None:
        """Give a structure the set of field names that its likes have, and no extras of its own.

        Args:
            model: A structure that was just read; where it has extras, it keeps them.
        """
        kind = type(model)
        given = model.__pydantic_fields_set__
        names = self._latest.get(kind)
        if names != given:
            names = self._latest[kind] = self.names(given)
        _set(model, "__pydantic_fields_set__", names)
        if not model.__pydantic_extra__:
            _set(model, "__pydantic_extra__", NO_EXTRAS)

    def names(self, fields: set[str]) -> set[str]:
        """Find the equal set of field names, or keep this one for the next."""
        if len(self._names) >= MOST:
            self._names.clear()
        return self._names.setdefault(frozenset(fields), fields)


def _keep(pool: dict[bytes, Any], sent: bytes, built: object) -> None:
    if len(pool) >= MOST:
        pool.clear()
    pool[sent] = built
