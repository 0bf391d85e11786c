"""A fresh process that opens clients and prints what each opening cost, in CPU seconds.

    python benchmarks/many_clients.py PEER URL

Prints the first client, the median of the next ones, and all of them with one call each.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from statistics import median

import peers
from fleet import JOB_ID
from sizes import REGIONS


async def main(name: str, url: str) -> None:
    """Open them, as many as there are Regions, and have each ask once."""
    kind = peers.load(name)
    opened: list[float] = []
    began = time.process_time()
    async with AsyncExitStack() as stack:
        for _ in range(REGIONS):
            before = time.process_time()
            peer = await stack.enter_async_context(kind(url))
            opened.append(time.process_time() - before)
            assert await peer.poll(JOB_ID) == "STARTED"
        print(opened[0], median(opened[1:]), time.process_time() - began)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
