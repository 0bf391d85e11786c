"""The HTTP session by itself: against mocked answers, and against real sockets."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiohttp.abc import AbstractResolver
from aioresponses import aioresponses
from loopback import (
    Step,
    answer,
    chunked,
    client_for,
    hang_up,
    loopback,
    reset,
    reset_in_body,
    stay_silent,
    truncate,
    unused_port,
)

from drs_sdk._transport.certificates import build_ssl_context
from drs_sdk._transport.http import HTTPResponse, HTTPSession
from drs_sdk.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailedError,
    DRSError,
    RequestTimeoutError,
    ResponseDecodeError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

URL = "https://drs.eu-west-1.amazonaws.com/DescribeJobs"
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


pytestmark = pytest.mark.usefixtures("own_environment")


@dataclass
class Prepared:
    """What botocore hands to an HTTP session."""

    url: str = URL
    method: str = "POST"
    headers: Mapping[str, str | bytes] = field(default_factory=dict)
    body: bytes | None = b"{}"


class MockedResponse(aiohttp.ClientResponse):
    """Fills in what aioresponses 0.7.9 does not give to aiohttp 3.14."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(*args, **{"stream_writer": Mock(), **kwargs})


async def exchange(
    session: HTTPSession,
    request: Prepared | None = None,
    *,
    max_bytes: int = 1000,
    read_timeout: float | None = None,
) -> HTTPResponse:
    return await session.exchange(
        request or Prepared(),
        leaves=lambda: None,
        once=False,
        max_bytes=max_bytes,
        read_timeout=read_timeout,
    )


def mock_answer(mock: aioresponses, **answered: Any) -> None:  # noqa: ANN401 - aioresponses' own
    mock.post(URL, response_class=MockedResponse, **answered)


# Mocked answers


async def test_an_answer_comes_back_with_status_headers_and_body() -> None:
    with aioresponses() as mock:
        mock_answer(mock, status=201, body=b'{"a": 1}', headers={"X-Thing": "yes"})
        async with HTTPSession() as session:
            got = await exchange(session)
    assert got.status_code == 201
    assert got.headers["x-thing"] == "yes"
    assert await got.content == b'{"a": 1}'
    assert got.raw is got
    assert got.url == URL


async def test_the_request_goes_out_as_botocore_prepared_it() -> None:
    with aioresponses() as mock:
        mock_answer(mock)
        async with HTTPSession(timeout=(1, 2)) as session:
            headers = {"Authorization": b"signed", "X-A": "b"}
            await exchange(session, Prepared(headers=headers, body=b'{"x": 1}'))
        (calls,) = mock.requests.values()
    sent = calls[0].kwargs
    assert sent["headers"] == {"Authorization": "signed", "X-A": "b", "Accept-Encoding": "identity"}
    assert sent["data"] == b'{"x": 1}'
    assert sent["allow_redirects"] is False
    assert sent["proxy"] is None
    assert sent["timeout"] == aiohttp.ClientTimeout(sock_connect=1, sock_read=2)


async def test_a_timeout_of_the_call_overrides_the_read_timeout_only() -> None:
    with aioresponses() as mock:
        mock_answer(mock)
        async with HTTPSession(timeout=7) as session:
            await exchange(session, read_timeout=3)
        (calls,) = mock.requests.values()
    assert calls[0].kwargs["timeout"] == aiohttp.ClientTimeout(sock_connect=7, sock_read=3)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({"https": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https": "proxy:3128"}, "http://proxy:3128"),
        ({"https": "//proxy:3128"}, "http://proxy:3128"),
        ({"http": "http://proxy:3128"}, None),
        ({}, None),
        (None, None),
    ],
)
async def test_the_proxy_of_the_scheme_is_used(
    given: Mapping[str, str] | None, used: str | None
) -> None:
    with aioresponses() as mock:
        mock_answer(mock)
        async with HTTPSession(proxies=given) as session:
            await exchange(session)
        (calls,) = mock.requests.values()
    assert calls[0].kwargs["proxy"] == used


def _connector_error(kind: type[aiohttp.ClientConnectorError], error: OSError) -> Exception:
    key = Mock(host="drs", port=443, ssl=True)
    return kind(key, error)


