"""Start a drill of three waves, and approve the last one."""

from __future__ import annotations

import asyncio
import os

from temporalio.client import Client

from drs_sdk.recovery import Runbook, Wave
from drs_sdk.temporal import Approval, DRSPlugin, RecoveryWorkflow, RunRequest

RUNBOOK = Runbook(
    name="erp",
    waves=[
        Wave(name="database", servers={"tags": {"app": "erp", "tier": "db"}}),
        Wave(name="application", servers={"tags": {"app": "erp", "tier": "app"}}),
        Wave(name="web", servers={"tags": {"app": "erp", "tier": "web"}}, pause_before=True),
    ],
)


async def main(key: str) -> None:
    """Start it, approve it, and print how each wave went."""
    address = os.environ.get("TEMPORAL_ADDRESS", "localhost:7233")
    client = await Client.connect(address, plugins=[DRSPlugin()])
    run = RunRequest(runbook=RUNBOOK, key=key, mode="drill")
    drill = await client.start_workflow(
        RecoveryWorkflow.run, run, id=f"erp/{key}", task_queue="recovery"
    )
    await drill.signal(RecoveryWorkflow.approve, Approval(wave="web", by="ann"))
    for wave in (await drill.result()).waves:
        print(wave.name, wave.state)


if __name__ == "__main__":
    asyncio.run(main("2026-q4"))
