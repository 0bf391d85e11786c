"""A run that is closed elsewhere while its launch waits for somebody's word."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from drs_sdk.recovery import Recovery, Runbook, Wave
from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from drs_sdk.recovery import RunStatus, WaveGate


async def test_a_closed_run_ends_though_nobody_answers() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        first, second = emulator.add_source_servers(2)
        recovery = Recovery(drs, _runbook(first, second), key="q4", mode="drill")
        was_cancelled = asyncio.Event()

        async def never(_: WaveGate) -> bool:
            await recovery.close(reason="storm over")
            try:
                await asyncio.Event().wait()
            finally:
                was_cancelled.set()
            return True

        report = await recovery.launch(approve=never)
    assert (report.state, report.closed) == ("closed", "storm over")
    assert was_cancelled.is_set()


async def test_an_answer_after_the_end_is_taken_in() -> None:
    async with DRSEmulator() as emulator, emulator.client() as drs:
        first, second = emulator.add_source_servers(2)
        recovery = Recovery(drs, _runbook(first, second), key="q4", mode="drill")
        over = asyncio.Event()

        async def late(_: WaveGate) -> bool:
            await recovery.close(reason="storm over")
            await over.wait()
            return True

        def see(status: RunStatus) -> None:
            if status.closed is not None:
                over.set()

        report = await recovery.launch(approve=late, on_update=see, timeout=3600)
        (job,) = await drs.describe_jobs().collect()
    assert report.state == "closed"
    assert [server.source_server_id for server in job.participating_servers] == [first]


def _runbook(first: str, second: str) -> Runbook:
    waves = [
        Wave(name="first", servers={"source_server_ids": [first]}),
        Wave(name="second", servers={"source_server_ids": [second]}, pause_before=True),
    ]
    return Runbook(name="erp", waves=waves)
