"""When an attempt is made again: the rules by themselves, and through real HTTP."""

from __future__ import annotations

import asyncio
import logging
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

import pytest
from aiobotocore.config import AioConfig
from hypothesis import given, strategies as st
from loopback import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    Step,
    VirtualClock,
    answer,
    client_for,
    hang_up,
    loopback,
    refuse,
    reset,
    stay_silent,
    truncate,
    unused_port,
)

from drs_sdk._core.base import Safety
from drs_sdk._transport.failures import Failure
from drs_sdk._transport.retrying import (
    LONGEST_BACKOFF,
    LONGEST_RETRY_AFTER,
    RetryQuota,
    backoff,
    may_resend,
    parse_retry_after,
)
from drs_sdk.errors import (
    AmbiguousOutcomeError,
    APIError,
    ConflictException,
    ConnectionFailedError,
    InternalServerException,
    RequestTimeoutError,
    ResponseDecodeError,
    ThrottlingException,
)
from drs_sdk.events import (
    RequestEvent,
    RequestFailed,
    RequestRetried,
    RequestStarted,
    RequestSucceeded,
)
from drs_sdk.models import StartRecoveryRequest, StartRecoveryResponse

if TYPE_CHECKING:
    from pathlib import Path

    from drs_sdk import DRSClient

SERVERS = [{"source_server_id": "s-0123456789abcdef0"}]


pytestmark = pytest.mark.usefixtures("own_environment")


# The rules


@given(attempt=st.integers(1, 200), wanted=st.none() | st.floats(0, 1e9))
def test_the_delay_stays_between_what_is_asked_for_and_the_caps(
    attempt: int, wanted: float | None
) -> None:
    delay = backoff(attempt, wanted)
    asked = min(wanted or 0.0, LONGEST_RETRY_AFTER)
    assert asked <= delay <= max(asked, min(2.0 ** (attempt - 1), LONGEST_BACKOFF))


def test_the_backoff_doubles_up_to_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    assert [backoff(attempt, None) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 20, 20]


