"""How a wait ends that does not end well."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from drs_sdk._core.errors import DRSError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from drs_sdk.models import JobLog


class WaiterError(DRSError):
    """A wait ended without what was waited for.

    Attributes:
        last: The last known state: a resource, or a list of them; None if there was none.
    """

    __module__ = "drs_sdk.errors"

    def __init__(self, message: str, *, last: object = None, operation: str | None = None) -> None:
        """Carry the last known state."""
        super().__init__(message, operation=operation)
        self.last = last


class WaiterTimeoutError(WaiterError):
    """The deadline came first.

    Attributes:
        elapsed: How long the wait took, by the client's clock.
        polls: How often the service was asked.
    """

    __module__ = "drs_sdk.errors"

    def __init__(
        self,
        message: str,
        *,
        elapsed: timedelta,
        polls: int,
        last: object = None,
        operation: str | None = None,
    ) -> None:
        """Say how long was waited, and what was last seen."""
        super().__init__(message, last=last, operation=operation)
        self.elapsed = elapsed
        self.polls = polls


class WaiterFailedError(WaiterError):
    """What was waited for cannot happen any more.

    Attributes:
        reasons: What went wrong, by the id of each subject that failed.
        events: For a job: the last log events of each failed server, by its id.
    """

    __module__ = "drs_sdk.errors"

    def __init__(
        self,
        message: str,
        *,
        reasons: Mapping[str, str],
        events: Mapping[str, Sequence[JobLog]] | None = None,
        last: object = None,
        operation: str | None = None,
    ) -> None:
        """Name what failed, and why."""
        super().__init__(message, last=last, operation=operation)
        self.reasons: dict[str, str] = dict(reasons)
        self.events: dict[str, list[JobLog]] = {
            key: list(logs) for key, logs in (events or {}).items()
        }


def own_copy(error: DRSError) -> DRSError:
    """Copy the error of a poll that many waits share: each raises one of its own.

    Tracebacks and notes gather on what is raised.
    """
    own = copy(error)
    notes: list[str] | None = getattr(error, "__notes__", None)
    if notes is not None:
        own.__notes__ = list(notes)
    return own
