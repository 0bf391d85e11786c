"""All that a first call waits for besides the network, done ahead of it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Lock

import drs_sdk.models as models
from drs_sdk._core.base import Shape
from drs_sdk._transport.preloading import build, open_once

_LATE = (
    "drs_sdk.client",
    "drs_sdk.events",
    "drs_sdk.waiters.conditions",
    "drs_sdk.waiters.engine",
    "drs_sdk.waiters.polling",
)
"""Modules that are loaded when a client is asked for something."""

_preloading = Lock()


async def preload() -> None:
    """Does ahead what a first call waits for, besides the network, while the loop goes on.

    It loads aiobotocore, the models and botocore's data, and builds the models' schemas and the
    TLS context, in a thread. Opening a client and its first call then keep the event loop for a
    few milliseconds only. Call it when an application starts; once done it does nothing more.

    No credentials are looked for and nothing is sent.

    Raises:
        ConfigurationError: No client could be opened either: no such profile, an AWS
            configuration file or a CA bundle that cannot be read.
    """
    await asyncio.to_thread(preload_sync)


def preload_sync() -> None:
    """Does what `preload` does, and returns when it is done.

    Call it while a Lambda function is imported, outside its handler: the init phase has a full
    CPU, whatever memory the function is given, and no event waits for it.

    Raises:
        ConfigurationError: No client could be opened either: no such profile, an AWS
            configuration file or a CA bundle that cannot be read.
    """
    with _preloading:
        for module in _LATE:
            import_module(module)
        for name in models.__all__:
            model: object = getattr(models, name)
            if isinstance(model, type) and issubclass(model, Shape):
                build(model)
        with ThreadPoolExecutor(1) as thread:  # the caller's may have an event loop that runs
            thread.submit(asyncio.run, open_once()).result()