def test_the_backoff_is_jittered_down_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.0)
    assert [backoff(attempt, None) for attempt in range(1, 8)] == [0.0] * 7


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("-4", 0.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("Wed, 99 Foo 2026", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text) == seconds


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0200"])
def test_retry_after_may_be_a_date(zone: str) -> None:
    offset = timedelta(hours=2) if zone == "+0200" else timedelta()
    moment = datetime.now(UTC) + timedelta(hours=1) + offset
    seconds = parse_retry_after(f"{moment:%a, %d %b %Y %H:%M:%S} {zone}")
    assert seconds is not None
    assert 3500 < seconds <= 3600


dates = st.datetimes().map(lambda moment: format_datetime(moment.replace(tzinfo=UTC), usegmt=True))
numbers = st.floats().map(str) | st.integers().map(str)


@given(st.text() | numbers | dates | st.sampled_from(["inf", "nan", "1e999", "-inf", "Infinity"]))
def test_no_retry_after_header_breaks_the_client(text: str) -> None:
    seconds = parse_retry_after(text)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


def test_a_used_up_quota_gives_nothing_until_calls_succeed() -> None:
    quota = RetryQuota(capacity=20, cost=5, timeout_cost=10)
    assert [quota.take(is_timeout=False), quota.take(is_timeout=True)] == [5, 10]
    assert quota.take(is_timeout=True) == 0
    assert quota.take(is_timeout=False) == 5
    assert quota.take(is_timeout=False) == 0
    quota.give_back(0)
    assert quota.available == 1
    quota.give_back(10)
    assert quota.take(is_timeout=True) == 10


@given(
    st.lists(st.sampled_from(["take", "take timeout", "succeed", "succeed after retry"])),
    st.integers(0, 60),
)
def test_the_quota_stays_within_its_bounds(actions: list[str], capacity: int) -> None:
    quota = RetryQuota(capacity=capacity)
    for action in actions:
        if action.startswith("take"):
            before = quota.available
            price = quota.take(is_timeout=action == "take timeout")
            assert quota.available == before - price
        else:
            quota.give_back(5 if action == "succeed after retry" else 0)
        assert 0 <= quota.available <= capacity


TIMEOUT_SENT = Failure(reason="T", is_timeout=True, is_connection=True, maybe_sent=True)
TIMEOUT_CONNECTING = Failure(reason="T", is_timeout=True, is_connection=True)
RESET = Failure(reason="R", is_connection=True, maybe_sent=True)
REFUSED = Failure(reason="R", is_connection=True)
THROTTLED = Failure(reason="ThrottlingException", http_status=429, is_throttling=True)
THROTTLED_503 = Failure(reason="SlowDown", http_status=503, is_throttling=True)
SERVER_TIMEOUT = Failure(reason="RequestTimeout", http_status=400)


def status(number: int) -> Failure:
    return Failure(reason="X", http_status=number)


@pytest.mark.parametrize(
    ("failure", "transient", "ambiguous"),
    [
        (TIMEOUT_SENT, True, True),
        (TIMEOUT_CONNECTING, True, False),
        (RESET, True, True),
        (REFUSED, True, False),
        (THROTTLED, True, False),
        (THROTTLED_503, True, False),
        (SERVER_TIMEOUT, True, True),
        (status(500), True, True),
        (status(502), True, True),
        (status(503), True, True),
        (status(504), True, True),
        (status(501), False, True),
        (status(301), False, False),
        (status(400), False, False),
        (status(403), False, False),
        (status(404), False, False),
        (status(409), False, False),
        (Failure(reason="ResponseDecodeError"), False, False),
    ],
    ids=str,
)
def test_which_failures_are_tried_again_and_which_are_ambiguous(
    failure: Failure, *, transient: bool, ambiguous: bool
) -> None:
    assert failure.is_transient is transient
    assert failure.is_ambiguous is ambiguous
    for safety in get_args(Safety):
        expected = transient and (safety != "unsafe" or not ambiguous)
        assert may_resend(safety, failure) is expected


failures = st.builds(
    Failure,
    reason=st.sampled_from(["RequestTimeout", "ThrottlingException", "Other"]),
    http_status=st.none() | st.integers(300, 599),
    is_throttling=st.booleans(),
    is_timeout=st.booleans(),
    is_connection=st.booleans(),
    maybe_sent=st.booleans(),
)


@given(failures)
def test_an_unsafe_operation_is_never_sent_again_after_an_ambiguous_failure(
    failure: Failure,
) -> None:
    if failure.is_ambiguous:
        assert not may_resend("unsafe", failure)


# Reads, through real HTTP

SERVER_FAULTS = [refuse(number, "InternalServerException") for number in (500, 502, 503, 504)]
TRANSIENT = [*SERVER_FAULTS, refuse(429, "ThrottlingException"), reset, hang_up, truncate]
TRANSIENT_IDS = ["500", "502", "503", "504", "429", "reset", "hang up", "truncate"]


@pytest.mark.parametrize("step", TRANSIENT, ids=TRANSIENT_IDS)
async def test_a_read_is_attempted_five_times(step: Step) -> None:
    clock = VirtualClock()
    async with loopback(step) as server, client_for(server, clock=clock) as drs:
        with pytest.raises((APIError, ConnectionFailedError)) as caught:
            await drs.describe_jobs()
        assert len(server.requests) == 5
        assert len(clock.slept) == 4
        assert caught.value.operation == "DescribeJobs"


@pytest.mark.parametrize("step", TRANSIENT, ids=TRANSIENT_IDS)
async def test_a_read_that_fails_four_times_succeeds_and_says_so(step: Step) -> None:
    good = answer({"items": [{"jobID": "drsjob-1"}]})
    async with loopback(*[step] * 4, good) as server, client_for(server) as drs:
        page = await drs.describe_jobs()
    assert page.items[0].job_id == "drsjob-1"
    assert page.response_metadata.retry_attempts == 4
    assert page.response_metadata.http_status == 200


async def test_a_first_success_counts_no_retries() -> None:
    async with loopback() as server, client_for(server) as drs:
        page = await drs.describe_jobs()
    assert page.response_metadata.retry_attempts == 0
    assert page.response_metadata.request_id == "req-1"


async def test_a_read_that_times_out_is_attempted_again() -> None:
    async with (
        loopback(stay_silent) as server,
        client_for(server, config=AioConfig(read_timeout=0.03)) as drs,
    ):
        with pytest.raises(RequestTimeoutError, match="after 5 attempt") as caught:
            await drs.describe_jobs()
        assert len(server.requests) == 5
        assert caught.value.maybe_sent is True


async def test_a_refused_connection_is_attempted_again() -> None:
    clock = VirtualClock()
    async with client_for(f"http://127.0.0.1:{unused_port()}", clock=clock) as drs:
        with pytest.raises(ConnectionFailedError, match="after 5 attempt"):
            await drs.describe_jobs()
    assert len(clock.slept) == 4


async def test_an_idempotent_operation_is_attempted_again() -> None:
    async with loopback(reset, refuse(500), answer()) as server, client_for(server) as drs:
        done = await drs.delete_source_server("s-0123456789abcdef0")
        assert done.response_metadata.retry_attempts == 2
        assert len(server.requests) == 3


@pytest.mark.parametrize("number", [400, 401, 402, 403, 404, 409, 501])
async def test_a_refusal_is_final(number: int) -> None:
    async with loopback(refuse(number, "OddException")) as server, client_for(server) as drs:
        with pytest.raises(APIError) as caught:
            await drs.describe_jobs()
        assert len(server.requests) == 1
        assert caught.value.http_status == number
        assert caught.value.code == "OddException"


@pytest.mark.parametrize("body", [b"<html>", b'{"items": [', b"[]", b"\xff\xfe"])
async def test_an_answer_that_is_no_json_object_is_final(body: bytes) -> None:
    async with loopback(answer(body)) as server, client_for(server) as drs:
        with pytest.raises(ResponseDecodeError) as caught:
            await drs.describe_jobs()
        assert len(server.requests) == 1
        assert caught.value.http_status == 200
        assert caught.value.request_id == "req-1"
        assert caught.value.excerpt


async def test_retry_after_in_seconds_is_waited_for() -> None:
    clock = VirtualClock()
    slow = refuse(429, "ThrottlingException", headers={"Retry-After": "37"})
    async with loopback(slow, answer()) as server, client_for(server, clock=clock) as drs:
        await drs.describe_jobs()
    assert clock.slept == [37.0]


async def test_retry_after_as_a_date_is_waited_for() -> None:
    clock = VirtualClock()
    clock.start = datetime.now(UTC)
    until = format_datetime(clock.start + timedelta(seconds=60), usegmt=True)
    slow = refuse(503, "InternalServerException", headers={"Retry-After": until})
    async with loopback(slow, answer()) as server, client_for(server, clock=clock) as drs:
        await drs.describe_jobs()
    assert 50 < clock.slept[0] <= 60


async def test_retry_after_is_capped() -> None:
    clock = VirtualClock()
    slow = refuse(429, "ThrottlingException", headers={"Retry-After": "86400"})
    async with loopback(slow, answer()) as server, client_for(server, clock=clock) as drs:
        await drs.describe_jobs()
    assert clock.slept == [LONGEST_RETRY_AFTER]


async def test_a_garbled_retry_after_is_ignored() -> None:
    clock = VirtualClock()
    slow = refuse(429, "ThrottlingException", headers={"Retry-After": "in a while"})
    async with loopback(slow, answer()) as server, client_for(server, clock=clock) as drs:
        await drs.describe_jobs()
    assert clock.slept[0] <= 1.0


async def test_the_error_carries_retry_after() -> None:
    slow = refuse(429, "ThrottlingException", headers={"Retry-After": "9"})
    async with loopback(slow) as server, client_for(server) as drs:
        with pytest.raises(ThrottlingException) as caught:
            await drs.describe_jobs()
    assert caught.value.retry_after == 9.0
    assert caught.value.retry_after_seconds == "9"
    assert caught.value.is_throttling


async def test_a_used_up_quota_stops_retries(caplog: pytest.LogCaptureFixture) -> None:
    async with loopback(refuse(500)) as server, client_for(server) as drs:
        for _ in range(25):  # 4 retries each, 5 tokens a retry, 500 tokens
            with pytest.raises(APIError):
                await drs.describe_jobs()
        assert len(server.requests) == 25 * 5
        with caplog.at_level(logging.WARNING, "drs_sdk"), pytest.raises(APIError):
            await drs.describe_jobs()
        assert len(server.requests) == 25 * 5 + 1
        assert "quota" in caplog.text
        with pytest.raises(APIError):  # views share the quota
            await drs.with_options(max_attempts=9).describe_jobs()
        assert len(server.requests) == 25 * 5 + 2


async def test_successes_fill_the_quota_again() -> None:
    steps = [refuse(500)] * 126 + [answer()] * 5 + [refuse(500), answer()]
    async with loopback(*steps) as server, client_for(server) as drs:
        for _ in range(26):
            with pytest.raises(APIError):
                await drs.describe_jobs()
        for _ in range(5):
            await drs.describe_jobs()
        page = await drs.describe_jobs()
        assert page.response_metadata.retry_attempts == 1


# Unsafe operations, through real HTTP


async def start(drs: DRSClient) -> StartRecoveryResponse:
    return await drs.start_recovery(SERVERS, is_drill=True)  # type: ignore[arg-type]


AMBIGUOUS = {
    "reset": reset,
    "hang up": hang_up,
    "truncated": truncate,
    "not json": answer(b"<html>"),
    "500": refuse(500, "InternalServerException"),
    "502": refuse(502),
    "503": refuse(503),
    "504": refuse(504),
    "501": refuse(501),
    "timeout in the service": refuse(400, "RequestTimeout"),
}


@pytest.mark.parametrize("fault", AMBIGUOUS)
async def test_an_unsafe_operation_is_sent_once_when_its_fate_is_unknown(fault: str) -> None:
    clock = VirtualClock()
    async with (
        loopback(AMBIGUOUS[fault], answer()) as server,
        client_for(server, clock=clock) as drs,
    ):
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await start(drs)
        assert server.operations == ["StartRecovery"]
        error = caught.value
        assert isinstance(error.request, StartRecoveryRequest)
        assert error.request.is_drill is True
        assert error.sent_at == clock.start
        assert error.operation == "StartRecovery"
        assert isinstance(error.__cause__, (APIError, ConnectionFailedError, ResponseDecodeError))
        assert "not sent again" in str(error)
        assert clock.slept == []
        await drs.describe_jobs()  # the pool is as good as before


async def test_an_unsafe_operation_that_times_out_is_sent_once() -> None:
    async with loopback(stay_silent) as server, client_for(server) as drs:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await start(drs.with_options(read_timeout=0.05))
        assert len(server.requests) == 1
        assert isinstance(caught.value.__cause__, RequestTimeoutError)


async def test_an_ambiguous_error_has_the_request_id_where_there_was_an_answer() -> None:
    async with loopback(refuse(500, "InternalServerException")) as server, client_for(server) as d:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await start(d)
    assert caught.value.request_id == "req-1"
    assert isinstance(caught.value.__cause__, InternalServerException)


async def test_an_unsafe_operation_is_sent_again_after_a_throttle() -> None:
    slow = refuse(429, "ThrottlingException")
    async with loopback(slow, slow, answer()) as server, client_for(server) as drs:
        done = await start(drs)
        assert done.response_metadata.retry_attempts == 2
        assert len(server.requests) == 3


async def test_an_unsafe_operation_that_is_throttled_to_the_end_is_no_mystery() -> None:
    async with loopback(refuse(429, "ThrottlingException")) as server, client_for(server) as drs:
        with pytest.raises(ThrottlingException):
            await start(drs)
        assert len(server.requests) == 5


async def test_an_unsafe_operation_is_attempted_again_when_the_connection_is_refused() -> None:
    clock = VirtualClock()
    async with client_for(f"http://127.0.0.1:{unused_port()}", clock=clock) as drs:
        with pytest.raises(ConnectionFailedError) as caught:
            await start(drs)
    assert not caught.value.maybe_sent
    assert len(clock.slept) == 4


async def test_a_refusal_of_an_unsafe_operation_is_no_mystery() -> None:
    async with loopback(refuse(409, "ConflictException")) as server, client_for(server) as drs:
        with pytest.raises(ConflictException):
            await start(drs)
        assert len(server.requests) == 1


async def test_a_throttle_then_a_reset_is_ambiguous() -> None:
    steps = [refuse(429, "ThrottlingException"), reset]
    async with loopback(*steps) as server, client_for(server) as drs:
        with pytest.raises(AmbiguousOutcomeError):
            await start(drs)
        assert len(server.requests) == 2


# Error answers that are no error of the service

MANGLED = {
    "list": answer(b"[]", status=500),
    "string": answer(b'"x"', status=500),
    "null": answer(b"null", status=500),
    "not utf-8": answer(b"\xff\xfe", status=500),
    "odd type": answer({"__type": 4}, status=500),
    "html": answer(b"<html>", status=500),
    "nothing": answer(b"", status=500),
    "retry-after as fraction": refuse(
        500, "InternalServerException", headers={"Retry-After": "1.5"}
    ),
    "retry-after as date": refuse(
        500, "InternalServerException", headers={"Retry-After": "Fri, 02 Jan 2026 03:04:05 GMT"}
    ),
    "retry-after in words": refuse(
        500, "InternalServerException", headers={"Retry-After": "in a while"}
    ),
    "odd field list": refuse(500, "ValidationException", fieldList=4),
    "odd fields": refuse(500, "ValidationException", fieldList=[None, 3]),
    "odd members of fields": refuse(500, "ValidationException", fieldList=[{"name": 3}]),
}


@pytest.mark.parametrize("fault", MANGLED)
async def test_a_mangled_error_answer_leaves_an_unsafe_operation_ambiguous(fault: str) -> None:
    async with loopback(MANGLED[fault]) as server, client_for(server) as drs:
        with pytest.raises(AmbiguousOutcomeError):
            await start(drs)
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", MANGLED)
async def test_a_mangled_error_answer_to_a_read_is_retried_and_reported(fault: str) -> None:
    async with loopback(MANGLED[fault]) as server, client_for(server) as drs:
        with pytest.raises(APIError) as caught:
            await drs.describe_jobs()
        assert caught.value.http_status == 500
        assert caught.value.operation == "DescribeJobs"
        assert len(server.requests) == 5


@pytest.mark.parametrize("body", [b"[]", b"null", b"\xff", b'{"__type": 4}'])
async def test_a_mangled_refusal_is_still_a_refusal(body: bytes) -> None:
    async with loopback(answer(body, status=403)) as server, client_for(server) as drs:
        with pytest.raises(APIError) as caught:
            await start(drs)
        assert caught.value.http_status == 403
        assert len(server.requests) == 1


# Options


async def test_a_view_has_its_own_number_of_attempts() -> None:
    async with loopback(refuse(500)) as server, client_for(server) as drs:
        for attempts in (1, 2, 7):
            server.requests.clear()
            with pytest.raises(APIError):
                await drs.with_options(max_attempts=attempts).describe_jobs()
            assert len(server.requests) == attempts
        server.requests.clear()
        with pytest.raises(APIError):
            await drs.describe_jobs()
        assert len(server.requests) == 5


async def test_a_view_of_a_view_keeps_what_is_not_given() -> None:
    async with loopback(refuse(500)) as server, client_for(server) as drs:
        view = drs.with_options(max_attempts=2).with_options(read_timeout=5)
        with pytest.raises(APIError):
            await view.describe_jobs()
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("retries", "attempts"),
    [
        ({"total_max_attempts": 3}, 3),
        ({"max_attempts": 3}, 4),
        ({"mode": "adaptive"}, 5),
        ({"mode": "legacy", "total_max_attempts": 2}, 2),
    ],
    ids=str,
)
async def test_the_configuration_sets_the_number_of_attempts(
    retries: dict[str, Any], attempts: int
) -> None:
    config = AioConfig(retries=retries)
    async with loopback(refuse(500)) as server, client_for(server, config=config) as drs:
        with pytest.raises(APIError):
            await drs.describe_jobs()
        assert len(server.requests) == attempts


