"""A fresh process that prints the bytes a decoded page holds, and the peak on the way to it.

    python benchmarks/page_memory.py PEER URL

Counts what Python allocates. A few pages are fetched and dropped before, so that classes,
connections and caches are in place.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc

import peers
from sizes import PAGE

_WARM_UP = 3


async def main(name: str, url: str) -> None:
    """Fetch one page and weigh it."""
    async with peers.load(name)(url) as peer:
        tracemalloc.start()
        for _ in range(_WARM_UP):
            await peer.page(PAGE)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        page = await peer.page(PAGE)
        _, peak = tracemalloc.get_traced_memory()
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        print(held - before, peak - before)
        del page


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
