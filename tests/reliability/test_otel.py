"""Spans and log records: what they say of a call, and what they must never say."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from loopback import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Step,
    answer,
    client_for,
    loopback,
    refuse,
    reset,
    stay_silent,
)
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from drs_sdk import __version__, models
from drs_sdk.errors import AmbiguousOutcomeError, APIError, DRSError, RequestValidationError
from drs_sdk.events import RequestEvent, RequestFailed, RequestStarted, RequestSucceeded
from drs_sdk.otel import tracing_hook

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import ReadableSpan

    from drs_sdk import DRSClient
    from drs_sdk.events import RequestHook

SERVERS = [{"source_server_id": "s-0123456789abcdef0"}]
SLOW = refuse(429, "ThrottlingException", headers={"Retry-After": "7"})


class Tracing:
    """A tracer that keeps what it records."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.hook: RequestHook = tracing_hook(self.provider)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    @property
    def span(self) -> ReadableSpan:
        (span,) = self.spans
        return span


@pytest.fixture
def tracing() -> Tracing:
    return Tracing()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


# -- spans -------------------------------------------------------------------------------------


async def test_a_call_is_a_client_span_by_the_conventions_of_the_aws_sdk(tracing: Tracing) -> None:
    async with loopback() as server, client_for(server, on_request=tracing.hook) as drs:
        await drs.describe_jobs()
        port = urlsplit(server.url).port
    span = tracing.span
    assert span.name == "DRS.DescribeJobs"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span) == {
        "rpc.system": "aws-api",
        "rpc.service": "DRS",
        "rpc.method": "DescribeJobs",
        "cloud.region": "eu-west-1",
        "server.address": "127.0.0.1",
        "server.port": port,
        "http.response.status_code": 200,
        "http.request.resend_count": 0,
        "aws.request_id": "req-1",
    }
    assert not span.events
    assert span.instrumentation_scope is not None
    assert (span.instrumentation_scope.name, span.instrumentation_scope.version) == (
        "drs_sdk",
        __version__,
    )


async def test_retries_are_events_of_the_one_span(tracing: Tracing) -> None:
    async with (
        loopback(SLOW, reset, answer()) as server,
        client_for(server, on_request=tracing.hook) as drs,
    ):
        await drs.describe_jobs()
    span = tracing.span
    first, second = span.events
    assert (first.name, second.name) == ("retry", "retry")
    assert first.attributes == {"attempt": 1, "reason": "ThrottlingException", "delay": 7.0}
    assert second.attributes is not None
    assert (second.attributes["attempt"], second.attributes["reason"]) == (
        2,
        "ConnectionFailedError",
    )
    assert attributes(span)["http.request.resend_count"] == 2
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("step", "kind", "status"),
    [
        (refuse(404, "ResourceNotFoundException"), "ResourceNotFoundException", 404),
        (refuse(418, "TeapotException"), "APIError", 418),
        (refuse(500), "AmbiguousOutcomeError", 500),
        (answer(b"<html>"), "AmbiguousOutcomeError", 200),
        (reset, "AmbiguousOutcomeError", None),
    ],
    ids=["refused", "unmodelled", "failed", "unreadable", "reset"],
)
async def test_a_call_that_fails_is_a_span_with_its_error(
    step: Step, kind: str, status: int | None, tracing: Tracing
) -> None:
    async with loopback(step) as server, client_for(server, on_request=tracing.hook) as drs:
        with pytest.raises(DRSError):
            await drs.start_recovery(SERVERS)
    span = tracing.span
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == kind
    found = attributes(span)
    assert found["error.type"] == kind
    assert found.get("http.response.status_code") == status
    assert found.get("aws.request_id") == (None if status is None else "req-1")


async def test_a_cancelled_call_ends_its_span(tracing: Tracing) -> None:
    async with (
        loopback(stay_silent) as server,
        client_for(server, on_request=tracing.hook) as drs,
    ):
        task = asyncio.create_task(drs.start_recovery(SERVERS))
        await server.arrived.acquire()
        assert tracing.spans == ()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert attributes(tracing.span)["error.type"] == "cancelled"
    assert tracing.span.status.status_code is StatusCode.ERROR


async def test_a_call_cut_off_by_closing_ends_its_span(tracing: Tracing) -> None:
    async with (
        loopback(stay_silent) as server,
        client_for(server, on_request=tracing.hook) as drs,
    ):
        task = asyncio.create_task(drs.describe_jobs().collect())
        await server.arrived.acquire()
        await drs.aclose()
        with pytest.raises(DRSError):
            await task
    assert attributes(tracing.span)["error.type"] == "ClientClosedError"


