"""Time limits by the client's clock, which may be a virtual one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from drs_sdk.clock import Clock

ResultT = TypeVar("ResultT")


class TimeIsUpError(Exception):
    """An alarm rang before some work was done.

    Not a `TimeoutError`, which the work itself may raise.
    """


class Alarm:
    """Rings once, when its time is up.

    It counts the time that passes, and does not ask what time it is: a clock that is set in
    between does not put it off.
    """

    def __init__(
        self, clock: Clock, after: timedelta, ring: Callable[[], None] = lambda: None
    ) -> None:
        """Start to count.

        Args:
            clock: Passes the time.
            after: How long it takes.
            ring: Called when it rings.
        """
        self._counting = asyncio.create_task(
            _count(clock, after.total_seconds(), ring), name="drs_sdk alarm"
        )

    @property
    def has_rung(self) -> bool:
        """Whether the time is up."""
        return self._counting.done()

    async def limit(self, work: Awaitable[ResultT]) -> ResultT:
        """Wait for some work, and cancel it when the alarm rings first.

        Raises:
            TimeIsUpError: It rang first.
        """
        working = asyncio.ensure_future(work)
        try:
            await asyncio.wait({working, self._counting}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
        finally:
            if not working.done():
                working.cancel()
                await asyncio.wait({working})
        raise TimeIsUpError

    def cancel(self) -> None:
        """Stop counting, soon."""
        self._counting.cancel()

    async def stop(self) -> None:
        """Stop counting, and see it stopped."""
        self._counting.cancel()
        await asyncio.wait({self._counting})
        if not self._counting.cancelled():
            self._counting.exception()  # of a clock that fails the poller tells


async def _count(clock: Clock, seconds: float, ring: Callable[[], None]) -> None:
    await clock.sleep(seconds)
    ring()
