"""The account's future: what will happen to it, and when.

A transition is data (`Event`), so the future can be saved with the account, which carries out
what is due (`Account.settle`).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk.testing.service.isotime import format_datetime, parse_datetime

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime

    from drs_sdk.testing.service.documents import Doc


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

    def __init__(self, kinds: Container[str]) -> None:
        """Start with an empty future; `kinds` are the transitions that can be scheduled."""
        self._kinds = kinds
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
        if kind not in self._kinds:
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

    def moments(self) -> list[datetime]:
        """Return when something will happen, in no order."""
        return [event.at for event in self._heap]

    def take_due(self, now: datetime) -> Event | None:
        """Take out the next event if it is due at `now`."""
        return heapq.heappop(self._heap) if self._heap and self._heap[0].at <= now else None

    def to_json(self) -> list[Doc]:
        """Return the events to come as JSON, in order."""
        return [
            {"at": format_datetime(e.at), "kind": e.kind, "subject": e.subject, "args": e.args}
            for e in sorted(self._heap)
        ]

    @classmethod
    def from_json(cls, events: list[Doc], kinds: Container[str]) -> Timeline:
        """Rebuild what `to_json` returned."""
        timeline = cls(kinds)
        for event in events:
            at = parse_datetime(event["at"])
            timeline.add(at, event["kind"], event["subject"], event["args"])
        return timeline
