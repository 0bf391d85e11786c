"""What happens to a request, as typed events for metrics, traces and logs.

Pass ``on_request`` to the client to receive them. No event carries a body or a secret, and none
shows a tag; one of a lost request carries the request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from drs_sdk._core.base import Request, Response
    from drs_sdk._core.errors import DRSError


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent:
    """Something that happened to one call of an operation.

    Attributes:
        operation: The service's name of the operation.
        call_id: The same for all events of one call.
        attempt: Which attempt this is about; the first is 1.
    """

    operation: str
    call_id: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStarted(RequestEvent):
    """A call begins.

    Attributes:
        endpoint_url: Where it goes.
        region: The Region it is signed for.
    """

    endpoint_url: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRetried(RequestEvent):
    """An attempt failed and another one will follow.

    Attributes:
        delay: Seconds until then.
        reason: Why: an error code, or the name of a connection error.
        http_status: The status of the failed attempt, where there was an answer.
    """

    delay: float
    reason: str
    http_status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSucceeded(RequestEvent):
    """A call has its answer.

    Attributes:
        duration: From the start of the call, retries included.
        request_id: The service's id of the request.
        http_status: The HTTP status code.
    """

    duration: timedelta
    request_id: str | None
    http_status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(RequestEvent):
    """A call ends without an answer that can be used.

    Where it is an unsafe one whose outcome is unknown, what `DRSClient.find_outcome` takes is
    here: ``await drs.find_outcome(event.request, sent_at=event.sent_at,
    clock_skew=event.clock_skew)``. A cancelled call tells it nowhere else once
    ``asyncio.gather(return_exceptions=True)`` has dropped the cause of its error.

    Attributes:
        duration: From the start of the call, retries included.
        error: What the caller gets; None when the caller's task was cancelled.
        request: What was sent and may have happened; None where it is known.
        sent_at: When that was, by the client's clock.
        clock_skew: How far the service's clock was ahead before that, if known.
    """

    duration: timedelta
    error: DRSError | None
    request: Request[Response] | None = field(default=None, repr=False)
    sent_at: datetime | None = None
    clock_skew: timedelta | None = None


RequestHook: TypeAlias = Callable[[RequestEvent], None]
"""A function that takes each event as it happens; it must not block."""
