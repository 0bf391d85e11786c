"""OpenTelemetry: a span for each call, and gauges of how replication stands.

Needs the ``otel`` extra: ``pip install "drs-sdk[otel]"``.

    from drs_sdk.otel import ReplicationGauges, tracing_hook

    async with DRSClient(on_request=tracing_hook()) as drs:
        ...

    gauges = ReplicationGauges()
    async with DRSClient() as drs, asyncio.TaskGroup() as group:
        group.create_task(gauges.follow(drs))
        ...

Spans and attributes follow OpenTelemetry's semantic conventions for the AWS SDK. Nothing of a
body, a tag or a credential is recorded.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

try:
    from opentelemetry import metrics, trace
    from opentelemetry.metrics import Observation
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
from drs_sdk.clock import SystemClock
from drs_sdk.events import (
    RequestEvent,
    RequestFailed,
    RequestHook,
    RequestRetried,
    RequestStarted,
    RequestSucceeded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from opentelemetry.metrics import CallbackOptions, MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.models import SourceServer
    from drs_sdk.waiters.subjects import SourceServersLike
    from drs_sdk.waiters.waiting import Duration

    _Reads: TypeAlias = Callable[[SourceServer, datetime | None], tuple[float, str | None] | None]
    """Reads a value from a server and its last drill; and the state that goes with it, if any."""

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


class ReplicationGauges:
    """Gauges of how the replication of source servers stands, fed by watches without an end.

    - ``drs.source_server.lag`` in seconds: how old the newest data is that could be launched.
    - ``drs.source_server.backlog`` in bytes: what is still to be replicated.
    - ``drs.source_server.replication_state``: 1, with the state as the attribute ``drs.state``.
    - ``drs.source_server.last_drill.age`` in seconds: since the last drill was started.

    Each has the attributes ``drs.source_server.id`` and ``cloud.region``. What the service does
    not tell has no value. The service knows the last launch only: of a server that was recovered
    after its last drill, the drill is known only if it was seen before.

    Make one for a process, as OpenTelemetry cannot take instruments back; it may follow many
    clients.
    """

    def __init__(
        self, meter_provider: MeterProvider | None = None, *, clock: Clock | None = None
    ) -> None:
        """Make the instruments; nothing is asked before `follow`.

        Args:
            meter_provider: Where the gauges are read from; the global one unless given.
            clock: Tells the time; the machine's unless given.
        """
        self._clock = clock or SystemClock()
        self._followed: dict[object, _Followed] = {}
        meter = metrics.get_meter("drs_sdk", __version__, meter_provider)
        for name, unit, description, read in (
            ("lag", "s", "How old the newest data is that could be launched", _lag),
            ("backlog", "By", "What is still to be replicated", _backlog),
            ("replication_state", "1", "The state of replication", _state),
            ("last_drill.age", "s", "Time since the last drill was started", self._drill_age),
        ):
            meter.create_observable_gauge(
                f"drs.source_server.{name}", [self._reader(read)], unit, description
            )

    async def follow(
        self,
        drs: DRSClient,
        source_servers: SourceServersLike | None = None,
        *,
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> None:
        """Keeps the gauges of a client's source servers up to date, until it is cancelled.

        Give it a task of its own. Bad weather is waited out, and the gauges stay as they were. When
        it ends, its servers have no values any more.

        Args:
            drs: The client.
            source_servers: Source servers or their ids; all there are unless given.
            min_delay: As for `DRSClient.watch_source_servers`.
            max_delay: The same.

        Raises:
            APIError: The service refuses to be asked, for good.
            RequestValidationError: An id is malformed.
            ValueError: There is no id, or a duration is not in range.
        """
        watch = drs.watch_source_servers(source_servers, min_delay=min_delay, max_delay=max_delay)
        key, followed = object(), _Followed(drs.region_name)
        self._followed[key] = followed
        try:
            async with aclosing(watch):
                async for change in watch:
                    if change.kind == "gone":
                        followed.forget(change.subject)
                    else:
                        followed.see(change.subject)
        finally:
            del self._followed[key]

    def _reader(self, read: _Reads) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterator[Observation]:
            for followed in list(self._followed.values()):  # read in a thread of the exporter's
                yield from followed.observe(read)

        return observe

    def _drill_age(
        self, _server: SourceServer, drilled_at: datetime | None
    ) -> tuple[float, str | None] | None:
        if drilled_at is None:
            return None
        return (self._clock.now() - drilled_at).total_seconds(), None


class _Followed:
    """The source servers of one client, as last seen."""

    def __init__(self, region: str | None) -> None:
        self._region = {} if region is None else {"cloud.region": region}
        self._servers: dict[str, SourceServer] = {}
        self._drills: dict[str, datetime] = {}

    def see(self, server: SourceServer) -> None:
        name = server.source_server_id
        if name is None:
            return
        self._servers[name] = server
        launch = server.life_cycle.last_launch if server.life_cycle else None
        initiated = launch.initiated if launch else None
        if initiated and initiated.type == "DRILL" and initiated.api_call_date_time:
            self._drills[name] = initiated.api_call_date_time

    def forget(self, server: SourceServer) -> None:
        self._servers.pop(server.source_server_id or "", None)
        self._drills.pop(server.source_server_id or "", None)

    def observe(self, read: _Reads) -> Iterator[Observation]:
        for name, server in list(self._servers.items()):
            found = read(server, self._drills.get(name))
            if found is None:
                continue
            value, state = found
            about = {"drs.source_server.id": name, **self._region}
            yield Observation(value, about if state is None else {**about, "drs.state": state})


def _lag(server: SourceServer, _drill: datetime | None) -> tuple[float, None] | None:
    return None if server.lag is None else (server.lag.total_seconds(), None)


def _backlog(server: SourceServer, _drill: datetime | None) -> tuple[float, None] | None:
    info = server.data_replication_info
    return None if info is None else (server.backlog_bytes, None)


def _state(server: SourceServer, _drill: datetime | None) -> tuple[float, str] | None:
    state = server.replication_state
    return None if state is None else (1, str(state))
