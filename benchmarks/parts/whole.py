"""What holds or does not: counts that one script each finds out, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processes import read_fresh
from sizes import WAITS
from tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from processes import Service

_MS = 1000


def sends(_service: Service, _quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Count how often a launch whose answer is lost is sent."""
    most, tried = read_fresh("sends.py")
    return _table(
        "sends",
        "Launches whose answer is lost, under faults, handlers, retry modes and a proxy",
        {"launches": ("launches tried", tried), "most": ("most sends of one", most)},
    )


def idle(_service: Service, _quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Count launches that are lost to connections which the service has closed."""
    went, tried = read_fresh("idle_launches.py")
    return _table(
        "idle",
        "Launches after the service closed the idle connection while the loop stood still",
        {"launches": ("launches tried", tried), "lost": ("lost", tried - went)},
    )


def endpoints(_service: Service, _quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Count settings that lead elsewhere than raw aiobotocore's client."""
    different, tried = read_fresh("endpoints.py")
    return _table(
        "endpoints",
        "Endpoints and signing Regions against aiobotocore's",
        {"settings": ("settings tried", tried), "different": ("different", different)},
    )


def waits(_service: Service, quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Time the longest step while very many waits are joined and cancelled."""
    longest = sorted(read_fresh("waits_stall.py")[0] for _ in range(1 if quick else 3))
    return _table(
        "waits",
        f"{WAITS:,} waits joined, then cancelled at once",
        {"longest": ("longest step, ms", longest[len(longest) // 2] * _MS)},
    )


def _table(name: str, title: str, figures: dict[str, tuple[str, float]]) -> Table:
    columns = tuple(Column(key, heading, 0) for key, (heading, _) in figures.items())
    row = {key: value for key, (_, value) in figures.items()}
    return Table(name, title, columns, {"ours": row}, {"ours": "**drs-sdk**"})


WHOLE: dict[str, Callable[[Service, bool], Table]] = {
    "sends": sends,
    "idle": idle,
    "endpoints": endpoints,
    "waits": waits,
}
