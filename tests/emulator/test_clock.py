"""The emulator's clock."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from datetime import UTC, datetime, timedelta

import pytest

from drs_sdk.testing import EmulatorClock
from drs_sdk.testing.clock import DEFAULT_START


async def test_virtual_time_starts_where_it_is_told_to() -> None:
    assert EmulatorClock().now() == DEFAULT_START
    start = datetime(2030, 5, 1, tzinfo=UTC)
    assert EmulatorClock.virtual(start).now() == start
    assert "virtual" in repr(EmulatorClock())
    with pytest.raises(ValueError, match="aware"):
        EmulatorClock.virtual(datetime(2030, 5, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="above zero"):
        EmulatorClock.scaled(0)


async def test_sleepers_wake_in_order_of_time_without_waiting() -> None:
    clock = EmulatorClock()
    log: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            log.append((name, (clock.now() - DEFAULT_START).total_seconds()))

    before = time.perf_counter()
    await asyncio.gather(
        sleeper("a", 10, 10), sleeper("b", 15), sleeper("c", 3600, 1), sleeper("d", 15)
    )
    assert time.perf_counter() - before < 0.5
    assert log == [("a", 10), ("b", 15), ("d", 15), ("a", 20), ("c", 3600), ("c", 3601)]
    assert clock.sleepers == 0


async def test_a_jump_takes_well_under_a_millisecond() -> None:
    clock = EmulatorClock()
    before = time.process_time()
    for _ in range(500):
        await clock.sleep(1)
    assert (time.process_time() - before) / 500 < 0.001


async def test_time_stands_still_while_something_is_busy() -> None:
    clock = EmulatorClock()
    sleeper = asyncio.create_task(clock.sleep(5))
    with clock.busy() as hold:
        await asyncio.sleep(0.01)
        assert clock.now() == DEFAULT_START
    hold.release()
    await sleeper
    assert clock.now() == DEFAULT_START + timedelta(seconds=5)


async def test_a_hold_that_is_lost_lets_go() -> None:
    clock = EmulatorClock()
    sleeper = asyncio.create_task(clock.sleep(5))
    hold = clock.busy()
    await asyncio.sleep(0)
    del hold
    gc.collect()
    await asyncio.wait_for(sleeper, 1)


async def test_a_hold_of_a_task_that_ended_does_not_count() -> None:
    clock = EmulatorClock()
    holds = []

    async def forgetful() -> None:
        holds.append(clock.busy())

    await asyncio.create_task(forgetful())
    await asyncio.wait_for(clock.sleep(5), 1)


async def test_a_task_may_sleep_and_advance_within_its_own_hold() -> None:
    clock = EmulatorClock()
    async with asyncio.timeout(1):
        with clock.busy():
            await clock.sleep(5)
            await clock.advance(5)
    assert clock.now() == DEFAULT_START + timedelta(seconds=10)


async def test_cancelled_sleepers_leave_nothing_behind() -> None:
    clock = EmulatorClock(auto_advance=False)
    tasks = [asyncio.create_task(clock.sleep(n + 1)) for n in range(10)]
    await asyncio.sleep(0)
    assert clock.sleepers == 10
    for task in tasks[::2]:
        task.cancel()
    await asyncio.sleep(0)
    assert clock.sleepers == 5
    await clock.advance(20)
    assert clock.sleepers == 0
    assert [task.cancelled() for task in tasks] == [True, False] * 5


async def test_advance_wakes_each_sleeper_at_its_own_moment() -> None:
    clock = EmulatorClock(auto_advance=False)
    log: list[float] = []

    async def beat() -> None:
        while True:
            await clock.sleep(10)
            log.append((clock.now() - DEFAULT_START).total_seconds())

    task = asyncio.create_task(beat())
    await asyncio.sleep(0)
    await clock.advance(timedelta(seconds=35))
    assert log == [10, 20, 30]
    assert clock.now() == DEFAULT_START + timedelta(seconds=35)
    task.cancel()
    with pytest.raises(ValueError, match="backwards"):
        await clock.advance(-1)


async def test_virtual_time_can_be_set_outright() -> None:
    clock = EmulatorClock(auto_advance=False)
    sleeper = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    clock.set(DEFAULT_START - timedelta(days=1))
    assert not sleeper.done()
    clock.set(DEFAULT_START + timedelta(days=1))
    await sleeper


async def test_no_sleep_is_a_pass_of_the_loop() -> None:
    clock = EmulatorClock()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.now() == DEFAULT_START


async def test_scaled_time() -> None:
    clock = EmulatorClock.scaled(1000)
    before, real = clock.now(), time.monotonic()
    await clock.sleep(20)
    assert 0.015 < time.monotonic() - real < 1
    assert clock.now() - before >= timedelta(seconds=19)
    with pytest.raises(RuntimeError, match="moves by itself"):
        await clock.advance(1)


async def test_real_time() -> None:
    clock = EmulatorClock.real()
    await clock.sleep(0.001)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(RuntimeError, match="moves by itself"):
        clock.set(DEFAULT_START)


def test_a_clock_serves_one_loop_after_another() -> None:
    clock = EmulatorClock()

    async def abandon() -> None:
        task = asyncio.create_task(clock.sleep(1))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(abandon())
    asyncio.run(asyncio.wait_for(clock.sleep(1), 1))
    assert clock.now() == DEFAULT_START + timedelta(seconds=1)


def test_readings_and_speeds_that_make_no_sense() -> None:
    clock = EmulatorClock.virtual()
    before = clock.now()
    for naive in (clock.set, EmulatorClock.virtual):
        with pytest.raises(ValueError, match="must be an aware datetime"):
            naive(datetime(2030, 1, 1))  # noqa: DTZ001 - that is the point
    assert clock.now() == before
    for speed in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="a finite number above zero"):
            EmulatorClock.scaled(speed)


async def test_a_task_that_ends_amid_a_call_lets_go_of_time() -> None:
    """Even if its hold is never released or collected, and nothing else touches the clock."""
    clock = EmulatorClock()
    holds: list[object] = []

    async def call() -> None:
        holds.append(clock.busy())
        await asyncio.Event().wait()

    calling = asyncio.create_task(call())
    await asyncio.sleep(0)
    sleeping = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0.01)
    assert not sleeping.done()
    calling.cancel()
    await asyncio.wait_for(sleeping, 5)
