"""Approvals of waves home from elsewhere: they stand on the jobs that launch home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery import marking
from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.instances import instance_of, is_replicated
from drs_sdk.recovery.record import approved_waves
from drs_sdk.recovery.run_errors import RunClosedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.look import PlaceLook
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing
    from drs_sdk.recovery.way_back.looking import BothSides


def is_on_its_way_home(standing: Standing) -> bool:
    """Whether an instance of a recovery is replicated home already."""
    if standing.run.is_drill:
        return False
    found = (instance_of(member, standing) for member in standing.members)
    return any(one is not None and is_replicated(one) for one in found)


def approved_home(run: Run, both: BothSides) -> set[int]:
    """Read which waves home were approved, by their place in the runbook."""
    return {
        number
        for _, _, look in _looks(run, both)
        for job in _jobs_home(run, look)
        for number in approved_waves(job)
    }


async def approve_home(run: Run, both: BothSides, wave: str, by: str) -> None:
    """Mark a wave as approved on the jobs that launch home.

    Raises:
        RunClosedError: The run was closed.
        RecoveryError: There is no job home yet.
    """
    if both.standing.closed is not None:
        raise RunClosedError(run.name, f"closed ({both.standing.closed})")
    number = both.standing.waves[wave].number
    tag = marking.approval(number, by)
    jobs: dict[Places, list[tuple[Target, Job]]] = {}
    for side, target, look in _looks(run, both):
        for job in _jobs_home(run, look):
            jobs.setdefault(side, []).append((target, job))
    if not jobs:
        raise RecoveryError(
            f"{run.name} is on its way home, and has no job there yet that could be marked: "
            "approve its first wave where it is launched, by approved= or approve= of fail_back()"
        )
    for side, marked in jobs.items():
        await marking.mark(side, marked, *tag)


def _looks(run: Run, both: BothSides) -> Iterator[tuple[Places, Target, PlaceLook]]:
    for target, look in both.origins.items():
        yield both.sides[target], target, look
    for target, look in both.standing.survey.looks.items():  # machines on premises
        if target not in both.origins:
            yield run.places, target, look


def _jobs_home(run: Run, look: PlaceLook) -> list[Job]:
    home = run.homewards(run.places, {}).identity
    return [job for job, record in look.run_jobs(run.name) if home.owns(job, record)]
