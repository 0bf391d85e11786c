"""What error codes and statuses say about another attempt: one table for calls and for waits.

The codes are those of botocore's ``standard`` mode; a test compares them.
"""

from __future__ import annotations

_REQUEST_TIMEOUT_STATUS = 408
_TOO_MANY_REQUESTS_STATUS = 429

TRANSIENT_STATUSES = frozenset({_REQUEST_TIMEOUT_STATUS, 500, 502, 503, 504})
"""Statuses of failures that another attempt may heal."""

REQUEST_TIMEOUT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException"})
"""The service waited for the request in vain: a refusal that another attempt may heal."""

THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""The service asks to slow down, and has done nothing."""


def is_throttling(code: str, status: int | None) -> bool:
    """Say whether the service asks to slow down."""
    return status == _TOO_MANY_REQUESTS_STATUS or code in THROTTLING_CODES


def is_request_timeout(code: str, status: int | None) -> bool:
    """Say whether the service waited for the request in vain."""
    return status == _REQUEST_TIMEOUT_STATUS or code in REQUEST_TIMEOUT_CODES
