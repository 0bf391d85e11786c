"""The process of one peer: does a piece of work whenever it is told to, and says what it cost.

    python benchmarks/worker.py PEER URL

Reads the name of a piece of work per line, answers a line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from typing import TYPE_CHECKING

import peers
from fleet import JOB_ID
from sizes import CALLS_AT_ONCE, CALLS_IN_TURN, PAGE, PAGES, SLICES, TASKS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from peers.base import Peer


async def gather(peer: Peer) -> None:
    """Fetch all source servers into one list."""
    found = [server async for server in peer.servers(PAGE)]
    assert len(found) == PAGE * PAGES


async def walk(peer: Peer) -> None:
    """Walk over all source servers and keep none."""
    count = 0
    async for _ in peer.servers(PAGE):
        count += 1
    assert count == PAGE * PAGES


async def in_turn(peer: Peer) -> None:
    """Poll a job, again and again."""
    for _ in range(CALLS_IN_TURN // SLICES):
        assert await peer.poll(JOB_ID) == "STARTED"


async def at_once(peer: Peer) -> None:
    """Poll a job from many tasks."""
    left = iter(range(CALLS_AT_ONCE // SLICES))

    async def task() -> None:
        for _ in left:
            assert await peer.poll(JOB_ID) == "STARTED"

    await asyncio.gather(*(task() for _ in range(TASKS)))


WORK: dict[str, Callable[[Peer], Awaitable[None]]] = {
    "gather": gather,
    "walk": walk,
    "in_turn": in_turn,
    "at_once": at_once,
}


async def main(name: str, url: str) -> None:
    """Serve until standard input closes."""
    async with peers.load(name)(url) as peer:
        while line := await asyncio.to_thread(sys.stdin.readline):
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
            await WORK[line.strip()](peer)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            print(json.dumps({"cpu": cpu, "wall": wall}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
