"""Watching the source servers of all targets, without an end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from drs_sdk._core.errors import ClientClosedError
from drs_sdk.fleet.errors import FleetError
from drs_sdk.fleet.following import Follower
from drs_sdk.waiters.slots import Slots
from drs_sdk.waiters.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from drs_sdk._core.errors import DRSError
    from drs_sdk.fleet.hub import Hub
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import SourceServer
    from drs_sdk.waiters.changes import Change
    from drs_sdk.waiters.pace import Pace

    _Told: TypeAlias = tuple[Target, Change[SourceServer]]

_LONG_OPENING = timedelta(seconds=2)
"""A client that takes longer to open counts no more as one of those at once."""


class FleetWatch(Watch["_Told"]):
    """What happens to the source servers of all targets; `Fleet.watch_source_servers` makes one.

    An async iterator of a target and a `Change`. Nothing is sent before the first step, and there
    is no end: leave the loop as you like. As an ``async with`` block, all is stopped when the block
    ends.

    A step can be cancelled, as by ``asyncio.wait_for(anext(watch), 30)``: the watch goes on, and
    the next step yields what the cancelled one would have.
    """

    def __init__(self, monitor: FleetMonitor) -> None:
        """Wrap what does the work; users get watches from `Fleet.watch_source_servers`."""
        super().__init__(monitor)
        self._monitor: FleetMonitor = monitor

    @property
    def failures(self) -> Mapping[Target, DRSError]:
        """Which targets could not be read when that was last tried, and why."""
        failed = ((each.target, each.failure) for each in self._monitor.followers)
        return MappingProxyType({target: error for target, error in failed if error is not None})

    @property
    def absent(self) -> frozenset[Target]:
        """The targets where DRS was not initialised when they were last asked."""
        return frozenset(each.target for each in self._monitor.followers if each.is_absent)

    @property
    def up_to_date(self) -> frozenset[Target]:
        """The targets that were read when that was last tried.

        One that is in none of the three was not reached yet.
        """
        return frozenset(each.target for each in self._monitor.followers if each.is_read)

    def raise_if_failed(self) -> None:
        """Raise all `failures` in one; absent targets are none.

        Raises:
            FleetError: At least one target could not be read.
        """
        if failures := self.failures:
            raise FleetError.of(failures, len(self._monitor.followers))


class FleetMonitor:
    """Follows all targets, each in a task; what there is to tell waits with the targets."""

    def __init__(self, hub: Hub, targets: Sequence[Target], pace: Pace) -> None:
        """Prepare; nothing is asked before the first `step`.

        Args:
            hub: What the fleet has: clients, the clock.
            targets: Which targets.
            pace: How often to ask.
        """
        self._hub = hub
        slots = Slots(hub.clock, hub.concurrency, _LONG_OPENING)
        self.followers: list[Follower] = [
            Follower(target, hub, pace, slots, self._look_at) for target in targets
        ]
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_news = asyncio.Event()
        self._having_news: dict[Follower, None] = {}
        self._broke: BaseException | None = None
        self._has_left = False
        self._is_closed = False

    async def step(self) -> tuple[_Told, ...] | None:
        """Wait for the next change of any target, each in its turn.

        Returns:
            None once the watch was left.

        Raises:
            ClientClosedError: The fleet is not open, or was closed.
        """
        self._start()
        while not self._has_left:
            if self._broke is not None:
                raise self._broke
            if self._having_news:
                follower = next(iter(self._having_news))
                change = follower.ledger.take()
                del self._having_news[follower]
                self._look_at(follower)  # the others come first
                return ((follower.target, change),)
            self._has_news.clear()
            await self._has_news.wait()
        if self._is_closed:
            raise ClientClosedError("the fleet was closed while its source servers were watched")
        return None

    def verdict(self) -> None:
        """Nothing is to be said at an end that is none."""

    def drop(self) -> None:
        """Stop watching, soon; a step that is under way ends."""
        if not self._has_left:  # a second cancellation would disturb the cleaning up
            self._has_left = True
            for task in self._tasks:
                task.cancel()
        self._has_news.set()

    async def leave(self) -> None:
        """Stop watching, and see to it that nothing is left behind."""
        self.drop()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Stop watching, as the fleet is closed."""
        self._is_closed = self._is_closed or not self._has_left
        await self.leave()

    def _start(self) -> None:
        if self._tasks or self._has_left:
            return
        self._hub.require_open()
        self._hub.sweeps.add(self)
        for follower in self.followers:
            task = asyncio.create_task(follower.follow(), name="drs_sdk fleet watch")
            task.add_done_callback(self._ended)
            self._tasks.add(task)

    def _look_at(self, follower: Follower) -> None:
        """See whether there is something to tell of a target."""
        if follower.ledger.has_news:
            self._having_news[follower] = None
            self._has_news.set()
        else:  # it is again as it was told
            self._having_news.pop(follower, None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell what broke: a follower ends only when it is cancelled."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broke = error
            self._has_news.set()
