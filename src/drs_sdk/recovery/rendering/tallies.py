"""Counts and worst figures of the servers of a run or of a wave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from drs_sdk.recovery.rendering.words import UNKNOWN, measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from drs_sdk.recovery.outcomes import RunOutcome, ServerOutcome

Tone: TypeAlias = Literal["good", "bad", "open"]
"""How something is to be taken: ``open`` is neither, or not yet."""

_TONES: dict[str, Tone] = {
    "launched": "good",
    "up": "good",
    "succeeded": "good",
    "failed": "bad",
    "gone": "bad",
}
_ORDER = ("failed", "gone", "launching", "not launched", "launched")


def tone_of(state: str) -> Tone:
    """Tell how a state of a run, a wave or a server is to be taken."""
    return _TONES.get(state, "open")


def failed_first(servers: Iterable[ServerOutcome]) -> list[ServerOutcome]:
    """Order servers: failed, gone, launching, not launched, launched."""
    return sorted(servers, key=lambda server: _ORDER.index(server.outcome))


def by_wave(report: RunOutcome) -> dict[str, list[ServerOutcome]]:
    """Find the servers of each wave."""
    found: dict[str, list[ServerOutcome]] = {wave.name: [] for wave in report.waves}
    for server in report.servers:
        found.setdefault(server.wave, []).append(server)
    return found


def states(servers: Sequence[ServerOutcome]) -> str:
    """Count servers by what became of them, failed first; without those that are up."""
    numbers = [(sum(s.outcome == name for s in servers), name) for name in _ORDER[:-1]]
    return ", ".join(f"{number} {name}" for number, name in numbers if number)


def up(servers: Sequence[ServerOutcome]) -> str:
    """Count the servers that have come up."""
    return f"{sum(s.outcome == 'launched' for s in servers)} of {len(servers)}"


def worst(values: Sequence[timedelta | None]) -> str:
    """Write the greatest of some durations, and how many are not known."""
    told = [value for value in values if value is not None]
    unknown = len(values) - len(told)
    if not told:
        return measured(None)
    return measured(max(told)) + (f" (? for {unknown})" if unknown else "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How servers stand against an objective."""

    met: int
    missed: int
    unknown: int

    @classmethod
    def of(cls, answers: Iterable[bool | None]) -> Verdict:
        """Count the answers."""
        told = list(answers)
        return cls(told.count(True), told.count(False), told.count(None))

    @property
    def tone(self) -> Tone:
        """Missed by one is bad; good only where all are known to meet it."""
        if self.missed:
            return "bad"
        return "good" if self.met and not self.unknown else "open"

    def __str__(self) -> str:
        """Say it in words."""
        counts = ((self.missed, "missed"), (self.met, "met"), (self.unknown, UNKNOWN))
        told = [f"{number} {word}" for number, word in counts if number]
        return ", ".join(told) or UNKNOWN
