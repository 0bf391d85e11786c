"""What a fleet and its subsets share: clients, the clock, and what goes on."""

from __future__ import annotations

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
    _is_open: bool = False
    _is_closed: bool = False

    def open(self) -> None:
        """Let clients be opened.

        Raises:
            ClientClosedError: It was closed before.
        """
        if self._is_closed:
            raise ClientClosedError("the fleet is closed; make a new one")
        self._is_open = True

    def require_open(self) -> None:
        """Refuse to work before `open` and after `aclose`.

        Raises:
            ClientClosedError: It is not open.
        """
        if self._is_closed:
            raise ClientClosedError("the fleet is closed; make a new one")
        if not self._is_open:
            raise ClientClosedError(
                "the fleet is not open: use `async with fleet`, or `await fleet.open()`"
            )

    async def aclose(self) -> None:
        """Stop what goes on, and close all clients."""
        self._is_closed = True
        try:
            for sweep in list(self.sweeps):
                await sweep.close()
        finally:
            await self.clients.aclose()
