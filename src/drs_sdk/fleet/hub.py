"""What a fleet and its subsets share: clients, the clock, and what goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from drs_sdk._core.errors import ClientClosedError
from drs_sdk._core.home import Home

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
    _home: Home = field(default_factory=lambda: Home("fleet"))
    _is_closed: bool = False

    def open(self) -> None:
        """Let clients be opened.

        Raises:
            ClientClosedError: It was closed before, or belongs to another loop or process.
        """
        if self._is_closed:
            raise ClientClosedError("the fleet is closed; make a new one")
        if not self._home.is_settled:
            self._home.settle()
        self._home.require()

    def require_open(self) -> None:
        """Refuse to work before `open` and after `aclose`.

        Raises:
            ClientClosedError: It is not open, or belongs to another loop or process.
        """
        if self._is_closed:
            raise ClientClosedError("the fleet is closed; make a new one")
        if not self._home.is_settled:
            raise ClientClosedError(
                "the fleet is not open: use `async with fleet`, or `await fleet.open()`"
            )
        self._home.require()

    async def aclose(self) -> None:
        """Stop what goes on, and close all clients.

        In a process that was forked since, nothing is stopped: what goes on is the parent's.

        Raises:
            ClientClosedError: It belongs to another event loop, which still lives.
        """
        self._home.require_closable()
        is_at_home = self._home.is_here
        self._is_closed = True
        try:
            for sweep in list(self.sweeps) if is_at_home else ():
                await sweep.close()
        finally:
            await self.clients.aclose(is_at_home=is_at_home)
