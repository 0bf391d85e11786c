"""aiobotocore, then the models of aws-resource-validator-drs on its dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_resource_validator.pydantic_models.drs import (
    DescribeJobsResponseTypeDef,
    DescribeSourceServersResponseTypeDef,
)

from peers import raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Client(raw.Client):
    """Models made from dicts; dates stay strings."""

    async def page(self, size: int) -> object:
        """Fetch a page."""
        return DescribeSourceServersResponseTypeDef.model_validate(
            await self.client.describe_source_servers(maxResults=size)
        )

    async def servers(self, size: int) -> AsyncIterator[object]:
        """Use the pages."""
        async for page in self.pages(size):
            for server in DescribeSourceServersResponseTypeDef.model_validate(page).items:
                yield server

    async def poll(self, job_id: str) -> str:
        """Ask for one job."""
        answer = await self.client.describe_jobs(filters={"jobIDs": [job_id]})
        return DescribeJobsResponseTypeDef.model_validate(answer).items[0].status
