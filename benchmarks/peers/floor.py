"""aiohttp and orjson, nothing else: no signature, no retry, no names. As fast as it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
from sizes import POOL

from peers.base import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Client(Peer):
    """Dicts as they stand in the JSON."""

    async def open(self) -> None:
        """Make the session."""
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=POOL))
        self.session = await self.stack.enter_async_context(session)

    async def page(self, size: int) -> object:
        """Fetch a page."""
        return await self._post("DescribeSourceServers", maxResults=size)

    async def servers(self, size: int) -> AsyncIterator[object]:
        """Walk by hand."""
        token: dict[str, str] | None = {}
        while token is not None:
            page = await self._post("DescribeSourceServers", maxResults=size, **token)
            for server in page["items"]:
                yield server
            token = {"nextToken": page["nextToken"]} if "nextToken" in page else None

    async def poll(self, job_id: str) -> str:
        """Ask for one job."""
        answer = await self._post("DescribeJobs", filters={"jobIDs": [job_id]})
        return answer["items"][0]["status"]

    async def _post(self, operation: str, **members: object) -> dict[str, Any]:
        body = orjson.dumps(members)
        async with self.session.post(f"{self.url}/{operation}", data=body) as response:
            return orjson.loads(await response.read())
