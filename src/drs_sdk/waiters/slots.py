"""How many calls are under way at once, without those that hang."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from drs_sdk.waiters.alarm import Alarm

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import timedelta

    from drs_sdk.clock import Clock


class Slots:
    """So many calls may be under way at once; one that takes long counts no more.

    Otherwise a few calls that hang would hold up all others.
    """

    def __init__(self, clock: Clock, count: int, patience: timedelta) -> None:
        """Begin with all slots free.

        Args:
            clock: Passes the time.
            count: How many slots there are.
            patience: How long a call may keep its slot.
        """
        self._clock = clock
        self._patience = patience
        self._free = asyncio.Semaphore(count)

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[None, None]:
        """Wait for a free slot, and keep it for a while."""
        await self._free.acquire()
        is_kept = True

        def give_back() -> None:
            nonlocal is_kept
            if is_kept:
                is_kept = False
                self._free.release()

        alarm = Alarm(self._clock, self._patience, give_back)
        try:
            yield
        finally:
            give_back()
            await alarm.stop()
