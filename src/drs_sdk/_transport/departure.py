"""How far a request has come: it waits for a connection, leaves once, and is answered.

aiohttp asks a connector for a connection, and then the request to send itself there: right before
its first byte.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.connector import Connection

    from drs_sdk._transport.deadlines import Deadlines

_WHOLE_ANSWER = 5
"""Times its read timeout that an answer may take to its last byte, however steadily it comes."""

if not inspect.iscoroutinefunction(getattr(aiohttp.ClientRequest, "send", None)):
    raise ImportError(
        f"aiohttp {aiohttp.__version__} sends requests in another way than drs-sdk knows, so it "
        "could not tell whether a launch has left; install an earlier aiohttp"
    )


class BrokeError(Exception):
    """Carries a connection error out of aiohttp, past its own repeats."""


@dataclass(slots=True, eq=False)
class Departure:
    """One request on its way.

    Attributes:
        timeout: Seconds that making a connection may take: name, proxy, tunnel and TLS. And those
            until the answer has to begin, whatever comes before it.
        deadlines: Where its own is kept.
        departs: Told right before the first byte; it may refuse.
        scope: What ends it when it is late.
        is_connecting: Whether a connection is being made for it, so that nothing has left.
    """

    timeout: aiohttp.ClientTimeout
    deadlines: Deadlines[Departure]
    departs: Callable[[], None]
    scope: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    is_connecting: bool = False

    def connects(self) -> None:
        """Start the time that a connection may take."""
        self.is_connecting = True
        self._ends_in(self.timeout.sock_connect)

    def leaves(self) -> None:
        """Start the time until the answer begins: aiohttp's own starts anew with each byte."""
        self.departs()
        self.is_connecting = False
        self._ends_in(self.timeout.sock_read)

    def is_answered(self) -> None:
        """Start the time that the rest of the answer may take."""
        self._ends_in(self.timeout.sock_read and self.timeout.sock_read * _WHOLE_ANSWER)

    def is_late(self) -> None:
        """End it, as a timeout would."""
        if not self.scope.expired():
            self.scope.reschedule(asyncio.get_running_loop().time())

    async def once(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Go by a request, once: a GET, PUT or DELETE aiohttp would repeat, but we count attempts.

        Raises:
            BrokeError: The connection broke.
        """
        cast("DepartingRequest", request).departure = self
        try:
            return await handler(request)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise BrokeError from error

    def _ends_in(self, seconds: float | None) -> None:
        if seconds:
            self.deadlines.set(self, seconds)
        else:
            self.deadlines.clear(self)


class DepartingConnector(aiohttp.TCPConnector):
    """A connector that tells a departure that its request gets a connection."""

    async def connect(self, req: aiohttp.ClientRequest, *rest: Any, **options: Any) -> Connection:  # noqa: ANN401 - aiohttp's own
        """Take a connection from the pool, or make one."""
        cast("DepartingRequest", req).departure.connects()
        return await super().connect(req, *rest, **options)


class DepartingRequest(aiohttp.ClientRequest):
    """A request that tells its departure when it leaves."""

    departure: Departure

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Leave."""
        self.departure.leaves()
        return await super().send(conn)
