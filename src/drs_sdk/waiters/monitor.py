"""A watch without an end: what appears, changes and goes, until it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk.waiters.errors import own_copy
from drs_sdk.waiters.ledger import Ledger
from drs_sdk.waiters.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from drs_sdk._core.errors import DRSError
    from drs_sdk.waiters.changes import Change
    from drs_sdk.waiters.kinds import Kind
    from drs_sdk.waiters.pace import Pace
    from drs_sdk.waiters.polling import PollerHub
    from drs_sdk.waiters.subscription import Tick

SubjectT = TypeVar("SubjectT")
PolledT = TypeVar("PolledT")


class Monitor(Generic[SubjectT, PolledT]):
    """Follows subjects: polls go on whether or not anybody takes the changes.

    Attributes:
        failure: Why the latest poll failed; None if it was answered.
        refusal: Why the service will not be asked any more.
    """

    __slots__ = (
        "_has_left",
        "_hub",
        "_ids",
        "_ledger",
        "_pace",
        "_poller",
        "_subscription",
        "_unfold",
        "_when_polled",
        "failure",
        "refusal",
    )

    def __init__(
        self,
        hub: PollerHub,
        kind: Kind[PolledT],
        ids: Collection[str],
        pace: Pace,
        unfold: Callable[[Mapping[str, PolledT]], Mapping[str, SubjectT]],
        *,
        ledger: Ledger[SubjectT] | None = None,
        when_polled: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; nothing is asked before `start` or the first `step`.

        Args:
            hub: The pollers of the client.
            kind: What is polled for.
            ids: What is asked for.
            pace: How often to ask.
            unfold: Finds the subjects in what a poll found.
            ledger: What is known already, to go on from.
            when_polled: Called after each poll.
        """
        self._hub = hub
        self._poller = hub.poller(kind)
        self._ids = set(ids)
        self._pace = pace
        self._unfold = unfold
        self._subscription: Subscription[PolledT] | None = None
        self._ledger = ledger if ledger is not None else Ledger[SubjectT]()
        self._when_polled = when_polled
        self._has_left = False
        self.failure: DRSError | None = None
        self.refusal: DRSError | None = None

    def start(self) -> None:
        """Begin to ask."""
        if self._subscription is None:
            self._subscription = self._join()

    async def step(self) -> tuple[Change[SubjectT], ...] | None:
        """Wait for the next change; a step that is cancelled takes nothing with it.

        Returns:
            None once the watch was left, or if it is about nothing.

        Raises:
            DRSError: The service refuses to be asked, for good.
        """
        if not self._ids:
            return None
        subscription = self._subscription = self._subscription or self._join()
        while not self._has_left:
            if self._ledger.has_news:
                return (self._ledger.take(),)
            if self.refusal is not None:
                raise own_copy(self.refusal) from self.refusal.__cause__
            await subscription.delivered()
        return None

    def verdict(self) -> None:
        """Nothing is to be said at an end that is none."""

    def drop(self) -> None:
        """Stop watching, soon; a step that is under way ends."""
        self._has_left = True
        if self._subscription is not None:
            self._poller.leave(self._subscription)
            self._subscription.deliver(None)

    async def leave(self) -> None:
        """Stop watching, and see to it that nothing is left behind."""
        self.drop()
        await self._poller.stopped()

    def _join(self) -> Subscription[PolledT]:
        self._hub.require_usable()
        subscription: Subscription[PolledT] = Subscription(
            ids=set(self._ids),
            min_delay=self._pace.min_delay,
            max_delay=self._pace.max_delay,
            deadline=None,
            due=self._hub.clock.now(),
            absorb=self._absorb,
        )
        self._poller.join(subscription)
        return subscription

    def _absorb(self, tick: Tick[PolledT]) -> None:
        """Note what a poll brought: how everything is now."""
        self.failure = tick.error
        if tick.error is not None and tick.final:
            self.refusal = tick.error
        answered = self._ids & tick.asked
        if answered:  # else bad weather
            found = self._unfold(tick.found)
            known = self._ledger.names
            gone = known if len(answered) == len(self._ids) else known & answered
            self._ledger.note(found, gone - found.keys())
        self._when_polled()
