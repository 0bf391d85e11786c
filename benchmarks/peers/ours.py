"""drs-sdk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiobotocore.config import AioConfig
from sizes import POOL

from drs_sdk import DRSClient
from peers.base import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Client(Peer):
    """Models made from bytes; dates are dates, enums are enums."""

    async def open(self) -> None:
        """Make the client."""
        client = DRSClient(endpoint_url=self.url, config=AioConfig(max_pool_connections=POOL))
        self.client = await self.stack.enter_async_context(client)

    async def page(self, size: int) -> object:
        """Fetch a page."""
        return await self.client.describe_source_servers(max_results=size)

    def servers(self, size: int) -> AsyncIterator[object]:
        """Use the pager."""
        return aiter(self.client.describe_source_servers(max_results=size))

    async def poll(self, job_id: str) -> str:
        """Ask for one job."""
        page = await self.client.describe_jobs(filters={"job_ids": [job_id]})
        return str(page.items[0].status)
