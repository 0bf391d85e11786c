"""Items on their way from many finders to one taker, who need not hurry."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")


class Handover(Generic[ItemT]):
    """A row of items with room for some: finders wait when it is full, the taker when empty."""

    def __init__(self, room: int) -> None:
        """Make an empty row.

        Args:
            room: How many items stand in it at most.
        """
        self._row: deque[ItemT] = deque()
        self._most = room
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether another item has to wait."""
        return len(self._row) >= self._most

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return not self._row

    def put(self, item: ItemT) -> None:
        """Add an item, where there is room."""
        self._row.append(item)
        self._has_news.set()

    def take(self) -> ItemT:
        """Take the item that waited longest."""
        item = self._row.popleft()
        if not self._has_room.is_set() and len(self._row) <= self._most // 2:
            self._has_room.set()
        return item

    def wake(self) -> None:
        """Let the taker look around, although there may be nothing new."""
        self._has_news.set()

    async def news(self) -> None:
        """Wait until something is put in, or somebody calls `wake`."""
        self._has_news.clear()
        await self._has_news.wait()

    async def room(self) -> None:
        """Wait until there is room."""
        while self.is_full:
            self._has_room.clear()
            await self._has_room.wait()
