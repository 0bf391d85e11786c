"""What `on_update` is told, and how a watch begins, goes on and is left."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from scripted import (
    ScriptedService,
    at,
    broken,
    denied,
    is_idle,
    job,
    job_id,
    server,
    server_id,
    settle,
    throttled,
    walk,
)

from drs_sdk.errors import AccessDeniedException, WaiterFailedError, WaiterTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk.models import Job, SourceServer
    from drs_sdk.waiters import WaitUpdate

PENDING, STARTED, DONE = job("PENDING"), job("STARTED"), job("COMPLETED", ["LAUNCHED"])


@pytest.fixture
def launching(service: ScriptedService) -> ScriptedService:
    """A service with one job that starts after 100 seconds and ends well after 200."""
    service.put(job_id(), (0, PENDING), (100, STARTED), (200, DONE))
    return service


async def test_updates_come_at_changes_and_say_how_the_wait_stands(
    launching: ScriptedService,
) -> None:
    updates: list[WaitUpdate[Job]] = []
    await launching.wait_until_job_completed(
        job_id(), on_update=updates.append, min_delay=10, max_delay=10
    )
    assert [update.changes for update in updates] == [(PENDING,), (STARTED,), (DONE,)]
    first, _, last = updates
    assert first.condition == "the job has completed"
    assert first.elapsed == timedelta(0)
    assert (first.polls, last.polls) == (1, len(launching.calls))
    assert first.subjects == {job_id(): PENDING}
    assert (first.done, last.done) == (frozenset(), {job_id()})
    assert first.last_error is last.last_error is None
    assert first.next_poll_at == at(10)
    assert last.next_poll_at is None
    assert last.elapsed == timedelta(seconds=200)


async def test_updates_tell_of_failed_polls_and_of_what_was_not_seen_yet(
    launching: ScriptedService,
) -> None:
    updates: list[WaitUpdate[Job]] = []
    error = throttled()
    launching.failures = [error, error, None]
    await launching.wait_until_job_completed(job_id(), on_update=updates.append)
    assert [update.last_error for update in updates[:3]] == [error, error, None]
    assert updates[0].subjects == {job_id(): None}
    assert updates[0].changes == ()
    assert updates[0].next_poll_at is not None
    assert updates[0].next_poll_at > at(0)
    assert updates[2].changes == (PENDING,)


async def test_updates_of_many_tell_who_is_done(service: ScriptedService) -> None:
    synced, syncing = server("CONTINUOUS", number=1), server("INITIAL_SYNC", number=2)
    service.put(server_id(1), (0, synced))
    service.put(server_id(2), (0, syncing), (60, server("CONTINUOUS", number=2)))
    updates: list[WaitUpdate[SourceServer]] = []
    await service.wait_until_source_servers_replicating(
        [server_id(1), server_id(2)], on_update=updates.append
    )
    assert [update.done for update in updates] == [{server_id(1)}, {server_id(1), server_id(2)}]
    assert updates[0].changes == (synced, syncing)
    assert updates[1].changes == (server("CONTINUOUS", number=2),)
    assert updates[1].subjects[server_id(1)] == synced


async def test_on_update_may_be_async(launching: ScriptedService) -> None:
    seen: list[tuple[Job, ...]] = []

    async def note(update: WaitUpdate[Job]) -> None:
        await asyncio.sleep(0)
        seen.append(update.changes)

    await launching.wait_until_job_completed(job_id(), on_update=note)
    assert seen == [(PENDING,), (STARTED,), (DONE,)]


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
async def test_what_on_update_raises_ends_the_wait_and_no_other(
    is_async: bool,  # noqa: FBT001 - a parameter of the test
    launching: ScriptedService,
) -> None:
    def fail(_update: WaitUpdate[Job]) -> None:
        raise KeyError("mine")

    async def fail_later(update: WaitUpdate[Job]) -> None:
        await asyncio.sleep(0)
        fail(update)

    other = asyncio.create_task(launching.wait_until_job_completed(job_id()))
    with pytest.raises(KeyError, match="mine"):
        await launching.wait_until_job_completed(
            job_id(), on_update=fail_later if is_async else fail
        )
    assert launching.elapsed == 0
    assert await other == DONE
    assert is_idle(launching)


async def test_a_slow_on_update_holds_up_nobody_else(launching: ScriptedService) -> None:
    async def dawdle(_update: WaitUpdate[Job]) -> None:
        await launching.clock.sleep(150)

    slow = asyncio.create_task(
        launching.wait_until_job_completed(job_id(), on_update=dawdle, min_delay=5, max_delay=5)
    )
    await launching.wait_until_job_completed(job_id(), min_delay=5, max_delay=5)
    assert launching.elapsed == 200
    assert await slow == DONE


async def test_a_slow_on_update_is_not_asked_for_behind_its_back(service: ScriptedService) -> None:
    service.put(job_id(), (0, STARTED))
    hour = 3600.0

    async def dawdle(_update: WaitUpdate[Job]) -> None:
        await service.clock.sleep(hour)

    with pytest.raises(WaiterTimeoutError):
        await service.wait_until_job_completed(job_id(), on_update=dawdle, timeout=hour / 2)
    assert len(service.calls) <= 3


async def test_a_slow_on_update_is_told_what_is_so_when_it_comes_back(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, PENDING), (5, STARTED), (100, DONE))
    told: list[tuple[float, Job]] = []

    async def dawdle(update: WaitUpdate[Job]) -> None:
        told.extend((service.elapsed, each) for each in update.changes)
        await service.clock.sleep(600)

    await service.wait_until_job_completed(job_id(), on_update=dawdle)
    assert told == [(0, PENDING), (600, DONE)]
    assert service.polled_at == [0, 600]


@pytest.mark.parametrize("is_async", [False, True], ids=["watch", "on_update"])
async def test_a_deadline_that_passes_while_the_caller_is_busy_leaves_a_last_look(
    is_async: bool,  # noqa: FBT001 - a parameter of the test
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, PENDING), (100, DONE))

    async def dawdle(_update: object = None) -> None:
        await service.clock.sleep(305)

    if is_async:
        await service.wait_until_job_completed(job_id(), on_update=dawdle, timeout=300)
        return
    seen: list[Job] = []
    async for each in service.watch_job(job_id(), timeout=300):
        seen.append(each)
        await dawdle()
    assert seen == [PENDING, DONE]


def hanging(
    service: ScriptedService, cancelled: list[float]
) -> Callable[[WaitUpdate[Job]], Awaitable[None]]:
    """Make an ``on_update`` that never returns, and notes when it is cancelled."""

    async def hang(_update: WaitUpdate[Job]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(service.elapsed)

    return hang


async def test_an_on_update_that_never_returns_does_not_outlast_the_deadline(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, PENDING))
    cancelled: list[float] = []
    hang = hanging(service, cancelled)

    with pytest.raises(WaiterTimeoutError):
        await service.wait_until_job_completed(job_id(), on_update=hang, timeout=300)
    assert cancelled == [310]
    assert service.elapsed == 310
    assert is_idle(service)
    service.put(job_id(), (0, PENDING), (service.elapsed + 100, DONE))
    ended = await service.wait_until_job_completed(job_id(), on_update=hang, timeout=300)
    assert ended == DONE  # by the last look
    assert is_idle(service)


async def test_a_timeout_that_on_update_raises_is_its_own(service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING))

    async def give_up(_update: WaitUpdate[Job]) -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await service.wait_until_job_completed(job_id(), on_update=give_up)


async def test_cancelling_a_wait_cancels_its_on_update(service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING))
    cancelled: list[float] = []
    hang = hanging(service, cancelled)

    task = asyncio.create_task(service.wait_until_job_completed(job_id(), on_update=hang))
    await service.clock.sleep(20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled == [20]
    assert is_idle(service)


async def test_the_poll_that_ends_a_wait_is_told_of(service: ScriptedService) -> None:
    updates: list[WaitUpdate[Job]] = []
    service.put(job_id(), (0, PENDING))
    service.failures = [None, denied()]
    with pytest.raises(AccessDeniedException):
        await service.wait_until_job_completed(job_id(), on_update=updates.append)
    assert [type(update.last_error) for update in updates] == [type(None), AccessDeniedException]
    assert updates[-1].next_poll_at is None


async def test_a_subject_that_is_not_there_is_told_of(service: ScriptedService) -> None:
    updates: list[WaitUpdate[Job]] = []
    with pytest.raises(WaiterFailedError):
        await service.wait_until_job_completed(job_id(), on_update=updates.append)
    (update,) = updates
    assert (update.done, update.subjects) == ({job_id()}, {job_id(): None})


async def test_a_watch_asks_for_nothing_before_it_is_walked_over(
    launching: ScriptedService,
) -> None:
    watch = launching.watch_job(job_id())
    await launching.clock.sleep(60)
    assert launching.calls == []
    assert await anext(watch) == PENDING
    assert launching.elapsed == 60
    await watch.aclose()


async def test_a_watch_is_its_own_iterator_and_ends_for_good(launching: ScriptedService) -> None:
    watch = launching.watch_job(job_id())
    assert aiter(watch) is watch
    assert [each async for each in watch] == [PENDING, STARTED, DONE]
    assert [each async for each in watch] == []
    with pytest.raises(StopAsyncIteration):
        await anext(watch)
    assert is_idle(launching)


async def test_a_watch_of_many_yields_each_at_once_and_then_the_changes(
    service: ScriptedService,
) -> None:
    for number in (1, 2):
        service.put(
            server_id(number),
            (0, server("INITIAL_SYNC", number=number)),
            (100.0 * number, server("CONTINUOUS", number=number)),
        )
    seen = [
        (each.source_server_id, each.replication_state)
        async for each in service.watch_source_servers_replicating([server_id(1), server_id(2)])
    ]
    assert seen == [
        (server_id(1), "INITIAL_SYNC"),
        (server_id(2), "INITIAL_SYNC"),
        (server_id(1), "CONTINUOUS"),
        (server_id(2), "CONTINUOUS"),
    ]


async def test_a_watch_goes_on_when_one_of_many_fails(service: ScriptedService) -> None:
    service.put(server_id(1), (0, server("DISCONNECTED", number=1)))
    service.put(
        server_id(2),
        (0, server("INITIAL_SYNC", number=2)),
        (5000, server("CONTINUOUS", number=2)),
    )
    given = [server_id(1), server_id(2)]
    seen = [each async for each in service.watch_source_servers_replicating(given)]
    assert [each.replication_state for each in seen] == [
        "DISCONNECTED",
        "INITIAL_SYNC",
        "CONTINUOUS",
    ]


async def test_breaking_out_of_a_watch_stops_the_polls(launching: ScriptedService) -> None:
    async for each in launching.watch_job(job_id()):
        assert each == PENDING
        break
    gc.collect()
    await settle(launching)
    assert is_idle(launching)


async def test_leaving_the_block_of_a_watch_stops_the_polls_at_once(
    launching: ScriptedService,
) -> None:
    async with launching.watch_job(job_id()) as watch:
        async for each in watch:
            assert each == PENDING
            break
    assert is_idle(launching)
    async with aclosing(launching.watch_job(job_id())) as watch:
        assert await anext(watch) == PENDING
    assert is_idle(launching)


async def test_an_error_in_the_loop_over_a_watch_stops_the_polls(
    launching: ScriptedService,
) -> None:
    watch = launching.watch_job(job_id())

    async def fail() -> None:
        async with watch:
            async for _ in watch:
                raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert is_idle(launching)
    with pytest.raises(StopAsyncIteration):
        await anext(watch)


async def test_cancelling_the_task_that_watches_stops_the_polls(
    launching: ScriptedService,
) -> None:
    async def watch_all() -> list[Job]:
        return [each async for each in launching.watch_job(job_id())]

    task = asyncio.create_task(watch_all())
    await launching.clock.sleep(50)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    gc.collect()
    await settle(launching)
    assert is_idle(launching)


async def test_closing_a_watch_that_was_never_walked_over_does_nothing(
    launching: ScriptedService,
) -> None:
    watch = launching.watch_job(job_id())
    await watch.aclose()
    await watch.aclose()
    assert launching.calls == []


async def test_a_watch_that_nobody_walks_on_is_asked_for_no_more(service: ScriptedService) -> None:
    """It neither hammers the service nor fills the memory, with a deadline or without."""
    service.put(job_id(), (0, STARTED))
    patient = service.watch_job(job_id(), timeout=None)
    late = service.watch_job(job_id(), timeout=60)
    assert await anext(patient) == STARTED
    assert await anext(late) == STARTED
    await service.clock.sleep(24 * 3600)
    assert len(service.calls) <= 5
    with pytest.raises(WaiterTimeoutError):
        await anext(late)
    service.put(job_id(), (0, DONE))
    assert await anext(patient) == DONE
    with pytest.raises(StopAsyncIteration):
        await anext(patient)
    assert is_idle(service)


async def test_a_watcher_slower_than_the_job_still_sees_its_end(service: ScriptedService) -> None:
    service.put(job_id(), (0, STARTED), (5, DONE))
    seen: list[Job] = []
    async for each in service.watch_job(job_id(), timeout=3600):
        seen.append(each)
        await service.clock.sleep(3700)  # longer than the deadline: what was polled still counts
    assert seen == [STARTED, DONE]


async def test_watching_waits_out_bad_weather_and_ends_at_a_refusal(
    launching: ScriptedService,
) -> None:
    launching.failures = [None, broken(), broken(), denied()]
    seen: list[Job] = []
    with pytest.raises(AccessDeniedException):
        await walk(launching.watch_job(job_id()), seen)
    assert seen == [PENDING]
    assert is_idle(launching)


async def test_a_failed_wait_leaves_nothing_behind(launching: ScriptedService) -> None:
    launching.put(job_id(), (0, PENDING), (100, job("COMPLETED", ["FAILED"])))
    with pytest.raises(WaiterFailedError):
        await launching.wait_until_job_completed(job_id())
    assert is_idle(launching)
