"""What every peer can be asked to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self


class Peer(ABC):
    """A client, written as its users would write it."""

    def __init__(self, url: str) -> None:
        """Take the address of the service."""
        self.url = url
        self.stack = AsyncExitStack()

    @abstractmethod
    async def open(self) -> None:
        """Make the client."""

    @abstractmethod
    async def page(self, size: int) -> object:
        """Fetch the first page of source servers."""

    @abstractmethod
    def servers(self, size: int) -> AsyncIterator[object]:
        """Walk over all source servers, page by page."""

    @abstractmethod
    async def poll(self, job_id: str) -> str:
        """Ask for the status of one job, as a waiter does."""

    async def __aenter__(self) -> Self:
        """Open."""
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.stack.aclose()
