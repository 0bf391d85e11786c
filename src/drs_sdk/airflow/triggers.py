"""Triggers: they wait in the triggerer, while no worker does.

Neither cancels anything: a job of the service cannot be cancelled, and a triggerer that stops
hands its triggers on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from airflow.triggers.base import BaseTrigger, TriggerEvent

from drs_sdk._core.errors import CredentialsError, DRSError
from drs_sdk._transport.api_errors import APIError
from drs_sdk.airflow.approvals import response_to
from drs_sdk.airflow.clients import ConnectionParameters, shared_client
from drs_sdk.recovery.jobs import outcome_of
from drs_sdk.recovery.record import approved_waves, closed_reason
from drs_sdk.waiters.errors import WaiterTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence

    from drs_sdk.client import DRSClient

Event: TypeAlias = "dict[str, object]"
"""What a trigger tells its task: plain JSON."""

_AT_LATEST = 1800.0
"""After so many seconds a run is looked at again, whatever the trigger has seen."""

_STATUSES_OF_KEYS = frozenset({401, 403})


class _DrsTrigger(BaseTrigger):
    """What both triggers take and give to the database."""

    def __init__(
        self,
        *,
        waiter_delay: float,
        aws_conn_id: str | None,
        region_name: str | None,
        verify: bool | str | None,
        botocore_config: dict[str, object] | None,
    ) -> None:
        super().__init__()
        self.waiter_delay = waiter_delay
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config

    def _common(self) -> dict[str, object]:
        return {
            "waiter_delay": self.waiter_delay,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and tell what was waited for, once."""
        yield TriggerEvent(await self._event())

    async def _event(self) -> Event:
        """Wait; keys that have changed in the connection since are read again, once."""
        parameters = ConnectionParameters(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
        )
        try:
            async with shared_client(parameters) as (drs, shared):
                try:
                    return await self._wait(drs)
                except (CredentialsError, APIError) as error:
                    if not _is_about_keys(error):
                        raise
                    self.log.warning("The connection is read again: %s", error)
                    shared.forget()
            async with shared_client(parameters) as (drs, _):
                return await self._wait(drs)
        except WaiterTimeoutError as error:
            return {"status": "timeout", "message": str(error)}
        except DRSError as error:
            return {"status": "error", "message": f"{type(error).__name__}: {error}"}

    async def _wait(self, drs: DRSClient) -> Event:
        raise NotImplementedError


def _is_about_keys(error: CredentialsError | APIError) -> bool:
    return isinstance(error, CredentialsError) or error.http_status in _STATUSES_OF_KEYS


async def _next_tick(drs: DRSClient, delay: float) -> None:
    """Sleep until the next moment at which all that wait with this delay ask.

    So those that come one by one do not each ask at once, and fall into step.
    """
    await drs.clock.sleep(delay - drs.clock.now().timestamp() % delay)


class DrsJobCompletedTrigger(_DrsTrigger):
    """Waits until a job has ended, in step with all other triggers of its connection."""

    def __init__(
        self,
        *,
        job_id: str,
        waiter_delay: float = 30,
        waiter_max_attempts: int = 240,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, object] | None = None,
    ) -> None:
        """Name the job.

        Args:
            job_id: The job.
            waiter_delay: Seconds between polls.
            waiter_max_attempts: How many polls there are; then the wait gives up.
            aws_conn_id: The Airflow connection.
            region_name: The Region; the connection's unless given.
            verify: How certificates are checked.
            botocore_config: Settings of botocore.
        """
        super().__init__(
            waiter_delay=waiter_delay,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            botocore_config=botocore_config,
        )
        self.job_id = job_id
        self.waiter_max_attempts = waiter_max_attempts

    def serialize(self) -> tuple[str, dict[str, object]]:
        """Tell how it is made again."""
        return "drs_sdk.airflow.triggers.DrsJobCompletedTrigger", {
            "job_id": self.job_id,
            "waiter_max_attempts": self.waiter_max_attempts,
            **self._common(),
        }

    async def on_kill(self) -> None:
        """Say that the job goes on: the service has no way to cancel one."""
        self.log.warning(
            "Job %s goes on: a job of Elastic Disaster Recovery cannot be cancelled. Its "
            "instances can be terminated once it has ended.",
            self.job_id,
        )

    async def _wait(self, drs: DRSClient) -> Event:
        await _next_tick(drs, self.waiter_delay)
        job = await drs.wait_until_job_completed(
            self.job_id,
            raise_on_failure=False,
            timeout=self.waiter_delay * self.waiter_max_attempts,
            min_delay=self.waiter_delay,
            max_delay=self.waiter_delay,
        )
        look = await outcome_of(drs, job)
        return {"status": look.state, "job": look.model_dump(mode="json")}


