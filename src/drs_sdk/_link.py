"""What a client and its views share: one connection, opened and closed together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk._transport.connection import Connection
    from drs_sdk._transport.settings import ClientSettings
    from drs_sdk.clock import Clock
    from drs_sdk.waiters.polling import PollerHub


class Link:
    """The connection that a client and its views share, made when it is first needed."""

    def __init__(self, settings: ClientSettings) -> None:
        """Take the options; nothing is loaded."""
        self._settings = settings
        self._connection: Connection | None = None
        self._blocks = 0
        self._closes_after_blocks = False
        self.pollers: PollerHub | None = None

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        return self._settings.clock

    @property
    def source(self) -> ClientSettings | Connection:
        """What knows the Region and the endpoint by now."""
        return self._connection or self._settings

    def at_region(self, region_name: str) -> Link:
        """Make another, in another Region. An endpoint that names this Region is its alone."""
        settings, here = self._settings, self.source.region_name
        endpoint_url = settings.endpoint_url
        if endpoint_url and here and here in endpoint_url:
            endpoint_url = None
        return Link(replace(settings, region_name=region_name, endpoint_url=endpoint_url))

    def connection(self) -> Connection:
        """Make the connection at the first call: aiobotocore is loaded here, not before."""
        if self._connection is None:
            from drs_sdk._transport.connection import Connection

            self._connection = Connection(self._settings)
        return self._connection

    @property
    def is_open(self) -> bool:
        """Whether somebody has opened it, and nobody has closed it."""
        return self._connection is not None and self._connection.is_open

    async def enter(self, *, owns: bool) -> None:
        """Open it at the start of an ``async with`` block.

        Args:
            owns: Whether the blocks close it although somebody had opened it before them.
        """
        self._closes_after_blocks |= owns or (not self._blocks and not self.is_open)
        self._blocks += 1
        try:
            await self.connection().open()
        except BaseException:
            await self._leave(close=self.is_open)
            raise

    async def leave(self) -> None:
        """End a block: the last one closes it, if one of them opened or owns it."""
        await self._leave(close=True)

    async def _leave(self, *, close: bool) -> None:
        self._blocks -= 1
        if self._blocks:
            return
        closes, self._closes_after_blocks = self._closes_after_blocks, False
        if closes and close:
            await self.aclose()

    def require_usable(self) -> None:
        """Refuse to work where the connection cannot.

        Raises:
            ClientClosedError: It is closed, or belongs to another event loop or process.
        """
        self.connection().require_usable()

    async def aclose(self) -> None:
        """Stop the polls of waiters and close the connections.

        The polls are left alone by those whose they are not: another process, another loop.
        """
        connection = self.connection()
        if self.pollers is not None and connection.is_at_home:
            await self.pollers.close()
        await connection.aclose()
