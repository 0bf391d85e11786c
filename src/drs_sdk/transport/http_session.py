"""The HTTP session under aiobotocore: aiohttp, held to what a recovery tool needs.

aiobotocore's own session follows redirects, reads answers of any size, sends some requests twice
without a word, and reports a connection that broke in mid-request like one that was never made.
This one follows none, stops at a limit, sends each once, and says whether the service may have
seen it. It takes the options that botocore hands to every HTTP session: proxies, client
certificates, CA bundles, timeouts, connector arguments.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from drs_sdk.errors import (
    ConfigurationError,
    ConnectionFailedError,
    RequestTimeoutError,
    ResponseDecodeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

MAX_RESPONSE_BYTES = "drs_sdk.max_response_bytes"
"""The key of the size limit in the request context."""

_DEFAULT_LIMIT = 64 * 1024 * 1024
_POOL_SIZE = 50


class PreparedRequest(Protocol):
    """What botocore hands over: a signed request."""

    method: str
    url: str
    headers: Mapping[str, str | bytes]
    body: bytes | None
    context: Mapping[str, object] | None


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


class HTTPSession:
    """One connection pool."""

    def __init__(
        self,
        *,
        verify: bool | str = True,
        proxies: Mapping[str, str] | None = None,
        timeout: float | tuple[float, float] | list[float] | None = None,
        max_pool_connections: int = _POOL_SIZE,
        socket_options: object = None,
        client_cert: str | tuple[str, str] | None = None,
        proxies_config: Mapping[str, object] | None = None,
        connector_args: Mapping[str, Any] | None = None,
    ) -> None:
        """Take botocore's options; nothing is opened yet."""
        # aiohttp sets socket options itself, as under aiobotocore's own session; a proxy with
        # settings of its own is left to that session, see transport.py.
        del socket_options, proxies_config
        connect, read = timeout if isinstance(timeout, (tuple, list)) else (timeout, timeout)
        self._timeout = aiohttp.ClientTimeout(sock_connect=connect, sock_read=read)
        self._verify = verify
        self._proxies = dict(proxies or {})
        self._client_cert = client_cert
        self._connector_args = connector_args or {}
        self._pool_size = max_pool_connections
        self._session: aiohttp.ClientSession | None = None
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
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, request: PreparedRequest) -> HTTPResponse:
        """Send a signed request and read the whole answer.

        Raises:
            ConnectionFailedError: No connection, or one that broke; ``maybe_sent`` says which.
            RequestTimeoutError: No connection, or no answer, in time.
            ResponseDecodeError: The answer is larger than the limit.
            ConfigurationError: A certificate or a CA bundle cannot be read.
        """
        context = request.context or {}
        limit = cast("int", context.get(MAX_RESPONSE_BYTES, _DEFAULT_LIMIT))
        session = self._session or await self._open(request.url)
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body,
                headers=_headers(request),
                proxy=self._proxy_for(request.url),
                timeout=self._timeout_for(context),
                allow_redirects=False,
            ) as response:
                body = await _read(response, limit)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _explained(error, request.url) from error
        return HTTPResponse(request.url, response.status, response.headers, body)

    def _timeout_for(self, context: Mapping[str, object]) -> aiohttp.ClientTimeout:
        read = cast("float | None", context.get("read_timeout"))
        if read is None:
            return self._timeout
        return aiohttp.ClientTimeout(sock_connect=self._timeout.sock_connect, sock_read=read)

    def _proxy_for(self, url: str) -> str | None:
        proxy = self._proxies.get(urlsplit(url).scheme) if self._proxies else None
        if proxy is None or "://" in proxy:
            return proxy
        return f"http://{proxy.removeprefix('//')}"

    async def _open(self, url: str) -> aiohttp.ClientSession:
        async with self._opening:
            if self._closed:
                raise ConnectionFailedError("the connection pool is closed", maybe_sent=False)
            if self._session is None:
                # Reading a CA bundle takes a while, so it is kept off the event loop.
                secure = urlsplit(url).scheme == "https"
                context = await asyncio.to_thread(self._ssl_context) if secure else True
                connector = aiohttp.TCPConnector(
                    limit=self._pool_size, ssl=context, **self._connector_args
                )
                self._session = aiohttp.ClientSession(
                    connector=connector,
                    timeout=self._timeout,
                    skip_auto_headers={"Content-Type", "User-Agent", "Accept"},
                    auto_decompress=False,
                    middlewares=(_send_once,),
                    trust_env=False,
                )
            return self._session

    def _ssl_context(self) -> ssl.SSLContext:
        bundle = self._verify if isinstance(self._verify, str) else None
        try:
            context = ssl.create_default_context(cafile=bundle)
        except OSError as error:
            raise ConfigurationError(f"the CA bundle {bundle} cannot be read: {error}") from error
        if not self._verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self._client_cert is not None:
            files = self._client_cert
            files = (files,) if isinstance(files, str) else files
            try:
                context.load_cert_chain(*files)
            except OSError as error:
                raise ConfigurationError(
                    f"the client certificate {files[0]} cannot be read: {error}"
                ) from error
        return context


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET, PUT or DELETE once more by itself: we count attempts."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _explained(error, str(request.url)) from error


def _headers(request: PreparedRequest) -> dict[str, str]:
    headers = {
        name: value if isinstance(value, str) else value.decode("utf-8")
        for name, value in request.headers.items()
    }
    headers["Accept-Encoding"] = "identity"
    return headers


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
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


def _explained(error: Exception, url: str) -> ConnectionFailedError:
    """Say in our words what broke, and whether the request may have left before."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    never_sent = isinstance(
        error,
        (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ClientHttpProxyError,
            aiohttp.InvalidURL,
        ),
    )
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        what = "no connection in time" if never_sent else "no answer in time"
        return RequestTimeoutError(
            f"{what} from {origin}", endpoint_url=origin, maybe_sent=not never_sent
        )
    what = "no connection to" if never_sent else "the connection broke:"
    detail = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    detail = detail or type(error).__name__
    return ConnectionFailedError(
        f"{what} {origin}: {detail}", endpoint_url=origin, maybe_sent=not never_sent
    )
