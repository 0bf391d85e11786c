"""Jobs that run, and when it is worth to look at one again: near its expected end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from drs_sdk.models import Job
    from drs_sdk.recovery.look import PlaceLook

TYPICAL = timedelta(minutes=9)
"""How long a launch takes, in a real capture: snapshot, conversion, launch."""

_CLOSEST = timedelta(seconds=5)
_FARTHEST = timedelta(seconds=30)
_PART = 4


def expected_length(jobs: Iterable[Job]) -> timedelta:
    """Guess how long a launch takes from those that have ended in the same place."""
    lengths = [
        job.duration
        for job in jobs
        if job.type == "LAUNCH" and job.is_completed and job.duration is not None
    ]
    return sorted(lengths)[len(lengths) // 2] if lengths else TYPICAL


def next_look(
    running: Iterable[Job],
    expected: timedelta,
    now: datetime,
    *,
    closest: timedelta = _CLOSEST,
    farthest: timedelta = _FARTHEST,
) -> timedelta:
    """Say how long to wait before looking at jobs that run.

    The nearer the expected end, the shorter: a quarter of what is left. After it, a quarter of
    what it is late by.

    Args:
        running: The jobs.
        expected: How long one is expected to take.
        now: The service's time.
        closest: The shortest wait.
        farthest: The longest.
    """
    waits = [
        abs(job.creation_date_time + expected - now) / _PART
        for job in running
        if job.creation_date_time is not None
    ]
    return min(max(min(waits, default=farthest), closest), farthest)


def has_ended(job: Job) -> bool:
    """Whether nothing more becomes of a job."""
    return job.is_completed and not job.pending_servers


def running_jobs(look: PlaceLook) -> list[Job]:
    """The jobs of a place that run, whoever started them."""
    return [job for job in look.jobs.values() if not job.is_completed]
