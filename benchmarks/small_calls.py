"""A fresh process that polls a job from many tasks: what its instructions are counted in.

python benchmarks/small_calls.py PEER URL TIMES
"""

from __future__ import annotations

import asyncio
import sys

import peers
from fleet import JOB_ID
from sizes import TASKS


async def main(name: str, url: str, times: str) -> None:
    """Poll."""
    left = iter(range(int(times)))
    async with peers.load(name)(url) as peer:

        async def task() -> None:
            for _ in left:
                assert await peer.poll(JOB_ID) == "STARTED"

        await asyncio.gather(*(task() for _ in range(TASKS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
