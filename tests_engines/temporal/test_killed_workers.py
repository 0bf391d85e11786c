"""A worker is killed, as a process, at the worst moments: one launch each, and soon resumed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import House, request_of, until
from flows import OneJobWorkflow

from drs_sdk.temporal import EnsureRecovery, RecoveryWorkflow
from drs_sdk.testing import Fault, JobDurations

if TYPE_CHECKING:
    from temporalio.client import WorkflowHandle

NINE_MINUTES = JobDurations()
RESUMED_WITHIN = 30.0
"""Seconds from the kill until the next worker asks the service."""


async def start(house: House, flow: str, servers: list[str]) -> WorkflowHandle:
    client = await house.client()
    if flow == "a run":
        return await client.start_workflow(
            RecoveryWorkflow.run,
            request_of(servers, poll_every=timedelta(seconds=1)),
            id=house.queue,
            task_queue=house.queue,
        )
    request = EnsureRecovery(key="erp/1", servers=tuple(servers), is_drill=True)
    return await client.start_workflow(
        OneJobWorkflow.run, args=[request, 1.0], id=house.queue, task_queue=house.queue
    )


async def asks(house: House) -> None:
    """Wait until the next worker asks the service; not for long."""
    asked = len(house.emulator.requests)
    await until(lambda: len(house.emulator.requests) > asked, within=RESUMED_WITHIN)


@pytest.mark.parametrize("flow", ["a run", "one job"])
async def test_killed_after_the_launch_and_before_it_is_recorded(house: House, flow: str) -> None:
    servers = house.emulator.add_source_servers(2)
    # The job is there; its answer takes a minute of ours, and the worker dies before.
    house.emulator.inject("StartRecovery", Fault.late(3600), times=1)
    async with house.process() as first:
        handle = await start(house, flow, servers)
        await until(lambda: house.count("StartRecovery"))
        first.kill()
        first.wait()
        async with house.process():
            await asks(house)
            result = await handle.result()
    assert result.state == "succeeded"
    assert len(await house.drs.describe_jobs().collect()) == 1


@pytest.mark.parametrize("flow", ["a run", "one job"])
async def test_killed_while_it_waits(house: House, flow: str) -> None:
    servers = house.emulator.add_source_servers(2)
    house.emulator.job_durations = NINE_MINUTES
    async with house.process() as first:
        handle = await start(house, flow, servers)
        await until(lambda: house.count("StartRecovery"))
        before = house.count("DescribeJobs")
        await until(lambda: house.count("DescribeJobs") > before + 2)
        first.kill()
        first.wait()
        async with house.process():
            await asks(house)
            result = await handle.result()
    assert result.state == "succeeded"
    assert len(await house.drs.describe_jobs().collect()) == 1
    assert house.count("StartRecovery") == 1


async def test_stopped_in_good_order_another_worker_goes_on(house: House) -> None:
    servers = house.emulator.add_source_servers(2)
    async with house.process() as first:
        handle = await start(house, "one job", servers)
        await until(lambda: house.count("StartRecovery"))
        first.terminate()
        await asyncio.to_thread(first.wait)
        async with house.process():
            assert (await handle.result()).state == "succeeded"
    assert house.count("StartRecovery") == 1
