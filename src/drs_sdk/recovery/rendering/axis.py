"""The scale of the timeline: from moments to places on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.words import objective, utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from drs_sdk.recovery.outcomes import JobOutcome, RunOutcome

_TICKS = 8
_STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
        *(3600, 7200, 10800, 21600, 43200, 86400),
    )
)
_DAY = timedelta(days=1)
_STRETCH = 1.5
"""How much longer than the run itself the scale may become to show an objective."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale.

    Attributes:
        start: When the run began: zero.
        first: The earliest moment shown.
        last: The latest moment shown.
        left: Where the earliest is drawn.
        width: How far it is from there to the latest.
    """

    start: datetime
    first: datetime
    last: datetime
    left: float
    width: float

    def x(self, at: datetime) -> float:
        """Find where a moment is drawn; one beyond the scale at its end."""
        share = (utc(at) - self.first) / (self.last - self.first)
        return self.left + self.width * min(max(share, 0.0), 1.0)

    def shows(self, at: datetime) -> bool:
        """Whether a moment is on the scale."""
        return self.first <= utc(at) <= self.last

    def ticks(self) -> Iterator[tuple[datetime, str]]:
        """Give the moments that are marked, with their distance from the start."""
        span = self.last - self.start
        days = _DAY * (span // (_DAY * _TICKS) + 1)
        step = next((step for step in _STEPS if span <= step * _TICKS), days)
        for number in range(span // step + 1):
            yield self.start + number * step, f"+{objective(number * step)}"


def axis_of(report: RunOutcome, *, left: float, width: float) -> Axis | None:
    """Choose the scale of a report; None where nothing is dated."""
    asked = [utc(job.asked_at) for job in report.jobs if job.asked_at is not None]
    if not asked:
        return None
    start = min([utc(report.started)] if report.started is not None else asked)
    seen = [utc(job.ended_at) for job in report.jobs if job.ended_at is not None]
    if report.at is not None and any(is_running(job) for job in report.jobs):
        seen.append(utc(report.at))
    last = max([*asked, *seen, start + timedelta(seconds=1)])
    limit = (last - start) * _STRETCH
    for wave in report.waves:
        wanted = wave.recovery_time_objective
        if wanted is not None and wanted <= limit:
            last = max(last, start + wanted)
    return Axis(start, min([*asked, start]), last, left, width)


def is_running(job: JobOutcome) -> bool:
    """Whether a job goes on."""
    return job.ended_at is None
