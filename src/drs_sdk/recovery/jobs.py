"""A look at one job: whether it runs, how it ended, and when to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery import pacing
from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.look import SETTLING, service_time
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
    page = await drs.describe_jobs(filters={"job_ids": [job_id]})
    found = next((one for one in page.items if one.job_id == job_id), None)
    if found is None:
        raise RecoveryError(f"there is no job {job_id} here: it expired, or is of another place")
    at = service_time(page, drs.clock)
    if not _has_ended(found, at):
        wait = pacing.next_look([found], pacing.TYPICAL, at)
        return JobLook(job_id=job_id, state="running", next_look_in=wait.total_seconds())
    return await judged(drs, found)


async def judged(drs: DRSClient, found: Job) -> JobLook:
    """Judge a job that has ended.

    Raises:
        DRSError: The log of a job with failed servers could not be read.
    """
    job_id = found.job_id or "unknown"
    ended = found.terminated_servers if found.type == "TERMINATE" else found.launched_servers
    well = tuple(server.source_server_id for server in ended if server.source_server_id)
    if found.succeeded:
        return JobLook(job_id=job_id, state="succeeded", succeeded=well)
    wrong = [
        server.source_server_id
        for server in (*found.failed_servers, *found.pending_servers)
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
