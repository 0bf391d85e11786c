"""How far the service's clock is ahead of the client's, by the time that an answer bears."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SKEW_LIMIT = timedelta(minutes=5)
"""How far the clocks may differ: a signature that is further off is refused."""

SKEW_ERROR = timedelta(seconds=5)
"""How wrong a measured skew may be."""


def measure_skew(date: str | None, sent_at: datetime, had_at: datetime) -> timedelta | None:
    """Measure the skew: the time of the answer, less the middle of sending and receiving.

    Args:
        date: What the answer's ``Date`` header says.
        sent_at: When the request was sent, by the client's clock.
        had_at: When the answer had come.

    Returns:
        The skew; None where the answer does not tell it: without a time, after a long wait, or
        with a time so far off that the service would have refused the request.
    """
    if not date or had_at - sent_at > 2 * SKEW_ERROR:
        return None
    try:
        said = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    skew = said.replace(tzinfo=UTC) - (sent_at + (had_at - sent_at) / 2)
    return skew if abs(skew) <= SKEW_LIMIT + SKEW_ERROR else None


@dataclass(slots=True, eq=False)
class Sample:
    """What an answer tells of the skew: kept for every one, and read for few.

    Attributes:
        date: What its ``Date`` header says.
        sent_at: When the request was sent, by the client's clock.
        had_at: When the answer had come.
    """

    date: str | None
    sent_at: datetime
    had_at: datetime

    @property
    def skew(self) -> timedelta | None:
        """How far the service's clock was ahead, if that can be told."""
        return measure_skew(self.date, self.sent_at, self.had_at)
