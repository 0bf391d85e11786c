"""Time, as the waits and retries see it, so that tests can run on time of their own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the client gets the time from, and how it passes time.

    `drs_sdk.testing.EmulatorClock` is another one, for tests.
    """

    def now(self) -> datetime:
        """Say what time it is, as an aware datetime."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when so many seconds have passed on this clock."""
        ...


class SystemClock:
    """The time of the machine."""

    def now(self) -> datetime:
        """Say what time it is, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Sleep on the event loop."""
        await asyncio.sleep(seconds)
