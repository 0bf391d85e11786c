"""Who may use the admin endpoint: programs on this machine, no pages of other origins.

A page in a browser can send requests to loopback, under its own name or, by DNS rebinding, under
one that suddenly leads here. Both show: in `Origin` and `Sec-Fetch-Site`, and in `Host`.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON = "application/json"
_OWN_SITE = {"same-origin", "none"}


def check_request(method: str, headers: Mapping[str, str], content_type: str) -> None:
    """Refuse what no program on this machine would send.

    Args:
        method: The HTTP method.
        headers: The headers, names in any case.
        content_type: The content type without its parameters.

    Raises:
        HTTPForbidden: It comes from a page of another origin, or for another host.
        HTTPUnsupportedMediaType: It changes something and is not JSON.
    """
    host = headers.get("Host", "")
    if not _is_loopback(host):
        raise web.HTTPForbidden(text=f"{host!r} is not this machine: ask 127.0.0.1 or localhost.")
    origin = headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        raise web.HTTPForbidden(text=f"Pages of {origin} may not use the admin endpoint.")
    if headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE:
        raise web.HTTPForbidden(text="Pages of other sites may not use the admin endpoint.")
    # A form of any page can send the other types without asking first.
    if method in {"POST", "PUT"} and content_type != _JSON:
        raise web.HTTPUnsupportedMediaType(text=f"Send JSON, as Content-Type: {_JSON}.")


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
