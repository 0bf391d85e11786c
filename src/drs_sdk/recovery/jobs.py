"""A look at one job: whether it runs, how it ended, and when to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery import pacing
from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.look import SETTLING
from drs_sdk.recovery.reads import jobs_by_id, reads_of
from drs_sdk.recovery.reasons import failure_reasons
from drs_sdk.recovery.status import Plain

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.models import Job

JobState: TypeAlias = Literal["running", "succeeded", "failed"]


class JobLook(Plain):
    """How a job stands.

    Attributes:
        job_id: The job.
        state: ``running``, or how it ended: ``failed`` where one server has not come to its good
            end.
        reasons: Why servers failed, by source server.
        succeeded: The servers that came to the job's good end.
        next_look_in: In how many seconds it is worth to look again; None once it has ended.
    """

    job_id: str
    state: JobState
    reasons: dict[str, str] = Field(default_factory=dict[str, str])
    succeeded: tuple[str, ...] = ()
    next_look_in: float | None = None


async def look_at_job(drs: DRSClient, job: Job | str) -> JobLook:
    """Look at a job once: what a scheduler does between its own sleeps.

    Reads ``DescribeJobs`` and, for a job with failed servers, ``DescribeJobLogItems``.

    Args:
        drs: An open client of the job's place.
        job: The job or its id.

    Raises:
        RequestValidationError: It is no job.
        RecoveryError: The service does not know the job (any more).
        DRSError: The service could not be asked.
    """
    job_id = job if isinstance(job, str) else job.job_id
    if not job_id:
        raise RequestValidationError.of("job", "must be a Job or its id, drsjob-...")
    await reads_of(drs).gathered()
    read = await jobs_by_id(drs, [job_id])
    found = read.jobs.get(job_id)
    if found is None:
        raise RecoveryError(f"there is no job {job_id} here: it expired, or is of another place")
    at = read.at or drs.clock.now()
    if not _has_ended(found, at):
        wait = pacing.next_look([found], pacing.TYPICAL, at)
        return JobLook(job_id=job_id, state="running", next_look_in=wait.total_seconds())
    return await outcome_of(drs, found)


async def outcome_of(drs: DRSClient, job: Job) -> JobLook:
    """Tell how a job has ended, from what was read of it when it had.

    Reads ``DescribeJobLogItems`` for a job with failed servers.

    Raises:
        DRSError: The service could not be asked.
    """
    job_id = job.job_id or ""
    ended = job.terminated_servers if job.type == "TERMINATE" else job.launched_servers
    well = tuple(server.source_server_id for server in ended if server.source_server_id)
    if job.succeeded:
        return JobLook(job_id=job_id, state="succeeded", succeeded=well)
    wrong = [
        server.source_server_id
        for server in (*job.failed_servers, *job.pending_servers)
        if server.source_server_id is not None
    ]
    return JobLook(
        job_id=job_id,
        state="failed",
        reasons=await failure_reasons(drs, job_id, wrong),
        succeeded=well,
    )


def _has_ended(job: Job, at: datetime) -> bool:
    if not job.is_completed:
        return False
    ended = job.end_date_time
    return not job.pending_servers or (ended is not None and at - ended >= SETTLING)
