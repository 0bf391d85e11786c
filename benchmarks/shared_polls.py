"""Counts the requests that many waits cost together, on the emulator and on virtual time.

python benchmarks/shared_polls.py
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing import DRSEmulator, Quotas

if TYPE_CHECKING:
    from drs_sdk import DRSClient

# Five hundred jobs at a time are more than an account may run by default.
QUOTAS = Quotas(concurrent_jobs=1000, servers_in_all_jobs=1000, replicating_servers=1000)


@dataclass(frozen=True)
class Row:
    """What one experiment found.

    Attributes:
        waits: What was waited for, by how many tasks.
        operation: The operation that was polled.
        span: How long it took, by the emulator's clock.
        per_tick: The least and the most requests in one tick.
        ticks: How many ticks there were.
        requests: How many requests there were in all.
    """

    waits: str
    operation: str
    span: timedelta
    per_tick: tuple[int, int]
    ticks: int
    requests: int

    def __str__(self) -> str:
        """Write a row of the table."""
        least, most = self.per_tick
        shown = str(most) if least == most else f"{least} to {most}"
        minutes = round(self.span / timedelta(minutes=1))
        cells = (self.waits, self.operation, f"{minutes} min", self.ticks, shown, self.requests)
        return f"| {' | '.join(map(str, cells))} |"


async def wait_for_jobs(emulator: DRSEmulator, drs: DRSClient, count: int) -> None:
    """Start as many drills of one server, and wait for each in a task of its own."""
    with emulator.clock.busy():  # time stands still until all have started
        jobs = [
            await drs.start_recovery([{"source_server_id": server_id}], is_drill=True)
            for server_id in emulator.add_source_servers(count)
        ]
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(drs.wait_until_job_completed(job))


async def wait_for_servers(emulator: DRSEmulator, drs: DRSClient, count: int) -> None:
    """Let as many servers catch up with half an hour of lag, a task waiting for each."""
    servers = emulator.add_source_servers(count)
    for server_id in servers:
        emulator.set_lag(server_id, timedelta(minutes=30), growth=-1.0)
    async with asyncio.TaskGroup() as group:
        for server_id in servers:
            group.create_task(drs.wait_until_source_servers_replicating(server_id, max_lag=0))


async def measure(what: str, operation: str, count: int) -> Row:
    """Run one experiment on an emulator of its own."""
    async with DRSEmulator(quotas=QUOTAS, page_size=1000) as emulator, emulator.client() as drs:
        began = emulator.clock.now()
        run = wait_for_jobs if operation == "DescribeJobs" else wait_for_servers
        await run(emulator, drs, count)
        span = emulator.clock.now() - began
        ticks = Counter(
            request.received_at for request in emulator.requests if request.operation == operation
        )
    return Row(
        waits=f"{count} {what}",
        operation=operation,
        span=span,
        per_tick=(min(ticks.values()), max(ticks.values())),
        ticks=len(ticks),
        requests=ticks.total(),
    )


async def main() -> None:
    """Run all experiments and print a table."""
    print("| Waits | Operation | Took | Ticks | Requests a tick | Requests in all |")
    print("|---|---|---|---|---|---|")
    print(await measure("jobs", "DescribeJobs", 500))
    print(await measure("servers", "DescribeSourceServers", 450))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()  # it takes none
    asyncio.run(main())
