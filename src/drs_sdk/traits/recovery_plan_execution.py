"""What an execution of a recovery plan can be asked beyond its members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from drs_sdk.enums import RecoveryPlanExecutionStatus

# TIMED_OUT is no value of the service model, but the service sends it.
_FINISHED = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})


class HasStatus(Protocol):
    """What tells how far an execution is."""

    @property
    def status(self) -> RecoveryPlanExecutionStatus | None:
        """How far it is."""
        ...


class HasTimes(Protocol):
    """What tells when an execution began and ended."""

    @property
    def started_at(self) -> datetime | None:
        """When it began."""
        ...

    @property
    def completed_at(self) -> datetime | None:
        """When it ended."""
        ...


class RecoveryPlanExecutionTraits:
    """Derived facts of a `RecoveryPlanExecution`."""

    @property
    def is_finished(self: HasStatus) -> bool:
        """Whether nothing moves any more, well or badly.

        ``COMPLETED`` may include skipped steps. ``FAILED`` can be taken up again, by retrying or
        skipping the step that failed.
        """
        return self.status in _FINISHED

    @property
    def duration(self: HasTimes) -> timedelta | None:
        """From start to completion; None while it runs."""
        if self.started_at is None or self.completed_at is None:
            return None
        return self.completed_at - self.started_at
