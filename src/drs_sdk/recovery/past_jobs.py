"""The jobs of earlier attempts, which no server names any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk.recovery.look import ARRIVAL
from drs_sdk.recovery.reads import jobs_since
from drs_sdk.recovery.record import record_of

if TYPE_CHECKING:
    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.record import Record
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing


@dataclass(frozen=True, slots=True)
class PastJobs:
    """What was found of earlier attempts.

    Attributes:
        jobs: The run's jobs that were not known, with their places and records.
        unreadable: Places that did not tell, with the reason.
    """

    jobs: list[tuple[Target, Job, Record]] = field(
        default_factory=list["tuple[Target, Job, Record]"]
    )
    unreadable: dict[str, str] = field(default_factory=dict[str, str])


async def find_past_jobs(run: Run, standing: Standing) -> PastJobs:
    """List the jobs of those places where a server was launched again and its first job is unknown.

    One listing of a place, from the run's beginning on; none where nothing is missing.
    """
    known = {job.job_id for _, job, _ in standing.jobs}
    attempts = {
        (target, record.attempt, server.source_server_id)
        for target, job, record in standing.jobs
        for server in job.participating_servers
    }
    incomplete = {
        member.target
        for member in standing.members
        if any(
            (member.target, attempt, member.server_id) not in attempts
            for attempt in range(1, member.attempt)
        )
    }
    if not incomplete or standing.started is None:
        return PastJobs()
    since = standing.started - ARRIVAL

    async def ask(drs: DRSClient, _: Target) -> dict[str, Job]:
        return await jobs_since(drs, since)

    outcomes = await run.places.run(ask, sorted(incomplete, key=str))
    found = [
        (target, job, record)
        for target, jobs in outcomes.results.items()
        for job_id, job in jobs.items()
        if job_id not in known
        and (record := record_of(job)) is not None
        and run.identity.owns(job, record)
    ]
    return PastJobs(found, {str(target): str(error) for target, error in outcomes.failures.items()})
