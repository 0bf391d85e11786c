"""aiobotocore, then our models on its dicts: what typing costs when it is put on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.models import DescribeJobsResponse, DescribeSourceServersResponse
from peers import raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Client(raw.Client):
    """Models made from dicts."""

    async def page(self, size: int) -> object:
        """Fetch a page."""
        return DescribeSourceServersResponse.model_validate(
            await self.client.describe_source_servers(maxResults=size)
        )

    async def servers(self, size: int) -> AsyncIterator[object]:
        """Use the pages."""
        async for page in self.pages(size):
            for server in DescribeSourceServersResponse.model_validate(page).items:
                yield server

    async def poll(self, job_id: str) -> str:
        """Ask for one job."""
        answer = await self.client.describe_jobs(filters={"jobIDs": [job_id]})
        return str(DescribeJobsResponse.model_validate(answer).items[0].status)