class DrsRecoveryTrigger(_DrsTrigger):
    """Waits until a run of a runbook can go on: a job has ended, or somebody has approved."""

    def __init__(
        self,
        *,
        job_ids: Sequence[str] = (),
        look_in: float | None = None,
        marked_jobs: Sequence[str] = (),
        awaited_waves: Sequence[int] = (),
        asked_ti_id: str | None = None,
        waiter_delay: float = 30,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, object] | None = None,
    ) -> None:
        """Say what is waited for; whatever comes first ends it.

        Args:
            job_ids: Jobs of the run that are under way.
            look_in: In how many seconds it is worth to look in any case; half an hour at most.
            marked_jobs: Jobs that may be marked with an approval, or as closed.
            awaited_waves: Numbers of the waves that wait for an approval.
            asked_ti_id: The task instance whose question people are to answer in Airflow.
            waiter_delay: Seconds between polls.
            aws_conn_id: The Airflow connection.
            region_name: The Region; the connection's unless given.
            verify: How certificates are checked.
            botocore_config: Settings of botocore.
        """
        super().__init__(
            waiter_delay=waiter_delay,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            botocore_config=botocore_config,
        )
        self.job_ids: list[str] = list(job_ids)
        self.look_in = look_in
        self.marked_jobs: list[str] = list(marked_jobs)
        self.awaited_waves: list[int] = list(awaited_waves)
        self.asked_ti_id = asked_ti_id

    def serialize(self) -> tuple[str, dict[str, object]]:
        """Tell how it is made again."""
        return "drs_sdk.airflow.triggers.DrsRecoveryTrigger", {
            "job_ids": self.job_ids,
            "look_in": self.look_in,
            "marked_jobs": self.marked_jobs,
            "awaited_waves": self.awaited_waves,
            "asked_ti_id": self.asked_ti_id,
            **self._common(),
        }

    async def on_kill(self) -> None:
        """Say that jobs go on: the service has no way to cancel one."""
        if self.job_ids:
            self.log.warning(
                "Jobs %s go on: a job of Elastic Disaster Recovery cannot be cancelled.",
                ", ".join(self.job_ids),
            )

    async def _wait(self, drs: DRSClient) -> Event:
        work: list[Coroutine[object, object, Event]] = [
            self._time_to_look(drs),
            *(self._job_ended(drs, job_id) for job_id in self.job_ids),
        ]
        if self.marked_jobs and self.awaited_waves:
            work.append(self._marked(drs))
        if self.asked_ti_id is not None:
            work.append(self._answered(drs, self.asked_ti_id))
        tasks = [asyncio.create_task(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # An answer says most; else the first that failed is told.
            events = [task.result() for task in done]
            return max(events, key=lambda event: "chosen_options" in event)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _time_to_look(self, drs: DRSClient) -> Event:
        await drs.clock.sleep(min(self.look_in or _AT_LATEST, _AT_LATEST))
        return {"status": "look", "because": "it is time"}

    async def _job_ended(self, drs: DRSClient, job_id: str) -> Event:
        await _next_tick(drs, self.waiter_delay)
        await drs.wait_until_job_completed(
            job_id,
            raise_on_failure=False,
            timeout=None,
            min_delay=self.waiter_delay,
            max_delay=self.waiter_delay,
        )
        return {"status": "look", "because": f"job {job_id} has ended"}

    async def _marked(self, drs: DRSClient) -> Event:
        awaited = set(self.awaited_waves)
        while True:
            async for job in drs.describe_jobs(filters={"job_ids": self.marked_jobs}):
                if closed_reason(job) is not None:
                    return {"status": "look", "because": "the run was closed"}
                if awaited & approved_waves(job):
                    return {"status": "look", "because": "a wave was approved on its jobs"}
            await drs.clock.sleep(self.waiter_delay)

    async def _answered(self, drs: DRSClient, ti_id: str) -> Event:
        while True:
            answer = await response_to(ti_id)
            if answer is not None:
                return {"status": "answer", **answer}
            await drs.clock.sleep(self.waiter_delay)
