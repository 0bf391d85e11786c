"""Equal small structures of answers are one object, which keeps a fleet small in memory.

Nobody can see it: only frozen structures of plain values are shared, and only those that an answer
of the service was read into. What a user builds or validates is the user's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound="BaseModel")

MOST = 512
"""Entries of a pool: it is emptied when it is full, so what varies cannot pile up."""

LONGEST = 512
"""Characters or bits of a value that is kept for others."""

_PLAIN = frozenset({str, int, bool, type(None)})


class Sharing:
    """The structures read so far. It is the context that an answer is validated with."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._structures: dict[type[BaseModel], dict[object, object]] = {}
        self._names: dict[frozenset[str], set[str]] = {}

    @property
    def kept(self) -> int:
        """How many structures and sets of names are held for the next."""
        return len(self._names) + sum(len(pool) for pool in list(self._structures.values()))

    def structure(
        self, model: type[ModelT], value: object, build: Callable[[object], ModelT]
    ) -> ModelT:
        """Find the structure that was built of the same values, or build it.

        Args:
            model: The class of the structure.
            value: Its members as they were sent.
            build: Makes the structure; its error passes through.

        Returns:
            A structure that is equal in every way to one built anew.
        """
        if type(value) is not dict:
            return build(value)
        members = cast("dict[str, object]", value)
        types = tuple(map(type, members.values()))
        if not _PLAIN.issuperset(types):  # lists cannot be keys; 0.0 and -0.0 are one key
            return build(members)
        key = (*members.items(), types)  # with types, as 1 and True are one key
        pool = self._structures.setdefault(model, {})
        found = pool.get(key)
        if found is not None:
            return cast("ModelT", found)
        built = build(members)
        if not built.model_extra and _is_short(members):  # extras can be written to
            if len(pool) >= MOST:
                pool.clear()
            pool[key] = built
        return built

    def names(self, fields: set[str]) -> set[str]:
        """Find the equal set of field names, or keep this one for the next."""
        if len(self._names) >= MOST:
            self._names.clear()
        return self._names.setdefault(frozenset(fields), fields)


def _is_short(members: Mapping[str, object]) -> bool:
    """Whether a structure may be kept when nobody uses it any more."""
    for value in members.values():
        if isinstance(value, str) and len(value) > LONGEST:
            return False
        if isinstance(value, int) and value.bit_length() > LONGEST:
            return False
    return True
