"""One client for all triggers of a triggerer that have one connection.

Waits on one client share their polls. The client is opened by the first trigger that needs it,
and closed when none has needed it for a while.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from drs_sdk.airflow.hook import DrsHook

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from drs_sdk.client import DRSClient

_IDLE = 60.0
"""For how many seconds a client that nobody uses stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionParameters:
    """What a hook is made from; all of it is JSON.

    Attributes:
        aws_conn_id: The Airflow connection.
        region_name: The Region, where it is not the connection's.
        verify: How certificates are checked.
        botocore_config: Settings of botocore.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, object] | None

    @property
    def key(self) -> str:
        """What is the same for the same parameters."""
        return json.dumps(asdict(self), sort_keys=True, default=str)

    def hook(self) -> DrsHook:
        """Make the hook."""
        return DrsHook(
            self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.botocore_config,
        )


class Shared:
    """A client that triggers share."""

    def __init__(self, parameters: ConnectionParameters, pool: dict[str, Shared]) -> None:
        """Open nothing yet."""
        self._parameters = parameters
        self._pool = pool
        self._opening = asyncio.Lock()
        self._client: DRSClient | None = None
        self._closing: asyncio.Task[None] | None = None
        self._uses = 0

    async def enter(self) -> DRSClient:
        """Use the client: the first one opens it.

        Raises:
            DRSError: It cannot be opened.
        """
        self._uses += 1
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        try:
            async with self._opening:
                if self._client is None:
                    client = await self._parameters.hook().async_drs_client()
                    self._client = await client.open()
                return self._client
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Use it no more: after the last one it is closed, though not at once."""
        self._uses -= 1
        if self._uses:
            return
        client = self._client
        if client is None:
            self.forget()
            return
        idle = _IDLE if self._is_pooled else 0.0
        self._closing = asyncio.create_task(self._close(client, idle), name="drs_sdk idle client")

    def forget(self) -> None:
        """Give it to nobody else: what it was made from may have changed."""
        if self._is_pooled:
            del self._pool[self._parameters.key]

    @property
    def _is_pooled(self) -> bool:
        return self._pool.get(self._parameters.key) is self

    async def _close(self, client: DRSClient, idle: float) -> None:
        try:
            await asyncio.sleep(idle)
        except asyncio.CancelledError:
            if self._uses:
                raise  # somebody uses it again
            self.forget()
            await client.aclose()  # the loop ends
            raise
        self.forget()
        await client.aclose()


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Shared]] = WeakKeyDictionary()


@asynccontextmanager
async def shared_client(
    parameters: ConnectionParameters,
) -> AsyncGenerator[tuple[DRSClient, Shared], None]:
    """Use the client of a connection that all triggers of this event loop share.

    Raises:
        DRSError: It cannot be opened.
    """
    pool = _pools.setdefault(asyncio.get_running_loop(), {})
    shared = pool.setdefault(parameters.key, Shared(parameters, pool))
    client = await shared.enter()
    try:
        yield client, shared
    finally:
        shared.leave()
