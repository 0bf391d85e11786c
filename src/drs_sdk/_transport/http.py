"""The HTTP session under aiobotocore: aiohttp, held to what a recovery tool needs.

aiobotocore's own session follows redirects, reads answers of any size, sends some requests twice
without a word, and reports a connection that broke in mid-request like one that was never made.
This one follows none, stops at a limit, sends each once, and says whether the service may have
seen it. It takes the options that botocore hands to every HTTP session: proxies, client
certificates, CA bundles, timeouts, connector arguments.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from drs_sdk._core.errors import (
    ConfigurationError,
    ConnectionFailedError,
    DRSError,
    ResponseDecodeError,
)
from drs_sdk._transport.broken import broken
from drs_sdk._transport.certificates import build_ssl_context
from drs_sdk._transport.deadlines import Deadlines
from drs_sdk._transport.departure import BrokeError, DepartingConnector, DepartingRequest, Departure
from drs_sdk._transport.proxies import read_proxies

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType
    from typing import Self

    from drs_sdk._transport.certificates import CertificateFiles
    from drs_sdk._transport.proxies import Proxy

_POOL_SIZE = 50
_FIRST_FINAL_STATUS = 200
_OF_CREDENTIALS = frozenset({"authorization", "x-amz-security-token"})


class PreparedRequest(Protocol):
    """What botocore hands over: a signed request."""

    method: str
    url: str
    headers: Mapping[str, str | bytes]
    body: bytes | None


@dataclass(slots=True)
class HTTPResponse:
    """An answer that was read to its end, with the attributes that botocore looks at."""

    url: str
    status_code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def raw(self) -> HTTPResponse:
        """The answer itself; nothing is left to be read."""
        return self

    @property
    async def content(self) -> bytes:
        """The body."""
        return self.body


class _Connector(DepartingConnector):
    """A connector that a forked process leaves alone: its sockets are the parent's."""

    def __init__(self, **arguments: Any) -> None:  # noqa: ANN401 - aiohttp's own arguments
        """Note the process."""
        self._process = os.getpid()
        super().__init__(**arguments)  # pyright: ignore[reportUnknownMemberType]

    def __del__(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # aiohttp's default argument is its own affair
        """Close what was forgotten, but never what another process works on."""
        if self._process == os.getpid():
            super().__del__()


class HTTPSession:
    """One connection pool."""

    def __init__(
        self,
        *,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
        timeout: float | tuple[float, float] | list[float] | None = None,
        max_pool_connections: int | None = _POOL_SIZE,
        socket_options: object = None,
        client_cert: CertificateFiles | None = None,
        proxies_config: Mapping[str, object] | None = None,
        connector_args: Mapping[str, Any] | None = None,
    ) -> None:
        """Take botocore's options; nothing is opened yet.

        Raises:
            ConfigurationError: A proxy is none, or asked for something that aiohttp cannot do; or
                the number of connections is none.
        """
        del socket_options  # aiohttp sets them itself, as under aiobotocore's own session
        self._proxies_config = proxies_config or {}
        if self._proxies_config.get("proxy_use_forwarding_for_https"):
            raise ConfigurationError(
                "proxy_use_forwarding_for_https cannot be had: https goes through a tunnel"
            )
        connect, read = timeout if isinstance(timeout, (tuple, list)) else (timeout, timeout)
        self._connect_timeout = connect
        self._timeout = aiohttp.ClientTimeout(sock_connect=connect, sock_read=read)
        self._verify = verify
        self._proxies = read_proxies(proxies or {})
        self._client_cert = client_cert
        self._connector_args = dict(connector_args or {})
        self._pool_size = max_pool_connections or 0  # aiohttp's word for no limit
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._slots = {once: _slots(max_pool_connections) for once in (False, True)}
        self._deadlines: Deadlines[Departure] = Deadlines(Departure.is_late)
        self._opening = asyncio.Lock()
        self._closed = False

    async def __aenter__(self) -> Self:
        """Open; connections are made when they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self.close()

    async def close(self) -> None:
        """Close all connections; once more does no harm."""
        self._closed = True
        self._deadlines.close()
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def send(self, request: PreparedRequest) -> HTTPResponse:
        """Refuse: botocore's endpoint, or whoever has got hold of it, sends nothing.

        Raises:
            DRSError: Always. A request leaves by `exchange` alone, once for each attempt.
        """
        raise DRSError(
            f"something in this process tried to send a {request.method} past the client's own "
            "loop over attempts; nothing was sent. Look for a class that takes the place of "
            "botocore's methods"
        )

    async def exchange(
        self,
        request: PreparedRequest,
        *,
        leaves: Callable[[], None],
        once: bool,
        max_bytes: int,
        read_timeout: float | None = None,
    ) -> HTTPResponse:
        """Send a signed request and read the whole answer.

        Args:
            request: What to send.
            leaves: Called right before the first byte; what it raises keeps the request here.
            once: Whether a repeat would do harm, so that a fresh connection is worth its price.
            max_bytes: The largest answer that is read.
            read_timeout: Seconds until the answer begins and between its parts, instead of the
                session's own; the whole may take five times as long.

        Raises:
            ConnectionFailedError: No connection, or one that broke; ``maybe_sent`` says which.
            RequestTimeoutError: No connection, or no answer, in time.
            ResponseDecodeError: The answer is larger than the limit, or none at all.
            ConfigurationError: A certificate or a CA bundle cannot be read, an option is not
                aiohttp's, or a header cannot be sent.
        """
        proxy = self._proxies.get(urlsplit(request.url).scheme) if self._proxies else None
        session = self._sessions.get(once) or await self._open(request.url, proxy, once=once)
        departure = Departure(self._timeout_for(read_timeout), self._deadlines, leaves)
        try:
            async with self._slots[once], departure.scope:
                try:
                    async with session.request(
                        request.method,
                        URL(request.url, encoded=True),
                        data=request.body,
                        headers=_headers(request, proxy),
                        proxy=proxy and proxy.url,
                        proxy_headers=proxy and proxy.headers,
                        timeout=departure.timeout,
                        allow_redirects=False,
                        middlewares=(departure.once,),
                    ) as response:
                        departure.is_answered()
                        body = await _read(response, max_bytes)
                finally:
                    self._deadlines.clear(departure)
        except BrokeError as broke:
            error = cast("Exception", broke.__cause__)
            raise _broken(error, request, proxy, departure) from error
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is one of the latter
            raise _broken(error, request, proxy, departure) from error
        return HTTPResponse(request.url, response.status, response.headers, body)

    def _timeout_for(self, read_timeout: float | None) -> aiohttp.ClientTimeout:
        if read_timeout is None:
            return self._timeout
        return aiohttp.ClientTimeout(sock_connect=self._connect_timeout, sock_read=read_timeout)

    async def _open(self, url: str, proxy: Proxy | None, *, once: bool) -> aiohttp.ClientSession:
        """Open the session for what may be repeated, or the one for what is sent once.

        The latter keeps no connection: one that the service has closed meanwhile would cost an
        unsafe request its answer.
        """
        async with self._opening:
            if self._closed:
                raise ConnectionFailedError("the connection pool is closed", maybe_sent=False)
            if once not in self._sessions:
                secure = "https" in {urlsplit(url).scheme, proxy and urlsplit(proxy.url).scheme}
                self._sessions[once] = aiohttp.ClientSession(
                    connector=await self._connector(secure=secure, once=once),
                    timeout=self._timeout,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    skip_auto_headers={"Content-Type", "User-Agent", "Accept"},
                    auto_decompress=False,
                    request_class=DepartingRequest,
                    trust_env=False,
                )
            return self._sessions[once]

    async def _connector(self, *, secure: bool, once: bool) -> aiohttp.TCPConnector:
        arguments = dict(self._connector_args)
        if once:
            arguments["force_close"] = True
            arguments.pop("keepalive_timeout", None)  # there is nothing to keep
        context: ssl.SSLContext | bool | None = arguments.pop("ssl_context", None)
        if context is None:
            # Reading a CA bundle takes a while, so it is kept off the event loop.
            context = await asyncio.to_thread(self._ssl_context) if secure else True
        try:
            return _Connector(limit=self._pool_size, ssl=context, **arguments)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"connector_args is not for aiohttp: {error}") from error

    def _ssl_context(self) -> ssl.SSLContext:
        return build_ssl_context(
            verify=self._verify, client_cert=self._client_cert, proxies_config=self._proxies_config
        )


def _slots(limit: int | None) -> AbstractAsyncContextManager[None]:
    """Make what those wait for that find no connection, so that the time to make one is its own."""
    if not isinstance(limit, int | None) or (limit or 0) < 0:  # pyright: ignore[reportUnnecessaryIsInstance]  # botocore checks none
        raise ConfigurationError(
            f"max_pool_connections must be a whole number, 0 for no limit, got {limit!r}"
        )
    return asyncio.Semaphore(limit) if limit else nullcontext()


def _broken(
    error: Exception, request: PreparedRequest, proxy: Proxy | None, departure: Departure
) -> ConnectionFailedError:
    by = None if proxy is None else proxy.url
    return broken(error, request.url, proxy=by, was_connecting=departure.is_connecting)


def _headers(request: PreparedRequest, proxy: Proxy | None) -> dict[str, str]:
    headers = {
        name: value if isinstance(value, str) else value.decode("utf-8")
        for name, value in request.headers.items()
    }
    headers["Accept-Encoding"] = "identity"
    for name, value in headers.items():
        if not value.isprintable():
            what = "a key or a token" if name.lower() in _OF_CREDENTIALS else "its value"
            raise ConfigurationError(
                f"the header {name} has a character in it that cannot be sent; does {what} end in "
                "a line break?"
            )
    if proxy is not None and urlsplit(request.url).scheme == "http":
        headers.update(proxy.headers)  # there is no tunnel to ask for
    return headers


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if response.status < _FIRST_FINAL_STATUS:
        response.close()
        raise ResponseDecodeError(
            f"HTTP {response.status} is no answer to a request", http_status=response.status
        )
    announced = response.content_length
    if announced is not None and announced <= limit:
        return await response.read()
    parts: list[bytes] = []
    size = announced or 0
    while size <= limit and (part := await response.content.readany()):
        parts.append(part)
        size += len(part)
    if size > limit:
        response.close()
        raise ResponseDecodeError(
            f"the answer is larger than the limit of {limit} bytes; raise max_response_bytes if "
            "that is to be expected",
            http_status=response.status,
        )
    return b"".join(parts)