async def test_a_request_that_is_wrong_is_no_span(tracing: Tracing) -> None:
    async with loopback() as server, client_for(server, on_request=tracing.hook) as drs:
        with pytest.raises(RequestValidationError):
            await drs.start_recovery([])
    assert tracing.spans == ()


async def test_spans_are_children_of_what_their_task_is_in(tracing: Tracing) -> None:
    tracer = tracing.provider.get_tracer("app")

    async def drill(drs: DRSClient, name: str) -> None:
        with tracer.start_as_current_span(name):
            await drs.describe_jobs()
            await asyncio.sleep(0)
            await drs.describe_jobs()

    async with loopback() as server, client_for(server, on_request=tracing.hook) as drs:
        await asyncio.gather(drill(drs, "a"), drill(drs, "b"), drs.initialize_service())
    by_id = {span.context.span_id: span for span in tracing.spans if span.context}
    children = [
        by_id[span.parent.span_id].name if span.parent else None
        for span in tracing.spans
        if span.name.startswith("DRS.")
    ]
    assert sorted(children, key=str) == [None, "a", "a", "b", "b"]
    ours = [span for span in tracing.spans if span.name.startswith("DRS.")]
    assert all(span.end_time is not None for span in ours)


async def test_a_call_is_not_the_parent_of_what_comes_after_it(tracing: Tracing) -> None:
    async with loopback() as server, client_for(server, on_request=tracing.hook) as drs:
        await drs.describe_jobs()
        assert trace.get_current_span() is trace.INVALID_SPAN
        await drs.describe_jobs()
    assert [span.parent for span in tracing.spans] == [None, None]


async def test_one_hook_serves_many_clients_and_calls_at_once(tracing: Tracing) -> None:
    async with (
        loopback(SLOW, SLOW, answer()) as server,
        client_for(server, on_request=tracing.hook) as one,
        client_for(server, on_request=tracing.hook, region_name="eu-central-1") as two,
    ):
        await asyncio.gather(*(drs.initialize_service() for drs in (one, two) for _ in range(25)))
    assert len(tracing.spans) == 50
    assert {attributes(span)["cloud.region"] for span in tracing.spans} == {
        "eu-west-1",
        "eu-central-1",
    }
    assert len({span.context.span_id for span in tracing.spans if span.context}) == 50


async def test_another_hook_is_told_as_well(tracing: Tracing) -> None:
    events: list[RequestEvent] = []
    hook = tracing_hook(tracing.provider, then=events.append)
    async with loopback() as server, client_for(server, on_request=hook) as drs:
        await drs.describe_jobs()
    assert [type(event) for event in events] == [RequestStarted, RequestSucceeded]
    assert tracing.span.name == "DRS.DescribeJobs"


async def test_another_hook_that_raises_costs_neither_span_nor_answer(
    tracing: Tracing, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: RequestEvent) -> None:
        raise RuntimeError(f"metrics are down at {event.operation}")

    hook = tracing_hook(tracing.provider, then=broken)
    async with loopback(SLOW, answer()) as server, client_for(server, on_request=hook) as drs:
        await drs.describe_jobs()
    assert tracing.span.status.status_code is StatusCode.UNSET
    told = [record for record in caplog.records if record.name == "drs_sdk"]
    assert {vars(record)["operation"] for record in told} == {"DescribeJobs"}
    assert all(record.levelno == logging.ERROR for record in told)


async def test_without_a_provider_the_global_one_is_used() -> None:
    """No provider is set here, so nothing is recorded, and nothing breaks."""
    async with loopback() as server, client_for(server, on_request=tracing_hook()) as drs:
        await drs.describe_jobs()


# -- what must not show ------------------------------------------------------------------------

