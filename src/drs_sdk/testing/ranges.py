"""Which numbers make sense: what is out of range is refused where it is said, not met later."""

from __future__ import annotations

from datetime import timedelta

LONGEST = timedelta(days=36525)
"""A century: no wait is longer, and no date leaves the calendar by it."""


def require_seconds(name: str, seconds: float) -> None:
    """Refuse what is no length of time.

    Raises:
        ValueError: It is below zero, longer than a century, or not a number.
    """
    if not 0 <= seconds <= LONGEST.total_seconds():  # NaN is in no range
        raise ValueError(
            f"{name} must be a finite number of seconds, not below zero, and a century at most"
        )


def require_times(name: str, times: int | None) -> None:
    """Refuse what is no number of times; None means always.

    Raises:
        ValueError: It is less than one.
    """
    if times is not None and times < 1:
        raise ValueError(f"{name} must be 1 at least, or None for always")
