"""capo-drs: an SDK of its own from the ground up, typed by TypedDicts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from capo_drs import AsyncdrsClient, Credentials
from sizes import POOL
from zapros import AsyncStdNetworkHandler

from peers.base import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Client(Peer):
    """Dicts with Python names, dates as strings."""

    async def open(self) -> None:
        """Make the client, with a pool like the others'."""
        handler = AsyncStdNetworkHandler(
            http1={"max_connections_per_host": POOL, "max_idle_connections_per_host": POOL}
        )
        client = AsyncdrsClient(
            http_handler=handler,
            region=os.environ["AWS_REGION"],
            endpoint=self.url,
            credentials=Credentials(
                access_key=os.environ["AWS_ACCESS_KEY_ID"],
                secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
            ),
        )
        self.client = await self.stack.enter_async_context(client)

    async def page(self, size: int) -> object:
        """Fetch a page."""
        return await self.client.describe_source_servers(max_results=size)

    def servers(self, size: int) -> AsyncIterator[object]:
        """Use its iterator."""
        return self.client.iter_describe_source_servers(max_results=size)

    async def poll(self, job_id: str) -> str:
        """Ask for one job."""
        answer = await self.client.describe_jobs(filters={"job_ids": [job_id]})
        return answer["items"][0]["status"]
