"""The time that a run has, counted as it passes: a clock that is set changes nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from drs_sdk.waiters.alarm import Alarm, TimeIsUpError

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from drs_sdk.clock import Clock

ResultT = TypeVar("ResultT")


class TimeLimit:
    """A time limit, which runs as long as its block lasts.

    Attributes:
        until: When it ends, by the clock as it went at the beginning: to be told, not to go by.
    """

    def __init__(self, clock: Clock, timeout: timedelta | None) -> None:
        """Count nothing yet.

        Args:
            clock: Passes the time.
            timeout: How much there is; None for no end of it.
        """
        self._clock = clock
        self._timeout = timeout
        self._paused = timedelta()
        self._alarm: Alarm | None = None
        self.until: datetime | None = None

    async def __aenter__(self) -> Self:
        """Begin to count."""
        if self._timeout is not None:
            self.until = self._clock.now() + self._timeout
            self._alarm = Alarm(self._clock, self._timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Count no longer."""
        if self._alarm is not None:
            await self._alarm.stop()

    @property
    def is_up(self) -> bool:
        """Whether the time has passed."""
        return self._alarm is not None and self._alarm.has_rung

    async def pause(self, delay: timedelta) -> bool:
        """Sleep, if there is time for it; say whether there was.

        Beforehand that is known only as far as earlier pauses tell. Work takes time, too: then the
        pause ends as the time is up.
        """
        self._paused += delay
        if self.is_up or (self._timeout is not None and self._paused > self._timeout):
            return False
        await self.sleep(delay)
        return not self.is_up

    async def sleep(self, delay: timedelta) -> None:
        """Sleep so long, or until the time is up."""
        with suppress(TimeIsUpError):
            await self.limit(self._clock.sleep(delay.total_seconds()))

    async def limit(self, work: Awaitable[ResultT]) -> ResultT:
        """Wait for something as long as there is time.

        Raises:
            TimeIsUpError: The time was up before; what was waited for is cancelled.
        """
        return await work if self._alarm is None else await self._alarm.limit(work)
