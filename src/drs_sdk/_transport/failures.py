"""How an attempt failed, as far as another one depends on it."""

from __future__ import annotations

from dataclasses import dataclass

from drs_sdk._transport.codes import TRANSIENT_STATUSES, is_request_timeout

_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an attempt failed.

    Attributes:
        reason: An error code, or the name of an error.
        http_status: The status, where there was an answer.
        is_throttling: Whether the service asks to slow down.
        is_timeout: Whether the attempt ran out of time.
        is_connection: Whether there was no answer because the connection failed.
        maybe_sent: Whether the service may have seen the request nevertheless.
        is_final: Whether a repeat makes no sense: it is not the service that answered.
        retry_after: Seconds the service asks to wait.
    """

    reason: str
    http_status: int | None = None
    is_throttling: bool = False
    is_timeout: bool = False
    is_connection: bool = False
    maybe_sent: bool = False
    is_final: bool = False
    retry_after: float | None = None

    @property
    def is_transient(self) -> bool:
        """Whether another attempt may fare better."""
        return not self.is_final and (
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
