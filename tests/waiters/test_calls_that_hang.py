"""A call that hangs holds up the waits that share it, and nobody else's."""

from __future__ import annotations

import asyncio

import pytest
from scripted import (
    ScriptedService,
    execution,
    execution_arn,
    is_idle,
    job,
    job_id,
    server,
    server_id,
)

from drs_sdk.errors import WaiterTimeoutError


@pytest.mark.parametrize("hanging", [1, 3, 4, 9])
async def test_executions_whose_polls_hang_hold_up_no_other(
    hanging: int, service: ScriptedService
) -> None:
    hung = {execution_arn(number) for number in range(hanging)}
    good = execution_arn(99)
    for number in range(hanging):
        service.put(execution_arn(number), (0, execution("IN_PROGRESS", number=number)))
    service.put(
        good, (0, execution("IN_PROGRESS", number=99)), (60, execution("COMPLETED", number=99))
    )
    service.hangs = lambda call: bool(hung & set(call.ids))
    waits = [
        asyncio.create_task(service.wait_until_recovery_plan_execution_completed(arn, timeout=300))
        for arn in sorted(hung)
    ]
    ended = await service.wait_until_recovery_plan_execution_completed(
        good, timeout=300, min_delay=5, max_delay=5
    )
    assert ended.status == "COMPLETED"
    assert service.elapsed < 80
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes} == {WaiterTimeoutError}
    assert service.elapsed == 310
    assert is_idle(service)


@pytest.mark.parametrize("later", [0.5, 5.0, 100.0])
async def test_a_wait_that_joins_while_anothers_poll_hangs_is_asked_for(
    later: float, service: ScriptedService
) -> None:
    service.put(job_id(1), (0, job(number=1)))
    done = job("COMPLETED", ["LAUNCHED"], number=2)
    service.put(job_id(2), (0, done))
    service.hangs = lambda call: job_id(1) in call.ids
    first = asyncio.create_task(service.wait_until_job_completed(job_id(1), timeout=300))
    await service.clock.sleep(later)
    assert await service.wait_until_job_completed(job_id(2), timeout=60) == done
    assert service.elapsed <= later + 1
    assert service.under_way == 1
    with pytest.raises(WaiterTimeoutError):
        await first
    assert is_idle(service)


async def test_of_many_servers_those_whose_batch_hangs_are_held_up_only(
    service: ScriptedService,
) -> None:
    """Also where a wait of several batches ties them together."""
    ids = [server_id(number) for number in range(450)]
    for number, name in enumerate(ids):
        service.put(name, (0, server("DISCONNECTED", number=number)))
    service.hangs = lambda call: ids[0] in call.ids
    large = asyncio.create_task(
        service.wait_until_source_servers_disconnected(ids[:401], timeout=300)
    )
    small = [
        asyncio.create_task(service.wait_until_source_servers_disconnected(name, timeout=300))
        for name in ids
    ]
    outcomes = await asyncio.gather(*small, large, return_exceptions=True)
    kinds = [type(each) for each in outcomes]
    assert kinds == [WaiterTimeoutError] * 200 + [list] * 250 + [WaiterTimeoutError]
    assert is_idle(service)


async def test_a_call_that_nobody_waits_for_any_more_is_cancelled(
    service: ScriptedService,
) -> None:
    for number in (1, 2):
        service.put(execution_arn(number), (0, execution("IN_PROGRESS", number=number)))
    service.hangs = lambda _: True
    tasks = [
        asyncio.create_task(
            service.wait_until_recovery_plan_execution_completed(execution_arn(number))
        )
        for number in (1, 2)
    ]
    await service.clock.sleep(10)
    assert service.under_way == 2
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    await service.clock.sleep(1)
    assert service.under_way == 1
    tasks[1].cancel()
    await asyncio.wait(tasks)
    assert is_idle(service)