async def test_the_environment_sets_the_number_of_attempts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    async with loopback(refuse(500)) as server, client_for(server) as drs:
        with pytest.raises(APIError):
            await drs.describe_jobs()
        assert len(server.requests) == 3


async def test_the_profile_sets_the_number_of_attempts(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile short]\nmax_attempts = 2\n")
    async with (
        loopback(refuse(500)) as server,
        client_for(server, profile_name="short") as drs,
    ):
        with pytest.raises(APIError):
            await drs.describe_jobs()
        assert len(server.requests) == 2


async def test_the_same_client_token_goes_with_every_attempt() -> None:
    async with (
        loopback(reset, refuse(500), refuse(429, "ThrottlingException"), answer()) as server,
        client_for(server) as drs,
    ):
        await drs.create_recovery_plan("weekly")
        tokens = [seen.json["clientToken"] for seen in server.requests]
        assert len(tokens) == 4
        assert len(set(tokens)) == 1
        assert UUID(tokens[0])
        await drs.create_recovery_plan("weekly")
        assert server.requests[-1].json["clientToken"] != tokens[0]


async def test_a_client_token_of_the_caller_is_kept() -> None:
    async with loopback(refuse(500), answer()) as server, client_for(server) as drs:
        await drs.create_recovery_plan("weekly", client_token="mine")
        assert [seen.json["clientToken"] for seen in server.requests] == ["mine", "mine"]


