# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Launches servers through a raw client, for the tests of what comes of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.testing import DRSEmulator, Place

A_LAUNCH = timedelta(minutes=10)


async def code(call: Any) -> str:
    """The code of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response["Error"]["Code"]


class Launches:
    """One emulator and a raw client on it."""

    def __init__(self, emulator: DRSEmulator, raw: Any) -> None:
        self.emulator = emulator
        self.raw = raw

    async def start(self, ids: Sequence[str], *, is_drill: bool = True, **more: Any) -> str:
        servers = [{"sourceServerID": server_id} for server_id in ids]
        answer = await self.raw.start_recovery(sourceServers=servers, isDrill=is_drill, **more)
        return answer["job"]["jobID"]

    async def run(self, ids: Sequence[str], *, is_drill: bool = True, **more: Any) -> str:
        job_id = await self.start(ids, is_drill=is_drill, **more)
        await self.emulator.clock.advance(A_LAUNCH)
        return job_id

    async def job(self, job_id: str) -> dict[str, Any]:
        (job,) = (await self.raw.describe_jobs(filters={"jobIDs": [job_id]}))["items"]
        return job

    async def statuses(self, job_id: str) -> list[str]:
        job = await self.job(job_id)
        return [entry["launchStatus"] for entry in job["participatingServers"]]

    async def log(self, job_id: str) -> list[dict[str, Any]]:
        return (await self.raw.describe_job_log_items(jobID=job_id))["items"]

    async def events(self, job_id: str) -> list[str]:
        return [item["event"] for item in await self.log(job_id)]

    async def seconds(self, job_id: str) -> dict[str, dict[str, float]]:
        """By server (empty: the job itself) and event, seconds since the job was created."""
        created = datetime.fromisoformat((await self.job(job_id))["creationDateTime"])
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for item in await self.log(job_id):
            at = datetime.fromisoformat(item["logDateTime"])
            server_id = item["eventData"].get("sourceServerID", "")
            found[server_id][item["event"]] = (at - created).total_seconds()
        return found

    async def server(self, server_id: str) -> dict[str, Any]:
        page = await self.raw.describe_source_servers(filters={"sourceServerIDs": [server_id]})
        (server,) = page["items"]
        return server

    async def instances(self, *server_ids: str) -> list[dict[str, Any]]:
        filters = {"sourceServerIDs": list(server_ids)}
        return (await self.raw.describe_recovery_instances(filters=filters))["items"]

    async def instance(self, server_id: str) -> dict[str, Any]:
        (instance,) = await self.instances(server_id)
        return instance

    async def failed_over(self, *, in_ec2: bool = True) -> dict[str, Any]:
        """Launch a server that is in EC2, in another Region, or is not; return its instance."""
        server_id = await self.add_server(in_ec2=in_ec2)
        await self.run([server_id], is_drill=False)
        return await self.instance(server_id)

    async def add_server(self, *, in_ec2: bool) -> str:
        if in_ec2:
            # From another Region: one side of it is here.
            (server_id,) = self.emulator.add_source_servers(
                1,
                origin="EC2",
                origin_region="eu-west-1",
                origin_account_id=self.emulator.account_id,
            )
        else:
            (server_id,) = self.emulator.add_source_servers(1, origin="ON_PREMISES")
        return server_id


def came_from(place: Place, server: dict[str, Any], region: str, account_id: str) -> None:
    """Let a source server come from an EC2 instance of another Region or account."""
    cloud = {
        "originAccountID": account_id,
        "originRegion": region,
        "originAvailabilityZone": f"{region}a",
    }
    place.load({**server, "sourceCloudProperties": cloud})
