"""A clock that is set, a service that asks to wait, and waits of other paces."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from scripted import START, ScriptedService, job, job_id, server, server_id, throttled

from drs_sdk.errors import WaiterFailedError, WaiterTimeoutError
from drs_sdk.waiters.polling import PollerHub

if TYPE_CHECKING:
    from scripted import Call

    from drs_sdk.testing import EmulatorClock

STARTED, DONE = job("STARTED"), job("COMPLETED", ["LAUNCHED"])


@dataclass
class WallClock:
    """A wall clock that is set while the time of the event loop goes on."""

    clock: EmulatorClock
    off: timedelta = timedelta()

    def now(self) -> datetime:
        return self.clock.now() + self.off

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


@pytest.fixture
def wall(service: ScriptedService) -> WallClock:
    """The clock of the service's waits."""
    clock = WallClock(service.clock)
    service.hub = PollerHub(service, clock)
    return clock


async def test_a_clock_that_is_set_back_does_not_stop_the_polls(
    service: ScriptedService, wall: WallClock
) -> None:
    service.put(job_id(), (0, STARTED), (300, DONE))
    waiting = asyncio.create_task(service.wait_until_job_completed(job_id()))
    await service.clock.sleep(120)
    wall.off = timedelta(hours=-1)
    assert (await waiting).succeeded
    assert service.elapsed <= 330
    assert max(later - sooner for sooner, later in pairwise(service.polled_at)) <= 60


async def test_a_clock_that_is_set_back_does_not_put_the_deadline_off(
    service: ScriptedService, wall: WallClock
) -> None:
    service.put(job_id(), (0, STARTED))
    waiting = asyncio.create_task(service.wait_until_job_completed(job_id(), timeout=600))
    await service.clock.sleep(120)
    wall.off = timedelta(days=-1)
    with pytest.raises(WaiterTimeoutError):
        await waiting
    assert 600 <= service.elapsed <= 610


async def test_a_clock_that_is_set_back_does_not_lengthen_what_a_state_is_given_to_pass(
    service: ScriptedService, wall: WallClock
) -> None:
    service.put(job_id(), (0, job("COMPLETED", ["PENDING"])))
    waits = [
        asyncio.create_task(service.wait_until_job_completed(job_id(number), timeout=None))
        for number in (1, 2)  # one that does not settle, and one that is not there
    ]
    await service.clock.sleep(60)
    wall.off = timedelta(days=-1)
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes} == {WaiterFailedError}
    assert service.elapsed <= 60 + 60 + 120 + 30


async def test_a_retry_after_that_is_out_of_all_bounds_is_cut_to_five_minutes(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, DONE))
    for huge in (1e17, float("inf"), float("nan")):
        began = service.elapsed
        service.failures = [throttled(retry_after=huge)]
        other = asyncio.create_task(service.wait_until_job_completed(job_id()))
        assert (await service.wait_until_job_completed(job_id())).succeeded
        assert (await other).succeeded
        assert service.elapsed - began == 300


def asked_for_the_first(service: ScriptedService) -> list[float]:
    return [(call.at - START).total_seconds() for call in service.calls if server_id(1) in call.ids]


async def test_a_retry_after_is_kept_whoever_else_polls(service: ScriptedService) -> None:
    for number in (1, 2):
        service.put(server_id(number), (0, server("INITIAL_SYNC", number=number)))
    throttled_at: list[float] = []

    def fails(call: Call) -> Exception | None:
        if server_id(1) in call.ids and service.elapsed > 1000 and not throttled_at:
            throttled_at.append(service.elapsed)
            return throttled(retry_after=100)
        return None

    service.fails = fails
    slow = asyncio.create_task(service.wait_until_source_servers_launchable(server_id(1)))
    while not throttled_at:
        await service.clock.sleep(1)
    quick = asyncio.create_task(
        service.wait_until_source_servers_launchable(server_id(2), min_delay=1, max_delay=1)
    )
    await service.clock.sleep(150)
    for task in (slow, quick):
        task.cancel()
    await asyncio.wait([slow, quick])
    asked = asked_for_the_first(service)
    again = [moment for moment in asked if moment > throttled_at[0]]
    assert 99.999 <= again[0] - throttled_at[0] <= 120


async def test_a_quick_wait_does_not_drag_slow_ones_along(service: ScriptedService) -> None:
    """They join its polls when they are nearly due, and not before."""
    for number in (1, 2):
        service.put(server_id(number), (0, server("INITIAL_SYNC", number=number)))
    slow = asyncio.create_task(service.wait_until_source_servers_launchable(server_id(1)))
    quick = asyncio.create_task(
        service.wait_until_source_servers_launchable(server_id(2), min_delay=1, max_delay=1)
    )
    await service.clock.sleep(3600)
    for task in (slow, quick):
        task.cancel()
    await asyncio.wait([slow, quick])
    asked = asked_for_the_first(service)
    assert min(later - sooner for sooner, later in pairwise(asked)) >= 7.5
    assert len(asked) <= 3600 / 25
