"""A worker, as users write one; the tests kill it."""

from __future__ import annotations

import asyncio
import sys

from flows import DrillWorkflow, OneJobWorkflow
from temporalio.client import Client
from temporalio.worker import Worker

from drs_sdk import DRSClient
from drs_sdk.temporal import DRSActivities, DRSPlugin


async def main(address: str, queue: str) -> None:
    async with DRSClient() as drs:
        client = await Client.connect(address, plugins=[DRSPlugin(DRSActivities(drs))])
        async with Worker(client, task_queue=queue, workflows=[OneJobWorkflow, DrillWorkflow]):
            await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], sys.argv[2]))
