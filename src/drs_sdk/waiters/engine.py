"""One wait: its deadline, what it has seen, and how it ends."""

from __future__ import annotations

import inspect
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk.waiters.alarm import Alarm, TimeIsUpError
from drs_sdk.waiters.errors import WaiterFailedError, WaiterTimeoutError, own_copy
from drs_sdk.waiters.subscription import Subscription, Tick
from drs_sdk.waiters.updates import WaitUpdate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from datetime import datetime

    from drs_sdk._core.errors import DRSError
    from drs_sdk.models import JobLog
    from drs_sdk.waiters.condition import Acceptor, Condition, Outcome
    from drs_sdk.waiters.pace import Pace
    from drs_sdk.waiters.polling import PollerHub
    from drs_sdk.waiters.updates import OnUpdate

SubjectT = TypeVar("SubjectT")

_GRACE = timedelta(seconds=10)
"""How long a call, or an ``on_update``, that is under way at the deadline may still take."""


@dataclass(slots=True)
class _Seen(Generic[SubjectT]):
    """What is known of one subject.

    At first that is what the wait was given.
    """

    last: SubjectT | None = None
    is_told: bool = False
    named: frozenset[str] = frozenset()
    outcome: Outcome | None = None
    reason: str = ""
    missing_since: datetime | None = None
    is_missing: bool = False
    fitting_since: dict[int, datetime] | None = None