@pytest.mark.parametrize(
    ("raised", "maybe_sent"),
    [
        (_connector_error(aiohttp.ClientConnectorError, ConnectionRefusedError("no")), False),
        (_connector_error(aiohttp.ClientConnectorDNSError, OSError("no such name")), False),
        (_connector_error(aiohttp.ClientConnectorSSLError, ssl.SSLError("bad")), False),
        (aiohttp.ClientHttpProxyError(Mock(), (), status=407, message="who"), False),
        (aiohttp.InvalidURL("http://["), False),
        (aiohttp.ServerDisconnectedError(), True),
        (aiohttp.ClientOSError(104, "reset"), True),
        (aiohttp.ClientPayloadError("cut off"), True),
        (ConnectionResetError("reset"), True),
        (BrokenPipeError(), True),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_broken_connection_says_whether_the_request_may_have_left(
    raised: Exception, *, maybe_sent: bool
) -> None:
    with aioresponses() as mock:
        mock_answer(mock, exception=raised)
        async with HTTPSession() as session:
            with pytest.raises(ConnectionFailedError) as caught:
                await exchange(session)
    assert caught.value.maybe_sent is maybe_sent
    assert caught.value.__cause__ is raised
    assert caught.value.endpoint_url == "https://drs.eu-west-1.amazonaws.com"
    assert "https://drs.eu-west-1.amazonaws.com" in str(caught.value)
    assert not isinstance(caught.value, RequestTimeoutError)


@pytest.mark.parametrize(
    ("raised", "maybe_sent"),
    [
        (aiohttp.ConnectionTimeoutError("slow"), False),
        (aiohttp.SocketTimeoutError("slow"), True),
        (aiohttp.ServerTimeoutError("slow"), True),
        (TimeoutError(), True),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_timeout_says_whether_the_request_may_have_left(
    raised: Exception, *, maybe_sent: bool
) -> None:
    with aioresponses() as mock:
        mock_answer(mock, exception=raised)
        async with HTTPSession() as session:
            with pytest.raises(RequestTimeoutError, match="in time") as caught:
                await exchange(session)
    assert caught.value.maybe_sent is maybe_sent


async def test_an_error_of_a_connection_shows_no_path_and_no_query() -> None:
    url = "https://drs.eu-west-1.amazonaws.com/tags/secret?tagKeys=secret"
    with aioresponses() as mock:
        mock.delete(url, exception=aiohttp.ServerDisconnectedError())
        async with HTTPSession() as session:
            with pytest.raises(ConnectionFailedError) as caught:
                await exchange(session, Prepared(url=url, method="DELETE", body=None))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("length", [10, 11], ids=["at the limit", "over it"])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "not announced"])
async def test_an_answer_over_the_limit_is_not_read(length: int, *, announced: bool) -> None:
    headers = {"Content-Length": str(length)} if announced else {}
    with aioresponses() as mock:
        mock_answer(mock, body=b"x" * length, headers=headers)
        async with HTTPSession() as session:
            if length <= 10:
                assert await (await exchange(session, max_bytes=10)).content == b"x" * length
                return
            with pytest.raises(ResponseDecodeError, match="max_response_bytes") as caught:
                await exchange(session, max_bytes=10)
    assert caught.value.http_status == 200


async def test_a_closed_pool_sends_nothing() -> None:
    with aioresponses() as mock:
        session = HTTPSession()
        await session.close()
        await session.close()
        with pytest.raises(ConnectionFailedError, match="closed") as caught:
            await exchange(session)
        assert caught.value.maybe_sent is False
        assert not mock.requests


async def test_botocores_own_way_to_send_is_closed() -> None:
    with aioresponses() as mock:
        mock_answer(mock)
        async with HTTPSession() as session:
            with pytest.raises(DRSError, match="past the client's own loop"):
                await session.send(Prepared())
        assert not mock.requests


# Real sockets


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_and_is_not_followed(status: int) -> None:
    async with (
        loopback() as other,
        loopback(
            answer(b"", status=status, headers={"Location": f"{other.url}/DescribeJobs"})
        ) as server,
        client_for(server) as drs,
    ):
        with pytest.raises(APIError) as caught:
            await drs.describe_jobs()
        assert caught.value.http_status == status
        assert caught.value.operation == "DescribeJobs"
        assert len(server.requests) == 1
        assert not other.connections


async def test_a_large_answer_is_refused_before_it_is_read() -> None:
    async with (
        loopback(answer(b"x" * 2000), answer()) as server,
        client_for(server, max_response_bytes=1000) as drs,
    ):
        with pytest.raises(ResponseDecodeError, match="1000 bytes") as caught:
            await drs.describe_jobs()
        assert caught.value.operation == "DescribeJobs"
        assert caught.value.http_status == 200
        assert len(server.requests) == 1
        await drs.describe_jobs()


async def test_an_endless_answer_is_cut_off_at_the_limit() -> None:
    async with (
        loopback(chunked(*[b" " * 4096] * 2000), answer()) as server,
        client_for(server, max_response_bytes=10_000) as drs,
    ):
        with pytest.raises(ResponseDecodeError, match="10000 bytes"):
            await drs.describe_jobs()
        await drs.describe_jobs()


async def test_an_answer_in_chunks_is_read_to_its_end() -> None:
    async with (
        loopback(chunked(b'{"items": [{"jobID": ', b'"drsjob-1"}]}')) as server,
        client_for(server) as drs,
    ):
        page = await drs.describe_jobs()
    assert page.items[0].job_id == "drsjob-1"


async def test_each_view_has_its_own_read_timeout() -> None:
    async with (
        loopback(stay_silent) as server,
        client_for(server) as drs,
    ):
        hasty = drs.with_options(read_timeout=0.05, max_attempts=1)
        patient = asyncio.create_task(anext(aiter(drs.describe_jobs()), None))
        await server.arrived.acquire()
        with pytest.raises(RequestTimeoutError) as caught:
            await hasty.describe_jobs()
        assert caught.value.maybe_sent is True
        assert "read_timeout" in str(caught.value)
        assert not patient.done()
        server.released.set()
        assert await patient is None


async def test_a_refused_connection_was_never_sent() -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    async with client_for(url) as drs:
        with pytest.raises(ConnectionFailedError) as caught:
            await drs.with_options(max_attempts=1).describe_jobs()
    assert caught.value.maybe_sent is False
    assert caught.value.endpoint_url == url
    assert url in str(caught.value)
    assert "check the endpoint" in str(caught.value)


class NoNames(AbstractResolver):
    """Knows no name, as DNS in an outage."""

    asked: list[str]

    def __init__(self) -> None:
        self.asked = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[Any]:
        self.asked.append(f"{host}:{port}:{family.name}")
        raise OSError(None, "no such name")

    async def close(self) -> None:
        pass


async def test_a_name_that_does_not_resolve_was_never_sent() -> None:
    resolver = NoNames()
    config = AioConfig(connector_args={"resolver": resolver})
    async with client_for("https://drs.example.invalid", config=config) as drs:
        with pytest.raises(ConnectionFailedError) as caught:
            await drs.with_options(max_attempts=1).describe_jobs()
    assert caught.value.maybe_sent is False
    assert "drs.example.invalid" in str(caught.value)
    assert len(resolver.asked) == 1


@pytest.mark.parametrize(
    "step", [reset, hang_up, truncate, reset_in_body, chunked(b"{", end=False)]
)
async def test_a_connection_that_breaks_after_sending_may_have_been_sent(step: Step) -> None:
    async with loopback(step) as server, client_for(server) as drs:
        with pytest.raises(ConnectionFailedError) as caught:
            await drs.with_options(max_attempts=1).describe_jobs()
        assert caught.value.maybe_sent is True
        assert len(server.requests) == 1


async def test_connections_are_kept_and_used_again() -> None:
    async with loopback() as server, client_for(server) as drs:
        for _ in range(5):
            await drs.describe_jobs()
        assert server.connections == 1


async def test_connector_arguments_are_honoured() -> None:
    config = AioConfig(connector_args={"force_close": True, "keepalive_timeout": None})
    async with loopback() as server, client_for(server, config=config) as drs:
        for _ in range(3):
            await drs.describe_jobs()
        assert server.connections == 3


async def test_the_pool_is_no_larger_than_configured() -> None:
    config = AioConfig(max_pool_connections=2)
    async with loopback() as server, client_for(server, config=config) as drs:
        await asyncio.gather(*(drs.initialize_service() for _ in range(20)))
        assert server.connections == 2
        assert len(server.requests) == 20


# TLS


@dataclass(frozen=True)
class Certificate:
    cert: Path
    key: Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make a self-signed certificate for the loopback address."""
    folder = tmp_path_factory.mktemp("tls")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    subprocess.run(  # noqa: S603
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(made.key), "-out", str(made.cert)),
        ],
        check=True,
        capture_output=True,
    )
    return made


@asynccontextmanager
async def tls_loopback(certificate: Certificate, *, mutual: bool = False) -> AsyncIterator[Any]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.cert, certificate.key)
    if mutual:
        context.load_verify_locations(certificate.cert)
        context.verify_mode = ssl.CERT_REQUIRED
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # the handshake itself tells the client
    async with loopback(tls=context) as server:
        yield server


@needs_openssl
async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Certificate) -> None:
    async with tls_loopback(certificate) as server, client_for(server) as drs:
        with pytest.raises(ConnectionFailedError, match="certificate") as caught:
            await drs.with_options(max_attempts=1).describe_jobs()
        assert caught.value.maybe_sent is False
        assert not server.requests


@needs_openssl
async def test_verify_false_takes_any_certificate(certificate: Certificate) -> None:
    async with tls_loopback(certificate) as server, client_for(server, verify=False) as drs:
        await drs.describe_jobs()
        assert len(server.requests) == 1


@needs_openssl
async def test_verify_takes_the_path_of_a_bundle(certificate: Certificate) -> None:
    bundle = str(certificate.cert)
    async with tls_loopback(certificate) as server, client_for(server, verify=bundle) as drs:
        await drs.describe_jobs()


@needs_openssl
@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
async def test_the_bundle_of_the_environment_is_used(
    certificate: Certificate, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(certificate.cert))
    async with tls_loopback(certificate) as server, client_for(server) as drs:
        await drs.describe_jobs()


@needs_openssl
async def test_the_bundle_of_the_profile_is_used(certificate: Certificate, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"[default]\nca_bundle = {certificate.cert}\n")
    async with tls_loopback(certificate) as server, client_for(server) as drs:
        await drs.describe_jobs()


@needs_openssl
async def test_a_bundle_that_is_not_there_is_an_error_of_ours(certificate: Certificate) -> None:
    missing = str(certificate.cert.with_name("missing.pem"))
    async with tls_loopback(certificate) as server:
        drs = client_for(server, verify=missing)
        with pytest.raises(ConfigurationError, match="missing"):
            async with drs:
                await drs.describe_jobs()
        assert not server.requests


@needs_openssl
@pytest.mark.parametrize("in_one_file", [True, False])
async def test_a_client_certificate_is_shown(
    certificate: Certificate, tmp_path: Path, *, in_one_file: bool
) -> None:
    both = tmp_path / "both.pem"
    both.write_text(certificate.cert.read_text() + certificate.key.read_text())
    shown = str(both) if in_one_file else (str(certificate.cert), str(certificate.key))
    config = AioConfig(client_cert=shown)
    async with tls_loopback(certificate, mutual=True) as server:
        async with client_for(server, verify=str(certificate.cert), config=config) as drs:
            await drs.describe_jobs()
        async with client_for(server, verify=str(certificate.cert)) as drs:
            with pytest.raises(ConnectionFailedError) as caught:
                await drs.with_options(max_attempts=1).describe_jobs()
        assert caught.value.maybe_sent is False
        assert len(server.requests) == 1


async def test_a_clear_text_answer_to_https_was_never_sent() -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        async with client_for(f"https://127.0.0.1:{port}") as drs:
            with pytest.raises(ConnectionFailedError) as caught:
                await drs.with_options(max_attempts=1).describe_jobs()
    assert caught.value.maybe_sent is False


def context_of(**options: Any) -> ssl.SSLContext:  # noqa: ANN401 - as botocore's options
    return build_ssl_context(**{"client_cert": None, "proxies_config": {}, **options})


@needs_openssl
def test_clients_that_trust_the_same_bundle_share_a_context(
    certificate: Certificate, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(certificate.cert.read_bytes())
    shared = context_of(verify=str(bundle))
    assert context_of(verify=str(bundle)) is shared
    bundle.write_bytes(certificate.cert.read_bytes() + certificate.cert.read_bytes())
    assert context_of(verify=str(bundle)) is not shared, "the file is another by now"


@needs_openssl
def test_what_a_client_shows_is_shared_with_nobody(
    certificate: Certificate, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(certificate.cert.read_bytes())
    shared = context_of(verify=str(bundle))
    shown = (str(certificate.cert), str(certificate.key))
    assert context_of(verify=str(bundle), client_cert=shown) is not shared
    behind: Any = {"proxy_ca_bundle": str(certificate.cert)}
    assert context_of(verify=str(bundle), proxies_config=behind) is not shared
    unchecked = context_of(verify=False)
    assert unchecked is not context_of(verify=False)
    assert shared.verify_mode is ssl.CERT_REQUIRED
    assert len(shared.get_ca_certs()) == 1


def test_a_bundle_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"CA bundle .*none\.pem cannot be read"):
        context_of(verify=str(tmp_path / "none.pem"))
