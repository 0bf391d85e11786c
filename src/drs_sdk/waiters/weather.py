"""Which failures of a poll are weather, and which will not heal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.errors import (
    ClientClosedError,
    ConfigurationError,
    CredentialsError,
    DRSError,
    RequestValidationError,
)
from drs_sdk._transport.api_errors import APIError
from drs_sdk._transport.codes import is_request_timeout

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_RETRY_AFTER = 300.0


def may_heal(error: DRSError, *, first: bool = False) -> bool:
    """Say whether the next poll may fare better.

    Args:
        error: Why a poll failed.
        first: Whether it was the first one: credentials that never worked will not.
    """
    if isinstance(error, (ClientClosedError, ConfigurationError, RequestValidationError)):
        return False
    if isinstance(error, CredentialsError):
        return not first
    if isinstance(error, APIError):
        return (
            error.is_throttling
            or error.fault == "server"
            or is_request_timeout(error.code, error.http_status)
        )
    return True


def worst(errors: Iterable[DRSError | None]) -> DRSError | None:
    """Choose an error that will not heal, if there is one."""
    return min((each for each in errors if each), key=may_heal, default=None)


def asked_to_wait(error: DRSError | None) -> timedelta:
    """Find how long the service asks to be left alone."""
    if not isinstance(error, APIError) or error.retry_after is None:
        return timedelta()
    return timedelta(seconds=min(_LONGEST_RETRY_AFTER, error.retry_after))
