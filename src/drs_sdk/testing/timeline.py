"""The account's future: what will happen to it, and when.

A transition is data (`Event`), so the future can be saved with the account. Nothing ticks:
before each request the account *settles*, which applies all transitions that are due, in
order of time, each with `account.now` set to its own exact moment.

To add a transition::

    @transition("job.started")
    def job_started(account: Account, subject: str, args: Doc) -> None:
        ...                                             # account.now is the event's time
        account.schedule(timedelta(seconds=52), "job.converting", subject)

`subject` is the identifier of the resource concerned; `Timeline.cancel` takes events back by
it. A transition must bear the disappearance of its resource (deleted meanwhile).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from drs_sdk.testing.isotime import format_datetime, parse_datetime

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from drs_sdk.testing.account import Account
    from drs_sdk.testing.documents import Doc

    TransitionFunction = Callable[[Account, str, Doc], None]
    _F = TypeVar("_F", bound=TransitionFunction)

_TRANSITIONS: dict[str, TransitionFunction] = {}


def transition(kind: str) -> Callable[[_F], _F]:
    """Register the function that carries out events of a kind.

    Raises:
        ValueError: The kind is taken.
    """

    def register(function: _F) -> _F:
        if kind in _TRANSITIONS:
            raise ValueError(f"two transitions are called {kind!r}")
        _TRANSITIONS[kind] = function
        return function

    return register


@dataclass(order=True, slots=True)
class Event:
    """A transition to come. Ties in time are settled in the order of scheduling."""

    at: datetime
    seq: int
    kind: str = field(compare=False)
    subject: str = field(compare=False)
    args: Doc = field(compare=False)


class Timeline:
    """The events to come, soonest first."""

    def __init__(self) -> None:
        """Start with an empty future."""
        self._heap: list[Event] = []
        self._seq = 0

    def __len__(self) -> int:
        """Return the number of events to come."""
        return len(self._heap)

    def add(self, at: datetime, kind: str, subject: str = "", args: Doc | None = None) -> None:
        """Schedule an event; `args` must be JSON-able.

        Raises:
            ValueError: No transition is registered under this kind.
        """
        if kind not in _TRANSITIONS:
            raise ValueError(f"no transition is called {kind!r}")
        self._seq += 1
        heapq.heappush(self._heap, Event(at, self._seq, kind, subject, args or {}))

    def cancel(self, subject: str, *kinds: str) -> int:
        """Take back the events of a subject: all, or those whose kind starts so.

        Returns:
            How many were taken back.
        """
        kept = [e for e in self._heap if e.subject != subject or not e.kind.startswith(kinds or "")]
        dropped = len(self._heap) - len(kept)
        if dropped:
            self._heap = kept
            heapq.heapify(self._heap)
        return dropped

    def coming(self, subject: str, *kinds: str) -> list[Event]:
        """Return the events of a subject, soonest first: all, or those whose kind starts so."""
        return sorted(
            e for e in self._heap if e.subject == subject and e.kind.startswith(kinds or "")
        )

    def settle(self, account: Account, now: datetime) -> None:
        """Apply everything that is due at `now`, in order, each at its own time."""
        while self._heap and self._heap[0].at <= now:
            event = heapq.heappop(self._heap)
            account.now = event.at
            _TRANSITIONS[event.kind](account, event.subject, event.args)

    def to_json(self) -> list[Doc]:
        """Return the events to come as JSON, in order."""
        return [
            {"at": format_datetime(e.at), "kind": e.kind, "subject": e.subject, "args": e.args}
            for e in sorted(self._heap)
        ]

    @classmethod
    def from_json(cls, events: list[Doc]) -> Timeline:
        """Rebuild what `to_json` returned."""
        timeline = cls()
        for event in events:
            at = parse_datetime(event["at"])
            timeline.add(at, event["kind"], event["subject"], event["args"])
        return timeline
