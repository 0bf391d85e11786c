"""aiobotocore as it comes: untyped dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from sizes import POOL

from peers.base import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator


class Client(Peer):
    """Dicts with the service's own names, dates as strings."""

    async def open(self) -> None:
        """Make the client."""
        config = AioConfig(max_pool_connections=POOL)
        context = get_session().create_client("drs", endpoint_url=self.url, config=config)
        self.client: Any = await self.stack.enter_async_context(context)

    async def page(self, size: int) -> object:
        """Fetch a page."""
        return await self.client.describe_source_servers(maxResults=size)

    async def servers(self, size: int) -> AsyncIterator[object]:
        """Use the pages."""
        async for page in self.pages(size):
            for server in page["items"]:
                yield server

    def pages(self, size: int) -> AsyncIterable[dict[str, Any]]:
        """Use aiobotocore's paginator."""
        paginator = self.client.get_paginator("describe_source_servers")
        return paginator.paginate(PaginationConfig={"PageSize": size})

    async def poll(self, job_id: str) -> str:
        """Ask for one job."""
        answer = await self.client.describe_jobs(filters={"jobIDs": [job_id]})
        return answer["items"][0]["status"]
