"""Shared polls: all waits of a client on one kind of subject ask together.

A poller runs while anybody waits. At each tick it asks for the subjects of every wait that is
due, or nearly so, in as few calls as the filter's bound allows, and hands each wait what concerns
it. Waits with the same delays thus fall into step, however many tasks they belong to.

Each call is a task of its own: one that hangs holds up the waits that share it, and no others.

A wait that leaves, cancelled or done, takes nothing from the others: the poll is not theirs alone.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from drs_sdk._core.cancellation import is_being_cancelled
from drs_sdk._core.errors import (
    ClientClosedError,
    DRSError,
    RequestValidationError,
)
from drs_sdk._transport.api_errors import (
    ResourceNotFoundException,
    ValidationException,
)
from drs_sdk.waiters.alarm import Alarms
from drs_sdk.waiters.slots import Slots
from drs_sdk.waiters.subscription import Tick
from drs_sdk.waiters.weather import asked_to_wait, may_heal, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Set as AbstractSet
    from datetime import datetime

    from drs_sdk.clock import Clock
    from drs_sdk.operations import Operations
    from drs_sdk.waiters.kinds import Kind
    from drs_sdk.waiters.subscription import Subscription

SubjectT = TypeVar("SubjectT")

_CALLS_AT_ONCE = 4
_LONG_CALL = timedelta(seconds=2)
"""A call that takes longer counts no more as one of those at once."""

_CLOSE_TOGETHER = timedelta(seconds=0.5)
"""Waits that join within so long after a poll for new ones share the next."""


_ABOUT_THE_IDS = (RequestValidationError, ResourceNotFoundException, ValidationException)
"""Refusals that one id can bring on all that share its call."""


class Poller(Generic[SubjectT]):
    """Polls for all waits on one kind of subject."""

    def __init__(self, kind: Kind[SubjectT], drs: Operations, clock: Clock) -> None:
        """Poll through a client; nothing runs before somebody joins."""
        self._kind = kind
        self._drs = drs
        self._clock = clock
        self._subscriptions: dict[Subscription[SubjectT], None] = {}  # in order of joining
        # The calls under way that a wait has yet to hear of.
        self._asked: dict[Subscription[SubjectT], dict[_Batch[SubjectT], None]] = {}
        self._asked_for_new: datetime | None = None
        self._slots = Slots(clock, _CALLS_AT_ONCE, _LONG_CALL)
        self._changed = asyncio.Event()
        self._wakes_at: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self.alarms: Alarms = Alarms(clock, _CLOSE_TOGETHER)

    def join(self, subscription: Subscription[SubjectT]) -> None:
        """Have a wait asked for: at once, or soon with others that join close together."""
        self._subscriptions[subscription] = None
        now = self._clock.now()
        if self._asked_for_new is not None:
            passed = max(now - self._asked_for_new, timedelta())  # a clock may be set back
            subscription.put_off(now, _CLOSE_TOGETHER - passed)
        self._wake_for(subscription, now)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"drs_sdk {self._kind.name} poller")

    def dealt_with(self, subscription: Subscription[SubjectT], *, at_once: bool = False) -> None:
        """Note that a wait has dealt with what a poll brought, and is to be asked for again.

        Args:
            subscription: The wait's place.
            at_once: Whether it cannot wait until it is due.
        """
        now = self._clock.now()
        subscription.keeps_up = True
        if at_once:
            subscription.due = min(subscription.due, now)
        if subscription.due <= now:
            self._changed.set()

    def _wake_for(self, subscription: Subscription[SubjectT], now: datetime) -> None:
        """Wake the poller, unless it wakes in time for a wait by itself."""
        if self._wakes_at is None or not now <= self._wakes_at <= subscription.due:
            self._changed.set()

    def wake(self, ids: AbstractSet[str] | None) -> None:
        """Ask now for those who wait for any of these, or for all: something happened to them."""
        now = self._clock.now()
        for subscription in self._subscriptions:
            if ids is not None and subscription.ids.isdisjoint(ids):
                continue
            if subscription in self._asked:
                subscription.is_called = True  # the call may have missed it
            else:
                subscription.call(now, _CLOSE_TOGETHER)
                self._wake_for(subscription, now)

    def leave(self, subscription: Subscription[SubjectT]) -> None:
        """Take a wait out; the last one stops the poller, soon."""
        # The poller is not woken: for those that stay nothing changes before one of them is due.
        self._subscriptions.pop(subscription, None)
        for batch in self._asked.pop(subscription, {}):
            del batch.sharing[subscription]
            if not batch.sharing and batch.task is not None:
                batch.task.cancel()  # nobody wants it any more
        task = self._task
        if not self._subscriptions and task is not None:
            self._task = None
            self._asked_for_new = None
            self._wakes_at = None
            self.alarms.part()
            task.cancel()
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    async def stopped(self) -> None:
        """See the poller stopped, if nobody waits any more."""
        if self._stopping:
            await asyncio.wait(self._stopping)

    async def close(self) -> None:
        """End every wait: the client is closing."""
        error = ClientClosedError("the client was closed while something was waited for")
        self._end_all(error)
        for subscription in list(self._subscriptions):
            self.leave(subscription)
        await self.stopped()

    def _end_all(self, error: DRSError) -> None:
        now = self._clock.now()
        for subscription in self._subscriptions:
            subscription.over = True
            subscription.deliver(Tick(now, {}, frozenset(), error, final=True, next_at=now))

    async def _run(self) -> None:
        try:
            await self._poll_for_ever()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody must wait for ever
            cause = _innermost(error)
            failed = DRSError(f"the polls failed: {type(cause).__name__}: {cause}")
            failed.__cause__ = cause
            self._end_all(failed)

    async def _poll_for_ever(self) -> None:
        await asyncio.sleep(0)  # tasks that were started together join together
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                now = self._clock.now()
                waiting = [each for each in self._subscriptions if each.wants_more]
                for each in waiting:
                    each.keep_up_with(now)
                ready = [each for each in waiting if each.keeps_up and each not in self._asked]
                if any(each.due <= now for each in ready):
                    self._poll([each for each in ready if each.joins(now)], group)
                self._wakes_at = min((each.due for each in waiting if each.due > now), default=None)
                await self._sleep_until(self._wakes_at, now)

    async def _sleep_until(self, moment: datetime | None, now: datetime) -> None:
        sleeping: set[asyncio.Task[object]] = {asyncio.create_task(self._changed.wait())}
        if moment is not None:
            seconds = (moment - now).total_seconds()
            sleeping.add(asyncio.create_task(_slept(self._clock, seconds)))
        try:
            done, _ = await asyncio.wait(sleeping, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # a clock may fail
        finally:
            for task in sleeping:
                task.cancel()
            await asyncio.wait(sleeping)

    def _poll(self, due: list[Subscription[SubjectT]], group: asyncio.TaskGroup) -> None:
        """Ask for everything that is due: each call is a task, and hands out what it brought."""
        ids = dict.fromkeys(name for each in due for name in sorted(each.ids))
        batches = [_Batch[SubjectT](names) for names in _batches(ids, self._kind.batch)]
        batch_of = {name: batch for batch in batches for name in batch.ids}
        poll = _Poll[SubjectT](random.random())  # noqa: S311 - no secret
        if any(not each.polls for each in due):
            self._asked_for_new = self._clock.now()
        self.alarms.part()
        for each in due:
            self._asked[each] = {batch_of[name]: None for name in each.ids}
            for batch in self._asked[each]:
                batch.sharing[each] = None
        for batch in batches:
            batch.task = group.create_task(self._poll_batch(batch, poll))

    async def _poll_batch(self, batch: _Batch[SubjectT], poll: _Poll[SubjectT]) -> None:
        """Make one call, and hand out to the waits for which it was the last one."""
        async with self._slots.one():
            outcome = await self._ask(batch.ids)
            broken = dict.fromkeys(outcome.failed, outcome.error)
            poll.found.update(outcome.found)
            poll.blamed.update(await self._find_to_blame(broken, batch, poll.found))
            poll.broken.update(broken)
        now = self._clock.now()
        for each in batch.sharing:
            del self._asked[each][batch]
            if not self._asked[each]:
                del self._asked[each]
                self._hand_out(each, poll, now)
        self._changed.set()

    async def _find_to_blame(
        self,
        broken: dict[str, DRSError | None],
        batch: _Batch[SubjectT],
        found: dict[str, SubjectT],
    ) -> dict[Subscription[SubjectT], DRSError]:
        """When a shared call was refused for what it asked, find out whose ids are to blame.

        The waits are halved until the blame is on one: a bad id among 500 costs some ten calls,
        once, as its wait ends there. For the others `broken` and `found` are put right.
        """
        refused = {name for name, error in broken.items() if isinstance(error, _ABOUT_THE_IDS)}
        sharing = [each for each in batch.sharing if each.ids & refused]
        if len(sharing) < 2:  # noqa: PLR2004 - nobody to tell apart
            return {}
        blamed: dict[Subscription[SubjectT], DRSError] = {}
        parts = [sharing]
        while parts:
            part = parts.pop()
            half = len(part) // 2
            for waits in (part[:half], part[half:]):
                ids = set[str]().union(*(each.ids for each in waits)) & refused
                outcome = await self._ask(sorted(ids))
                if not isinstance(outcome.error, _ABOUT_THE_IDS):
                    for name in ids:
                        broken.pop(name, None)
                    broken.update(dict.fromkeys(outcome.failed, outcome.error))
                    found.update(outcome.found)
                elif len(waits) == 1:
                    blamed[waits[0]] = outcome.error
                else:
                    parts.append(waits)
        return blamed

    async def _ask(self, ids: Sequence[str]) -> _Outcome[SubjectT]:
        try:
            subjects = await self._kind.describe(self._drs, ids)
        except DRSError as error:
            return _Outcome({}, ids, error)
        except asyncio.CancelledError as error:
            if is_being_cancelled():
                raise
            # A task group would pass over it, and whoever waits for the poll wait on.
            failed = DRSError("the poll waited for something that was cancelled")
            failed.__cause__ = error
            return _Outcome({}, ids, failed)
        named = ((self._kind.id_of(subject), subject) for subject in subjects)
        return _Outcome({name: subject for name, subject in named if name is not None}, (), None)

    @staticmethod
    def _hand_out(each: Subscription[SubjectT], poll: _Poll[SubjectT], now: datetime) -> None:
        broken = each.ids & poll.broken.keys()
        error = poll.blamed.get(each) or worst(poll.broken[name] for name in broken)
        each.polls += 1
        each.schedule(now, poll.jitter, asked_to_wait(error))
        if each.is_called:
            each.is_called = False
            each.call(now, _CLOSE_TOGETHER)
        final = error is not None and not may_heal(error, first=each.polls == 1)
        each.over = each.over or final
        each.keeps_up = False
        each.deliver(
            Tick(
                at=now,
                found={name: poll.found[name] for name in each.ids if name in poll.found},
                asked=frozenset(each.ids - broken),
                error=error,
                final=final,
                next_at=each.due,
            )
        )


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[SubjectT]):
    found: dict[str, SubjectT]
    failed: Sequence[str]
    error: DRSError | None


@dataclass(eq=False)
class _Batch(Generic[SubjectT]):
    """A call: what it asks for, and for whom."""

    ids: list[str]
    sharing: dict[Subscription[SubjectT], None] = field(
        default_factory=dict["Subscription[SubjectT]", None]
    )
    task: asyncio.Task[None] | None = None


@dataclass(eq=False)
class _Poll(Generic[SubjectT]):
    """What the calls that were made at one time have brought so far."""

    jitter: float
    found: dict[str, SubjectT] = field(default_factory=dict[str, SubjectT])
    broken: dict[str, DRSError | None] = field(default_factory=dict[str, "DRSError | None"])
    blamed: dict[Subscription[SubjectT], DRSError] = field(
        default_factory=dict["Subscription[SubjectT]", "DRSError"]
    )


class PollerHub:
    """The pollers of one client, one for each kind that is waited for."""

    def __init__(
        self,
        drs: Operations,
        clock: Clock,
        walker: Operations | None = None,
        *,
        require_usable: Callable[[], None] = lambda: None,
    ) -> None:
        """Make pollers as they are needed.

        Args:
            drs: Sends the polls; it should try once, as the pollers repeat by themselves.
            clock: Tells the time and passes it.
            walker: Sends the polls that walk over pages; it should try again, or one page that
                fails would cost all pages. The same unless given.
            require_usable: Raises where the client cannot be used: the pollers are tasks of its
                event loop, and nobody else's to join.
        """
        self._drs = drs
        self._walker = walker or drs
        self.clock = clock
        self.require_usable = require_usable
        self._pollers: dict[str, Poller[object]] = {}

    def poller(self, kind: Kind[SubjectT]) -> Poller[SubjectT]:
        """Find the poller for a kind of subject."""
        poller = cast("Poller[SubjectT] | None", self._pollers.get(kind.name))
        if poller is None:
            poller = Poller(kind, self._walker if kind.walks else self._drs, self.clock)
            self._pollers[kind.name] = cast("Poller[object]", poller)
        return poller

    def wake(self, ids: AbstractSet[str] | None, kind: Kind[SubjectT] | None = None) -> None:
        """Ask now for what something happened to.

        Args:
            ids: What it happened to; None if it may be any of a kind.
            kind: The kind it is of, if that is known.
        """
        for name, poller in self._pollers.items():
            if kind is None or kind.name == name:
                poller.wake(ids)

    async def close(self) -> None:
        """End every wait."""
        for poller in list(self._pollers.values()):
            await poller.close()


def _innermost(error: Exception) -> Exception:
    """Find the first error in a task group's."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error


def _batches(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(ids)
    while batch := list(islice(iterator, size)):
        yield batch


async def _slept(clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)  # a clock promises an awaitable, a task wants a coroutine
