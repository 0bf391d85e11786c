"""One wait's place in a poller: what it asks for, when it is due, and what the polls brought."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from drs_sdk._core.errors import DRSError

SubjectT = TypeVar("SubjectT")

_NEARLY = 0.5
"""A wait joins a poll that comes up to this part of its delay too early."""


@dataclass(frozen=True, slots=True)
class Tick(Generic[SubjectT]):
    """What a poll brought for one wait.

    Attributes:
        at: When, by the clock.
        found: The subjects that were found, by id.
        asked: The ids that the service has answered about.
        error: Why a call failed, where one did.
        final: Whether the error ends the wait.
        next_at: When the service is asked again.
    """

    at: datetime
    found: dict[str, SubjectT]
    asked: frozenset[str]
    error: DRSError | None
    final: bool
    next_at: datetime


@dataclass(eq=False, slots=True)
class Subscription(Generic[SubjectT]):
    """One wait's place in a poller.

    Attributes:
        ids: What it waits for; shrinks as subjects reach their end.
        min_delay: The shortest delay between its polls.
        max_delay: The longest delay that they back off to.
        deadline: When it gives up; its last poll falls on it.
        due: When it wants to be asked for next.
        soonest: When it may be asked for next, in a poll that others want.
        pause: How long the delay before `due` was meant to be.
        polls: How often it was asked for.
        not_before: When the service may be asked again at the earliest, whatever happens.
        is_called: Whether something happened to it while a call was under way.
        over: Whether it was asked for the last time.
        keeps_up: Whether it has dealt with what the last poll brought; it is asked for again once
            it has. One whose ``on_update`` is slow, or whose watch is not walked over, falls
            behind.
        absorb: Takes what the polls bring at once; such a one never falls behind.
    """

    ids: set[str]
    min_delay: timedelta
    max_delay: timedelta
    deadline: datetime | None
    due: datetime
    soonest: datetime = field(init=False)
    pause: timedelta = timedelta()
    polls: int = 0
    not_before: datetime = field(init=False)
    is_called: bool = False
    over: bool = False
    keeps_up: bool = True
    absorb: Callable[[Tick[SubjectT]], None] | None = None
    _ticks: deque[Tick[SubjectT] | None] = field(
        default_factory=deque["Tick[SubjectT] | None"], init=False
    )
    _taking: asyncio.Future[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Nothing stands in the way of the first poll."""
        self.soonest = self.not_before = self.due

    def deliver(self, tick: Tick[SubjectT] | None) -> None:
        """Hand over what a poll brought; None once the deadline has passed, or nobody waits."""
        if self.absorb is None:
            self._ticks.append(tick)
        elif tick is not None:
            self.absorb(tick)
            self.keeps_up = True
        if self._taking is not None and not self._taking.done():
            self._taking.set_result(None)

    def time_is_up(self) -> None:
        """End the wait: nothing that hangs outlasts its deadline by much."""
        if self.keeps_up:  # else the caller is busy, and nobody waits for a poll
            self.deliver(None)

    async def take(self) -> Tick[SubjectT] | None:
        """Wait for what the next poll brings; cancelled, it takes nothing."""
        # A queue would do as well, but ten thousand of them cost more than all else of a wait.
        while not self._ticks:
            await self.delivered()
        return self._ticks.popleft()

    def delivered(self) -> asyncio.Future[None]:
        """Make a future that is done when something is handed over."""
        self._taking = asyncio.get_running_loop().create_future()
        return self._taking

    @property
    def wants_more(self) -> bool:
        """Whether it is to be asked for again."""
        return bool(self.ids) and not self.over

    @property
    def delay(self) -> timedelta:
        """The longest that the next delay may be: doubled at each poll, up to the maximum."""
        # By the quotient, as doubling a long delay would overflow.
        most = self.max_delay / self.min_delay
        return self.min_delay * min(2.0 ** min(self.polls, 64), most)

    def schedule(self, now: datetime, jitter: float, floor: timedelta) -> None:
        """Choose when to be asked for next.

        Args:
            now: The time of the poll.
            jitter: From 0 for the shortest delay to 1 for the longest, the same for all waits of
                a tick, so that they stay in step.
            floor: The least delay, such as a Retry-After.
        """
        delay = self.min_delay + (self.delay - self.min_delay) * jitter
        # A Retry-After is for this wait, too, whoever else polls before it is over.
        self.soonest = now + max(delay * (1 - _NEARLY), floor)
        self.not_before = now + floor
        self.pause = max(delay, floor)
        self.due = now + self.pause
        if self.deadline is not None:
            self.due = min(self.due, max(self.deadline, now))
            self.over = now >= self.deadline

    def put_off(self, now: datetime, by: timedelta) -> None:
        """Have the first poll come later, though not after the deadline.

        It still joins a poll that others want.
        """
        due = now + by
        if self.deadline is not None:
            due = min(due, self.deadline)
        if due > max(self.due, now):
            self.due = due
            self.pause = due - now

    def call(self, now: datetime, apart: timedelta) -> None:
        """Have it asked for now: something happened.

        Args:
            now: The time.
            apart: How long after the last poll the next may come.
        """
        soon = max(now, self.not_before + apart) if self.polls else now
        if soon < self.due:
            self.due = self.soonest = soon
            self.pause = soon - now

    def keep_up_with(self, now: datetime) -> None:
        """Put `due` right if the clock was set back: a delay is never longer than it was meant."""
        self.due = min(self.due, now + self.pause)

    def joins(self, now: datetime) -> bool:
        """Whether it joins a poll that is made now."""
        return now >= min(self.soonest, self.due)
