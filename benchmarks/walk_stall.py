"""A fresh process that walks over all pages, then awaits one: the longest steps of the event loop.

python benchmarks/walk_stall.py PEER URL
"""

from __future__ import annotations

import asyncio
import sys
from statistics import median

import peers
from sizes import PAGE, PAGES
from stalls import watched

_WALKS = 5


async def main(name: str, url: str) -> None:
    """Walk, once unwatched; of the others, the median of the longest counts."""
    longest: list[float] = []
    awaited: list[float] = []
    async with peers.load(name)(url) as peer:
        for _ in range(1 + _WALKS):
            count = 0
            with watched() as stalls:
                async for _server in peer.servers(PAGE):
                    count += 1
            assert count == PAGE * PAGES
            longest.append(stalls.longest)
        for _ in range(1 + PAGES):
            with watched() as stalls:
                await peer.page(PAGE)
                await asyncio.sleep(0)  # the step that ends here counts, too
            awaited.append(stalls.longest)
    print(median(longest[1:]), median(awaited[1:]))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
