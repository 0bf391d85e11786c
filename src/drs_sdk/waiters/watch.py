"""What ``watch_*`` gives: the states of what is waited for, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import TracebackType
    from typing import Self

SubjectT = TypeVar("SubjectT")


class Watch(AsyncIterator[SubjectT]):
    """An async iterator over states: the first one of each subject, and every change.

    It ends when every subject has reached its end, good or bad; where a good state can pass, when
    all that have not failed are in it at once. Leaving the loop early
    stops the polling; ``async with`` around it, or `aclose`, does so at once.

    A step can be cancelled, as by ``asyncio.wait_for(anext(watch), 0.5)``: the watch goes on, and
    the next step yields what the cancelled one would have.
    """

    def __init__(self, states: AsyncGenerator[SubjectT, None]) -> None:
        """Wrap the generator that does the work; users get watches from the client."""
        self._states = states
        self._step: asyncio.Task[SubjectT] | None = None
        self._turn = asyncio.Lock()

    def __aiter__(self) -> Self:
        """Iterate over the states."""
        return self

    async def __anext__(self) -> SubjectT:
        """Wait for the next state."""
        async with self._turn:
            if self._step is None:
                # A task of its own, as a generator that is cancelled has ended.
                self._step = asyncio.create_task(_next(self._states), name="drs_sdk watch")
                self._step.add_done_callback(_note)
            step = self._step
            await asyncio.wait({step})
            self._step = None
            if step.cancelled():  # the watch was closed meanwhile
                raise StopAsyncIteration
            return step.result()

    async def aclose(self) -> None:
        """Stop watching."""
        if self._step is not None:
            self._step.cancel()
            await asyncio.wait({self._step})
            self._step = None
        await self._states.aclose()

    def __del__(self) -> None:
        """Stop a step that nobody waits for any more."""
        step: asyncio.Task[SubjectT] | None = getattr(self, "_step", None)
        if step is not None and not step.done() and not step.get_loop().is_closed():
            step.get_loop().call_soon_threadsafe(step.cancel)  # collected wherever it may be

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


async def _next(states: AsyncGenerator[SubjectT, None]) -> SubjectT:
    return await anext(states)


def _note(step: asyncio.Task[SubjectT]) -> None:
    """Note an error, so that asyncio does not report it when the watch is dropped before."""
    if not step.cancelled():
        step.exception()
