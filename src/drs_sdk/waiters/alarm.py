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
    """Rings once, when its time is up, for all who share it.

    It counts the time that passes, and does not ask what time it is: a clock that is set in
    between does not put it off.
    """

    def __init__(self, clock: Clock, after: timedelta, *rings: Callable[[], None]) -> None:
        """Start to count.

        Args:
            clock: Passes the time.
            after: How long it takes.
            rings: Called when it rings.
        """
        self._rings = dict.fromkeys(rings)
        self._counting = asyncio.create_task(
            self._count(clock, after.total_seconds()), name="drs_sdk alarm"
        )

    @property
    def has_rung(self) -> bool:
        """Whether the time is up."""
        return self._counting.done()

    @property
    def is_cancelled(self) -> bool:
        """Whether it will not ring any more for want of anybody to ring for."""
        return not self._rings

    def share(self, ring: Callable[[], None]) -> None:
        """Have it ring for one more."""
        self._rings[ring] = None

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

    def cancel(self, ring: Callable[[], None] | None = None) -> None:
        """Stop counting, soon; for others who share it, it counts on."""
        if ring is None:
            self._rings.clear()
        else:
            self._rings.pop(ring, None)
        if not self._rings:
            self._counting.cancel()

    async def stop(self) -> None:
        """Stop counting, and see it stopped."""
        self.cancel()
        await self.stopped()

    async def stopped(self) -> None:
        """See it stopped, if nobody shares it any more."""
        if self._rings:
            return
        await asyncio.wait({self._counting})
        if not self._counting.cancelled():
            self._counting.exception()  # of a clock that fails the poller tells

    async def _count(self, clock: Clock, seconds: float) -> None:
        await clock.sleep(seconds)
        for ring in self._rings:
            ring()


class Alarms:
    """Alarms for many at once: those that are set close together for about one time are one.

    A task for each of ten thousand waits would take long to start, and longer to cancel.
    """

    def __init__(self, clock: Clock, within: timedelta) -> None:
        """Set none yet.

        Args:
            clock: Passes the time.
            within: How much too early one may ring for those who share it.
        """
        self._clock = clock
        self._within = within
        self._fresh: dict[int, Alarm] = {}

    def set(self, after: timedelta, ring: Callable[[], None]) -> Alarm:
        """Set an alarm, or share one that was set since the last `part`."""
        steps = after // self._within
        alarm = self._fresh.get(steps)
        if alarm is None or alarm.has_rung or alarm.is_cancelled:
            alarm = Alarm(self._clock, steps * self._within, ring)
            self._fresh[steps] = alarm
        else:
            alarm.share(ring)
        return alarm

    def part(self) -> None:
        """Share no alarm that was set before."""
        self._fresh.clear()
