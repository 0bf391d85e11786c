"""A step of a watch can be cancelled: the watch goes on and loses nothing."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest
from scripted import ScriptedService, denied, is_idle, job, job_id, server, server_id, settle

from drs_sdk.errors import AccessDeniedException, WaiterTimeoutError

if TYPE_CHECKING:
    from typing import TypeVar

    from drs_sdk.waiters.watch import Watch

    SubjectT = TypeVar("SubjectT")

STATES = [job(), job("STARTED", ["IN_PROGRESS"]), job("COMPLETED", ["LAUNCHED"])]


async def step(service: ScriptedService, watch: Watch[SubjectT], seconds: float) -> SubjectT | None:
    """Wait for so long, by the clock, for the next state; then cancel the step."""
    stepping = asyncio.ensure_future(anext(watch))
    sleeping = asyncio.ensure_future(service.clock.sleep(seconds))
    await asyncio.wait({stepping, sleeping}, return_when=asyncio.FIRST_COMPLETED)
    sleeping.cancel()
    if not stepping.done():
        stepping.cancel()
    await asyncio.wait({stepping, sleeping})
    return None if stepping.cancelled() else stepping.result()


async def heartbeats(
    service: ScriptedService, watch: Watch[SubjectT], seconds: float
) -> list[SubjectT]:
    """Walk a watch to its end by steps of so many seconds."""
    seen: list[SubjectT] = []
    while True:
        try:
            state = await step(service, watch, seconds)
        except StopAsyncIteration:
            return seen
        if state is not None:
            seen.append(state)


@pytest.mark.parametrize("latency", [0.0, 0.3, 7.0])
@pytest.mark.parametrize("seconds", [0.1, 0.5, 5.0, 40.0])
async def test_a_watch_by_heartbeats_sees_every_state(
    seconds: float, latency: float, service: ScriptedService
) -> None:
    service.put(job_id(), *zip((0, 100, 200), STATES, strict=True))
    service.latency = latency
    assert await heartbeats(service, service.watch_job(job_id()), seconds) == STATES
    assert service.elapsed < 250
    await settle(service)
    assert is_idle(service)


async def test_a_step_cancelled_as_its_state_comes_loses_none_of_many(
    service: ScriptedService,
) -> None:
    """Cancelled at every round of the loop around the poll."""
    ids = [server_id(number) for number in range(3)]
    for number, name in enumerate(ids):
        service.put(name, (0, server("DISCONNECTED", number=number)))
    for rounds in range(40):
        watch = service.watch_source_servers_disconnected(ids)
        seen: list[str | None] = []
        stepping = asyncio.ensure_future(anext(watch))
        for _ in range(rounds):
            await asyncio.sleep(0)
        stepping.cancel()
        await asyncio.wait({stepping})
        if not stepping.cancelled():
            seen.append(stepping.result().source_server_id)
        seen.extend([each.source_server_id async for each in watch])
        assert seen == ids


async def test_wait_for_leaves_the_watch_as_it_is(service: ScriptedService) -> None:
    service.put(job_id(), (0, STATES[0]), (1000, STATES[2]))
    async with service.watch_job(job_id()) as watch:
        assert await anext(watch) == STATES[0]
        with service.clock.busy():  # no time passes on the clock
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(watch), 0)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(watch), 0.001)
        assert await anext(watch) == STATES[2]
    assert is_idle(service)


@pytest.mark.parametrize("refused", [False, True], ids=["deadline", "refusal"])
async def test_an_error_that_comes_between_two_steps_is_raised_by_the_next(
    refused: bool,  # noqa: FBT001 - a parameter of the test
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, STATES[0]))
    service.failures = [None, denied()] if refused else []
    watch = service.watch_job(job_id(), timeout=60)
    assert await step(service, watch, 1) == STATES[0]
    assert await step(service, watch, 1) is None
    await service.clock.sleep(100)
    with pytest.raises(AccessDeniedException if refused else WaiterTimeoutError):
        await anext(watch)
    with pytest.raises(StopAsyncIteration):
        await anext(watch)
    assert is_idle(service)


async def test_closing_between_two_steps_stops_the_polls_at_once(service: ScriptedService) -> None:
    service.put(job_id(), (0, STATES[0]))
    for seconds in (1.0, 100.0):  # the step is under way, or has brought a state
        async with service.watch_job(job_id()) as watch:
            assert await step(service, watch, 1) == STATES[0]
            assert await step(service, watch, 1) is None
            service.put(job_id(), (0, STATES[0]), (service.elapsed + 50, STATES[1]))
            await service.clock.sleep(seconds)
        assert is_idle(service)
        with pytest.raises(StopAsyncIteration):
            await anext(watch)


async def test_closing_while_another_task_waits_ends_its_iteration(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, STATES[0]))
    watch = service.watch_job(job_id())

    async def walk() -> list[object]:
        return [each async for each in watch]

    walking = asyncio.create_task(walk())
    await service.clock.sleep(1)
    await watch.aclose()
    assert await walking == [STATES[0]]
    assert is_idle(service)


@pytest.mark.parametrize("timeout", [None, 60], ids=["under way", "failed"])
async def test_a_watch_dropped_between_two_steps_stops_the_polls(
    timeout: float | None, service: ScriptedService
) -> None:
    service.put(job_id(), (0, STATES[0]))
    watch = service.watch_job(job_id(), timeout=timeout)
    assert await step(service, watch, 1) == STATES[0]
    assert await step(service, watch, 1) is None
    await service.clock.sleep(100)
    del watch
    gc.collect()
    await settle(service)
    assert is_idle(service)