async def test_every_attempt_is_signed_anew() -> None:
    async with loopback(refuse(500), answer()) as server, client_for(server) as drs:
        await drs.describe_jobs()
        first, second = server.requests
        assert f"Credential={ACCESS_KEY}/" in second.headers["authorization"]
        assert first.headers["amz-sdk-request"] != second.headers["amz-sdk-request"]
        assert first.headers["amz-sdk-invocation-id"] == second.headers["amz-sdk-invocation-id"]


# Who is told


@pytest.fixture
def events() -> list[RequestEvent]:
    return []


async def test_a_call_that_is_retried_tells_its_story(events: list[RequestEvent]) -> None:
    slow = refuse(503, "InternalServerException", headers={"Retry-After": "30"})
    async with (
        loopback(slow, reset, answer()) as server,
        client_for(server, on_request=events.append) as drs,
    ):
        await drs.describe_jobs()
        url = server.url
    begun, first, second, done = events
    assert isinstance(begun, RequestStarted)
    assert (begun.endpoint_url, begun.region, begun.attempt) == (url, "eu-west-1", 1)
    assert isinstance(first, RequestRetried)
    assert (first.attempt, first.delay) == (1, 30.0)
    assert (first.reason, first.http_status) == ("InternalServerException", 503)
    assert isinstance(second, RequestRetried)
    assert (second.attempt, second.http_status) == (2, None)
    assert second.reason == "ConnectionFailedError"
    assert isinstance(done, RequestSucceeded)
    assert (done.attempt, done.http_status, done.request_id) == (3, 200, "req-1")
    assert done.duration > timedelta()
    assert {event.operation for event in events} == {"DescribeJobs"}
    assert len({event.call_id for event in events}) == 1


