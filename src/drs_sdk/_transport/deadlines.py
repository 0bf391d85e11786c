"""The deadlines of many things, kept by one timer.

Nearly all of them are met long before. So nothing has a timer of its own, which would be set and
taken back for each call: there is one, and it is set about once a minute.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

HeldT = TypeVar("HeldT")


class Deadlines(Generic[HeldT]):
    """Tells of each thing that has not come to its end in time."""

    def __init__(self, missed: Callable[[HeldT], None]) -> None:
        """Hold nothing yet.

        Args:
            missed: Called with what is late, in the event loop.
        """
        self._missed = missed
        self._until: dict[HeldT, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def set(self, held: HeldT, seconds: float) -> None:
        """Give something so many seconds from now on, whatever it had before."""
        loop = asyncio.get_running_loop()
        until = self._until[held] = loop.time() + seconds
        if self._timer is None or until < self._timer.when():
            self._wake_at(until, loop)

    def clear(self, held: HeldT) -> None:
        """Note that it has come to its end, or has no deadline any more."""
        self._until.pop(held, None)

    def close(self) -> None:
        """Let go of all."""
        self._until.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake_at(self, until: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # In a context of its own: this task's would be kept alive until then.
        self._timer = loop.call_at(until, self._look, loop, context=Context())

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        late = [held for held, until in self._until.items() if until <= now]
        for held in late:
            del self._until[held]
        if self._until:
            self._wake_at(min(self._until.values()), loop)
        for held in late:
            self._missed(held)
