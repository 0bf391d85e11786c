"""Marks on the jobs of a run: approvals, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.guards import job_order
from drs_sdk.recovery.record import APPROVED, CLOSED, fit
from drs_sdk.recovery.run_errors import RunClosedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing


async def approve(run: Run, standing: Standing, wave: str, by: str) -> None:
    """Mark a wave as approved.

    Raises:
        RunbookError: There is no such wave.
        RunClosedError: The run was closed.
        RecoveryError: There is no job to mark.
    """
    run.runbook.wave(wave)
    if standing.closed is not None:
        raise RunClosedError(run.name, f"closed ({standing.closed})")
    if not standing.jobs:
        raise RecoveryError(
            f"{run.name} has no job yet that could be marked: approve its first wave where it is "
            "launched, by approved= or approve="
        )
    number = standing.waves[wave].number
    await mark(run.places, _jobs(standing), *approval(number, by))


async def close(run: Run, standing: Standing, reason: str) -> None:
    """Mark the run as closed.

    Raises:
        RecoveryError: There is no job to mark.
    """
    text = _required("reason", reason)
    if standing.closed is not None:
        return
    if not standing.jobs:
        raise RecoveryError(f"{run.name} has no job yet: there is nothing to close")
    await mark(run.places, _jobs(standing), CLOSED, text)


def approval(number: int, by: str) -> tuple[str, str]:
    """Make the tag that approves a wave, by its place in the runbook.

    Raises:
        RequestValidationError: Nobody is named.
    """
    return f"{APPROVED}{number}", _required("by", by)


def _jobs(standing: Standing) -> list[tuple[Target, Job]]:
    return [(target, job) for target, job, _ in standing.jobs]


def _required(name: str, value: str) -> str:
    text = fit(value)
    if not text:
        raise RequestValidationError.of(name, "must not be empty")
    return text


async def mark(places: Places, jobs: Iterable[tuple[Target, Job]], tag: str, value: str) -> None:
    """Tag jobs of a run: whichever of them a later look comes upon tells.

    Raises:
        DRSError: One could not be tagged.
    """
    by_place: dict[Target, list[Job]] = {}
    for target, job in jobs:
        by_place.setdefault(target, []).append(job)

    async def tag_all(drs: DRSClient, target: Target) -> None:
        for job in sorted(by_place[target], key=job_order, reverse=True):
            if job.arn is None:
                raise RecoveryError(f"job {job.job_id} has no ARN to tag")
            await drs.tag_resource(resource_arn=job.arn, tags={tag: value})

    outcomes = await places.run(tag_all, list(by_place))
    for error in outcomes.failures.values():
        raise error
