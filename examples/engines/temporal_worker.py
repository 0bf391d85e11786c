"""A Temporal worker for recovery runs; run as many as you like."""

from __future__ import annotations

import asyncio
import os

from temporalio.client import Client
from temporalio.worker import Worker

from drs_sdk import DRSClient
from drs_sdk.temporal import DRSActivities, DRSPlugin


async def main() -> None:
    """Work until somebody stops it."""
    address = os.environ.get("TEMPORAL_ADDRESS", "localhost:7233")
    async with DRSClient() as drs:
        client = await Client.connect(address, plugins=[DRSPlugin(DRSActivities(drs))])
        await Worker(client, task_queue="recovery").run()


if __name__ == "__main__":
    asyncio.run(main())
