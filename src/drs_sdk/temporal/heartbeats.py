"""Heartbeats: an activity lives, and this is what it saw last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from temporalio import activity

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from drs_sdk.recovery.status import Plain

_BEATS = 4
"""How often within Temporal's heartbeat timeout."""

_EVERY = 5.0
"""Seconds between two heartbeats of an activity that has no such timeout."""


class Heartbeats:
    """Beats while an activity works, from the first thing that it saw on.

    Before that there is nothing to tell, and a heartbeat would wipe out what an earlier attempt
    has told.
    """

    def __init__(self) -> None:
        """Prepare for the activity that runs now."""
        timeout = activity.info().heartbeat_timeout
        self._every = timeout.total_seconds() / _BEATS if timeout else _EVERY
        self._seen: Plain | str | None = None
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to beat, once something is seen."""
        self._beating = asyncio.create_task(self._beat(), name="drs_sdk heartbeats")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    def saw(self, state: Plain | str) -> None:
        """Take what was seen, and tell it."""
        self._seen = state
        activity.heartbeat(state)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            if self._seen is not None:
                activity.heartbeat(self._seen)
