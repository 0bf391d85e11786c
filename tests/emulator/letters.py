# ruff: noqa: ANN401 - boto3 clients have no types
"""The letters of the way there and back, driven by boto3, which nobody here wrote.

A1 is the machine at home, B1 its source server on the recovery side, B2 the recovery instance
there; A2 and A3 are the like at home, on the way back.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from aws_cli import AwsCli

    from drs_sdk.testing import Place

EAST, WEST, ELSEWHERE = "us-east-1", "us-west-2", "eu-west-1"
ONE, TWO = "111122223333", "444455556666"
A1 = "i-0a1a1a1a1a1a1a1a1"
A_LAUNCH = timedelta(minutes=11)
A_SYNC = timedelta(hours=12)
CONFLICT, INVALID = "ConflictException", "ValidationException"

# Recovery side and origin side, each as Region and account.
WAYS = {
    "two Regions": ((WEST, ONE), (EAST, ONE)),
    "two accounts": ((EAST, TWO), (EAST, ONE)),
    "two Regions and two accounts": ((WEST, TWO), (EAST, ONE)),
}


def world(**options: Any) -> DRSEmulator:
    return DRSEmulator(regions=[EAST, WEST], accounts=[ONE, TWO], check_answers=True, **options)


class Side:
    """One account in one Region, as boto3 sees it, or the AWS CLI."""

    def __init__(self, place: Place, cli: AwsCli | None = None) -> None:
        self.place = place
        self._cli = cli
        self._client = None if cli is not None else _boto3_client(place)

    async def call(self, operation: str, **params: Any) -> Any:
        if self._cli is None:
            return await asyncio.to_thread(getattr(self._client, operation), **params)
        command = operation.replace("_", "-")
        given = ("--cli-input-json", json.dumps(params), "--region", self.place.region)
        outcome = await self._cli.drs(command, *given)
        refused = re.search(r"An error occurred \((\w+)\) [^:]*: (.*)", outcome.errors)
        if refused is not None:
            error = {"Code": refused[1], "Message": refused[2]}
            raise ClientError({"Error": error}, operation)  # type: ignore[arg-type]
        return outcome.json()

    async def refused(self, operation: str, code: str = CONFLICT, **params: Any) -> str:
        """Look that a call is refused, and return why."""
        with pytest.raises(ClientError) as caught:
            await self.call(operation, **params)
        assert caught.value.response["Error"]["Code"] == code
        return caught.value.response["Error"]["Message"]

    async def servers(self) -> list[dict[str, Any]]:
        return (await self.call("describe_source_servers"))["items"]

    async def server(self, server_id: str) -> dict[str, Any]:
        (server,) = (
            await self.call("describe_source_servers", filters={"sourceServerIDs": [server_id]})
        )["items"]
        return server

    async def state(self, server_id: str) -> str:
        return (await self.server(server_id))["dataReplicationInfo"]["dataReplicationState"]

    async def states(self, server_id: str) -> list[str]:
        """Return the states that a server goes through until nothing changes any more."""
        seen: list[str] = []
        for _ in range(12 * 60):
            state = await self.state(server_id)
            if not seen or seen[-1] != state:
                seen.append(state)
            if state == "CONTINUOUS":
                break
            await self.place.clock.advance(50)
        return seen

    async def snapshots(self, server_id: str) -> list[dict[str, Any]]:
        return (await self.call("describe_recovery_snapshots", sourceServerID=server_id))["items"]

    async def instances(self) -> list[dict[str, Any]]:
        return (await self.call("describe_recovery_instances"))["items"]

    async def instance(self, instance_id: str) -> dict[str, Any]:
        named = {"recoveryInstanceIDs": [instance_id]}
        (instance,) = (await self.call("describe_recovery_instances", filters=named))["items"]
        return instance

    async def launch(self, server_id: str, *, is_drill: bool = False) -> str:
        """Launch a server and return its instance."""
        answer = await self.call(
            "start_recovery", sourceServers=[{"sourceServerID": server_id}], isDrill=is_drill
        )
        await self.place.clock.advance(A_LAUNCH)
        (job,) = (await self.call("describe_jobs", filters={"jobIDs": [answer["job"]["jobID"]]}))[
            "items"
        ]
        assert [part["launchStatus"] for part in job["participatingServers"]] == ["LAUNCHED"]
        return (await self.server(server_id))["recoveryInstanceId"]

    async def reverse(self, instance_id: str) -> str:
        """Reverse an instance and return the ARN of the server that replicates it."""
        answer = await self.call("reverse_replication", recoveryInstanceID=instance_id)
        return answer["reversedDirectionSourceServerArn"]

    async def terminate(self, instance_id: str) -> None:
        await self.call("terminate_recovery_instances", recoveryInstanceIDs=[instance_id])
        await self.place.clock.advance(A_LAUNCH)
        assert instance_id not in [i["recoveryInstanceID"] for i in await self.instances()]

    async def add_b1(self, region: str, account_id: str) -> str:
        """Add a source server that replicates A1, which is an EC2 instance of that place."""
        (server_id,) = self.place.add_source_servers(1)
        server = await self.server(server_id)
        server["sourceProperties"]["identificationHints"]["awsInstanceID"] = A1
        cloud = {
            "originAccountID": account_id,
            "originRegion": region,
            "originAvailabilityZone": f"{region}a",
        }
        self.place.load({**server, "sourceCloudProperties": cloud})
        return server_id


def _boto3_client(place: Place) -> Any:
    return boto3.client(
        "drs",
        endpoint_url=place.url,
        region_name=place.region,
        aws_access_key_id=place.access_key_id,
        aws_secret_access_key=place.secret_access_key,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


@dataclass
class Way:
    """A world with a recovery side and an origin side, which may be the same."""

    emulator: DRSEmulator
    recovery: Side
    origin: Side

    @classmethod
    def between(cls, emulator: DRSEmulator, way: str, cli: AwsCli | None = None) -> Way:
        (region, account_id), (origin_region, origin_account_id) = WAYS[way]
        recovery = emulator.at(region=region, account_id=account_id)
        origin = emulator.at(region=origin_region, account_id=origin_account_id)
        return cls(emulator, Side(recovery, cli), Side(origin, cli))

    async def add_b1(self) -> str:
        return await self.recovery.add_b1(self.origin.place.region, self.origin.place.account_id)

    async def out_and_back(self, b1: str, *, is_drill: bool = False) -> tuple[str, str, str]:
        """Launch B1, reverse it, and launch A2: return B2, A2 and A3."""
        b2 = await self.recovery.launch(b1, is_drill=is_drill)
        a2 = id_of(await self.recovery.reverse(b2))
        await self.emulator.clock.advance(A_SYNC)
        return b2, a2, await self.origin.launch(a2, is_drill=is_drill)

    async def clean_up(self, b2: str, a2: str, a3: str) -> None:
        await self.origin.call("stop_replication", sourceServerID=a2)
        await self.recovery.terminate(b2)
        await self.origin.call("delete_recovery_instance", recoveryInstanceID=a3)
        await self.origin.call("disconnect_source_server", sourceServerID=a2)
        await self.origin.call("delete_source_server", sourceServerID=a2)


def id_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def hint_of(server: dict[str, Any]) -> str:
    return server["sourceProperties"]["identificationHints"]["awsInstanceID"]
