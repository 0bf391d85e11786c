"""The typed async Python SDK for AWS Elastic Disaster Recovery.

    from drs_sdk import DRSClient

    async with DRSClient(region_name="eu-west-1") as drs:
        async for server in drs.describe_source_servers():
            print(server.source_server_id, server.lag)

- `drs_sdk.models`: every structure and enum of the service
- `drs_sdk.errors`: every exception
- `drs_sdk.events`: what the ``on_request`` hook is told
- `drs_sdk.eventbridge`: events of the service, typed
- `drs_sdk.fleet`: many accounts and Regions as one
- `drs_sdk.iam`: the rights that operations need, and policies that grant them
- `drs_sdk.testing`: the emulator

Nothing is loaded before it is used, or before `preload` is awaited.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from drs_sdk._version import __version__ as __version__

if TYPE_CHECKING:
    from drs_sdk import (
        errors as errors,
        eventbridge as eventbridge,
        events as events,
        fleet as fleet,
        iam as iam,
        models as models,
        testing as testing,
    )
    from drs_sdk._core.base import (
        Request as Request,
        Response as Response,
        ResponseMetadata as ResponseMetadata,
        Shape as Shape,
    )
    from drs_sdk._core.errors import DRSError as DRSError
    from drs_sdk._core.open_enum import OpenEnum as OpenEnum
    from drs_sdk._core.raw import JSON as JSON
    from drs_sdk._preloading import preload as preload, preload_sync as preload_sync
    from drs_sdk._transport.api_errors import APIError as APIError
    from drs_sdk.client import DRSClient as DRSClient
    from drs_sdk.clock import Clock as Clock, SystemClock as SystemClock
    from drs_sdk.pagination import Pager as Pager

__all__ = [
    "JSON",
    "APIError",
    "Clock",
    "DRSClient",
    "DRSError",
    "OpenEnum",
    "Pager",
    "Request",
    "Response",
    "ResponseMetadata",
    "Shape",
    "SystemClock",
    "__version__",
    "errors",
    "eventbridge",
    "events",
    "fleet",
    "iam",
    "models",
    "preload",
    "preload_sync",
    "testing",
]

_HOMES = {
    "APIError": "drs_sdk._transport.api_errors",
    "Clock": "drs_sdk.clock",
    "DRSClient": "drs_sdk.client",
    "DRSError": "drs_sdk._core.errors",
    "JSON": "drs_sdk._core.raw",
    "OpenEnum": "drs_sdk._core.open_enum",
    "Pager": "drs_sdk.pagination",
    "Request": "drs_sdk._core.base",
    "Response": "drs_sdk._core.base",
    "ResponseMetadata": "drs_sdk._core.base",
    "Shape": "drs_sdk._core.base",
    "SystemClock": "drs_sdk.clock",
    "preload": "drs_sdk._preloading",
    "preload_sync": "drs_sdk._preloading",
}
_MODULES = frozenset({"errors", "eventbridge", "events", "fleet", "iam", "models", "testing"})


if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        """Load a name when it is first used (PEP 562)."""
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted({*__all__, *_MODULES})
