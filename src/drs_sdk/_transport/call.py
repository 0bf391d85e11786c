"""One call of an operation over all its attempts, and who is told of it.

The classes of events are loaded when somebody is told.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from drs_sdk._core.base import Request, Response, ResponseMetadata
    from drs_sdk._core.errors import DRSError
    from drs_sdk._transport.failures import Failure
    from drs_sdk._transport.permit import Permit
    from drs_sdk._transport.settings import CallOptions
    from drs_sdk._transport.skew import Sample
    from drs_sdk.clock import Clock
    from drs_sdk.events import RequestEvent, RequestHook

logger: logging.Logger = logging.getLogger("drs_sdk")

_ids = itertools.count(1)

current_call: ContextVar[Call | None] = ContextVar("drs_sdk.call", default=None)
"""The call that this task makes: botocore has no place to hand it through."""


def call_under_way() -> Call:
    """Give the call that this task makes.

    Raises:
        LookupError: It makes none.
    """
    call = current_call.get()
    if call is None:
        raise LookupError("no call is under way in this task")
    return call


class Stage(Enum):
    """Who is at work in an attempt, so that an error is known to be theirs."""

    PREPARING = auto()
    """botocore, and the hooks that it calls by itself."""
    HOOKS = auto()
    """The hooks that this package calls in botocore's place."""
    SIGNING = auto()
    """The signer, and the credential providers that it asks."""
    SENDING = auto()
    """This package: it sends the request and reads the answer."""


def _new_id() -> str:
    """Make a UUID of version 4: of the module's own class, it takes five times as long."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@dataclass(slots=True, eq=False)
class Call:
    """One call of an operation.

    Attributes:
        request: What is asked.
        options: What the view that it was made through changes.
        max_attempts: How many attempts there may be in all.
        clock: The client's clock.
        hook: Who is told.
        permit: What an unsafe request needs to leave; None where a repeat does no harm.
        sent_at: When its last attempt left, by the client's clock.
        sent_as: The operation that botocore is asked for: one that it does not know travels as
            another.
        answered_before: The client's last answer before that.
        attempt: The attempt under way, or the last one.
        invocation_id: What all its attempts share, for the service.
        tokens: What its last retry took from the quota.
        stage: Who is at work in the attempt.
        has_left: Whether a byte of the attempt may have left.
        response: The service's answer to the attempt, once it is read.
        refusal: The service's error answer to the attempt, once it is read.
        broke: What ended the attempt, whatever becomes of it on its way to the caller.
        failure: How the last attempt failed.
        is_ambiguous: Whether the service may have done what was asked in a failed attempt.
        in_flight: Whether an attempt has left whose failure, if it has failed, nobody has judged.
        scope: What ends it from outside: a client that closes, a credential provider that hangs.
        is_unsigned: Whether it was ended because nobody gave credentials in time.
        ended: Who waits for its end is told once the caller has its answer or error.
    """

    request: Request[Response]
    options: CallOptions
    max_attempts: int
    clock: Clock
    hook: RequestHook | None
    permit: Permit | None
    sent_at: datetime
    sent_as: str
    answered_before: Sample | None = None
    call_id: int = field(default_factory=lambda: next(_ids))
    attempt: int = 1
    invocation_id: str = field(default_factory=_new_id)
    tokens: int = 0
    stage: Stage = Stage.PREPARING
    has_left: bool = False
    response: Response | None = None
    refusal: Failure | None = None
    broke: Exception | None = None
    failure: Failure | None = None
    is_ambiguous: bool = False
    in_flight: bool = False
    scope: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    is_unsigned: bool = False
    ended: asyncio.Event | None = None
    _began: float = field(default_factory=time.perf_counter)

    @property
    def operation(self) -> str:
        """The service's name of the operation."""
        return self.request.operation

    @property
    def duration(self) -> timedelta:
        """How long it has taken so far, in real time."""
        return timedelta(seconds=time.perf_counter() - self._began)

    @property
    def clock_skew(self) -> timedelta | None:
        """How far the service's clock was ahead before its last attempt left, if known."""
        return self.answered_before and self.answered_before.skew

    @property
    def is_lost(self) -> bool:
        """Whether it has left, so that ending it now leaves its outcome unknown."""
        return self.permit is not None and (self.in_flight or self.is_ambiguous)

    def end(self) -> None:
        """End it from outside, as a timeout would, unless it is being ended already."""
        if not self.scope.expired():
            self.scope.reschedule(asyncio.get_running_loop().time())

    def begins_attempt(self) -> None:
        """Forget what the last attempt came to."""
        self.stage = Stage.PREPARING
        self.has_left = False
        self.response = self.refusal = self.broke = None

    def leaves(self) -> None:
        """Take leave for the attempt, right before its first byte.

        Raises:
            DRSError: It has left already, and a repeat could do harm.
        """
        if self.permit is not None:
            self.permit.spend()
        self.has_left = self.in_flight = True
        self.sent_at = self.clock.now()

    def attempt_failed(self, failure: Failure) -> None:
        """Note how an attempt failed."""
        self.failure = failure
        self.in_flight = False
        self.is_ambiguous = failure.is_ambiguous

    def goes_on(self) -> None:
        """Allow one more attempt: a repeat does no harm, or the last one did not happen."""
        self.attempt += 1
        if self.permit is not None:
            self.permit.grant()

    def started(self, endpoint_url: str, region: str) -> None:
        """Tell that it begins."""
        if self.hook is not None:
            from drs_sdk.events import RequestStarted

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
            from drs_sdk.events import RequestRetried

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
            from drs_sdk.events import RequestSucceeded

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
        if error is None and self.is_lost:  # who cancelled it may never look at the cause
            logger.warning(
                "%s was cancelled after it was sent at %s: whether it happened is not known; look "
                "for what it made before you repeat it",
                self.operation,
                self.sent_at.isoformat(),
                extra=self._extra(None),
            )
        if self.hook is not None:
            from drs_sdk.events import RequestFailed

            self._tell(
                RequestFailed(
                    operation=self.operation,
                    call_id=self.call_id,
                    attempt=self.attempt,
                    duration=self.duration,
                    error=error,
                    request=self.request if self.is_lost else None,
                    sent_at=self.sent_at if self.is_lost else None,
                    clock_skew=self.clock_skew if self.is_lost else None,
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
