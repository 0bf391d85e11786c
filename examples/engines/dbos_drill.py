"""A drill as a DBOS workflow: a process that dies leaves it to the next one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from drs_sdk import DRSClient
from drs_sdk.recovery import Recovery, Runbook

RUNBOOK = Runbook.load(Path(__file__).with_name("erp.toml"))


@DBOS.step(retries_allowed=True, max_attempts=100, interval_seconds=2, backoff_rate=1.5)
async def advance(key: str, approved: list[str]) -> dict[str, Any]:
    """Do what can be done now. Done twice, it launches once: DRS has the record."""
    async with DRSClient() as drs:
        recovery = Recovery(drs, RUNBOOK, key=key, mode="drill")
        return (await recovery.advance(approved=approved)).model_dump(mode="json")


@DBOS.workflow()
async def drill(key: str) -> dict[str, Any]:
    """Carry the drill out; ``DBOS.send(key, "application", "approvals")`` approves a wave."""
    approved: list[str] = []
    while True:
        status = await advance(key, approved)
        pause = status["next_look_in"]
        if status["state"] == "waiting for approval":
            # An approval by signal; every half minute a look for one that was given elsewhere.
            wave = await DBOS.recv_async("approvals", timeout_seconds=pause or 30)
            approved += [wave] if wave else []
        elif pause is None:
            return status
        else:
            await DBOS.sleep_async(pause)


async def main(key: str, database_url: str) -> None:
    """Start the drill, or go on with what an earlier process has begun."""
    DBOS(config=DBOSConfig(name="drills", system_database_url=database_url))
    DBOS.launch()
    with SetWorkflowID(key):
        handle = await DBOS.start_workflow_async(drill, key)
    print((await handle.get_result())["state"])
    DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
