"""Proxies: where they are, and what they are told to let requests through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from drs_sdk._core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = frozenset({"http", "https"})
_WANTED = (
    "must be http://host:port or https://host:port; look at HTTPS_PROXY and HTTP_PROXY, or at "
    "proxies in the config"
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; its user and password are taken out of its address, which errors show."""

    url: str
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def at(cls, address: str) -> Proxy:
        """Read an address, with a user and a password in it or not.

        Raises:
            ConfigurationError: It is none, or that of a proxy which speaks no HTTP.
        """
        try:
            url = URL(address if "://" in address else f"http://{address.removeprefix('//')}")
        except ValueError:  # its text may quote a password
            raise ConfigurationError(f"the address of a proxy {_WANTED}") from None
        if url.scheme not in _SCHEMES or not url.host:
            raise ConfigurationError(f"the address of a proxy, a {url.scheme} one, {_WANTED}")
        if url.user is None:
            return cls(str(url), {})
        credentials = aiohttp.encode_basic_auth(url.user, url.password or "")
        return cls(str(url.with_user(None)), {"Proxy-Authorization": credentials})


def read_proxies(given: Mapping[str, object]) -> dict[str, Proxy]:
    """Read the proxies by the scheme of what goes by them; an empty one counts as none.

    Raises:
        ConfigurationError: One is no address of a proxy that speaks HTTP.
    """
    found: dict[str, Proxy] = {}
    for scheme, address in given.items():
        if not isinstance(address, str | None):
            raise ConfigurationError(
                f"a proxy is a {type(address).__name__}; its address {_WANTED}"
            )
        if address and address.strip():
            found[scheme] = Proxy.at(address.strip())
    return found
