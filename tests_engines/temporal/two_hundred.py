"""200 workflows in one worker: what they ask the service, from the first look to the last poll.

Real Temporal, the emulator for AWS. Time is measured by what happens, not by how fast this machine
is: until all workflows have come it moves on with each that comes, then in fast motion.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conftest import House, request_of
from flows import OneJobWorkflow
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from drs_sdk.recovery import Limits, ensure_recovery
from drs_sdk.temporal import DRSActivities, EnsureRecovery, RecoveryWorkflow
from drs_sdk.testing import DRSEmulator, EmulatorClock, Quotas

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Literal, TypeAlias

    from temporalio.client import Client, WorkflowHandle

    Scenario: TypeAlias = Literal["jobs that stand", "jobs of their own", "runs"]

COUNT = 200
POLL_SECONDS = 10.0
ROOM = Limits(concurrent_jobs=1000, servers_in_all_jobs=1000)
"""Quotas out of the way: they would keep the jobs from running at the same time."""

BETWEEN = 1 / 40
"""Seconds from one workflow to the next."""

STEP = 0.5
"""Seconds that pass at a time, once all have come."""

BREATH = 0.01
"""Seconds of ours for each."""


@dataclass
class Told:
    """What 200 workflows have cost, and how they ended."""

    calls: Counter[str]
    states: Counter[str]
    jobs: int

    @property
    def describe_jobs(self) -> int:
        return self.calls["DescribeJobs"]


class _Comers(Interceptor):
    """Notes the workflows that have come, by their activities."""

    def __init__(self) -> None:
        self.seen: set[str | None] = set()

    def intercept_activity(
        self,
        next: ActivityInboundInterceptor,  # noqa: A002 - Temporal's name
    ) -> ActivityInboundInterceptor:
        return _Counting(next, self)


class _Counting(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, comers: _Comers) -> None:
        super().__init__(inner)
        self._comers = comers

    async def execute_activity(
        self,
        input: ExecuteActivityInput,  # noqa: A002 - same
    ) -> object:
        self._comers.seen.add(activity.info().workflow_id)
        return await super().execute_activity(input)


@asynccontextmanager
async def time_passes(clock: EmulatorClock, comers: _Comers) -> AsyncIterator[None]:
    async def passes() -> None:
        came = 0
        while True:
            await asyncio.sleep(BREATH)
            now = len(comers.seen)
            await clock.advance(STEP if came >= COUNT else (now - came) * BETWEEN)
            came = now

    task = asyncio.create_task(passes())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def two_hundred(address: str, scenario: Scenario) -> Told:
    """Begin 200 workflows, see them through, and count."""
    clock = EmulatorClock.virtual(auto_advance=False)
    quotas = Quotas(concurrent_jobs=1000, servers_in_all_jobs=1000)
    emulator = DRSEmulator(clock=clock, quotas=quotas)
    async with emulator, emulator.client() as drs:
        house = House(emulator, drs, address)
        servers = emulator.add_source_servers(COUNT)
        if scenario == "jobs that stand":
            for number, server in enumerate(servers):
                await ensure_recovery(drs, f"k/{number}", [server], is_drill=True, limits=ROOM)
        emulator.requests.clear()
        comers = _Comers()
        worker = house.worker(
            DRSActivities(drs, limits=ROOM), workflows=[OneJobWorkflow], interceptors=[comers]
        )
        async with worker as client, time_passes(clock, comers):
            handles = await asyncio.gather(
                *(_begin(client, house, scenario, n, server) for n, server in enumerate(servers))
            )
            results = await asyncio.gather(*(handle.result() for handle in handles))
        calls = Counter(request.operation for request in emulator.requests)
        jobs = len(await drs.describe_jobs().collect())
    states = Counter(result.state for result in results)
    return Told(calls, states, jobs)


async def _begin(
    client: Client, house: House, scenario: Scenario, number: int, server: str
) -> WorkflowHandle:
    name = f"{house.queue}-{number}"
    if scenario == "runs":
        return await client.start_workflow(
            RecoveryWorkflow.run,
            request_of([server], key=f"k-{number}"),
            id=name,
            task_queue=house.queue,
        )
    request = EnsureRecovery(key=f"k/{number}", servers=(server,), is_drill=True)
    return await client.start_workflow(
        OneJobWorkflow.run, args=[request, POLL_SECONDS], id=name, task_queue=house.queue
    )
