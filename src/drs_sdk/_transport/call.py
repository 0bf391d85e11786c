"""One call of an operation over all its attempts, and who is told of it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.events import RequestFailed, RequestRetried, RequestStarted, RequestSucceeded

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk._core.base import Request, Response, ResponseMetadata
    from drs_sdk._core.errors import DRSError
    from drs_sdk._transport.permit import Permit
    from drs_sdk._transport.retrying import Failure
    from drs_sdk._transport.settings import CallOptions
    from drs_sdk.events import RequestEvent, RequestHook

logger: logging.Logger = logging.getLogger("drs_sdk")

_ids = itertools.count(1)


@dataclass(slots=True, eq=False)
class Call:
    """One call of an operation.

    Attributes:
        request: What is asked.
        options: What the view that it was made through changes.
        max_attempts: How many attempts there may be in all.
        sent_at: When its attempt left, by the client's clock; of several, the first whose outcome
            is not known.
        hook: Who is told.
        attempt: The attempt under way, or the last one.
        tokens: What its last retry took from the quota.
        failure: How the last attempt failed.
        permit: What an unsafe request needs to leave; None where a repeat does no harm.
        is_ambiguous: Whether the service may have done what was asked in a failed attempt.
        is_signing: Whether an attempt is being signed, which may need new credentials.
        in_flight: Whether an attempt was sent whose failure, if it has failed, nobody has judged.
        scope: What closing the client ends it by.
        ended: Set once the caller has its answer or error.
    """

    request: Request[Response]
    options: CallOptions
    max_attempts: int
    sent_at: datetime
    hook: RequestHook | None
    call_id: int = field(default_factory=lambda: next(_ids))
    attempt: int = 1
    tokens: int = 0
    failure: Failure | None = None
    is_ambiguous: bool = False
    permit: Permit | None = None
    is_signing: bool = False
    in_flight: bool = False
    scope: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _began: float = field(default_factory=time.perf_counter)

    @property
    def operation(self) -> str:
        """The service's name of the operation."""
        return self.request.operation

    @property
    def duration(self) -> timedelta:
        """How long it has taken so far, in real time."""
        return timedelta(seconds=time.perf_counter() - self._began)

    def leaves(self, at: datetime) -> None:
        """Note that an attempt is being sent."""
        self.is_signing = False
        if self.in_flight:  # something repeats an attempt that nobody has judged
            self.is_ambiguous = True
        self.in_flight = True
        if not self.is_ambiguous:
            self.sent_at = at

    def attempt_failed(self, failure: Failure) -> None:
        """Note how an attempt failed."""
        self.failure = failure
        self.in_flight = False
        self.is_ambiguous = self.is_ambiguous or failure.is_ambiguous

    def started(self, endpoint_url: str, region: str) -> None:
        """Tell that it begins."""
        if self.hook is not None:
            self._tell(
                RequestStarted(
                    operation=self.operation,
                    call_id=self.call_id,
                    attempt=1,
                    endpoint_url=endpoint_url,
                    region=region,
                )
            )

    def retried(self, failure: Failure, delay: float) -> None:
        """Tell that an attempt failed and another one follows."""
        logger.info(
            "%s: attempt %d failed with %s, the next one follows in %.2f s",
            self.operation,
            self.attempt,
            failure.reason,
            delay,
            extra={
                "operation": self.operation,
                "attempt": self.attempt,
                "delay": delay,
                "reason": failure.reason,
            },
        )
        if self.hook is not None:
            self._tell(
                RequestRetried(
                    operation=self.operation,
                    call_id=self.call_id,
                    attempt=self.attempt,
                    delay=delay,
                    reason=failure.reason,
                    http_status=failure.http_status,
                )
            )

    def succeeded(self, metadata: ResponseMetadata) -> None:
        """Tell that there is an answer."""
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s succeeded", self.operation, extra=self._extra(metadata.request_id))
        if self.hook is not None:
            self._tell(
                RequestSucceeded(
                    operation=self.operation,
                    call_id=self.call_id,
                    attempt=self.attempt,
                    duration=self.duration,
                    request_id=metadata.request_id,
                    http_status=metadata.http_status or 0,
                )
            )

    def failed(self, error: DRSError | None) -> None:
        """Tell that it ends without an answer; None for a cancelled task."""
        what = "cancelled" if error is None else type(error).__name__
        request_id = None if error is None else error.request_id
        logger.info("%s failed: %s", self.operation, what, extra=self._extra(request_id))
        if self.hook is not None:
            self._tell(
                RequestFailed(
                    operation=self.operation,
                    call_id=self.call_id,
                    attempt=self.attempt,
                    duration=self.duration,
                    error=error,
                )
            )

    def _tell(self, event: RequestEvent) -> None:
        """Call the hook; what it raises must not cost the caller an answer."""
        if self.hook is None:
            return
        try:
            self.hook(event)
        except Exception:
            logger.exception(
                "on_request raised at %s of %s",
                type(event).__name__,
                self.operation,
                extra={"operation": self.operation, "attempt": self.attempt},
            )

    def _extra(self, request_id: str | None) -> dict[str, object]:
        return {
            "operation": self.operation,
            "request_id": request_id,
            "attempt": self.attempt,
            "duration_ms": round(self.duration.total_seconds() * 1000, 1),
        }
