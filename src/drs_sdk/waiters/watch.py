"""What ``watch_*`` gives: the states of what is waited for, one after the other."""

from __future__ import annotations

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
    """

    def __init__(self, states: AsyncGenerator[SubjectT, None]) -> None:
        """Wrap the generator that does the work; users get watches from the client."""
        self._states = states

    def __aiter__(self) -> Self:
        """Iterate over the states."""
        return self

    async def __anext__(self) -> SubjectT:
        """Wait for the next state."""
        return await anext(self._states)

    async def aclose(self) -> None:
        """Stop watching."""
        await self._states.aclose()

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
