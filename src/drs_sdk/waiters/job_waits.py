"""Waits on jobs: a launch, a termination, the actions that follow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.waiters import conditions
from drs_sdk.waiters.judging import JudgingJobs
from drs_sdk.waiters.subjects import given_job
from drs_sdk.waiters.watch import Watch

if TYPE_CHECKING:
    from drs_sdk.models import Job
    from drs_sdk.waiters.subjects import JobLike
    from drs_sdk.waiters.updates import OnUpdate
    from drs_sdk.waiters.waiting import Duration


class JobWaits(JudgingJobs):
    """Waits on jobs: a launch, a termination, the actions that follow."""

    async def wait_until_job_completed(
        self,
        job: JobLike,
        *,
        raise_on_failure: bool = True,
        timeout: Duration | None = timedelta(hours=1),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[Job] | None = None,
    ) -> Job:
        """Waits until a job has completed, and judges how it went for every server.

        A job that reads ``COMPLETED`` has ended, not succeeded: each server is judged by its
        launch status and by what the job was for, ``LAUNCHED`` in a launch, ``TERMINATED`` in a
        termination. Servers that still read as pending when the job completes are given two
        minutes to settle, and so is a launch or termination that names no server at all.

        Polls ``DescribeJobs``.

        Args:
            job: The job, its id, or the response that holds it.
            raise_on_failure: Whether a failure raises; else the job comes back as it is.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                1 hour unless given.
            min_delay: The shortest delay between polls, 5 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 30 s unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The completed job; with ``raise_on_failure=False`` look at ``job.failed_servers``.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: A server did not reach the good end and ``raise_on_failure`` is set,
                or there is no such job. ``last`` is the `Job`, ``events`` are the last log events
                of each failed server.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.JOB_COMPLETED, given_job(job), timeout, min_delay, max_delay, on_update
        )
        return await self._judged(wait, raise_on_failure=raise_on_failure)

    def watch_job(
        self,
        job: JobLike,
        *,
        timeout: Duration | None = timedelta(hours=1),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[Job]:
        """Yields a job at once and at every change, until it has ended for every server.

        The twin of `wait_until_job_completed`; a bad end ends the iteration, it does
        not raise.

        Args:
            job: The job, its id, or the response that holds it.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                1 hour unless given.
            min_delay: The shortest delay between polls, 5 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 30 s unless given.

        Returns:
            An async iterator of `Job`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.JOB_COMPLETED, given_job(job), timeout, min_delay, max_delay, None
        )
        return Watch(wait)

    async def wait_until_launch_actions_completed(
        self,
        job: JobLike,
        *,
        raise_on_failure: bool = True,
        timeout: Duration | None = timedelta(hours=2),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
        on_update: OnUpdate[Job] | None = None,
    ) -> Job:
        """Waits until every launch action of a job has ended on every server.

        The job itself is waited for first. Actions show up some time after the launch: a server
        that shows none for five minutes is taken to have none.

        Polls ``DescribeJobs``.

        Args:
            job: The launch job, its id, or the response that holds it.
            raise_on_failure: Whether a failure raises; else the job comes back as it is.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                2 hours unless given.
            min_delay: The shortest delay between polls, 10 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 60 s unless given.
            on_update: Called with a `WaitUpdate` at every change and every failed poll.

        Returns:
            The job, with the runs in ``launch_actions_status`` of each participating server.

        Raises:
            WaiterTimeoutError: The deadline came first; ``last`` is what was seen last.
            WaiterFailedError: A launch or an action failed and ``raise_on_failure`` is set, or
                there is no such job; ``last`` is the `Job`.
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.LAUNCH_ACTIONS_COMPLETED,
            given_job(job),
            timeout,
            min_delay,
            max_delay,
            on_update,
        )
        return await self._judged(wait, raise_on_failure=raise_on_failure)

    def watch_launch_actions(
        self,
        job: JobLike,
        *,
        timeout: Duration | None = timedelta(hours=2),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> Watch[Job]:
        """Yields a job at once and at every change, until its launch actions have ended.

        The twin of `wait_until_launch_actions_completed`; a bad end ends the iteration, it does
        not raise.

        Args:
            job: The launch job, its id, or the response that holds it.
            timeout: The deadline from now, a `timedelta` or seconds; None for none.
                2 hours unless given.
            min_delay: The shortest delay between polls, 10 s unless given; another wait's
                poll may come sooner.
            max_delay: The longest delay that polls back off to, 60 s unless given.

        Returns:
            An async iterator of `Job`.

        Raises:
            WaiterTimeoutError: While iterating: the deadline came first.
            WaiterFailedError: While iterating: something watched is not there.
            APIError: While iterating: the service refuses to be asked, for good.
            RequestValidationError: While iterating: an id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        wait = self._wait(
            conditions.LAUNCH_ACTIONS_COMPLETED,
            given_job(job),
            timeout,
            min_delay,
            max_delay,
            None,
        )
        return Watch(wait)
