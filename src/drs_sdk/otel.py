"""OpenTelemetry spans, one for each call, over the client's ``on_request`` hook.

Needs the ``otel`` extra: ``pip install "drs-sdk[otel]"``.

    from drs_sdk.otel import tracing_hook

    async with DRSClient(on_request=tracing_hook()) as drs:
        ...

Spans and attributes follow OpenTelemetry's semantic conventions for the AWS SDK. Nothing of a
body, a tag or a credential is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

try:
    from opentelemetry import trace
    from opentelemetry.trace import SpanKind, Status, StatusCode
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f'drs_sdk.otel needs opentelemetry-api: pip install "drs-sdk[otel]" ({_missing})',
        name=_missing.name,
    ) from _missing

from drs_sdk._core.errors import ResponseDecodeError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import APIError
from drs_sdk._version import __version__
from drs_sdk.events import (
    RequestEvent,
    RequestFailed,
    RequestHook,
    RequestRetried,
    RequestStarted,
    RequestSucceeded,
)

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

_SERVICE = "DRS"


def tracing_hook(
    tracer_provider: TracerProvider | None = None, *, then: RequestHook | None = None
) -> RequestHook:
    """Make a hook that records a client span for each call.

    Args:
        tracer_provider: Where spans go; the global one unless given.
        then: Another hook to call with every event, after this one.

    Returns:
        A hook for ``DRSClient(on_request=...)``; one may serve many clients.
    """
    tracer = trace.get_tracer("drs_sdk", __version__, tracer_provider)
    spans: dict[int, Span] = {}

    def hook(event: RequestEvent) -> None:
        if isinstance(event, RequestStarted):
            spans[event.call_id] = tracer.start_span(
                f"{_SERVICE}.{event.operation}",
                kind=SpanKind.CLIENT,
                attributes={
                    "rpc.system": "aws-api",
                    "rpc.service": _SERVICE,
                    "rpc.method": event.operation,
                    "cloud.region": event.region,
                    **_server(event.endpoint_url),
                },
            )
        elif isinstance(event, RequestRetried):
            spans[event.call_id].add_event(
                "retry",
                {"attempt": event.attempt, "reason": event.reason, "delay": event.delay},
            )
        elif isinstance(event, (RequestSucceeded, RequestFailed)):
            _end(spans.pop(event.call_id), event)
        if then is not None:
            then(event)

    return hook


def _server(endpoint_url: str) -> dict[str, str | int]:
    parts = urlsplit(endpoint_url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    return {"server.address": parts.hostname or "", "server.port": port}


def _status_of(error: BaseException | None) -> int | None:
    """The HTTP status that an error comes of, where there was an answer."""
    if isinstance(error, AmbiguousOutcomeError):
        error = error.__cause__
    if isinstance(error, (APIError, ResponseDecodeError)):
        return error.http_status
    return None


def _end(span: Span, event: RequestSucceeded | RequestFailed) -> None:
    span.set_attribute("http.request.resend_count", event.attempt - 1)
    if isinstance(event, RequestSucceeded):
        span.set_attribute("http.response.status_code", event.http_status)
        request_id = event.request_id
    else:
        error = event.error
        request_id = error.request_id if error else None
        kind = "cancelled" if error is None else type(error).__name__
        span.set_attribute("error.type", kind)
        if (status := _status_of(error)) is not None:
            span.set_attribute("http.response.status_code", status)
        span.set_status(Status(StatusCode.ERROR, kind))
    if request_id is not None:
        span.set_attribute("aws.request_id", request_id)
    span.end()
