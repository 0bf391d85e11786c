"""Reads of many runs on one client, joined: what hundreds ask at about the same time is asked once.

A read joins only what has yet to be sent. So each asker is told how things stood after it asked,
as if it had asked by itself: a look that decides on a launch may stand on it.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

from drs_sdk._core.errors import DRSError, RequestValidationError
from drs_sdk._transport.api_errors import ResourceNotFoundException, ValidationException
from drs_sdk.recovery.reads import JOINS, JobsRead, PlainReads, ServersRead
from drs_sdk.waiters.errors import own_copy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.models import Job, RecoveryInstance
    from drs_sdk.recovery.reads import Reads

AskT = TypeVar("AskT")
FoundT = TypeVar("FoundT")

QUIET = timedelta(seconds=1)
"""Whoever is about to read waits until nobody else has come for so long."""

LONGEST = timedelta(seconds=5)
"""How long it waits at the most."""

_ABOUT_THE_ASKED = (RequestValidationError, ResourceNotFoundException, ValidationException)
"""Refusals that one asker can bring on all that share a call."""


class JoinedReads:
    """The joined reads of all clients that a worker has."""

    def __init__(self) -> None:
        """Join nothing yet."""
        self._of: WeakKeyDictionary[DRSClient, JointReads] = WeakKeyDictionary()

    def of(self, drs: DRSClient) -> Reads:
        """Give the joined reads of a client."""
        reads = self._of.get(drs)
        if reads is None:
            reads = self._of[drs] = JointReads(PlainReads(drs), drs.clock)
        return reads

    @contextmanager
    def joining(self) -> Generator[None, None, None]:
        """Join the reads of what is done in this block with those in others."""
        token = JOINS.set(self)
        try:
            yield
        finally:
            JOINS.reset(token)


class JointReads:
    """The reads of one client, joined."""

    def __init__(self, plain: Reads, clock: Clock) -> None:
        """Read nothing yet.

        Args:
            plain: Makes the calls.
            clock: Passes the time.
        """
        self._gathering = _Gathering(clock)
        self._all_servers: _Joint[None, ServersRead] = _Joint(lambda _: plain.servers(None))
        self._servers: _Joint[frozenset[str], ServersRead] = _Joint(
            lambda ids: plain.servers(_union(ids))
        )
        self._jobs: _Joint[frozenset[str], JobsRead] = _Joint(
            lambda ids: plain.jobs_by_id(_union(ids))
        )
        self._since: _Joint[datetime, dict[str, Job]] = _Joint(
            lambda since: plain.jobs_since(min(since))
        )
        self._instances: _Joint[frozenset[str], dict[str, list[RecoveryInstance]]] = _Joint(
            lambda ids: plain.instances_of(_union(ids))
        )

    async def gathered(self) -> None:
        """Wait for others that are about to read."""
        await self._gathering.wait()

    async def servers(self, server_ids: frozenset[str] | None) -> ServersRead:
        """Describe servers; all of the place for None."""
        if server_ids is None:
            return await self._all_servers.ask(None)
        read = await self._servers.ask(server_ids)
        own = {name: one for name, one in read.servers.items() if name in server_ids}
        return ServersRead(own, read.at)

    async def jobs_by_id(self, job_ids: frozenset[str]) -> JobsRead:
        """Ask for jobs; those that are gone are missing."""
        read = await self._jobs.ask(job_ids)
        return JobsRead({name: one for name, one in read.jobs.items() if name in job_ids}, read.at)

    async def jobs_since(self, since: datetime) -> dict[str, Job]:
        """List the jobs since a moment; where another asks for more, that as well."""
        return dict(await self._since.ask(since))

    async def instances_of(self, server_ids: frozenset[str]) -> dict[str, list[RecoveryInstance]]:
        """Find the recovery instances of servers."""
        read = await self._instances.ask(server_ids)
        return {name: list(read.get(name, ())) for name in server_ids}


class _Gathering:
    """Lets through together those that come close together."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._group: _Group[None, None] | None = None
        self._last = clock.now()

    async def wait(self) -> None:
        self._last = self._clock.now()
        if self._group is None or not self._group.is_open:
            self._group = _Group[None, None](self._gather)
        await self._group.join(None)

    async def _gather(self, group: _Group[None, None]) -> None:
        began = self._clock.now()
        while True:
            now = self._clock.now()
            pause = min(self._last + QUIET, began + LONGEST) - now
            if pause <= timedelta() or now < began:  # a clock may be set back
                group.is_open = False
                return
            await self._clock.sleep(pause.total_seconds())


class _Joint(Generic[AskT, FoundT]):
    """One kind of read: what is asked for in one turn of the event loop goes in one."""

    def __init__(self, read: Callable[[Collection[AskT]], Awaitable[FoundT]]) -> None:
        self._read = read
        self._group: _Group[AskT, FoundT] | None = None

    async def ask(self, what: AskT) -> FoundT:
        if self._group is None or not self._group.is_open:
            self._group = _Group[AskT, FoundT](self._carry_out)
        group = self._group
        try:
            return await group.join(what)
        except DRSError as error:
            if len(group.asked) > 1 and isinstance(error, _ABOUT_THE_ASKED):
                return await self._read([what])  # it may be another's fault
            raise own_copy(error) from error.__cause__

    async def _carry_out(self, group: _Group[AskT, FoundT]) -> FoundT:
        await asyncio.sleep(0)
        group.is_open = False
        return await self._read(group.asked)


class _Group(Generic[AskT, FoundT]):
    """Those that wait for one task; it is given up when all of them have left."""

    def __init__(
        self, work: Callable[[_Group[AskT, FoundT]], Coroutine[None, None, FoundT]]
    ) -> None:
        self.asked: list[AskT] = []
        self.is_open = True
        self._waiting = 0
        self._task = asyncio.create_task(work(self), name="drs_sdk joined read")

    async def join(self, what: AskT) -> FoundT:
        self.asked.append(what)
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting and not self._task.done():
                self.is_open = False
                self._task.cancel()
                await asyncio.wait([self._task])


def _union(ids: Collection[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*ids)
