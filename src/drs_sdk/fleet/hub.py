"""What a fleet and its subsets share: clients, the clock, and what goes on."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from drs_sdk._core.errors import ClientClosedError

if TYPE_CHECKING:
    from drs_sdk.clock import Clock
    from drs_sdk.fleet.clients import Clients


class Closing(Protocol):
    """What can be stopped."""

    async def close(self) -> None:
        """Stop, and see it stopped."""
        ...


@dataclass(slots=True)
class Hub:
    """What a fleet and its subsets share.

    Attributes:
        clients: The clients.
        clock: Where time comes from.
        concurrency: How many targets a walk or run works on at a time.
        sweeps: The walks and runs that somebody still holds.
    """

    clients: Clients
    clock: Clock
    concurrency: int
    sweeps: WeakSet[Closing] = field(default_factory=WeakSet["Closing"])
    _loop: asyncio.AbstractEventLoop | None = None
    _pid: int = 0
    _is_closed: bool = False

    def open(self) -> None:
        """Let clients be opened.

        Raises:
            ClientClosedError: It was closed before, or belongs to another loop or process.
        """
        if self._is_closed:
            raise ClientClosedError("the fleet is closed; make a new one")
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._pid = os.getpid()
        self._require_home()

    def require_open(self) -> None:
        """Refuse to work before `open` and after `aclose`.

        Raises:
            ClientClosedError: It is not open, or belongs to another loop or process.
        """
        if self._is_closed:
            raise ClientClosedError("the fleet is closed; make a new one")
        if self._loop is None:
            raise ClientClosedError(
                "the fleet is not open: use `async with fleet`, or `await fleet.open()`"
            )
        self._require_home()

    async def aclose(self) -> None:
        """Stop what goes on, and close all clients.

        In a process that was forked since, nothing is stopped: what goes on is the parent's.

        Raises:
            ClientClosedError: It belongs to another event loop, which still lives.
        """
        here, loop = asyncio.get_running_loop(), self._loop
        is_parents = loop is not None and self._pid != os.getpid()
        is_at_home = loop in (None, here) and not is_parents
        if not (is_at_home or is_parents or loop is None or loop.is_closed()):
            raise ClientClosedError("the fleet belongs to another event loop; close it there")
        self._is_closed = True
        try:
            for sweep in list(self.sweeps) if is_at_home else ():
                await sweep.close()
        finally:
            await self.clients.aclose(is_at_home=is_at_home)

    def _require_home(self) -> None:
        if self._pid != os.getpid():
            raise ClientClosedError("the fleet was opened before a fork; open one in each process")
        if self._loop is not asyncio.get_running_loop():
            raise ClientClosedError("the fleet belongs to another event loop; open one in each")
