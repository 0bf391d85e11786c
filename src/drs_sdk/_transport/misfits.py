"""Values of an answer that do not fit their member: taken out one by one and kept aside."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from pydantic import ValidationError

from drs_sdk._core.paths import python_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk._core.base import Response

ModelT = TypeVar("ModelT")
Location: TypeAlias = tuple[str | int, ...]

logger: logging.Logger = logging.getLogger("drs_sdk")

_PATHS_IN_LOG = 10
_GONE = object()
"""Stands in a list where a value was, until the list is closed up."""


class Misfits:
    """What did not fit in one answer, by path."""

    def __init__(self, response_type: type[Response]) -> None:
        """Begin with none."""
        self._response_type = response_type
        self._numbers: dict[str, int] = {}
        self.values: dict[str, object] = {}

    def without(
        self,
        data: object,
        error: ValidationError,
        validate: Callable[[object], ModelT],
        *,
        place: Callable[[Location], Location] = lambda location: location,
    ) -> ModelT:
        """Take out what does not fit until the rest does; every round removes at least one value.

        A round takes time in proportion to the data, however much of it is at fault.

        Args:
            data: The answer, or a part of it, as plain data; it is changed.
            error: What was found when it was validated.
            validate: Validates it again.
            place: Says where a location of the part lies in the answer.

        Raises:
            ValidationError: What is wrong is no value that could be taken out.
        """
        while True:
            if not self.take_out(data, _deepest_first(error), place=place):
                raise error
            try:
                return validate(data)
            except ValidationError as next_error:
                error = next_error

    def take_out(
        self,
        data: object,
        locations: list[Location],
        *,
        place: Callable[[Location], Location] = lambda location: location,
    ) -> bool:
        """Remove the values at some locations, or the nearest ones above them.

        Returns:
            Whether anything was removed.
        """
        removed = False
        thinned: dict[int, list[object]] = {}
        for location in locations:
            found = _take_out(data, location, thinned)
            if found is not None:
                removed = True
                path = self._free(python_path(self._response_type, place(found[0])))
                self.values[path] = found[1]
        for items in thinned.values():
            items[:] = [item for item in items if item is not _GONE]
        return removed

    def warn(self, operation: str, request_id: str | None) -> None:
        """Log where they were, if there are any; not what they were."""
        if not self.values:
            return
        paths = list(self.values)
        shown = ", ".join(paths[:_PATHS_IN_LOG])
        more = len(paths) - _PATHS_IN_LOG
        logger.warning(
            "%s answered with %d value(s) that do not fit; they are left out: %s%s",
            operation,
            len(paths),
            shown,
            f" and {more} more" if more > 0 else "",
            extra={"operation": operation, "request_id": request_id, "paths": paths},
        )

    def _free(self, path: str) -> str:
        """Tell values apart that share a path, as those of a map with sensitive keys do."""
        if path not in self.values:
            return path
        while True:
            self._numbers[path] = self._numbers.get(path, 1) + 1
            name = f"{path} ({self._numbers[path]})"
            if name not in self.values:
                return name


def _deepest_first(error: ValidationError) -> list[Location]:
    """Order locations so that what lies in a value goes before the value."""
    locations = {found["loc"] for found in error.errors(include_url=False, include_input=False)}

    def order(location: Location) -> list[tuple[int, int, str]]:
        return [(1, part, "") if isinstance(part, int) else (0, 0, part) for part in location]

    return sorted(locations, key=order, reverse=True)


def _take_out(
    data: object, location: Location, thinned: dict[int, list[object]]
) -> tuple[Location, object] | None:
    """Remove the value at a location, or the nearest one above it; say where it was.

    Args:
        data: The answer, as plain data.
        location: Where the fault is.
        thinned: Takes the lists that have gaps now: they are closed once, when all is taken out,
            as each closing moves what follows.
    """
    container: object = data
    holder: tuple[dict[str, object] | list[object], str | int] | None = None
    depth = 0
    for part in location:
        if isinstance(container, dict) and part in container:
            mapping = cast("dict[str, object]", container)
            holder, container = (mapping, part), mapping[str(part)]
        elif (
            isinstance(container, list)
            and isinstance(part, int)
            and part < len(cast("list[object]", container))
        ):
            items = cast("list[object]", container)
            holder, container = (items, part), items[part]
        else:
            break
        depth += 1
    if holder is None:
        return None
    owner, key = holder
    if container is _GONE:
        return None
    if isinstance(owner, list):
        owner[int(key)] = _GONE
        thinned[id(owner)] = owner
    else:
        del owner[str(key)]
    return location[:depth], cast("object", container)
