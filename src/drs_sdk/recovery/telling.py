"""Telling the caller how something goes, beside it: one who hangs or fails holds nothing up."""

from __future__ import annotations

import asyncio
import inspect
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk._core.cancellation import is_being_cancelled
from drs_sdk.recovery.errands import LATE
from drs_sdk.recovery.parting import part_with, still_under_way

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk.clock import Clock

NewsT = TypeVar("NewsT")

logger: logging.Logger = logging.getLogger("drs_sdk")

LAST_WORD = timedelta(seconds=10)
"""How long an ``on_update`` may still take once there is nothing more to tell, as in a wait."""


class Telling(Generic[NewsT]):
    """Calls an ``on_update`` with news: a plain one at once, an async one beside the run.

    While an async one is under way, only the newest of what there is to tell is kept for it.
    """

    def __init__(self, function: Callable[[NewsT], object] | None, clock: Clock) -> None:
        """Tell nothing yet.

        Args:
            function: Whom to tell; None for nobody.
            clock: Passes the time.
        """
        self._function = function
        self._clock = clock
        self._under_way: asyncio.Task[object] | None = None
        self._next: list[NewsT] = []
        self._error: str | None = None

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return self._function is not None

    @property
    def error(self) -> str | None:
        """What first went wrong, in words."""
        return self._error

    @property
    def tasks(self) -> set[asyncio.Task[object]]:
        """The call that is under way, if one is."""
        task = self._under_way
        return set() if task is None or task.done() else {task}

    def tell(self, news: NewsT) -> None:
        """Tell it, now or when the caller is back."""
        if self.tasks:
            self._next = [news]
            return
        told = self._call(news)
        if told is not None:
            self._under_way = asyncio.create_task(self._go_on(told), name="The function on_update")

    async def finish(self) -> None:
        """See the last news told, if the caller takes them in time."""
        if await still_under_way(self.tasks, self._clock, LAST_WORD):
            self._note(LATE)
            logger.warning("The function on_update has not returned at the end: it is cancelled")

    async def stop(self) -> None:
        """Tell nothing more."""
        self.drop()
        await part_with(self.tasks, self._clock)

    def drop(self) -> None:
        """Forget what was to be told next."""
        self._next.clear()

    def _call(self, news: NewsT) -> Awaitable[object] | None:
        if self._function is None:
            return None
        try:
            told = self._function(news)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it is told
            self._failed(error)
            return None
        return told if inspect.isawaitable(told) else None

    async def _go_on(self, told: Awaitable[object] | None) -> None:
        while True:
            try:
                if told is not None:
                    await told
            except asyncio.CancelledError as error:
                if is_being_cancelled():
                    raise
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - the run must not end for it
                self._failed(error)
            if not self._next:
                return
            told = self._call(self._next.pop())

    def _failed(self, error: BaseException) -> None:
        self._note(f"{type(error).__name__}: {error}")
        logger.warning("The function on_update failed; the run goes on", exc_info=error)

    def _note(self, error: str) -> None:
        self._error = self._error or error
