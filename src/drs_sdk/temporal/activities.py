"""What a worker does for a workflow: each activity can be tried again, by any worker."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio import activity

from drs_sdk._core.errors import DRSError
from drs_sdk.recovery.clean_up import CleanUp
from drs_sdk.recovery.jobs import JobLook
from drs_sdk.recovery.joint_reads import JoinedReads
from drs_sdk.recovery.preflight.findings import Preflight
from drs_sdk.recovery.report import RecoveryReport
from drs_sdk.recovery.status import RunStatus
from drs_sdk.temporal.failures import as_failure
from drs_sdk.temporal.heartbeats import Heartbeats
from drs_sdk.temporal.places import client_at
from drs_sdk.temporal.requests import (
    Advance,
    EnsureRecovery,
    JobAt,
    RunRequest,
    StartedJob,
    WaitForJobs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.fleet import Fleet
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.limits import Limits
    from drs_sdk.recovery.recovery import Recovery
    from drs_sdk.waiters.updates import WaitUpdate

_MARGIN = 0.6
"""The part of an attempt's time that is spent on waiting; the rest is for what is under way."""

_CLEAN_UP = timedelta(hours=2)

_LONGEST_STEP = timedelta(seconds=10)
"""A wait polls for the first time within so long: well within a heartbeat timeout of 20 s."""


class DRSActivities:
    """The activities, on one client or fleet that all of a worker share.

        activities = DRSActivities(drs)
        Worker(client, task_queue="recovery", activities=activities.all, ...)

    Give a worker the `DRSPlugin` instead, and it has these, the workflow and the converter.

    Errors come as `as_failure` makes them. A worker that dies, or an answer that is lost, costs no
    second launch: every activity looks into the service's record before it starts anything.
    """

    def __init__(
        self,
        service: DRSClient | Fleet,
        *,
        limits: Limits | Mapping[Target, Limits] | None = None,
        tags: Mapping[str, str] | None = None,
        horizon: timedelta = timedelta(days=14),
    ) -> None:
        """Name what the activities work with; nothing is sent.

        Args:
            service: An open client, or a fleet. It is yours to close, after the worker.
            limits: The quotas of the places; the service's defaults unless given.
            tags: More tags for the jobs. Kept here, they stay out of Temporal's history.
            horizon: How far back a run can have begun.
        """
        self._service = service
        self._limits = limits
        self._tags = dict(tags) if tags is not None else None
        self._horizon = horizon
        self._reads = JoinedReads()

    @property
    def all(self) -> list[Callable[..., object]]:
        """All of them, for a worker."""
        return [
            self.ensure_recovery,
            self.look_at_job,
            self.wait_for_jobs,
            self.advance,
            self.preflight,
            self.report,
            self.clean_up,
        ]

    @activity.defn(name="drs.ensure_recovery")
    async def ensure_recovery(self, request: EnsureRecovery) -> StartedJob:
        """See to it that one job launches servers, once: see `drs_sdk.recovery.ensure_recovery`.

        Give it a ``start_to_close_timeout`` of 20 s, and retries without a limit: what it waits
        for, such as a quota, is waited out over attempts.
        """
        from drs_sdk.recovery.ensure import ensure_recovery

        with _told(), self._reads.joining():
            drs = await client_at(self._service, request.region_name, request.account_id)
            ensured = await ensure_recovery(
                drs,
                request.key,
                request.servers,
                is_drill=request.is_drill,
                attempt=request.attempt,
                tags=self._tags,
                limits=self._limits_of(request.region_name, request.account_id),
                replace_instances_of=request.replace_instances_of,
                not_launched=request.not_launched,
                timeout=_time_to_wait(),
            )
        where = JobAt(
            job_id=ensured.job.job_id or "",
            region_name=request.region_name,
            account_id=request.account_id,
        )
        return StartedJob(job=where, started_here=ensured.started_here)

    @activity.defn(name="drs.look_at_job")
    async def look_at_job(self, job: JobAt) -> JobLook:
        """Look at a job once: see `drs_sdk.recovery.look_at_job`."""
        from drs_sdk.recovery.jobs import look_at_job

        with _told(), self._reads.joining():
            drs = await client_at(self._service, job.region_name, job.account_id)
            return await look_at_job(drs, job.job_id)

    @activity.defn(name="drs.wait_for_jobs")
    async def wait_for_jobs(self, request: WaitForJobs) -> JobLook:
        """Wait until the first of some jobs has ended, and tell how.

        All waits of a worker share their polls: hundreds cost no more than one. Give it a
        ``heartbeat_timeout`` of 20 s. Each heartbeat has what was last seen of the jobs.
        """
        async with Heartbeats() as beats:
            with _told():
                return await _first_ended(self._service, request, beats)

    @activity.defn(name="drs.advance")
    async def advance(self, request: Advance) -> RunStatus:
        """Do for a run what can be done now: see `drs_sdk.recovery.Recovery.advance`.

        Give it a ``start_to_close_timeout`` of 20 s, more for thousands of servers.
        """
        run = request.run
        with _told(), self._reads.joining():
            return await self._recovery(run).advance(
                approved=request.approved,
                attempts=run.attempts,
                replace_instances_of=run.replace_instances_of,
                not_launched=run.not_launched,
            )

    @activity.defn(name="drs.preflight")
    async def preflight(self, run: RunRequest) -> Preflight:
        """Look for what stands in the way of a run; nothing is changed."""
        async with Heartbeats() as beats:
            beats.saw("looking")
            with _told():
                return await self._recovery(run).preflight()

    @activity.defn(name="drs.report")
    async def report(self, run: RunRequest) -> RecoveryReport:
        """Tell what became of a run, server by server; nothing is changed."""
        async with Heartbeats() as beats:
            beats.saw("reading")
            with _told():
                return await self._recovery(run).status()

    @activity.defn(name="drs.clean_up")
    async def clean_up(self, run: RunRequest) -> CleanUp:
        """Remove what a drill has launched, and nothing else: some ten minutes.

        Give it a ``heartbeat_timeout`` of 20 s. Tried again, it goes on.
        """
        async with Heartbeats() as beats:
            beats.saw("cleaning up")
            with _told():
                return await self._recovery(run).clean_up(timeout=_CLEAN_UP)

    def _recovery(self, run: RunRequest) -> Recovery:
        from drs_sdk.recovery.recovery import Recovery

        return Recovery(
            self._service,
            run.runbook,
            key=run.key,
            mode=run.mode,
            limits=self._limits,
            tags=self._tags,
            horizon=self._horizon,
        )

    def _limits_of(self, region_name: str | None, account_id: str | None) -> Limits | None:
        from drs_sdk.recovery.limits import Limits

        if self._limits is None or isinstance(self._limits, Limits):
            return self._limits
        found = (
            limits
            for target, limits in self._limits.items()
            if region_name in {None, target.region_name} and account_id in {None, target.account_id}
        )
        return next(found, None)


