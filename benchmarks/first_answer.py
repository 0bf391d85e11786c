"""A fresh process that ends with its first answer, like a script or a function that wakes up.

python benchmarks/first_answer.py PEER URL
"""

from __future__ import annotations

import asyncio
import sys

import peers
from sizes import FEW


async def main(name: str, url: str) -> None:
    """Ask once."""
    async with peers.load(name)(url) as peer:
        await peer.page(FEW)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
