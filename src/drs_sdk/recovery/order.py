"""Who comes after whom: an order that respects it, or the circle that allows none."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def in_order(after: Mapping[str, Collection[str]]) -> list[str]:
    """Put each name after those it comes after; otherwise they stay as they were given.

    Args:
        after: For each name, the names that it comes after; all of them are keys, too.
    """
    ordered: list[str] = []
    left = list(after)
    while left:
        ready = next(name for name in left if set(after[name]) <= set(ordered))
        left.remove(ready)
        ordered.append(ready)
    return ordered


def circle_in(after: Mapping[str, Collection[str]]) -> list[str]:
    """Find names that come after each other in a circle: ``[a, b, a]`` says that a is after b.

    Args:
        after: For each name, the names that it comes after.

    Returns:
        The circle, its first name again at its end; empty when there is none.
    """
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]  # there, each comes before the next
    return []