async def test_a_call_that_fails_tells_its_story(events: list[RequestEvent]) -> None:
    async with (
        loopback(refuse(404, "ResourceNotFoundException")) as server,
        client_for(server, on_request=events.append) as drs,
    ):
        with pytest.raises(APIError) as caught:
            await drs.delete_source_server("s-0123456789abcdef0")
        with pytest.raises(APIError):
            await drs.delete_source_server("s-0123456789abcdef0")
    assert [type(event) for event in events] == [RequestStarted, RequestFailed] * 2
    failed = events[1]
    assert isinstance(failed, RequestFailed)
    assert failed.error is caught.value
    assert failed.duration > timedelta()
    assert events[0].call_id != events[2].call_id


async def test_the_last_attempt_is_told_as_a_failure_not_a_retry(
    events: list[RequestEvent],
) -> None:
    async with (
        loopback(refuse(500)) as server,
        client_for(server, on_request=events.append) as drs,
    ):
        with pytest.raises(APIError):
            await drs.describe_jobs()
    kinds = [type(event) for event in events]
    assert kinds == [RequestStarted, *[RequestRetried] * 4, RequestFailed]
    assert [event.attempt for event in events] == [1, 1, 2, 3, 4, 5]


async def test_a_cancelled_call_is_told_without_an_error(events: list[RequestEvent]) -> None:
    async with (
        loopback(stay_silent) as server,
        client_for(server, on_request=events.append) as drs,
    ):
        task = asyncio.create_task(start(drs))
        await server.arrived.acquire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [type(event) for event in events] == [RequestStarted, RequestFailed]
    failed = events[1]
    assert isinstance(failed, RequestFailed)
    assert failed.error is None