@contextmanager
def _told() -> Generator[None, None, None]:
    try:
        yield
    except DRSError as error:
        raise as_failure(error) from error


def _time_to_wait() -> timedelta:
    """Say how long this attempt can wait and still end in time, by itself."""
    whole = activity.info().start_to_close_timeout or timedelta(minutes=30)
    return whole * _MARGIN


async def _first_ended(
    service: DRSClient | Fleet, request: WaitForJobs, beats: Heartbeats
) -> JobLook:
    waits = [
        asyncio.create_task(_ended(service, job, request.poll_every, beats)) for job in request.jobs
    ]
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return next(wait for wait in waits if wait in done).result()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _fall_into_step(drs: DRSClient, poll_every: timedelta) -> None:
    """Wait for the next beat of the clock that all waits poll at.

    A job was looked at when it was started, so the first poll can wait for those of others: waits
    that begin one after the other would else cost a poll each. An attempt that goes on for a worker
    that died does not wait.
    """
    beat = min(poll_every, _LONGEST_STEP).total_seconds()
    if beat > 0:
        await drs.clock.sleep(beat - drs.clock.now().timestamp() % beat)


async def _ended(
    service: DRSClient | Fleet, at: JobAt, poll_every: timedelta, beats: Heartbeats
) -> JobLook:
    from drs_sdk.recovery.jobs import outcome_of

    drs = await client_at(service, at.region_name, at.account_id)
    if activity.info().attempt == 1:
        await _fall_into_step(drs, poll_every)

    def tell(update: WaitUpdate[Job]) -> None:
        seen = update.subjects.get(at.job_id)
        status = "unknown" if seen is None else str(seen.status)
        beats.saw(f"{at.job_id}: {status}")

    job = await drs.wait_until_job_completed(
        at.job_id,
        raise_on_failure=False,
        timeout=None,
        min_delay=poll_every,
        max_delay=poll_every,
        on_update=tell,
    )
    return await outcome_of(drs, job)
