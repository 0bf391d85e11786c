"""Answers that are late by the emulator's clock: virtual time goes on while a client waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from drs_sdk.errors import ConflictException
from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk import DRSClient

LATE = 90


def _seconds(emulator: DRSEmulator, began: datetime) -> float:
    return (emulator.clock.now() - began).total_seconds()


@pytest.mark.parametrize("after", [True, False])
async def test_a_start_is_answered_late(*, after: bool) -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs, emulator.client() as other:
        (server_id,) = emulator.add_source_servers(1)
        emulator.inject("StartRecovery", Fault.late(LATE, after=after))
        began = emulator.clock.now()

        async def look() -> int:
            await emulator.clock.sleep(LATE / 2)
            return len(await other.describe_jobs().collect())

        looking = asyncio.create_task(look())
        response = await drs.start_recovery([{"source_server_id": server_id}], is_drill=True)
        assert _seconds(emulator, began) == LATE
        # Made at arrival, others saw it halfway; the answer still says how it was made.
        assert await looking == (1 if after else 0)
        assert response.job is not None
        assert response.job.status == "PENDING"
        assert response.job.creation_date_time is not None
        made = (response.job.creation_date_time - began).total_seconds()
        assert made == (0 if after else LATE)


async def test_a_refusal_is_late_too() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        (server_id,) = emulator.add_source_servers(1)
        emulator.start_foreign_launch([server_id])
        emulator.inject("StartRecovery", Fault.late(LATE))
        began = emulator.clock.now()
        with pytest.raises(ConflictException):
            await drs.start_recovery([{"source_server_id": server_id}], is_drill=True)
        assert _seconds(emulator, began) == LATE


async def test_time_that_is_moved_by_hand_brings_the_answer() -> None:
    clock = EmulatorClock.virtual(auto_advance=False)
    async with DRSEmulator(clock=clock) as emulator, emulator.client() as drs:
        (server_id,) = emulator.add_source_servers(1)
        emulator.inject("StartRecovery", Fault.late(LATE))
        starting = asyncio.create_task(_start(drs, server_id))
        await _until_late(clock)
        await clock.advance(LATE - 1)
        assert not starting.done()
        await clock.advance(1)
        await starting


async def _start(drs: DRSClient, server_id: str) -> None:
    await drs.start_recovery([{"source_server_id": server_id}], is_drill=True)


async def _until_late(clock: EmulatorClock) -> None:
    """Wait, in no time of the clock, until an answer is being held back."""
    async with asyncio.timeout(10):
        while not clock.sleepers:  # noqa: ASYNC110 - the clock has no event to wait for
            await asyncio.sleep(0)


async def test_a_call_beside_it_still_holds_time() -> None:
    """One client waits for its late answer; the call of another must take no virtual time."""
    async with DRSEmulator() as emulator, emulator.client() as drs, emulator.client() as other:
        (server_id,) = emulator.add_source_servers(1)
        emulator.inject("StartRecovery", Fault.late(LATE))
        emulator.inject("DescribeJobs", Fault.delay(0.05))
        began = emulator.clock.now()
        starting = asyncio.create_task(_start(drs, server_id))
        looking = asyncio.create_task(other.describe_jobs().collect())
        await looking
        assert _seconds(emulator, began) == 0
        await starting
        assert _seconds(emulator, began) == LATE


async def test_who_gives_up_leaves_the_job_and_no_hole_in_the_clock() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        (server_id,) = emulator.add_source_servers(1)
        emulator.inject("StartRecovery", Fault.late(LATE))
        clock = emulator.clock
        hold = clock.busy()  # time stands still until the caller has gone
        starting = asyncio.create_task(_start(drs, server_id))
        await _until_late(clock)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await asyncio.sleep(0.01)  # the server hears of the closed connection
        hold.release()
        emulator.inject("DescribeJobs", Fault.delay(0.05))
        assert len(await drs.describe_jobs().collect()) == 1
        assert clock.now() == emulator.requests[0].received_at


async def test_boto3_waits_by_a_scaled_clock() -> None:
    async with DRSEmulator(clock=EmulatorClock.scaled(1000)) as emulator:
        (server_id,) = emulator.add_source_servers(1)
        emulator.inject("StartRecovery", Fault.late(LATE))
        began = emulator.clock.now()
        client: Any = boto3.client(  # pyright: ignore[reportUnknownMemberType]
            "drs",
            region_name=emulator.region,
            endpoint_url=emulator.url,
            aws_access_key_id=emulator.access_key_id,
            aws_secret_access_key=emulator.secret_access_key,
            config=Config(proxies={}),
        )
        servers = [{"sourceServerID": server_id}]
        await asyncio.to_thread(client.start_recovery, sourceServers=servers)
        assert _seconds(emulator, began) >= LATE
