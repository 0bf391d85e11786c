"""The loop over the attempts of a call: when a failed one is made again, and after how long.

The rules of botocore's ``standard`` mode (exponential backoff with full jitter, a quota that
keeps an outage from multiplying traffic), with two more: ``Retry-After`` is honoured, and an
unsafe operation is never sent again once the service may have seen it.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from drs_sdk._core.base import Safety
    from drs_sdk._transport.call import Call
    from drs_sdk._transport.failures import Failure
    from drs_sdk.clock import Clock

_AnswerT = TypeVar("_AnswerT")

logger: logging.Logger = logging.getLogger("drs_sdk")

DEFAULT_MAX_ATTEMPTS = 5
LONGEST_BACKOFF = 20.0
LONGEST_RETRY_AFTER = 120.0
_MILLISECONDS = 1000
_YEAR = 365 * 86400.0


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


async def repeat(
    attempt: Callable[[], Awaitable[_AnswerT]],
    call: Call,
    *,
    judge: Callable[[Exception, Call], Failure],
    quota: RetryQuota,
    clock: Clock,
) -> _AnswerT:
    """Make a call: one attempt after the other, until one is answered or none may follow.

    Args:
        attempt: Makes one attempt.
        call: What is called; it is told of each attempt.
        judge: Reads how an attempt failed.
        quota: What retries cost.
        clock: Where the time between attempts passes.

    Returns:
        The answer. The error of the last attempt is raised as it is.
    """
    while True:
        call.begins_attempt()
        try:
            answer = await attempt()
        except Exception as error:
            failure = judge(error, call)
            call.attempt_failed(failure)
            if not _goes_on(call, failure, quota):
                raise
        else:
            quota.give_back(call.tokens)
            return answer
        delay = backoff(call.attempt, failure.retry_after)
        call.retried(failure, delay)
        await clock.sleep(delay)
        call.goes_on()


def _goes_on(call: Call, failure: Failure, quota: RetryQuota) -> bool:
    """Say whether another attempt follows, and take its price."""
    safety = call.request.safety
    if call.attempt >= call.max_attempts or not may_resend(safety, failure):
        return False
    call.tokens = quota.take(is_timeout=failure.is_timeout)
    if not call.tokens:
        logger.warning(
            "%s is not retried: too many calls fail, the retry quota is used up",
            call.operation,
            extra={"operation": call.operation, "attempt": call.attempt},
        )
    return bool(call.tokens)


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
    asked = [parse_retry_after(headers.get("Retry-After"), answered_at=headers.get("Date"))]
    milliseconds = headers.get("x-amz-retry-after", "").strip()
    if milliseconds.isascii() and milliseconds.isdecimal():
        asked.append(_bounded(float(milliseconds) / _MILLISECONDS))
    return max((each for each in asked if each is not None), default=None)


def parse_retry_after(value: str | None, *, answered_at: str | None = None) -> float | None:
    """Read a ``Retry-After`` header, seconds or an HTTP date; None when it says nothing.

    Args:
        value: What the header says.
        answered_at: The answer's ``Date``: a date is counted from there, as the clock of this
            machine may be wrong.
    """
    if not value:
        return None
    try:
        return _bounded(float(value))
    except ValueError:
        pass
    if (moment := _read_date(value)) is None:
        return None
    since = _read_date(answered_at) or datetime.now(UTC)
    return _bounded((moment - since).total_seconds())


def _bounded(seconds: float) -> float | None:
    """Leave what every clock can take: none below zero, none beyond a year."""
    return max(0.0, min(seconds, _YEAR)) if isfinite(seconds) else None


def _read_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
