"""Chaos for a few seconds; ``python benchmarks/soak.py`` runs the same for minutes."""

from __future__ import annotations

import asyncio
import gc
import weakref

from chaos import FOUND, NOT_FOUND, Soak

from drs_sdk.models import DescribeJobsRequest
from drs_sdk.testing import DRSEmulator, Fault


async def test_nothing_is_doubled_lost_or_left_behind() -> None:
    soak = Soak(tasks=60, steps=4, seed=1)
    figures = await soak.run(lambda rounds: rounds < 3)

    assert figures.doubled == []
    assert figures.lost == []
    assert figures.calls == figures.ended
    # It was a soak: enough happened, and answers got lost on both sides of the deed.
    assert figures.calls > 1000
    assert figures.faults > 200
    assert figures.outcomes[FOUND] > 10
    assert figures.outcomes[NOT_FOUND] > 10
    growth = figures.growth
    assert growth.tasks == 0
    assert growth.sockets == 0
    assert growth.objects < 3000
    assert growth.bytes < 1024 * 1024
    assert figures.open_after_close <= 0


async def test_a_cancelled_call_is_let_go_of() -> None:
    """Clock and client outlive it by far."""
    async with DRSEmulator() as emulator, emulator.client() as drs:
        request = DescribeJobsRequest(max_results=7)
        left = weakref.ref(request)
        emulator.inject("DescribeJobs", Fault.delay(60))
        task = asyncio.create_task(drs.send(request))
        while not emulator.requests:  # noqa: ASYNC110 - the service sets no event
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        del task, request
        await drs.describe_jobs()
        gc.collect()
        assert left() is None