class Wait(Generic[SubjectT]):
    """Waits for a condition to hold for each of some subjects."""

    __slots__ = (
        "_alarm",
        "_began",
        "_condition",
        "_has_left",
        "_hub",
        "_is_last",
        "_is_over",
        "_last_error",
        "_on_update",
        "_pace",
        "_poller",
        "_polls",
        "_seen",
        "_subscription",
        "_told_done",
    )

    def __init__(
        self,
        hub: PollerHub,
        condition: Condition[SubjectT],
        subjects: Mapping[str, SubjectT | None],
        pace: Pace,
        on_update: OnUpdate[SubjectT] | None,
    ) -> None:
        """Prepare; nothing is asked before the first `step`.

        Args:
            hub: The pollers of the client.
            condition: What is waited for.
            subjects: What is waited for, by id; None for one of which the id is all that is known.
            pace: How long and how often to ask.
            on_update: Told what the polls bring.
        """
        self._hub = hub
        self._condition = condition
        self._pace = pace
        self._on_update = on_update
        self._seen: dict[str, _Seen[SubjectT]] = {
            name: _Seen(given) for name, given in subjects.items()
        }
        self._began = hub.clock.now()
        self._polls = 0
        self._last_error: DRSError | None = None
        self._told_done: frozenset[str] = frozenset()
        self._poller = hub.poller(condition.kind)
        self._subscription: Subscription[SubjectT] | None = None
        self._alarm: Alarm | None = None
        self._is_last = False
        self._is_over = False
        self._has_left = False

    @property
    def subjects(self) -> list[SubjectT]:
        """The last known state of every subject that was seen, in the order asked for."""
        return [seen.last for seen in self._seen.values() if seen.last is not None]

    @property
    def failures(self) -> dict[str, str]:
        """Why it cannot happen any more, by id."""
        return {name: seen.reason for name, seen in self._seen.items() if seen.outcome == "failure"}

    @property
    def missing(self) -> dict[str, str]:
        """Those of the failures whose subject is not there."""
        return {name: why for name, why in self.failures.items() if self._seen[name].is_missing}

    @property
    def named(self) -> frozenset[str]:
        """The parts that the subjects have named so far."""
        return frozenset[str]().union(*(seen.named for seen in self._seen.values()))

    @property
    def time_left(self) -> timedelta | None:
        """The time until the deadline; None if there is none."""
        if self._pace.timeout is None:
            return None
        return max(self._began + self._pace.timeout - self._hub.clock.now(), timedelta())

    @property
    def last(self) -> SubjectT | list[SubjectT] | None:
        """What an error carries: the subject, or a list where there may be several."""
        return self.only_or_none if self._condition.single else self.subjects

    @property
    def only_or_none(self) -> SubjectT | None:
        """The last known state of the one subject, if it was seen."""
        return next(iter(self.subjects), None)

    @property
    def only(self) -> SubjectT:
        """The one subject, after a wait that ended well."""
        return self.subjects[0]

    def failed(
        self,
        *,
        reasons: Mapping[str, str] | None = None,
        events: Mapping[str, Sequence[JobLog]] | None = None,
    ) -> WaiterFailedError:
        """Make the error that names what failed, and why."""
        told = reasons or self.failures
        listed = "; ".join(f"{name}: {why}" for name, why in told.items())
        return WaiterFailedError(
            f"Failed while waiting until {self._condition.name}: {listed}",
            reasons=told,
            events=events,
            last=self.last,
            operation=self._condition.kind.operation,
        )

    async def finish(self) -> None:
        """Wait until every subject has reached its good end, or one a bad one."""
        try:
            while await self.step() is not None:
                if self.failures:
                    return
        finally:
            await self.leave()

    async def step(self) -> tuple[SubjectT, ...] | None:
        """Wait for the next poll: what it shows that is new or different.

        A step that is cancelled takes nothing with it: the next one goes on from there.

        Returns:
            None once all have reached their end.

        Raises:
            WaiterTimeoutError: The deadline came first.
            DRSError: The service refuses to be asked, for good.
        """
        if not self._open_ids():
            return None
        if self._is_over:
            raise self._timed_out()
        subscription = self._subscription or self._join()
        # The deadline passed while the caller was busy: one last look is due to it.
        has_rung = self._renew_alarm(subscription)
        self._is_last = self._is_last or has_rung
        self._poller.dealt_with(subscription, at_once=has_rung)
        tick = await subscription.take()
        if self._has_left:
            return None
        if tick is None:
            raise self._timed_out()
        changed = self._take_in(tick)
        subscription.ids &= self._ids_to_ask_for()
        await self._tell(changed, tick, subscription)
        if tick.error is not None and tick.final:
            raise own_copy(tick.error) from tick.error.__cause__
        deadline = subscription.deadline
        is_late = self._polls > 0 and deadline is not None and tick.at >= deadline
        self._is_over = self._is_last or is_late
        return changed

    def _join(self) -> Subscription[SubjectT]:
        self._hub.require_usable()
        pace = self._pace
        deadline = None if pace.timeout is None else self._began + pace.timeout
        subscription: Subscription[SubjectT] = Subscription(
            ids=set(self._seen),
            min_delay=pace.min_delay,
            max_delay=pace.max_delay,
            deadline=deadline,
            due=self._began,
        )
        self._subscription = subscription
        if deadline is not None:
            left = max(deadline - self._hub.clock.now(), timedelta())
            self._alarm = self._poller.alarms.set(left + _GRACE, subscription.time_is_up)
        self._look_at_given(subscription)
        self._poller.join(subscription)
        return subscription

    def _look_at_given(self, subscription: Subscription[SubjectT]) -> None:
        """Take what the wait was given for a first poll, if that is sound."""
        condition = self._condition
        given = {name: seen.last for name, seen in self._seen.items() if seen.last is not None}
        for name, subject in given.items():
            self._seen[name].named = condition.names(subject)
        if len(given) < len(self._seen) or not condition.counted.issuperset(
            condition.standing(subject) for subject in given.values()
        ):
            return
        now = self._hub.clock.now()
        subscription.put_off(now, self._pace.min_delay)
        subscription.deliver(
            Tick(now, given, frozenset(given), None, final=False, next_at=subscription.due)
        )

    def verdict(self) -> WaiterFailedError | None:
        """What a watch raises at its end: some are not there, and no state of theirs would tell."""
        return self.failed(reasons=self.missing) if self.missing else None

    def drop(self) -> None:
        """Stop waiting, soon; a step that is under way ends."""
        self._has_left = True
        subscription = self._subscription
        if subscription is None:
            return
        if self._alarm is not None:
            self._alarm.cancel(subscription.time_is_up)
        self._poller.leave(subscription)
        subscription.deliver(None)

    async def leave(self) -> None:
        """Stop waiting, and see to it that nothing is left behind."""
        self.drop()  # at once, before anything that a second cancellation may cut short
        await self._poller.stopped()
        if self._alarm is not None:
            await self._alarm.stopped()

    def _renew_alarm(self, subscription: Subscription[SubjectT]) -> bool:
        """If the alarm has rung, set it for what is left to do; say whether it had."""
        has_rung = self._alarm is not None and self._alarm.has_rung
        if has_rung:
            self._alarm = Alarm(self._hub.clock, _GRACE, subscription.time_is_up)
        return has_rung

    def _open_ids(self) -> set[str]:
        return {name for name, seen in self._seen.items() if seen.outcome is None}

    def _ids_to_ask_for(self) -> set[str]:
        """Find what may still change the end: a good state that can pass is looked at again."""
        ended = {"failure"} if self._condition.passing else {"success", "failure"}
        return {name for name, seen in self._seen.items() if seen.outcome not in ended}

    def _take_in(self, tick: Tick[SubjectT]) -> tuple[SubjectT, ...]:
        """Note what a poll brought, and judge it; the subjects that are new or different."""
        subscription = self._subscription
        self._polls = subscription.polls if subscription is not None else 0
        self._last_error = tick.error
        changed: list[SubjectT] = []
        for name, seen in self._seen.items():
            if self._condition.passing and seen.outcome == "success":
                seen.outcome = None  # it counts only if this poll shows it again
            if seen.outcome is not None or name not in tick.asked:
                continue
            subject = tick.found.get(name)
            if subject is None:
                self._miss(name, seen, tick.at)
                continue
            seen.missing_since = None
            if not seen.is_told or subject != seen.last:
                changed.append(subject)
            seen.is_told = True
            seen.last = subject
            seen.named |= self._condition.names(subject)
            self._judge(seen, subject, tick.at)
        return tuple(changed)

    def _miss(self, name: str, seen: _Seen[SubjectT], now: datetime) -> None:
        seen.missing_since = min(seen.missing_since or now, now)  # a clock may be set back
        if now - seen.missing_since >= self._condition.appearing:
            seen.outcome = self._condition.absent
            seen.is_missing = seen.outcome == "failure"
            seen.reason = f"there is no {self._condition.kind.name} {name}"

    def _judge(self, seen: _Seen[SubjectT], subject: SubjectT, now: datetime) -> None:
        fitting_since = seen.fitting_since = seen.fitting_since or {}
        for index, acceptor in enumerate(self._condition.acceptors):
            if not acceptor.fits(subject) or (acceptor.remembering and not seen.named):
                fitting_since.pop(index, None)
                continue
            since = min(fitting_since.get(index, now), now)  # a clock may be set back
            fitting_since[index] = since
            if seen.outcome is None and now - since >= acceptor.settling:
                self._accept(seen, acceptor, subject)

    @staticmethod
    def _accept(seen: _Seen[SubjectT], acceptor: Acceptor[SubjectT], subject: SubjectT) -> None:
        seen.outcome = acceptor.outcome
        seen.reason = acceptor.reason(subject)

    async def _tell(
        self,
        changed: tuple[SubjectT, ...],
        tick: Tick[SubjectT],
        subscription: Subscription[SubjectT],
    ) -> None:
        open_ids = self._open_ids()
        done = frozenset(self._seen.keys() - open_ids)
        if self._on_update is None or not (changed or tick.error or done != self._told_done):
            return
        self._told_done = done
        told = self._on_update(
            WaitUpdate(
                condition=self._condition.name,
                elapsed=self._hub.clock.now() - self._began,
                polls=self._polls,
                subjects={name: seen.last for name, seen in self._seen.items()},
                changes=changed,
                done=done,
                last_error=tick.error,
                next_poll_at=tick.next_at if open_ids and not tick.final else None,
            )
        )
        if inspect.isawaitable(told):
            await self._within_deadline(told, subscription)

    async def _within_deadline(
        self, told: Awaitable[None], subscription: Subscription[SubjectT]
    ) -> None:
        """Wait for an async ``on_update``; one that outlasts the deadline is cancelled."""
        self._renew_alarm(subscription)
        if self._alarm is None:
            await told
            return
        with suppress(TimeIsUpError):
            await self._alarm.limit(told)

    def _timed_out(self) -> WaiterTimeoutError:
        elapsed = self._hub.clock.now() - self._began
        open_ids = sorted(self._open_ids())
        shown = ", ".join(open_ids[:5]) + (f" and {len(open_ids) - 5} more" if open_ids[5:] else "")
        why = f" The last poll failed: {self._last_error}" if self._last_error else ""
        error = WaiterTimeoutError(
            f"Waited {elapsed} until {self._condition.name}, in vain for {shown}: "
            f"asked {self._polls} times with {self._condition.kind.operation}.{why}",
            elapsed=elapsed,
            polls=self._polls,
            last=self.last,
            operation=self._condition.kind.operation,
        )
        error.__cause__ = self._last_error
        return error
