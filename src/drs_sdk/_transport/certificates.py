"""What the connections trust and show: TLS settings, as botocore's options give them."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from drs_sdk._core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    CertificateFiles: TypeAlias = str | tuple[str, str]


def build_ssl_context(
    *,
    verify: bool | str,
    client_cert: CertificateFiles | None,
    proxies_config: Mapping[str, object],
) -> ssl.SSLContext:
    """Read the certificates; this takes a while, so it is no work for an event loop.

    Clients that trust a bundle and need nothing else share one context, for as long as the file
    is the same. Nobody writes to it.

    aiohttp has one context for the service and for a proxy that is spoken to in TLS, so the
    proxy's settings are added to those of the service.

    Args:
        verify: True for the system's authorities, the path of a bundle, or False for anything.
        client_cert: A file with certificate and key, or one of each.
        proxies_config: botocore's settings for proxies.

    Raises:
        ConfigurationError: A file cannot be read, or the settings exclude each other.
    """
    bundle = verify if isinstance(verify, str) else None
    proxy_bundle = cast("str | None", proxies_config.get("proxy_ca_bundle"))
    proxy_cert = cast("CertificateFiles | None", proxies_config.get("proxy_client_cert"))
    if client_cert is not None and proxy_cert is not None:
        raise ConfigurationError(
            "client_cert and proxy_client_cert exclude each other: service and proxy are shown "
            "the same certificate"
        )
    if bundle is not None and not (proxy_bundle or client_cert or proxy_cert):
        return _shared(bundle, *_stamp(bundle))
    context = _trusting(bundle)
    if proxy_bundle is not None:
        try:
            context.load_verify_locations(cafile=proxy_bundle)
        except OSError as error:
            raise _unreadable("CA bundle", proxy_bundle, error) from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if (shown := client_cert or proxy_cert) is not None:
        files = (shown,) if isinstance(shown, str) else shown
        try:
            context.load_cert_chain(*files)
        except OSError as error:
            raise _unreadable("client certificate", files[0], error) from error
    return context


@lru_cache(maxsize=4)
def _shared(bundle: str, *_stamp: int) -> ssl.SSLContext:
    return _trusting(bundle)


def _stamp(path: str) -> tuple[int, ...]:
    """Tell a file from one that takes its place."""
    try:
        found = Path(path).stat()
    except OSError as error:
        raise _unreadable("CA bundle", path, error) from error
    return found.st_mtime_ns, found.st_size, found.st_ino


def _trusting(bundle: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise _unreadable("CA bundle", bundle, error) from error


def _unreadable(what: str, path: str | None, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"the {what} {path} cannot be read: {error}")
