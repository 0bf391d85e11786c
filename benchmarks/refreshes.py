"""A fresh process that reads a fleet again and again, keeping each in an object with a cycle.

    python benchmarks/refreshes.py PEER URL TIMES SERVERS [--traced]

What is replaced is left to Python's collector, as in any application whose objects know each other.
Prints the bytes at the peak and the longest step of the event loop in seconds. The bytes are those
of the process, or with ``--traced`` those that Python has allocated, which hardly vary.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tracemalloc
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

import peers
from sizes import PAGE
from stalls import watched

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from peers.base import Peer

_KIB = 1024


class Refresh:
    """A fleet as an application keeps it: with a way back to what holds it."""

    def __init__(self, servers: list[object]) -> None:
        """Make the cycle."""
        self.servers = servers
        self.itself = self


async def main(name: str, url: str, times: int, count: int, *, traced: bool) -> None:
    """Refresh, and say what it came to."""
    async with peers.load(name)(url) as peer:
        await peer.page(PAGE)
        if traced:
            tracemalloc.start()
        before = _peak(traced=traced)
        with watched() as stalls:
            for _ in range(times):
                await _refresh(peer, count)
        print(_peak(traced=traced) - before, stalls.longest)


async def _refresh(peer: Peer, count: int) -> None:
    found: list[object] = []
    servers = cast("AsyncGenerator[object]", peer.servers(PAGE))
    async with aclosing(servers):
        async for server in servers:
            found.append(server)
            if len(found) == count:
                break
    Refresh(found)


def _peak(*, traced: bool) -> int:
    if traced:
        return tracemalloc.get_traced_memory()[1]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


if __name__ == "__main__":
    given, options = sys.argv[1:5], sys.argv[5:]
    asyncio.run(
        main(given[0], given[1], int(given[2]), int(given[3]), traced="--traced" in options)
    )
