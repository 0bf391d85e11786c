"""Errors of the SDK as Temporal's: what may be tried again, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.exceptions import ApplicationError

from drs_sdk._core.errors import (
    ClientClosedError,
    ConnectionFailedError,
    CredentialsError,
    DRSError,
    PaginationError,
    ResponseDecodeError,
)
from drs_sdk._transport.api_errors import APIError, ServiceQuotaExceededException
from drs_sdk._transport.freshness import RequestExpiredError
from drs_sdk.fleet.errors import FleetError, TargetTimeoutError
from drs_sdk.recovery.run_errors import NotStartedInTimeError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSING = (
    ClientClosedError,  # this worker goes; another one has its own client
    ConnectionFailedError,
    CredentialsError,  # a provider that fails comes back; Temporal shows each attempt
    NotStartedInTimeError,
    PaginationError,
    RequestExpiredError,
    ResponseDecodeError,
    TargetTimeoutError,
)
_QUOTA_DELAY = 15.0
"""Seconds until it is worth to ask again where a quota is used up: until somebody's job ends."""


def as_failure(error: DRSError) -> ApplicationError:
    """Tell an error to Temporal, with whether the activity may be tried again.

    It may after trouble that passes by itself: throttling, failures of the service, quotas, a lost
    connection or lost credentials. It may not after a refusal, a mistake, what a recovery run
    refuses, or an `AmbiguousOutcomeError`: a repeat could launch twice. `ensure_recovery` and
    `Recovery` look first and never raise that one.

        try:
            await drs.start_recovery(servers)
        except DRSError as error:
            raise as_failure(error) from error

    Args:
        error: The error.

    Returns:
        One whose ``type`` is the name of the error's class, such as ``RunClosedError``; whose one
        detail has the operation, the request id and the service's code, where there are any; and
        whose ``next_retry_delay`` is what the service asked for.
    """
    retryable = _passes(error)
    delay = max(_delays(error), default=None) if retryable else None
    return ApplicationError(
        str(error),
        _details(error),
        type=type(error).__name__,
        non_retryable=not retryable,
        next_retry_delay=None if delay is None else timedelta(seconds=delay),
    )


def _passes(error: DRSError) -> bool:
    if isinstance(error, FleetError):  # what does not pass in one place fails the whole
        return all(_passes(one) for one in error.exceptions if isinstance(one, DRSError))
    if isinstance(error, APIError):
        quota = isinstance(error, ServiceQuotaExceededException)
        return quota or error.is_throttling or error.fault == "server"
    return isinstance(error, _PASSING)


def _delays(error: DRSError) -> Iterator[float]:
    if isinstance(error, FleetError):
        for one in error.exceptions:
            if isinstance(one, DRSError):
                yield from _delays(one)
    elif isinstance(error, APIError) and error.retry_after is not None:
        yield error.retry_after
    elif isinstance(error, (ServiceQuotaExceededException, NotStartedInTimeError)):
        yield _QUOTA_DELAY


def _details(error: DRSError) -> dict[str, str]:
    told = {
        "operation": error.operation,
        "request_id": error.request_id,
        "code": error.code if isinstance(error, APIError) else None,
    }
    return {name: text for name, text in told.items() if text is not None}
