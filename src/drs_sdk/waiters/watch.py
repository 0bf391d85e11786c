"""What ``watch_*`` gives: the states of what is waited for, one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

SubjectT = TypeVar("SubjectT")
StateT_co = TypeVar("StateT_co", covariant=True)


class Steps(Protocol[StateT_co]):
    """What a watch walks over: a wait, or one that never ends."""

    async def step(self) -> tuple[StateT_co, ...] | None:
        """Wait for what is next; None at the end."""
        ...

    def verdict(self) -> Exception | None:
        """What is to be raised at the end."""
        ...

    def drop(self) -> None:
        """Stop, soon."""
        ...

    async def leave(self) -> None:
        """Stop, and see it stopped."""
        ...


class Watch(AsyncIterator[SubjectT]):
    """An async iterator over states: the first one of each subject, and every change.

    One that waits for something ends when every subject has reached its end, good or bad; where a
    good state can pass, when all that have not failed are in it at once. Leaving the loop early
    stops the polling; ``async with`` around it, or `aclose`, does so at once.

    A step can be cancelled, as by ``asyncio.wait_for(anext(watch), 0.5)``: the watch goes on, and
    the next step yields what the cancelled one would have.
    """

    def __init__(self, wait: Steps[SubjectT]) -> None:
        """Wrap what does the work; users get watches from the client."""
        self._wait = wait
        self._ready: deque[SubjectT] = deque()
        self._turn = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._error: Exception | None = None
        self._is_over = False

    def __aiter__(self) -> Self:
        """Iterate over the states."""
        return self

    async def __anext__(self) -> SubjectT:
        """Wait for the next state."""
        self._loop = asyncio.get_running_loop()
        async with self._turn:
            # Nothing is taken from the wait before an await: a step can be cancelled anywhere.
            while not self._ready and not self._is_over:
                await self._step()
            if self._ready:
                return self._ready.popleft()
            await self._wait.leave()
            error, self._error = self._error, None
            try:
                raise error or StopAsyncIteration
            finally:
                del error  # its traceback leads back here

    async def _step(self) -> None:
        try:
            changed = await self._wait.step()
        except Exception as error:  # noqa: BLE001 - kept, as the wait is left before it is raised
            self._error = error
            self._is_over = True
            return
        if changed is not None:
            self._ready.extend(changed)
        elif not self._is_over:
            self._is_over = True
            self._error = self._wait.verdict()

    async def aclose(self) -> None:
        """Stop watching."""
        self._is_over = True
        self._ready.clear()
        self._error = None
        await self._wait.leave()

    def __del__(self) -> None:
        """Stop the polls of a watch that was left behind."""
        loop: asyncio.AbstractEventLoop | None = getattr(self, "_loop", None)
        if loop is not None and not loop.is_closed():
            # Not here and now: it may be collected in another thread, or amid a poll.
            loop.call_soon_threadsafe(self._wait.drop)

    async def __aenter__(self) -> Self:
        """Watch until the block ends."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching."""
        await self.aclose()
