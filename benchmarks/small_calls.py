"""A fresh process that polls a job some times: what its instructions are counted in.

python benchmarks/small_calls.py PEER URL TIMES
"""

from __future__ import annotations

import asyncio
import sys

import peers
from fleet import JOB_ID


async def main(name: str, url: str, times: str) -> None:
    """Poll."""
    async with peers.load(name)(url) as peer:
        for _ in range(int(times)):
            assert await peer.poll(JOB_ID) == "STARTED"


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
