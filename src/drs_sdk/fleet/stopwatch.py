"""The time that work has, by a clock that may be virtual; it can stand still in between."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from drs_sdk.waiters.alarm import Alarm

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime, timedelta

    from drs_sdk.clock import Clock


class Stopwatch:
    """Calls somebody when the time is up that it ran in all."""

    def __init__(self, clock: Clock, time: timedelta | None, ring: Callable[[], None]) -> None:
        """Take the time; it starts with `start`.

        Args:
            clock: Passes the time.
            time: How long it may run; None for ever.
            ring: Called when that is over.
        """
        self._clock = clock
        self._left = time
        self._ring = ring
        self._alarm: Alarm | None = None
        self._since: datetime | None = None

    def start(self) -> None:
        """Run, or run on."""
        if self._left is not None:
            self._since = self._clock.now()
            self._alarm = Alarm(self._clock, self._left, self._ring)

    async def stop(self) -> None:
        """Stand still."""
        alarm, self._alarm = self._alarm, None
        if alarm is not None and self._left is not None and self._since is not None:
            self._left -= min(max(self._clock.now() - self._since, type(self._left)()), self._left)
            await alarm.stop()

    @asynccontextmanager
    async def paused(self) -> AsyncGenerator[None, None]:
        """Stand still during a block."""
        await self.stop()
        yield
        self.start()
