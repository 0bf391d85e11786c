"""A wait begins with what the response that it was given says, where that is sound."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from scripted import (
    ScriptedService,
    calls_per_moment,
    execution,
    execution_arn,
    is_idle,
    job,
    job_id,
    run_of,
    server,
    server_id,
    walk,
)

from drs_sdk.errors import WaiterFailedError, WaiterTimeoutError
from drs_sdk.models import (
    Job,
    RecoveryPlanExecution,
    SourceServer,
    StartRecoveryPlanExecutionResponse,
    StartRecoveryResponse,
)

if TYPE_CHECKING:
    from drs_sdk.waiters import WaitUpdate

PENDING = job("PENDING")
DONE = job("COMPLETED", ["LAUNCHED"], runs=[[run_of("SUCCEEDED")]])
FAILED = job("COMPLETED", ["FAILED"])


@pytest.mark.parametrize(
    "wait", ["wait_until_job_completed", "wait_until_launch_actions_completed"]
)
async def test_a_job_that_has_ended_is_not_asked_for(wait: str, service: ScriptedService) -> None:
    assert await getattr(service, wait)(DONE) == DONE
    with pytest.raises(WaiterFailedError):
        await getattr(service, wait)(FAILED)
    assert {call.operation for call in service.calls} == {"DescribeJobLogItems"}
    assert is_idle(service)


async def test_the_first_poll_comes_a_delay_after_the_response(service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING), (100, DONE))
    told: list[WaitUpdate[Job]] = []
    response = StartRecoveryResponse(job=PENDING)
    assert await service.wait_until_job_completed(response, on_update=told.append) == DONE
    assert service.polled_at[0] == 5
    first, last = told
    assert (first.changes, first.polls, first.elapsed) == ((PENDING,), 0, timedelta())
    assert first.next_poll_at == service.calls[0].at
    assert (last.changes, last.polls) == ((DONE,), len(service.calls))


async def test_a_watch_begins_with_the_response(service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING), (100, DONE))
    async with service.watch_job(StartRecoveryResponse(job=PENDING)) as watch:
        assert await anext(watch) == PENDING
        assert service.calls == []
        assert [each async for each in watch] == [DONE]


async def test_waits_on_responses_that_come_one_after_another_share_their_polls(
    service: ScriptedService,
) -> None:
    async def start(number: int) -> None:
        await service.clock.sleep(0.2 * number)
        service.put(job_id(number), (0, job("STARTED", number=number)))
        service.states[job_id(number)].append((600, job("COMPLETED", ["LAUNCHED"], number=number)))
        given = StartRecoveryResponse(job=job("PENDING", number=number))
        assert (await service.wait_until_job_completed(given)).succeeded

    await asyncio.gather(*(start(number) for number in range(20)))
    assert set(calls_per_moment(service, "DescribeJobs")) == {1}
    # One series of polls for all: those of a single wait would be as many.
    assert len(service.calls) < 600 / 5


@pytest.mark.parametrize("timeout", [0, 3, 60])
async def test_the_deadline_holds(timeout: float, service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING))
    with pytest.raises(WaiterTimeoutError) as raised:
        await service.wait_until_job_completed(PENDING, timeout=timeout)
    assert service.elapsed == timeout
    assert raised.value.polls == len(service.calls) > 0
    assert raised.value.last == PENDING


async def test_a_job_that_the_service_lists_late_is_given_time(service: ScriptedService) -> None:
    service.put(job_id(), (60, PENDING), (300, DONE))
    assert await service.wait_until_job_completed(StartRecoveryResponse(job=PENDING)) == DONE


@pytest.mark.parametrize("given", ["object", "response"])
async def test_an_execution_that_failed_may_have_been_taken_up_again(
    given: str, service: ScriptedService
) -> None:
    failed = execution("FAILED")
    service.put(execution_arn(), (0, execution("IN_PROGRESS")), (100, execution("COMPLETED")))
    subject: RecoveryPlanExecution | StartRecoveryPlanExecutionResponse = (
        failed
        if given == "object"
        else StartRecoveryPlanExecutionResponse(recovery_plan_execution=failed)
    )
    ended = await service.wait_until_recovery_plan_execution_completed(subject)
    assert ended == execution("COMPLETED")
    assert service.polled_at[0] == 0


@pytest.mark.parametrize("old", ["CONTINUOUS", "STOPPED", "INITIAL_SYNC"])
async def test_what_a_server_read_some_time_ago_ends_nothing(
    old: str, service: ScriptedService
) -> None:
    """It may have changed since; and it is asked for at once."""
    service.put(server_id(), (0, server("STALLED")), (100, server("CONTINUOUS")))
    seen: list[SourceServer] = []
    await walk(service.watch_source_servers_replicating(server(old)), seen)
    assert [each.replication_state for each in seen] == ["STALLED", "CONTINUOUS"]
    assert service.polled_at[0] == 0


async def test_a_server_that_is_as_it_was_is_yielded_all_the_same(
    service: ScriptedService,
) -> None:
    good = server("CONTINUOUS")
    service.put(server_id(), (0, good))
    assert [each async for each in service.watch_source_servers_replicating(good)] == [good]


async def test_what_was_given_is_the_last_that_is_known(service: ScriptedService) -> None:
    given = server("STALLED")
    service.hangs = lambda _: True
    with pytest.raises(WaiterTimeoutError) as raised:
        await service.wait_until_source_servers_replicating(given, timeout=60)
    assert raised.value.last == [given]
