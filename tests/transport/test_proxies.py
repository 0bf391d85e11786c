"""Proxies: how they are spoken to, what they may break, and what their errors must not show."""

from __future__ import annotations

import asyncio
import socket
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from loopback import (
    Exchange,
    Step,
    answer,
    client_for,
    hang_up,
    loopback,
    refuse,
    reset,
    stay_silent,
)

import drs_sdk
from drs_sdk.errors import (
    AmbiguousOutcomeError,
    ConfigurationError,
    ConnectionFailedError,
    RequestTimeoutError,
    ResponseDecodeError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from drs_sdk import DRSClient

SERVERS = [{"source_server_id": "s-0123456789abcdef0"}]
HTTP = "http://drs.example.invalid"
HTTPS = "https://drs.example.invalid"


pytestmark = pytest.mark.usefixtures("own_environment")


def behind(proxy_url: str | None, service: str = HTTPS, **config: object) -> DRSClient:
    proxies = {"http": proxy_url, "https": proxy_url}
    return client_for(
        service, config=AioConfig(proxies=proxies, **config), allow_insecure_endpoint=True
    )


async def test_it_is_asked_for_the_real_address() -> None:
    async with loopback() as proxy, behind(proxy.url, HTTP) as drs:
        await drs.describe_jobs()
        assert proxy.requests[0].path == f"{HTTP}/DescribeJobs"


async def test_the_environment_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with loopback() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        config = AioConfig(proxies=None)
        async with client_for(HTTP, config=config, allow_insecure_endpoint=True) as drs:
            await drs.describe_jobs()
        assert len(proxy.requests) == 1


@pytest.mark.parametrize("said", ["", " ", "\n", None])
async def test_one_that_is_set_but_empty_is_none(said: Any) -> None:  # noqa: ANN401 - odd on purpose
    async with loopback() as server, behind(said, server.url) as drs:
        await drs.describe_jobs()
        assert server.requests[0].path == "/DescribeJobs"


@pytest.mark.parametrize(
    "said",
    [
        "socks5://user:hidden@127.0.0.1:1",
        "ftp://127.0.0.1:1",
        "http://",
        "//",
        "http://user:hidden@",
        "http://user:hidden@127.0.0.1:port",
        "http://user:hidden@127.0.0.1:99999",
        "http://[::1",
        5,
    ],
)
async def test_one_that_is_none_is_refused_before_anything_is_sent(said: Any) -> None:  # noqa: ANN401
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        await behind(said).open()
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("service", [HTTP, HTTPS])
async def test_one_whose_name_is_not_known_is_what_the_advice_is_about(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown(*_: object, **__: object) -> list[object]:
        raise OSError(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", unknown)
    async with behind("http://proxy.example.invalid:3128", service) as drs:
        with pytest.raises(ConnectionFailedError) as caught:
            await drs.start_recovery(SERVERS)
    assert "the proxy http://proxy.example.invalid:3128" in str(caught.value)
    assert "HTTPS_PROXY" in str(caught.value)
    assert "Region" not in str(caught.value)


@pytest.mark.parametrize("step", [refuse(407), hang_up, reset], ids=["refuses", "closes", "resets"])
async def test_without_a_tunnel_nothing_was_sent(step: Step) -> None:
    async with loopback(step) as proxy, behind(proxy.url) as drs:
        with pytest.raises(ConnectionFailedError, match="no connection to") as caught:
            await drs.with_options(max_attempts=2).start_recovery(SERVERS)
        assert caught.value.maybe_sent is False
        assert [seen.method for seen in proxy.requests] == ["CONNECT", "CONNECT"], "tried again"


async def test_one_that_never_answers_does_not_hang_the_call() -> None:
    async with (
        loopback(stay_silent) as proxy,
        behind(proxy.url, connect_timeout=0.05, read_timeout=0.05) as drs,
    ):
        async with asyncio.timeout(10):
            with pytest.raises(RequestTimeoutError, match="no connection in time") as caught:
                await drs.with_options(max_attempts=2).start_recovery(SERVERS)
        assert caught.value.maybe_sent is False


async def test_the_time_to_connect_is_not_the_time_to_answer() -> None:
    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.2)
        await answer()(exchange)

    async with loopback(slow) as server:
        config = AioConfig(connect_timeout=0.1)
        async with client_for(server, config=config) as drs:
            await drs.describe_jobs()


@pytest.mark.parametrize("service", [HTTP, HTTPS])
async def test_its_password_is_sent_and_never_shown(service: str) -> None:
    async with loopback(refuse(407)) as proxy:
        address = proxy.url.replace("//", "//user:SECRETPW@")
        async with behind(address, service) as drs:
            with pytest.raises(Exception, match="407") as caught:
                await drs.with_options(max_attempts=1).describe_jobs()
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjpTRUNSRVRQVw=="
    frames = [
        frame
        for error in (caught.value, caught.value.__cause__)
        if error is not None
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename.startswith(drs_sdk.__path__[0])
    ]
    shown = "".join(traceback.format_exception(caught.value))
    shown += "".join(
        repr(value)
        for frame in frames
        for value in frame.f_locals.values()
        if type(value).__module__.startswith("drs_sdk._transport.http")
    )
    assert "SECRETPW" not in shown
    assert "dXNlcjpTRUNSRVRQVw" not in shown


class TestWithSettingsOfItsOwn:
    """``proxies_config`` changes nothing in what is promised of a request."""

    settings = {"proxies_config": {"proxy_use_forwarding_for_https": False}}  # noqa: RUF012 - never written to

    async def test_it_works(self) -> None:
        async with (
            loopback(answer({"items": [{"jobID": "drsjob-1"}]})) as proxy,
            behind(proxy.url, HTTP, **self.settings) as drs,
        ):
            assert len(await drs.describe_jobs().collect()) == 1

    @pytest.mark.parametrize("status", [307, 308])
    async def test_no_redirect_is_followed(self, status: int) -> None:
        elsewhere = {"Location": f"{HTTP}/StartRecovery"}
        async with (
            loopback(answer(status=status, headers=elsewhere), answer({"job": {}})) as proxy,
            behind(proxy.url, HTTP, **self.settings) as drs,
        ):
            with pytest.raises(Exception, match=str(status)):
                await drs.start_recovery(SERVERS)
            assert len(proxy.requests) == 1

    async def test_the_size_of_an_answer_is_bounded(self) -> None:
        async with loopback(answer({"items": [], "x": "x" * 5000})) as proxy:
            config = AioConfig(proxies={"http": proxy.url}, **self.settings)
            async with client_for(
                HTTP, config=config, allow_insecure_endpoint=True, max_response_bytes=1000
            ) as drs:
                with pytest.raises(ResponseDecodeError, match="1000"):
                    await drs.describe_jobs()

    async def test_a_lost_launch_is_ambiguous_and_sent_once(self) -> None:
        async with (
            loopback(hang_up) as proxy,
            behind(proxy.url, HTTP, **self.settings) as drs,
        ):
            with pytest.raises(AmbiguousOutcomeError):
                await drs.start_recovery(SERVERS)
            assert len(proxy.requests) == 1

    async def test_what_cannot_be_had_is_refused(self) -> None:
        settings = {"proxy_use_forwarding_for_https": True}
        drs = behind("http://127.0.0.1:9", proxies_config=settings)
        with pytest.raises(ConfigurationError, match="proxy_use_forwarding_for_https"):
            await drs.open()

    @pytest.mark.parametrize(
        ("setting", "named"),
        [("proxy_ca_bundle", "CA bundle"), ("proxy_client_cert", "client certificate")],
    )
    async def test_a_file_that_cannot_be_read_is_named(
        self, setting: str, named: str, tmp_path: Path
    ) -> None:
        missing = str(tmp_path / "missing.pem")
        async with behind("http://127.0.0.1:9", proxies_config={setting: missing}) as drs:
            with pytest.raises(ConfigurationError, match=f"{named} {missing} cannot be read"):
                await drs.start_recovery(SERVERS)

    async def test_two_certificates_exclude_each_other(self) -> None:
        async with behind(
            "http://127.0.0.1:9",
            proxies_config={"proxy_client_cert": "a.pem"},
            client_cert="b.pem",
        ) as drs:
            with pytest.raises(ConfigurationError, match="exclude each other"):
                await drs.start_recovery(SERVERS)


async def test_another_http_session_is_refused() -> None:
    class Another(AIOHTTPSession):
        pass

    drs = client_for(HTTPS, config=AioConfig(http_session_cls=Another))
    with pytest.raises(ConfigurationError, match="http_session_cls"):
        await drs.open()
