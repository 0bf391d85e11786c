"""Who comes after whom: an order that respects it, or the circle that allows none."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def in_order(after: Mapping[str, Collection[str]]) -> list[str]:
    """Put each name after those it comes after; otherwise they stay as they were given.

    Args:
        after: For each name, the names that it comes after: keys, too, and in no circle.
    """
    names = list(after)
    place = {name: index for index, name in enumerate(names)}
    waits_for = {name: set(before) for name, before in after.items()}
    followers: dict[str, list[str]] = {name: [] for name in names}
    for name, before in waits_for.items():
        for each in before:
            followers[each].append(name)
    ready = [place[name] for name in names if not waits_for[name]]  # in order, so a heap
    ordered: list[str] = []
    while ready:
        done = names[heappop(ready)]
        ordered.append(done)
        for name in followers[done]:
            waits_for[name].remove(done)
            if not waits_for[name]:
                heappush(ready, place[name])
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
