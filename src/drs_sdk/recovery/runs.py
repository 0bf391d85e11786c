"""The runs of a place or a fleet, found by the tags on their jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery.places import Places
from drs_sdk.recovery.reads import jobs_since
from drs_sdk.recovery.record import Mode, closed_reason, mode_of, record_of
from drs_sdk.recovery.standing import is_standing
from drs_sdk.recovery.status import Plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drs_sdk._core.errors import DRSError
    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.fleet import Fleet
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.record import Record

_SINCE = timedelta(days=14)


class RunSummary(Plain):
    """A run, in short.

    Attributes:
        run: Its name, as its jobs are tagged: ``<runbook>/<key>``.
        mode: Drill or recovery; None where a job does not say.
        started: When it began.
        last_job_at: When its last job was made.
        places: Where it has jobs, as ``111122223333/eu-west-1``.
        jobs: Its jobs.
        launched: How many servers have come up.
        failed: How many have failed, and were not launched by a later attempt.
        running: How many are under way.
        instances: Its instances that still stand.
        closed: Why it was closed, if it was.
    """

    run: str
    mode: Mode | None
    started: datetime
    last_job_at: datetime | None
    places: tuple[str, ...]
    jobs: tuple[str, ...]
    launched: int
    failed: int
    running: int
    instances: tuple[str, ...]
    closed: str | None = None

    @property
    def is_left_over(self) -> bool:
        """Whether a drill has left instances that cost money."""
        return self.mode == "drill" and bool(self.instances) and not self.running


class RunList(list[RunSummary]):
    """Runs, newest first, and the places that could not be asked.

    Attributes:
        failures: Why a place could not be asked.
        absent: Places where DRS was never initialised.
    """

    def __init__(
        self,
        runs: Iterable[RunSummary],
        *,
        failures: Mapping[Target, DRSError],
        absent: frozenset[Target],
    ) -> None:
        """List runs."""
        super().__init__(runs)
        self.failures: dict[Target, DRSError] = dict(failures)
        self.absent = absent


async def list_runs(service: DRSClient | Fleet, *, since: datetime | None = None) -> RunList:
    """List the runs that have begun, with what they left running.

    Reads ``DescribeJobs`` and ``DescribeRecoveryInstances`` of every place.

    Args:
        service: An open client, or a fleet.
        since: How far back to look, an aware datetime; 14 days unless given.

    Returns:
        The runs, newest first. Places that could not be asked stand in its ``failures``.

    Raises:
        RequestValidationError: A time without a time zone.
    """
    if since is not None and since.tzinfo is None:
        raise RequestValidationError.of("since", "must have a time zone, as UTC")
    places = Places(service)
    begin = since or places.clock.now() - _SINCE

    async def read(drs: DRSClient, _: Target) -> tuple[list[tuple[Job, Record]], dict[str, str]]:
        jobs: list[tuple[Job, Record]] = []
        for job in (await jobs_since(drs, begin)).values():
            record = record_of(job)
            if record is not None:
                jobs.append((job, record))
        ids = {job.job_id for job, _ in jobs}
        standing = (
            {
                instance.recovery_instance_id: instance.job_id
                async for instance in drs.describe_recovery_instances()
                if instance.recovery_instance_id is not None
                and instance.job_id in ids
                and is_standing(str(instance.ec2_instance_state))
            }
            if ids
            else {}
        )
        return jobs, {name: job for name, job in standing.items() if job is not None}

    outcomes = await places.run(read)
    by_run: dict[str, list[tuple[Target, Job, Record]]] = {}
    instances: dict[str, list[str]] = {}
    for target, (jobs, standing) in outcomes.results.items():
        for job, record in jobs:
            by_run.setdefault(record.run, []).append((target, job, record))
        for name, job_id in standing.items():
            instances.setdefault(job_id, []).append(name)
    runs = [_summary(name, found, instances) for name, found in by_run.items()]
    runs.sort(key=lambda one: (one.started, one.run), reverse=True)
    return RunList(runs, failures=outcomes.failures, absent=outcomes.absent)


def _summary(
    name: str,
    found: list[tuple[Target, Job, Record]],
    instances: Mapping[str, list[str]],
) -> RunSummary:
    found.sort(key=lambda one: (str(one[1].creation_date_time), one[1].job_id or ""))
    last: dict[str, str] = {}
    for _, job, _ in found:
        for server in job.participating_servers:
            last[server.source_server_id or ""] = (
                "running"
                if not job.is_completed or server.is_pending
                else "launched"
                if server.launch_status == "LAUNCHED"
                else "failed"
            )
    counted = list(last.values())
    jobs = [job.job_id for _, job, _ in found if job.job_id is not None]
    return RunSummary(
        run=name,
        mode=next((mode for _, job, _ in found if (mode := mode_of(job)) is not None), None),
        started=min(record.started for *_, record in found),
        last_job_at=found[-1][1].creation_date_time,
        places=tuple(sorted({str(target) for target, *_ in found})),
        jobs=tuple(jobs),
        launched=counted.count("launched"),
        failed=counted.count("failed"),
        running=counted.count("running"),
        instances=tuple(sorted(i for job_id in jobs for i in instances.get(job_id, ()))),
        closed=next((why for _, job, _ in found if (why := closed_reason(job)) is not None), None),
    )
