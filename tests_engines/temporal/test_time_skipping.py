"""On Temporal's time-skipping server, and with activities of the user's own making."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from conftest import BIN, request_of
from temporalio import activity
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from drs_sdk.errors import ConnectionFailedError
from drs_sdk.recovery import RunStatus, WaveStatus
from drs_sdk.temporal import (
    Advance,
    Approval,
    DRSActivities,
    DRSPlugin,
    RecoveryWorkflow,
    as_failure,
)
from drs_sdk.testing import DRSEmulator, EmulatorClock


@pytest_asyncio.fixture(scope="module")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(BIN / "temporal-test-server"), plugins=[DRSPlugin()]
    )
    async with env:
        yield env


async def test_a_run_on_the_emulator(skipping: WorkflowEnvironment) -> None:
    clock = EmulatorClock.virtual()
    async with DRSEmulator(clock=clock) as emulator, emulator.client() as drs:
        first, second = emulator.add_source_servers(2)
        client = skipping.client
        activities = DRSActivities(drs)
        async with Worker(client, task_queue="skip", activities=activities.all):
            status = await client.execute_workflow(
                RecoveryWorkflow.run,
                request_of([first], [second]),
                id="skip",
                task_queue="skip",
            )
        assert status.state == "succeeded"
        assert len(await drs.describe_jobs().collect()) == 2


async def test_an_approval_of_the_third_day(skipping: WorkflowEnvironment) -> None:
    """Nothing is launched meanwhile: the workflow looks now and then, and waits."""
    looks: list[tuple[str, ...]] = []

    @activity.defn(name="drs.advance")
    async def advance(request: Advance) -> RunStatus:
        looks.append(request.approved)
        up = bool(request.approved)
        state = "succeeded" if up else "waiting for approval"
        return RunStatus(
            run="erp/k",
            mode="drill",
            state=state,
            started=None,
            at=None,
            waves=(WaveStatus(name="wave-1", state="up" if up else "waiting for approval"),),
            next_look_in=None,
        )

    client = skipping.client
    async with Worker(client, task_queue="third-day", activities=[advance]):
        handle = await client.start_workflow(
            RecoveryWorkflow.run,
            request_of(["s-1111111111111111a"], pause_before=1),
            id="third-day",
            task_queue="third-day",
        )
        await skipping.sleep(timedelta(days=3))
        assert looks == [()]
        await handle.signal(RecoveryWorkflow.approve, Approval(wave="wave-1", by="ann"))
        assert (await handle.result()).state == "succeeded"
    assert looks == [(), ("wave-1",)]


async def test_a_launch_that_takes_too_long_is_given_more_time(
    skipping: WorkflowEnvironment,
) -> None:
    given: list[float] = []

    @activity.defn(name="drs.advance")
    async def advance(_: Advance) -> RunStatus:
        from asyncio import Event

        whole = activity.info().start_to_close_timeout
        assert whole is not None
        given.append(whole.total_seconds())
        if whole < timedelta(seconds=1):
            await Event().wait()  # until Temporal gives this attempt up
        return RunStatus(
            run="erp/k", mode="drill", state="succeeded", started=None, at=None, waves=()
        )

    client = skipping.client
    async with Worker(
        client,
        task_queue="slow",
        activities=[advance],
        graceful_shutdown_timeout=timedelta(0),
    ):
        status = await client.execute_workflow(
            RecoveryWorkflow.run,
            request_of(["s-1111111111111111a"], launch_timeout=timedelta(seconds=0.25)),
            id="slow",
            task_queue="slow",
        )
    assert status.state == "succeeded"
    assert sorted(set(given)) == [0.25, 0.5, 1]


async def test_trouble_that_lasts_is_waited_out_for_longer_than_an_activity_is_tried(
    skipping: WorkflowEnvironment,
) -> None:
    tried: list[int] = []

    @activity.defn(name="drs.advance")
    async def advance(_: Advance) -> RunStatus:
        tried.append(activity.info().attempt)
        if len(tried) < 10:
            raise as_failure(ConnectionFailedError("the network is down"))
        return RunStatus(
            run="erp/k", mode="drill", state="succeeded", started=None, at=None, waves=()
        )

    client = skipping.client
    async with Worker(client, task_queue="trouble", activities=[advance]):
        handle = await client.start_workflow(
            RecoveryWorkflow.run,
            request_of(["s-1111111111111111a"]),
            id="trouble",
            task_queue="trouble",
        )
        assert (await handle.result()).state == "succeeded"
    assert tried == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]
