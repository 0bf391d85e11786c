"""A watch without an end: what appears, changes and goes, until it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk.waiters.changes import Change
from drs_sdk.waiters.errors import own_copy
from drs_sdk.waiters.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from drs_sdk._core.errors import DRSError
    from drs_sdk.waiters.kinds import Kind
    from drs_sdk.waiters.pace import Pace
    from drs_sdk.waiters.polling import PollerHub
    from drs_sdk.waiters.subscription import Tick

SubjectT = TypeVar("SubjectT")
PolledT = TypeVar("PolledT")


class Monitor(Generic[SubjectT, PolledT]):
    """Follows subjects: polls go on whether or not anybody takes the changes.

    It keeps no queue. It knows how each subject is now and how it was when that was last told, so
    a reader that is slow is told the newest state, once.
    """

    __slots__ = (
        "_error",
        "_has_left",
        "_hub",
        "_ids",
        "_now",
        "_pace",
        "_pending",
        "_poller",
        "_subscription",
        "_told",
        "_unfold",
    )

    def __init__(
        self,
        hub: PollerHub,
        kind: Kind[PolledT],
        ids: Collection[str],
        pace: Pace,
        unfold: Callable[[Mapping[str, PolledT]], Mapping[str, SubjectT]],
    ) -> None:
        """Prepare; nothing is asked before the first `step`.

        Args:
            hub: The pollers of the client.
            kind: What is polled for.
            ids: What is asked for.
            pace: How often to ask.
            unfold: Finds the subjects in what a poll found.
        """
        self._hub = hub
        self._poller = hub.poller(kind)
        self._ids = set(ids)
        self._pace = pace
        self._unfold = unfold
        self._subscription: Subscription[PolledT] | None = None
        self._told: dict[str, SubjectT] = {}
        self._now: dict[str, SubjectT] = {}
        self._pending: dict[str, None] = {}
        self._error: DRSError | None = None
        self._has_left = False

    async def step(self) -> tuple[Change[SubjectT], ...] | None:
        """Wait for the next change; a step that is cancelled takes nothing with it.

        Returns:
            None once the watch was left, or if it is about nothing.

        Raises:
            DRSError: The service refuses to be asked, for good.
        """
        if not self._ids:
            return None
        subscription = self._subscription or self._join()
        while not self._pending:
            if self._has_left:
                return None
            if self._error is not None:
                raise own_copy(self._error) from self._error.__cause__
            await subscription.delivered()
        return (self._take(),)

    def verdict(self) -> None:
        """Nothing is to be said at an end that is none."""

    def drop(self) -> None:
        """Stop watching, soon; a step that is under way ends."""
        self._has_left = True
        self._pending.clear()
        if self._subscription is not None:
            self._poller.leave(self._subscription)
            self._subscription.deliver(None)

    async def leave(self) -> None:
        """Stop watching, and see to it that nothing is left behind."""
        self.drop()
        await self._poller.stopped()

    def _join(self) -> Subscription[PolledT]:
        subscription: Subscription[PolledT] = Subscription(
            ids=set(self._ids),
            min_delay=self._pace.min_delay,
            max_delay=self._pace.max_delay,
            deadline=None,
            due=self._hub.clock.now(),
            absorb=self._absorb,
        )
        self._subscription = subscription
        self._poller.join(subscription)
        return subscription

    def _absorb(self, tick: Tick[PolledT]) -> None:
        """Note what a poll brought: how everything is now."""
        if tick.error is not None and tick.final:
            self._error = tick.error
        answered = self._ids & tick.asked
        if not answered:
            return  # bad weather
        found = self._unfold(tick.found)
        if len(answered) == len(self._ids):
            gone = self._now.keys() - found.keys()
        else:
            gone = (self._now.keys() & answered) - found.keys()
        for name in gone:
            del self._now[name]
            self._note(name)
        for name, subject in found.items():
            told = self._told.get(name)
            self._now[name] = subject if told is None or subject != told else told
            self._note(name)

    def _note(self, name: str) -> None:
        """Have a subject told about if it is not as it was told."""
        if self._now.get(name) is self._told.get(name):
            self._pending.pop(name, None)
        else:
            self._pending[name] = None

    def _take(self) -> Change[SubjectT]:
        name = next(iter(self._pending))
        del self._pending[name]
        previous, now = self._told.get(name), self._now.get(name)
        if now is None:
            last = self._told.pop(name)
            return Change(kind="gone", subject=last, previous=previous)
        self._told[name] = now
        kind = "appeared" if previous is None else "changed"
        return Change(kind=kind, subject=now, previous=previous)
