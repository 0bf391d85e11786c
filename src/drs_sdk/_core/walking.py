"""A walk whose step was cancelled says so when it is asked again, and does not look complete."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from drs_sdk._core.errors import DRSError

ItemT = TypeVar("ItemT")


class Walking(AsyncGenerator[ItemT, None]):
    """An asynchronous generator, but for what follows a cancelled step.

    Python ends a generator that is cancelled, so that ``wait_for(anext(walk), 1)`` in a loop would
    lose the rest without a word: the next step would find the end.
    """

    def __init__(
        self, items: AsyncGenerator[ItemT, None], cut_short: Callable[[], DRSError]
    ) -> None:
        """Take the generator, and what makes the error of a step after a cancelled one."""
        self._items = items
        self._cut_short = cut_short
        self._is_cut = False

    async def __anext__(self) -> ItemT:
        """Take a step.

        Raises:
            DRSError: A step before this one was cancelled.
        """
        if self._is_cut:
            raise self._cut_short()
        try:
            return await anext(self._items)
        except CancelledError:
            self._is_cut = True
            raise

    async def asend(self, value: None, /) -> ItemT:  # noqa: ARG002 - a generator's
        """Take a step."""
        return await anext(self)

    @overload
    async def athrow(
        self,
        kind: type[BaseException],
        value: BaseException | object = None,
        trace: TracebackType | None = None,
        /,
    ) -> ItemT: ...

    @overload
    async def athrow(
        self, kind: BaseException, value: None = None, trace: TracebackType | None = None, /
    ) -> ItemT: ...

    async def athrow(
        self,
        kind: type[BaseException] | BaseException,
        value: BaseException | object = None,
        trace: TracebackType | None = None,
        /,
    ) -> ItemT:
        """Raise an error where the walk stands."""
        error = kind if isinstance(kind, BaseException) else value
        if not isinstance(error, BaseException):
            error = kind() if isinstance(kind, type) else kind
        return await self._items.athrow(error.with_traceback(trace or error.__traceback__))

    async def aclose(self) -> None:
        """End the walk."""
        await self._items.aclose()
