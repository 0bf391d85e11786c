"""A drill as a Prefect flow: a flow run that is tried again goes on where the drill stands."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from prefect import flow, get_run_logger, task

from drs_sdk import DRSClient
from drs_sdk.recovery import Recovery, Runbook, RunStatus

RUNBOOK = Runbook.load(Path(__file__).with_name("erp.toml"))


@task(retries=20, retry_delay_seconds=[2, 5, 10, 30], persist_result=False)
async def advance(key: str, approved: list[str]) -> RunStatus:
    """Do what can be done now. Done twice, it launches once: DRS has the record."""
    async with DRSClient() as drs:
        recovery = Recovery(drs, RUNBOOK, key=key, mode="drill")
        return await recovery.advance(approved=approved)


@flow(name="erp drill", retries=3, retry_delay_seconds=10)
async def drill(key: str, approved: list[str]) -> str:
    """Carry the drill out; give it the names of the waves that are approved."""
    log = get_run_logger()
    while True:
        status = await advance(key, approved)
        for wave in status.waves:
            log.info("%s: %s", wave.name, wave.state)
        if status.next_look_in is None or status.is_over:
            return status.state
        await asyncio.sleep(status.next_look_in)


if __name__ == "__main__":
    print(asyncio.run(drill(sys.argv[1], sys.argv[2:])))
