"""Following the source servers of one target, whatever comes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.cancellation import is_being_cancelled
from drs_sdk._core.errors import DRSError
from drs_sdk._transport.api_errors import UninitializedAccountException
from drs_sdk.fleet.sweep import foreign
from drs_sdk.waiters.errors import own_copy
from drs_sdk.waiters.ledger import Ledger
from drs_sdk.waiters.watching import monitor_of_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.fleet.hub import Hub
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import SourceServer
    from drs_sdk.waiters.pace import Pace
    from drs_sdk.waiters.slots import Slots

ASK_AGAIN = timedelta(minutes=5)
"""How long a target is left alone that will not be read: what was refused may be granted."""


class Follower:
    """Follows the source servers of one target.

    Attributes:
        target: Which target.
        ledger: What is to be told of them.
        failure: Why it could not be read when that was last tried.
        is_absent: Whether DRS was not initialised there then.
        is_read: Whether it was read then.
    """

    def __init__(
        self,
        target: Target,
        hub: Hub,
        pace: Pace,
        slots: Slots,
        when_polled: Callable[[Follower], None],
    ) -> None:
        """Prepare; `follow` begins.

        Args:
            target: Which target.
            hub: Lends the client.
            pace: How often to ask.
            slots: How many clients are opened at once.
            when_polled: Called when there may be news.
        """
        self.target = target
        self.ledger: Ledger[SourceServer] = Ledger()
        self.failure: DRSError | None = None
        self.is_absent: bool = False
        self.is_read: bool = False
        self._hub = hub
        self._pace = pace
        self._slots = slots
        self._when_polled = when_polled

    async def follow(self) -> None:
        """Follow until cancelled; what is refused is asked for again later."""
        while True:
            try:
                await self._watch()
            except UninitializedAccountException:
                self._note(None, is_absent=True)
            except DRSError as error:
                self._note(error)
            except asyncio.CancelledError as error:
                if is_being_cancelled():
                    raise
                self._note(foreign(error, self.target))  # of something it waited for
            except Exception as error:  # noqa: BLE001 - one target must not stop the others
                self._note(foreign(error, self.target))
            await self._hub.clock.sleep(max(ASK_AGAIN, self._pace.max_delay).total_seconds())

    async def _watch(self) -> None:
        """Watch until it is refused.

        Raises:
            DRSError: It is.
        """
        async with AsyncExitStack() as stack:
            async with self._slots.one():
                drs = await stack.enter_async_context(self._hub.clients.lend(self.target))
            refused = asyncio.Event()

            def polled() -> None:
                if monitor.refusal is not None:
                    refused.set()
                    return
                self._note(monitor.failure)
                self._when_polled(self)

            monitor = monitor_of_all(drs, self._pace, ledger=self.ledger, when_polled=polled)
            stack.push_async_callback(monitor.leave)
            monitor.start()
            await refused.wait()
            if monitor.refusal is not None:
                raise own_copy(monitor.refusal) from monitor.refusal.__cause__

    def _note(self, failure: DRSError | None, *, is_absent: bool = False) -> None:
        self.failure = failure
        self.is_absent = is_absent
        self.is_read = failure is None and not is_absent
