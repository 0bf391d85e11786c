"""Each activity by itself, in Temporal's own activity environment."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import request_of
from temporalio.contrib.pydantic import pydantic_data_converter as theirs
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from drs_sdk.fleet import Fleet, Target
from drs_sdk.temporal import (
    Advance,
    DRSActivities,
    EnsureRecovery,
    JobAt,
    WaitForJobs,
    pydantic_data_converter,
)
from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk import DRSClient

TAGS = {"cost-center": "4711"}


@pytest.fixture
async def emulator() -> AsyncIterator[DRSEmulator]:
    async with DRSEmulator() as world:
        yield world


@pytest.fixture
async def client(emulator: DRSEmulator) -> AsyncIterator[DRSClient]:
    async with emulator.client() as drs:
        yield drs


def environment(**info: Any) -> ActivityEnvironment:
    env = ActivityEnvironment()
    env.info = replace(env.info, heartbeat_timeout=timedelta(seconds=20), **info)
    return env


async def test_one_job_is_started_once_over_attempts(
    emulator: DRSEmulator, client: DRSClient
) -> None:
    activities = DRSActivities(client)
    request = EnsureRecovery(key="k", servers=tuple(emulator.add_source_servers(2)), is_drill=True)
    first = await environment().run(activities.ensure_recovery, request)
    second = await environment().run(activities.ensure_recovery, request)
    assert first.started_here
    assert not second.started_here
    assert first.job == second.job


async def test_what_errors_advise_can_be_said(emulator: DRSEmulator, client: DRSClient) -> None:
    activities = DRSActivities(client)
    servers = tuple(emulator.add_source_servers(1))
    request = EnsureRecovery(key="others", servers=servers, is_drill=False)
    await environment().run(activities.ensure_recovery, request)
    await client.clock.sleep(3600)
    request = request.model_copy(update={"key": "k"})
    with pytest.raises(ApplicationError, match="replace_instances_of"):
        await environment().run(activities.ensure_recovery, request)
    request = request.model_copy(update={"replace_instances_of": servers})
    assert (await environment().run(activities.ensure_recovery, request)).started_here


async def test_tags_stand_on_the_job_and_not_in_the_history(
    emulator: DRSEmulator, client: DRSClient
) -> None:
    activities = DRSActivities(client, tags=TAGS)
    request = EnsureRecovery(key="k", servers=tuple(emulator.add_source_servers(1)), is_drill=True)
    started = await environment().run(activities.ensure_recovery, request)
    (job,) = await client.describe_jobs().collect()
    assert (job.tags or {})["cost-center"] == "4711"
    payloads = await pydantic_data_converter.encode([request, started])
    assert not any(b"4711" in payload.data for payload in payloads)


async def test_a_quota_that_is_used_up_ends_the_attempt_in_time_and_is_tried_again(
    emulator: DRSEmulator, client: DRSClient
) -> None:
    emulator.quotas = replace(emulator.quotas, concurrent_jobs=0)
    request = EnsureRecovery(key="k", servers=tuple(emulator.add_source_servers(1)), is_drill=True)
    began = client.clock.now()
    with pytest.raises(ApplicationError) as failed:
        await environment(start_to_close_timeout=timedelta(seconds=20)).run(
            DRSActivities(client).ensure_recovery, request
        )
    assert failed.value.type == "NotStartedInTimeError"
    assert not failed.value.non_retryable
    assert failed.value.next_retry_delay == timedelta(seconds=15)
    assert client.clock.now() - began < timedelta(seconds=20)


async def test_a_wait_tells_what_it_saw_and_not_before_it_saw_anything(
    emulator: DRSEmulator, client: DRSClient
) -> None:
    activities = DRSActivities(client)
    beats: list[tuple[Any, ...]] = []
    env = environment()
    env.on_heartbeat = lambda *details: beats.append((emulator.requests[-1].operation, *details))
    request = EnsureRecovery(key="k", servers=tuple(emulator.add_source_servers(1)), is_drill=True)
    started = await environment().run(activities.ensure_recovery, request)
    emulator.requests.clear()
    look = await env.run(activities.wait_for_jobs, WaitForJobs(jobs=(started.job,)))
    assert look.state == "succeeded"
    job_id = started.job.job_id
    assert beats[0][0] == "DescribeJobs"
    assert [beat[1] for beat in beats][-1] == f"{job_id}: COMPLETED"
    assert f"{job_id}: STARTED" in {beat[1] for beat in beats}


async def test_a_wait_for_several_jobs_ends_with_the_first(
    emulator: DRSEmulator, client: DRSClient
) -> None:
    activities = DRSActivities(client)
    jobs = []
    for key in ("early", "late"):
        servers = tuple(emulator.add_source_servers(1))
        request = EnsureRecovery(key=key, servers=servers, is_drill=True)
        jobs.append((await environment().run(activities.ensure_recovery, request)).job)
        await client.clock.sleep(120)
    look = await environment().run(activities.wait_for_jobs, WaitForJobs(jobs=(jobs[1], jobs[0])))
    assert look.job_id == jobs[0].job_id
    assert (await client.describe_jobs().collect())[1].status is not None


async def test_a_wait_for_a_job_that_is_not_there_is_not_tried_again(client: DRSClient) -> None:
    job = JobAt(job_id="drsjob-1111111111111111a")
    with pytest.raises(ApplicationError) as failed:
        await environment().run(DRSActivities(client).wait_for_jobs, WaitForJobs(jobs=(job,)))
    assert failed.value.type == "WaiterFailedError"
    assert failed.value.non_retryable


async def test_a_wait_that_is_cancelled_leaves_nothing_behind(
    emulator: DRSEmulator, client: DRSClient
) -> None:
    activities = DRSActivities(client)
    request = EnsureRecovery(key="k", servers=tuple(emulator.add_source_servers(1)), is_drill=True)
    started = await environment().run(activities.ensure_recovery, request)
    before = asyncio.all_tasks()
    env = environment(attempt=2)  # the first would wait for the step, on the clock that is held
    seen = asyncio.Event()
    env.on_heartbeat = lambda *_: seen.set()
    with emulator.clock.busy():  # or the job has ended before it can be cancelled
        wait = asyncio.create_task(
            env.run(activities.wait_for_jobs, WaitForJobs(jobs=(started.job,)))
        )
        await seen.wait()
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert {task.get_name() for task in left if "heartbeats" in task.get_name()} == set()
    assert emulator.requests[-1].operation == "DescribeJobs"


async def test_a_look_at_a_failed_job_says_why(emulator: DRSEmulator, client: DRSClient) -> None:
    (server,) = emulator.add_source_servers(1)
    emulator.fail_launch(server, error="InsufficientInstanceCapacity")
    activities = DRSActivities(client)
    request = EnsureRecovery(key="k", servers=(server,), is_drill=True)
    started = await environment().run(activities.ensure_recovery, request)
    running = await environment().run(activities.look_at_job, started.job)
    assert running.state == "running"
    ended = await environment().run(activities.wait_for_jobs, WaitForJobs(jobs=(started.job,)))
    looked = await environment().run(activities.look_at_job, started.job)
    assert ended == looked
    assert ended.state == "failed"
    assert "InsufficientInstanceCapacity" in ended.reasons[server]


async def test_a_fleet_starts_and_waits_in_the_place_that_is_named() -> None:
    world = DRSEmulator(regions=["us-east-1", "us-west-2"])
    async with world, world.fleet([Target("us-east-1"), Target("us-west-2")]) as fleet:
        assert isinstance(fleet, Fleet)
        activities = DRSActivities(fleet)
        west = world.at(region="us-west-2")
        request = EnsureRecovery(
            key="k",
            servers=tuple(west.add_source_servers(1)),
            is_drill=True,
            region_name="us-west-2",
        )
        started = await environment().run(activities.ensure_recovery, request)
        look = await environment().run(activities.wait_for_jobs, WaitForJobs(jobs=(started.job,)))
        assert look.state == "succeeded"
        nowhere = request.model_copy(update={"region_name": None})
        with pytest.raises(ApplicationError) as refused:
            await environment().run(activities.ensure_recovery, nowhere)
        assert refused.value.type == "RequestValidationError"


async def test_everything_survives_the_converter_and_unknown_stays_unknown(
    emulator: DRSEmulator, client: DRSClient
) -> None:
    first, second = emulator.add_source_servers(2)
    request = request_of([first], [second], pause_before=2)
    activities = DRSActivities(client)
    status = await environment().run(activities.advance, Advance(run=request))
    report = await environment().run(activities.report, request)
    preflight = await environment().run(activities.preflight, request)
    for value in (request, status, report, preflight):
        (payload,) = await pydantic_data_converter.encode([value])
        assert payload.metadata["encoding"] == b"json/plain"
        (back,) = await pydantic_data_converter.decode([payload], [type(value)])
        assert back == value
    assert b'"time_taken":null' in (await pydantic_data_converter.encode([report]))[0].data
    assert pydantic_data_converter is theirs
