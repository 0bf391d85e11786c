"""What a first client and its first call do besides the network, done once ahead of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._transport.aws.sessions import session_for, verify_for
from drs_sdk._transport.certificates import build_ssl_context
from drs_sdk._transport.connection import Connection
from drs_sdk._transport.page_slices import adapter_of
from drs_sdk._transport.settings import DEFAULT_MAX_RESPONSE_BYTES, ClientSettings
from drs_sdk.clock import SystemClock

if TYPE_CHECKING:
    from drs_sdk._core.base import Shape


def build(model: type[Shape]) -> None:
    """Build what a model is read and written with, and the lists of a page of it."""
    model.model_rebuild()
    if "next_token" in model.model_fields:
        for field in model.model_fields.values():
            if getattr(field.annotation, "__origin__", None) is list:
                adapter_of(field.annotation)


async def open_once() -> None:
    """Open a connection that looks for no credentials and sends nothing, and close it.

    Raises:
        ConfigurationError: The profile, a configuration file or the CA bundle cannot be read.
    """
    settings = ClientSettings(
        region_name="us-east-1",
        profile_name=None,
        endpoint_url=None,
        aws_access_key_id="unused",
        aws_secret_access_key="unused",  # noqa: S106 - signs nothing
        aws_session_token=None,
        role_arn=None,
        external_id=None,
        role_session_name=None,
        verify=None,
        config=None,
        session=None,
        clock=SystemClock(),
        on_request=None,
        max_response_bytes=DEFAULT_MAX_RESPONSE_BYTES,
        allow_insecure_endpoint=True,  # nothing goes there
    )
    connection = Connection(settings)
    await connection.open()
    await connection.aclose()
    verify = verify_for(session_for(settings), settings)
    build_ssl_context(verify=verify, client_cert=None, proxies_config={})
