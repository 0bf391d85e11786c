"""How long the event loop is held up in one step, by the CPU time of the loop's own thread.

CPU time, as what other processes do to this one is no step of its own; the collector's runs are.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class Stalls:
    """Watches the loop while it is entered.

    Attributes:
        longest: The longest time between two turns of a task that is always ready, in seconds.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.longest = 0.0

    async def __aenter__(self) -> Self:
        """Start watching."""
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await asyncio.sleep(0)  # the last step counts
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _watch(self) -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest = max(self.longest, now - last)
            last = now
