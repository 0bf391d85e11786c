"""From interleaved rounds to figures.

Ratios are taken within a round, where two peers were measured seconds apart, and the median is
taken over the rounds: what a busy machine does to one round, it does to both sides of it.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from processes import Cost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Rounds = dict[str, "list[Cost]"]


def interleave(
    names: tuple[str, ...], rounds: int, measure: Callable[[str], Cost], *, slices: int = 1
) -> Rounds:
    """Measure everybody in every round, after one that does not count; each goes first in turn.

    Args:
        names: Who is measured.
        rounds: How many rounds count.
        measure: Measures one of them.
        slices: Into how many measurements a round is cut, so that short work of all is done
            within the same moments.
    """
    for name in names:
        measure(name)
    costs: Rounds = {name: [] for name in names}
    for _ in range(rounds):
        shares: Rounds = {name: [] for name in names}
        for number in range(slices):
            at = (len(costs[names[0]]) + number) % len(names)
            for name in names[at:] + names[:at]:
                shares[name].append(measure(name))
        for name in names:
            costs[name].append(total(shares[name]))
    return costs


def total(costs: list[Cost]) -> Cost:
    """Add up."""
    return Cost(sum(cost.cpu for cost in costs), sum(cost.wall for cost in costs))


def milliseconds(seconds: Iterable[float]) -> float:
    """Give the median in milliseconds."""
    return median(seconds) * 1000


def cpu_ratio(costs: Rounds, name: str, base: str) -> float:
    """Give the median CPU time of one against another."""
    pairs = zip(costs[name], costs[base], strict=True)
    return median(mine.cpu / theirs.cpu for mine, theirs in pairs)


def wall_ratio(costs: Rounds, name: str, base: str) -> float:
    """Give the median wall time of one against another."""
    pairs = zip(costs[name], costs[base], strict=True)
    return median(mine.wall / theirs.wall for mine, theirs in pairs)