async def test_no_event_and_no_log_shows_a_secret(
    events: list[RequestEvent], caplog: pytest.LogCaptureFixture
) -> None:
    tag = "tag-value-that-must-not-show"
    with caplog.at_level(logging.DEBUG, "drs_sdk"):
        async with (
            loopback(refuse(429, "ThrottlingException"), answer(), reset) as server,
            client_for(server, on_request=events.append, aws_session_token=SESSION_TOKEN) as drs,
        ):
            await drs.tag_resource(resource_arn="arn:aws:drs:::thing/1", tags={"a": tag})
            with pytest.raises(AmbiguousOutcomeError):
                await drs.start_recovery(SERVERS, tags={"a": tag})  # type: ignore[arg-type]
            assert tag in server.requests[0].body.decode()
    told = repr(events) + "".join(
        repr(vars(record)) for record in caplog.records if record.name == "drs_sdk"
    )
    assert "StartRecovery" in told
    for secret in (SECRET_KEY, SESSION_TOKEN, tag):
        assert secret not in told


async def test_log_records_carry_structured_fields(caplog: pytest.LogCaptureFixture) -> None:
    slow = refuse(503, "InternalServerException", headers={"Retry-After": "30"})
    with caplog.at_level(logging.DEBUG, "drs_sdk"):
        async with (
            loopback(slow, answer(), refuse(403, "AccessDeniedException")) as server,
            client_for(server) as drs,
        ):
            await drs.describe_jobs()
            with pytest.raises(APIError):
                await drs.describe_jobs()
    retried, succeeded, failed = (
        vars(record) for record in caplog.records if record.name == "drs_sdk"
    )
    assert retried["operation"] == "DescribeJobs"
    assert (retried["attempt"], retried["delay"]) == (1, 30.0)
    assert retried["reason"] == "InternalServerException"
    assert (succeeded["levelno"], succeeded["attempt"]) == (logging.DEBUG, 2)
    for record in (succeeded, failed):
        assert record["operation"] == "DescribeJobs"
        assert record["request_id"] == "req-1"
        assert record["duration_ms"] >= 0
    assert "AccessDeniedException" in failed["message"]


async def test_a_hook_that_raises_does_not_lose_the_answer() -> None:
    """An answer to a launch must not be lost because a metrics library fails."""

    def broken(event: RequestEvent) -> None:
        raise RuntimeError(f"metrics are down: {event.operation}")

    good = answer({"job": {"jobID": "drsjob-1"}})
    slow = refuse(429, "ThrottlingException")
    async with loopback(slow, good) as server, client_for(server, on_request=broken) as drs:
        started = await start(drs)
        assert started.job.job_id == "drsjob-1"
        assert len(server.requests) == 2
