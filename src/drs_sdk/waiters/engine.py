"""One wait: its deadline, what it has seen, and how it ends."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk.errors import WaiterFailedError, WaiterTimeoutError
from drs_sdk.waiters.polling import Subscription
from drs_sdk.waiters.updates import WaitUpdate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from datetime import datetime

    from drs_sdk.errors import DRSError
    from drs_sdk.models import JobLog
    from drs_sdk.waiters.conditions import Acceptor, Condition, Outcome
    from drs_sdk.waiters.polling import PollerHub, Tick
    from drs_sdk.waiters.updates import OnUpdate

SubjectT = TypeVar("SubjectT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long and how often to ask.

    Attributes:
        timeout: The deadline from now; None for none.
        min_delay: The delay after the first poll.
        max_delay: What the delay backs off to.
    """

    timeout: timedelta | None
    min_delay: timedelta
    max_delay: timedelta

    def check(self) -> None:
        """Refuse a pace that would not work.

        Raises:
            ValueError: The delays are not above zero, or the wrong way round.
        """
        if self.min_delay <= timedelta():
            raise ValueError(f"min_delay must be above zero, got {self.min_delay}")
        if self.max_delay < self.min_delay:
            raise ValueError(
                f"max_delay must not be below min_delay ({self.min_delay}), got {self.max_delay}"
            )


@dataclass
class _Seen(Generic[SubjectT]):
    """What is known of one subject."""

    last: SubjectT | None = None
    outcome: Outcome | None = None
    reason: str = ""
    missing_since: datetime | None = None
    is_missing: bool = False
    fitting_since: dict[int, datetime] = field(default_factory=dict[int, "datetime"])


class Wait(Generic[SubjectT]):
    """Waits for a condition to hold for each of some subjects."""

    def __init__(
        self,
        hub: PollerHub,
        condition: Condition[SubjectT],
        ids: Sequence[str],
        pace: Pace,
        on_update: OnUpdate[SubjectT] | None,
    ) -> None:
        """Prepare; nothing is asked before `changes` is walked over."""
        self._hub = hub
        self._condition = condition
        self._pace = pace
        self._on_update = on_update
        self._seen: dict[str, _Seen[SubjectT]] = {name: _Seen() for name in ids}
        self._began = hub.clock.now()
        self._polls = 0
        self._last_error: DRSError | None = None

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
        async with aclosing(self._ticks()) as ticks:
            async for _ in ticks:
                if self.failures:
                    return

    async def changes(self) -> AsyncGenerator[SubjectT, None]:
        """Yield each subject's first state and every change, until all have reached their end.

        Raises:
            WaiterFailedError: Some are not there; no state of theirs would tell.
        """
        async with aclosing(self._ticks()) as ticks:
            async for changed in ticks:
                for subject in changed:
                    yield subject
        if self.missing:
            raise self.failed(reasons=self.missing)

    async def _ticks(self) -> AsyncGenerator[tuple[SubjectT, ...], None]:
        """Yield what is new or different after each poll, until all have reached their end.

        Raises:
            WaiterTimeoutError: The deadline came first.
            DRSError: The service refuses to be asked, for good.
        """
        if not self._seen:
            return
        pace = self._pace
        deadline = None if pace.timeout is None else self._began + pace.timeout
        subscription = Subscription[SubjectT](
            ids=set(self._seen),
            min_delay=pace.min_delay,
            max_delay=pace.max_delay,
            deadline=deadline,
            due=self._began,
        )
        poller = self._hub.poller(self._condition.kind)
        alarm = self._set_alarm(subscription)
        try:
            poller.join(subscription)
            while self._open_ids():
                tick = await subscription.ticks.get()
                if tick is None:
                    raise self._timed_out()
                poller.taken(subscription)
                changed = self._take_in(tick)
                subscription.ids &= self._open_ids()
                if tick.error is not None and tick.final:
                    raise tick.error
                await self._tell(changed, tick)
                yield changed
                if deadline is not None and tick.at >= deadline and self._open_ids():
                    raise self._timed_out()
        finally:
            if alarm is not None:
                alarm.cancel()
            await poller.leave(subscription)
            if alarm is not None:
                await asyncio.wait([alarm])

    def _set_alarm(self, subscription: Subscription[SubjectT]) -> asyncio.Task[None] | None:
        """See to it that a poll that hangs does not outlast the deadline by much."""
        timeout = self._pace.timeout
        if timeout is None:
            return None

        async def ring() -> None:
            await self._hub.clock.sleep((timeout + self._pace.min_delay).total_seconds())
            subscription.ticks.put_nowait(None)

        return asyncio.create_task(ring(), name="drs_sdk wait deadline")

    def _open_ids(self) -> set[str]:
        return {name for name, seen in self._seen.items() if seen.outcome is None}

    def _take_in(self, tick: Tick[SubjectT]) -> tuple[SubjectT, ...]:
        """Note what a poll brought, and judge it; the subjects that are new or different."""
        self._polls += 1
        self._last_error = tick.error
        changed: list[SubjectT] = []
        for name, seen in self._seen.items():
            if seen.outcome is not None or name not in tick.asked:
                continue
            subject = tick.found.get(name)
            if subject is None:
                self._miss(name, seen, tick.at)
                continue
            seen.missing_since = None
            if subject != seen.last:
                changed.append(subject)
            seen.last = subject
            self._judge(seen, subject, tick.at)
        return tuple(changed)

    def _miss(self, name: str, seen: _Seen[SubjectT], now: datetime) -> None:
        seen.missing_since = min(seen.missing_since or now, now)  # a clock may be set back
        if now - seen.missing_since >= self._condition.appearing:
            seen.outcome = "failure"
            seen.is_missing = True
            seen.reason = f"there is no {self._condition.kind.name} {name}"

    def _judge(self, seen: _Seen[SubjectT], subject: SubjectT, now: datetime) -> None:
        for index, acceptor in enumerate(self._condition.acceptors):
            if not acceptor.fits(subject):
                seen.fitting_since.pop(index, None)
                continue
            since = min(seen.fitting_since.get(index, now), now)  # a clock may be set back
            seen.fitting_since[index] = since
            if now - since >= acceptor.settling:
                self._accept(seen, acceptor, subject)
                return

    @staticmethod
    def _accept(seen: _Seen[SubjectT], acceptor: Acceptor[SubjectT], subject: SubjectT) -> None:
        seen.outcome = acceptor.outcome
        seen.reason = acceptor.reason(subject)

    async def _tell(self, changed: tuple[SubjectT, ...], tick: Tick[SubjectT]) -> None:
        if self._on_update is None or not (changed or tick.error):
            return
        open_ids = self._open_ids()
        told = self._on_update(
            WaitUpdate(
                condition=self._condition.name,
                elapsed=self._hub.clock.now() - self._began,
                polls=self._polls,
                subjects={name: seen.last for name, seen in self._seen.items()},
                changes=changed,
                done=frozenset(self._seen.keys() - open_ids),
                last_error=tick.error,
                next_poll_at=tick.next_at if open_ids else None,
            )
        )
        if inspect.isawaitable(told):
            await told

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
