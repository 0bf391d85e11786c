"""How the wait on a job ends: what failed, with the last words of its log; what is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import drs_sdk.waiters as waiters
from drs_sdk._core.errors import DRSError
from drs_sdk.reports.job_parts import broken_parts
from drs_sdk.waiters.errors import WaiterTimeoutError
from drs_sdk.waiters.subjects import id_of_job
from drs_sdk.waiters.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk.models import Job
    from drs_sdk.reports.job_report import JobReport
    from drs_sdk.waiters.engine import Wait
    from drs_sdk.waiters.errors import WaiterFailedError
    from drs_sdk.waiters.subjects import JobLike

_LOG_LIMIT = timedelta(seconds=30)
"""How long the log of a failed job may take to read: the failure itself is known already."""


class JudgingJobs(Waiting):
    """The base of the waits on jobs: how one ends, and what became of a job."""

    async def explain_job(self, job: JobLike) -> JobReport:
        """Tells what became of a job, server by server; it need not have ended.

        Gathered from ``DescribeJobs``, ``DescribeJobLogItems`` and, as jobs leave the ids of what
        they launched out, ``DescribeRecoveryInstances``.

        Args:
            job: The job, its id, or the response that holds it.

        Returns:
            For each server its outcome, phases and their durations, the failing event and raw
            error, and the ids of its instances. ``print(report)`` reads well.

        Raises:
            ResourceNotFoundException: There is no such job.
            ValueError: There is no id.
        """
        from drs_sdk.reports.job_report import report_on

        return await report_on(self, id_of_job(job))

    async def _judged(self, wait: Wait[Job], *, raise_on_failure: bool) -> Job:
        """Judge a job that was waited for.

        Raises:
            WaiterFailedError: There is no such job; or it failed, if that is to raise.
        """
        if wait.missing or (wait.failures and raise_on_failure):
            raise await self._job_failed(wait)
        if not wait.failures and waiters.conditions.is_emptied(wait.only):
            left = await self._left_of(wait)
            if left and raise_on_failure:
                raise wait.failed(reasons=left)
        return wait.only

    async def _left_of(self, wait: Wait[Job]) -> Mapping[str, str]:
        """Find out which instances a termination has left, and how they stand.

        The service no longer says what it was about. The wait knows: from the response that it
        was given, or from a poll before the end.

        Raises:
            WaiterTimeoutError: The deadline came first.
        """
        gone = self._wait(
            waiters.conditions.RECOVERY_INSTANCES_GONE,
            dict.fromkeys(sorted(wait.named)),
            wait.time_left,
            None,
            None,
            None,
        )
        try:
            await gone.finish()
        except WaiterTimeoutError as error:
            error.last = wait.only
            raise
        return gone.failures

    async def _job_failed(self, wait: Wait[Job]) -> WaiterFailedError:
        """Say what failed, with the last words of the job's log on each server."""
        from drs_sdk.reports.job_report import describe_event, events_of, last_events
        from drs_sdk.waiters.alarm import Alarm, TimeIsUpError

        job = wait.only_or_none
        broken = broken_parts(job) if job is not None else {}
        if job is None or wait.missing or not broken:
            return wait.failed()
        alarm = Alarm(self._pollers.clock, _LOG_LIMIT)
        try:
            log = await alarm.limit(events_of(self, job.job_id or ""))
        except (DRSError, TimeIsUpError) as error:
            unread = wait.failed(reasons=broken)
            why = f"no answer within {_LOG_LIMIT}" if isinstance(error, TimeIsUpError) else error
            unread.add_note(f"The job log could not be read: {why}")
            return unread
        finally:
            await alarm.stop()
        events = last_events(log, broken)
        told = {
            name: "; ".join([why, *(describe_event(event) for event in events[name])])
            for name, why in broken.items()
        }
        return wait.failed(reasons=told, events=events)