CANARY = "canary-that-must-not-sing"
MEMBERS: dict[str, Callable[[], models.StartRecoveryRequest | Any]] = {
    "tags of a launch": lambda: models.StartRecoveryRequest(
        source_servers=[
            models.StartRecoveryRequestSourceServer(source_server_id="s-0123456789abcdef0")
        ],
        tags={"a": CANARY, CANARY: "b"},
    ),
    "tags of a resource": lambda: models.TagResourceRequest(
        resource_arn="arn:aws:drs:eu-west-1:111122223333:source-server/s-0123456789abcdef0",
        tags={"a": CANARY, CANARY: "b"},
    ),
    "keys of tags": lambda: models.UntagResourceRequest(
        resource_arn="arn:aws:drs:eu-west-1:111122223333:source-server/s-0123456789abcdef0",
        tag_keys=[CANARY],
    ),
    "name of a stack": lambda: models.AssociateSourceNetworkStackRequest(
        source_network_id="sn-0123456789abcdef0", cfn_stack_name=CANARY
    ),
}
WITH_JOB = {"tags of a launch", "name of a stack"}
ENDS: dict[str, Step] = {
    "succeeded": answer({"job": {"jobID": "j", "tags": {"a": CANARY, CANARY: "b"}}}),
    "did not fit": answer({"job": {"tags": {"a": [CANARY], CANARY: "b"}}}),
    # JSON that breaks off, as a connection without Content-Length may leave it
    "unreadable": answer(f'{{"job": {{"tags": {{"a": "{CANARY}"'.encode()),
    "refused": refuse(403, "AccessDeniedException"),
    "failed": refuse(500, "InternalServerException"),
    "reset": reset,
}


@pytest.mark.parametrize(
    ("members", "end"),
    [
        (members, end)
        for members in MEMBERS
        for end in ENDS
        if members in WITH_JOB or end not in {"succeeded", "did not fit"}
    ],
)
async def test_no_sensitive_member_shows_anywhere(
    members: str, end: str, tracing: Tracing, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[RequestEvent] = []
    hook = tracing_hook(tracing.provider, then=events.append)
    request = MEMBERS[members]()
    shown = [repr(request), str(request)]
    result: object
    with caplog.at_level(logging.DEBUG, "drs_sdk"):
        async with (
            loopback(SLOW, ENDS[end]) as server,
            client_for(server, on_request=hook, aws_session_token=SESSION_TOKEN) as drs,
        ):
            try:
                result = await drs.send(request)
            except DRSError as error:
                result = error
                shown += ["".join(traceback.format_exception(error)), *map(str, error.args)]
                shown += map(repr, (error.__cause__, error.__context__))
            shown += [repr(drs), str(drs)]
        assert CANARY in server.requests[0].body.decode() + server.requests[0].path
    shown += [repr(result), str(result)]
    shown += [repr(event) for event in events]
    shown += [repr(vars(record)) for record in caplog.records if record.name == "drs_sdk"]
    shown += [span.to_json() for span in tracing.spans]
    assert len(events) >= 3
    assert tracing.spans
    for secret in (CANARY, SECRET_KEY, SESSION_TOKEN):
        assert [text for text in shown if secret in text] == []


async def test_no_pickle_of_an_error_holds_a_key(tracing: Tracing) -> None:
    for end in ENDS.values():
        async with (
            loopback(end) as server,
            client_for(server, on_request=tracing.hook, aws_session_token=SESSION_TOKEN) as drs,
        ):
            try:
                result: object = await drs.with_options(max_attempts=1).start_recovery(SERVERS)
            except DRSError as error:
                result = error
        pickled = pickle.dumps(result)
        for secret in (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN):
            assert secret.encode() not in pickled


async def test_the_error_of_a_lost_request_keeps_the_request_whole(tracing: Tracing) -> None:
    """Whoever pickles it stores the tags too: they are what the outcome is looked for by."""
    request = MEMBERS["tags of a launch"]()
    async with loopback(reset) as server, client_for(server, on_request=tracing.hook) as drs:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await drs.send(request)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert again.request == request
    assert CANARY not in repr(again) + str(again) + repr(again.request)


async def test_a_wrong_request_is_told_without_its_values() -> None:
    async with loopback() as server, client_for(server) as drs:
        with pytest.raises(RequestValidationError) as caught:
            await drs.start_recovery(SERVERS, tags={"a": CANARY * 20, CANARY * 10: "b"})
        assert server.requests == []
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.problems)
    assert CANARY not in shown
    assert CANARY.encode() not in pickle.dumps(error)


async def test_events_of_a_failure_carry_the_error_that_the_caller_gets(tracing: Tracing) -> None:
    events: list[RequestEvent] = []
    hook = tracing_hook(tracing.provider, then=events.append)
    async with loopback(refuse(403)) as server, client_for(server, on_request=hook) as drs:
        with pytest.raises(APIError) as caught:
            await drs.describe_jobs()
    failed = events[-1]
    assert isinstance(failed, RequestFailed)
    assert failed.error is caught.value
