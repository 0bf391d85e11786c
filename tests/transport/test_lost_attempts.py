"""Whatever breaks after an unsafe request has left: it is never taken for one that did not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aiobotocore.config import AioConfig
from loopback import (
    SECRET_KEY,
    Step,
    VirtualClock,
    answer,
    client_for,
    hang_up,
    loopback,
    refuse,
    unused_port,
)

from drs_sdk._transport import attempt
from drs_sdk.errors import (
    AmbiguousOutcomeError,
    APIError,
    ConfigurationError,
    ResponseDecodeError,
    ThrottlingException,
)

SERVERS = [{"source_server_id": "s-0123456789abcdef0"}]
FAILED = {"x-amzn-ErrorType": "InternalServerException"}


pytestmark = pytest.mark.usefixtures("own_environment")


@pytest.mark.parametrize(
    "step",
    [
        refuse(500, headers={"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}),
        refuse(500, headers={"Retry-After": "9" * 4500}),
        refuse(500, headers={"Retry-After": "1" * 10}),
        answer(b""),
        answer(b"\r\n"),
        answer(b"", status=204),
        answer([]),
    ],
    ids=[
        "date out of range",
        "number out of range",
        "long number",
        "empty",
        "blank",
        "no content",
        "list",
    ],
)
async def test_a_launch_with_an_odd_answer_is_ambiguous(step: Step) -> None:
    async with loopback(step) as server, client_for(server) as drs:
        with pytest.raises(AmbiguousOutcomeError):
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1


async def test_an_answer_with_status_300_is_an_error() -> None:
    async with loopback(answer({"job": "abc"}, status=300)) as server, client_for(server) as drs:
        with pytest.raises(APIError) as caught:
            await drs.start_recovery(SERVERS)
    assert caught.value.http_status == 300


@pytest.mark.parametrize("status", [101, 200, 204])
async def test_a_page_without_content_is_no_empty_page(status: int) -> None:
    async with loopback(answer(b"", status=status)) as server, client_for(server) as drs:
        with pytest.raises(ResponseDecodeError):
            await drs.describe_source_servers().collect()


async def test_a_delete_needs_no_content() -> None:
    async with loopback(answer(b"", status=204)) as server, client_for(server) as drs:
        await drs.delete_job("drsjob-0123456789abcdef0")


@pytest.mark.parametrize("where", ["_parsed", "decode"])
async def test_what_nobody_foresaw_after_the_sending_is_ambiguous(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(attempt, where, break_down)
    async with loopback() as server, client_for(server) as drs:
        with pytest.raises(AmbiguousOutcomeError, match="nobody foresaw this"):
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 1


async def test_a_refusal_after_a_throttle_is_a_refusal() -> None:
    async with (
        loopback(refuse(429, "ThrottlingException"), refuse(409, "ConflictException")) as server,
        client_for(server) as drs,
    ):
        with pytest.raises(APIError) as caught:
            await drs.start_recovery(SERVERS)
    assert caught.value.code == "ConflictException"


async def test_sent_at_is_when_the_lost_attempt_left() -> None:
    clock = VirtualClock()
    throttle = refuse(429, "ThrottlingException", headers={"Retry-After": "100"})
    async with loopback(throttle, hang_up) as server, client_for(server, clock=clock) as drs:
        with pytest.raises(AmbiguousOutcomeError) as caught:
            await drs.start_recovery(SERVERS)
    assert caught.value.sent_at - clock.start == timedelta(seconds=100)


@pytest.mark.parametrize(
    "options",
    [
        {"aws_session_token": "token\n"},
        {"config": AioConfig(connector_args={"write_timeout": 5})},
    ],
    ids=["header", "connector"],
)
async def test_what_cannot_be_sent_was_not_sent(options: dict[str, object]) -> None:
    async with loopback() as server, client_for(server, **options) as drs:
        with pytest.raises(ConfigurationError) as caught:
            await drs.start_recovery(SERVERS)
        assert not server.requests
    assert SECRET_KEY not in str(caught.value)


async def test_a_throttle_that_stays_is_no_lost_call() -> None:
    step = refuse(429, "ThrottlingException")
    async with loopback(step) as server, client_for(server) as drs:
        with pytest.raises(ThrottlingException):
            await drs.start_recovery(SERVERS)
        assert len(server.requests) == 5


async def test_a_closed_port_is_no_lost_call() -> None:
    async with client_for(f"http://127.0.0.1:{unused_port()}") as drs:
        with pytest.raises(Exception, match="no connection to"):
            await drs.with_options(max_attempts=2).start_recovery(SERVERS)


async def test_no_cookie_is_sent_back() -> None:
    cookie = answer(headers={"Set-Cookie": "AWSALB=abc"})
    async with loopback(cookie) as server, client_for(server) as drs:
        await drs.describe_jobs()
        await drs.describe_jobs()
        assert all("cookie" not in seen.headers for seen in server.requests)
