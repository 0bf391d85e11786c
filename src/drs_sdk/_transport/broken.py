"""What broke between the client and the service, and what may mend it, in our errors."""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp

from drs_sdk._core.errors import ConnectionFailedError, RequestTimeoutError

_PASSWORD_WANTED = 407
_LOOK_AT_PROXY = "check the address of the proxy (HTTPS_PROXY, or proxies in the config)"
_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)


def broken(
    error: Exception, url: str, *, proxy: str | None = None, was_connecting: bool
) -> ConnectionFailedError:
    """Say in our words what broke, and whether the request may have left before.

    Unless it is certain that nothing left, something may have.

    Args:
        error: What aiohttp or the system raised.
        url: Where the request was to go.
        proxy: The proxy that it was to go by, if any.
        was_connecting: Whether a connection was being made for it, so that nothing had left.
    """
    maybe_sent = not (was_connecting or isinstance(error, _NEVER_SENT))
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    if isinstance(error, TimeoutError):
        what = "no answer in time from" if maybe_sent else "no connection in time to"
        knob = "read_timeout" if maybe_sent else "connect_timeout"
        return RequestTimeoutError(
            f"{what} {origin}",
            endpoint_url=origin,
            maybe_sent=maybe_sent,
            hint=f"raise {knob}, or look for a slow network",
        )
    what = "the connection broke:" if maybe_sent else "no connection to"
    detail, hint = _detail(error), _advice(error, maybe_sent=maybe_sent)
    if proxy is not None and isinstance(error, aiohttp.ClientConnectorDNSError):
        detail, hint = f"{detail}: the proxy {proxy.rstrip('/')}", _LOOK_AT_PROXY
    return ConnectionFailedError(
        f"{what} {origin}: {detail}", endpoint_url=origin, maybe_sent=maybe_sent, hint=hint
    )


def _advice(error: Exception, *, maybe_sent: bool) -> str | None:
    """Say what may mend it, where the cause tells."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        if error.status == _PASSWORD_WANTED:
            return "put the proxy's user and password into its address"
        return "ask whoever runs the proxy, or leave it out (NO_PROXY)"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return _LOOK_AT_PROXY
    if isinstance(error, aiohttp.ClientSSLError):
        return "check verify and AWS_CA_BUNDLE, the endpoint, and the clock of this machine"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "check the Region, the endpoint and DNS, then try again"
    return (
        "something on the way, or the service, cuts connections; try again" if maybe_sent else None
    )


def _detail(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered HTTP {error.status} {error.message}"
    known = error.strerror if isinstance(error, OSError) else None
    return known or str(error) or type(error).__name__
