"""What a message advises fits what went wrong: each against its cause."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiohttp.abc import AbstractResolver
from loopback import (
    answer,
    client_for,
    hang_up,
    loopback,
    new_session,
    refuse,
    reset,
    stay_silent,
    truncate,
    unused_port,
)

from drs_sdk.errors import ConfigurationError, ConnectionFailedError, CredentialsError, DRSError

if TYPE_CHECKING:
    from loopback import Step

pytestmark = pytest.mark.usefixtures("own_environment")

KNOBS = {
    "read_timeout",
    "connect_timeout",
    "the endpoint, DNS and network",
    "the Region, the endpoint and DNS",
    "AWS_CA_BUNDLE",
    "address of the proxy",
    "proxy's user and password",
    "NO_PROXY",
    "cuts connections",
    "trust policy",
    "log in again",
    "the profile, the AWS_* environment",
    "a key or a token",
    "its value end",
}
ONCE = {"retries": {"total_max_attempts": 1}}


class NoSuchName(AbstractResolver):
    async def resolve(self, host: str, *_: object, **__: object) -> Any:  # noqa: ANN401
        raise OSError(socket.EAI_NONAME, f"no such name {host}")

    async def close(self) -> None:
        pass


def advises(error: DRSError, knob: str) -> None:
    said = {each for each in KNOBS if each in str(error)}
    assert said == {knob}, str(error)


@pytest.mark.parametrize(
    ("step", "knob"),
    [
        (stay_silent, "read_timeout"),
        (hang_up, "cuts connections"),
        (reset, "cuts connections"),
        (truncate, "cuts connections"),
    ],
    ids=["silent", "closed", "reset", "truncated"],
)
async def test_no_answer(step: Step, knob: str) -> None:
    config = AioConfig(read_timeout=0.05, **ONCE)
    async with loopback(step) as server, client_for(server, config=config) as drs:
        with pytest.raises(ConnectionFailedError) as caught:
            await drs.describe_jobs()
    advises(caught.value, knob)


@pytest.mark.parametrize(
    ("endpoint", "config", "knob"),
    [
        ("http://127.0.0.1:{closed}", {}, "the endpoint, DNS and network"),
        (
            "http://drs.invalid",
            {"connector_args": {"resolver": NoSuchName}},
            "the Region, the endpoint and DNS",
        ),
        ("https://127.0.0.1:{silent}", {"connect_timeout": 0.05}, "connect_timeout"),
        (
            "https://drs.invalid",
            {"proxies": {"https": "http://127.0.0.1:{closed}"}},
            "address of the proxy",
        ),
    ],
    ids=["refused", "no name", "slow", "no proxy"],
)
async def test_no_connection(endpoint: str, config: dict[str, Any], knob: str) -> None:
    async with loopback(stay_silent) as silent:
        ports = {"closed": unused_port(), "silent": silent.port}
        given = dict(config)
        if "proxies" in given:
            given["proxies"] = {k: v.format(**ports) for k, v in given["proxies"].items()}
        if "connector_args" in given:
            given["connector_args"] = {"resolver": NoSuchName()}
        url = endpoint.format(**ports)
        async with client_for(
            url, config=AioConfig(**given, **ONCE), allow_insecure_endpoint=True
        ) as drs:
            with pytest.raises(ConnectionFailedError) as caught:
                await drs.describe_jobs()
    assert caught.value.maybe_sent is False
    advises(caught.value, knob)


async def test_no_tls() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 something else lives here\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client_for(f"https://127.0.0.1:{port}", config=AioConfig(**ONCE)) as drs:
        with pytest.raises(ConnectionFailedError) as caught:
            await drs.describe_jobs()
    assert caught.value.maybe_sent is False
    advises(caught.value, "AWS_CA_BUNDLE")


@pytest.mark.parametrize(
    ("status", "knob"), [(407, "proxy's user and password"), (403, "NO_PROXY"), (502, "NO_PROXY")]
)
async def test_a_proxy_that_refuses_a_launch_is_told_apart_and_nothing_left(
    status: int, knob: str
) -> None:
    async with loopback(refuse(status)) as proxy:
        config = AioConfig(proxies={"https": proxy.url}, **ONCE)
        async with client_for("https://drs.invalid", config=config) as drs:
            with pytest.raises(ConnectionFailedError) as caught:
                await drs.start_recovery([{"source_server_id": "s-0123456789abcdef0"}])
    assert caught.value.maybe_sent is False
    advises(caught.value, knob)


@pytest.mark.parametrize(
    ("code", "knob"),
    [
        ("AccessDenied", "trust policy"),
        ("ExpiredToken", "log in again"),
        ("SomethingElse", "the profile, the AWS_* environment"),
    ],
)
async def test_a_role_that_cannot_be_assumed(
    code: str, knob: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    async with loopback(answer(body.encode(), status=403)) as sts, loopback() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        async with client_for(server, role_arn="arn:aws:iam::111122223333:role/x") as drs:
            with pytest.raises(CredentialsError) as caught:
                await drs.describe_jobs()
    advises(caught.value, knob)


async def test_a_token_that_cannot_be_sent() -> None:
    async with loopback() as server, client_for(server, aws_session_token="token\n") as drs:
        with pytest.raises(ConfigurationError) as caught:
            await drs.describe_jobs()
    advises(caught.value, "a key or a token")


async def test_a_header_of_a_hook_that_cannot_be_sent() -> None:
    def add(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore has no types
        request.headers["X-Mine"] = "a\n"

    session = new_session()
    session.register("before-send.drs", add)
    async with loopback() as server, client_for(server, session=session) as drs:
        with pytest.raises(ConfigurationError) as caught:
            await drs.describe_jobs()
    advises(caught.value, "its value end")
