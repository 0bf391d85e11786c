"""When a failed attempt is made again, and after how long.

The rules of botocore's ``standard`` mode (exponential backoff with full jitter, a quota that
keeps an outage from multiplying traffic), with two more: ``Retry-After`` is honoured, and an
unsafe operation is never sent again once the service may have seen it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING

from drs_sdk._transport.codes import TRANSIENT_STATUSES, is_request_timeout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk._core.base import Safety

DEFAULT_MAX_ATTEMPTS = 5
LONGEST_BACKOFF = 20.0
LONGEST_RETRY_AFTER = 120.0
_MILLISECONDS = 1000

_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an attempt failed.

    Attributes:
        reason: An error code, or the name of a connection error.
        http_status: The status, where there was an answer.
        is_throttling: Whether the service asks to slow down.
        is_timeout: Whether the attempt ran out of time.
        is_connection: Whether there was no answer because the connection failed.
        maybe_sent: Whether the service may have seen the request nevertheless.
        retry_after: Seconds the service asks to wait.
    """

    reason: str
    http_status: int | None = None
    is_throttling: bool = False
    is_timeout: bool = False
    is_connection: bool = False
    maybe_sent: bool = False
    retry_after: float | None = None

    @property
    def is_transient(self) -> bool:
        """Whether another attempt may fare better."""
        return (
            self.is_connection
            or self.is_throttling
            or self.http_status in TRANSIENT_STATUSES
            or is_request_timeout(self.reason, self.http_status)
        )

    @property
    def is_ambiguous(self) -> bool:
        """Whether the service may have done what was asked, for all that is known."""
        if self.is_throttling:
            return False
        if self.http_status is None:
            return self.maybe_sent
        return self.http_status >= _SERVER_FAULT or is_request_timeout(
            self.reason, self.http_status
        )


@dataclass
class RetryQuota:
    """Tokens that retries cost and successes earn, shared by all calls of a client.

    In an outage they run out, and calls fail after their first attempt instead of multiplying
    the traffic. The figures are those of the AWS SDKs' standard mode.
    """

    capacity: int = 500
    cost: int = 5
    timeout_cost: int = 10
    available: int = field(init=False)

    def __post_init__(self) -> None:
        """Start full."""
        self.available = self.capacity

    def take(self, *, is_timeout: bool) -> int:
        """Take the tokens of one retry; 0 when there are not enough."""
        price = self.timeout_cost if is_timeout else self.cost
        if price > self.available:
            return 0
        self.available -= price
        return price

    def give_back(self, tokens: int) -> None:
        """Return what a call took, or one token for a call that needed no retry."""
        self.available = min(self.capacity, self.available + (tokens or 1))


def backoff(attempt: int, retry_after: float | None) -> float:
    """Choose the delay after a failed attempt, in seconds.

    Args:
        attempt: The attempt that failed; the first is 1.
        retry_after: Seconds the service asks to wait; honoured when longer, up to two minutes.
    """
    jittered = random.random() * min(2 ** (attempt - 1), LONGEST_BACKOFF)  # noqa: S311 - no secret
    return max(jittered, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def may_resend(safety: Safety, failure: Failure) -> bool:
    """Say whether an operation may be sent again after a failure."""
    if not failure.is_transient:
        return False
    return safety != "unsafe" or not failure.is_ambiguous


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Read how long the service asks to wait, in seconds; the longer where two headers say so."""
    asked = [parse_retry_after(headers.get("Retry-After"))]
    milliseconds = headers.get("x-amz-retry-after", "").strip()
    if milliseconds.isascii() and milliseconds.isdecimal():
        asked.append(float(milliseconds) / _MILLISECONDS)
    return max((each for each in asked if each is not None), default=None)


def parse_retry_after(value: str | None) -> float | None:
    """Read a ``Retry-After`` header, seconds or an HTTP date; None when it says nothing."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(0.0, seconds) if isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
