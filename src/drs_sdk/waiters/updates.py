"""What a wait tells while it waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from drs_sdk._core.errors import DRSError

SubjectT = TypeVar("SubjectT")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUpdate(Generic[SubjectT]):
    """How a wait stands after a poll that brought something new, or failed.

    Something new is a subject that is new or different, and one that has reached its end or was
    found missing.

    Attributes:
        condition: What is waited for, in words.
        elapsed: How long the wait has taken, by the client's clock.
        polls: How often the service has been asked on behalf of this wait.
        subjects: The last known state of each subject by its id; None for one not seen yet.
        changes: Those that are new or different since the last update.
        done: The ids that have reached their end, well or badly. Where a good state can pass, as
            ``CONTINUOUS`` can, those that were in it at this poll: an id may leave again.
        last_error: Why the last poll failed; None if it did not.
        next_poll_at: When the service is asked next; None once the wait has ended.
    """

    condition: str
    elapsed: timedelta
    polls: int
    subjects: Mapping[str, SubjectT | None]
    changes: tuple[SubjectT, ...]
    done: frozenset[str]
    last_error: DRSError | None
    next_poll_at: datetime | None


OnUpdate: TypeAlias = Callable[[WaitUpdate[SubjectT]], Awaitable[None] | None]
"""A plain or async function that takes each update.

What it raises ends the wait. An async one that outlasts the deadline is cancelled.
"""
