"""What the tests of the way back share: worlds of two sides, their machines, and how they end."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drs_sdk.fleet import Target
from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from drs_sdk import DRSClient
    from drs_sdk.fleet import Fleet
    from drs_sdk.recovery.way_back.report import WayBackReport
    from drs_sdk.testing import Place

EAST, WEST = "us-east-1", "us-west-2"
ONE, TWO = "111122223333", "444455556666"
KEY = "2026-11-26"
READS = ("Describe", "Get", "List")

# Recovery side and origin side, each as Region and account.
WAYS = {
    "two Regions": ((WEST, ONE), (EAST, ONE)),
    "two accounts": ((EAST, TWO), (EAST, ONE)),
    "two Regions and two accounts": ((WEST, TWO), (EAST, ONE)),
    "one Region": ((EAST, ONE), (EAST, ONE)),
}
ELSEWHERE = tuple(way for way in WAYS if way != "one Region")


@dataclass
class Sides:
    """A world with machines at home, and source servers of them on the recovery side."""

    emulator: DRSEmulator
    there: Place
    home: Place
    drs: DRSClient
    at_home: DRSClient
    fleet: Fleet
    b1s: list[str]

    @property
    def waves(self) -> list[list[str]]:
        """The database first, the application after it."""
        middle = len(self.b1s) // 2
        return [self.b1s[:middle], self.b1s[middle:]]

    def runbook(self, **fields: Mapping[str, Any]) -> Runbook:
        """Plan the two waves; ``app=`` adds fields to a wave."""
        return Runbook(
            name="erp",
            waves=[
                {"name": name, "servers": {"source_server_ids": ids}, **fields.get(name, {})}
                for name, ids in zip(("db", "app"), self.waves, strict=True)
            ],
        )

    def recovery(self, *, by_fleet: bool = False, **options: Any) -> Recovery:  # noqa: ANN401
        """A recovery under the key, with an origin unless a fleet has it."""
        fields = {name: options.pop(name) for name in ("db", "app") if name in options}
        settings: dict[str, Any] = {"key": KEY, "mode": "recovery", **options}
        if by_fleet:
            return Recovery(self.fleet, self.runbook(**fields), **settings)
        settings.setdefault("origin", self.at_home)
        return Recovery(self.drs, self.runbook(**fields), **settings)

    @property
    def changes(self) -> list[str]:
        """The operations that changed something, in order, tags aside."""
        places = {id(place): place for place in (self.there, self.home)}.values()
        found = [request for place in places for request in place.requests]
        return [
            request.operation
            for request in sorted(found, key=lambda request: request.received_at)
            if not request.operation.startswith(READS) and request.operation != "TagResource"
        ]

    async def b1(self, number: int = 0) -> Any:  # noqa: ANN401 - a source server
        """A source server on the recovery side."""
        named = {"source_server_ids": [self.b1s[number]]}
        (server,) = await self.drs.describe_source_servers(filters=named).collect()
        return server

    async def a2s(self) -> list[Any]:
        """The reversed servers at home."""
        servers = await self.at_home.describe_source_servers().collect()
        return [one for one in servers if one.replication_direction == "FAILBACK"]

    async def b2s(self) -> list[Any]:
        """The instances on the recovery side."""
        return await self.drs.describe_recovery_instances().collect()

    async def a3s(self) -> list[Any]:
        """The instances at home."""
        return await self.at_home.describe_recovery_instances().collect()

    async def require_home(self, *, came: int | None = None) -> None:
        """See that all came home, that nothing is left, and that B1 protects."""
        assert await self.b2s() == []
        assert await self.a3s() == []
        assert await self.a2s() == []
        servers = await self.drs.describe_source_servers(
            filters={"source_server_ids": self.b1s}
        ).collect()
        assert [str(one.replication_state) for one in servers] == ["CONTINUOUS"] * len(self.b1s)
        names = [machine(one) for one in servers]
        assert sum(name not in A1S for name in names) == (len(names) if came is None else came)
        assert len(set(names)) == len(names)

    async def require_untouched(self) -> None:
        """See that a drill has left nothing, and B1 alone."""
        await self.emulator.clock.advance(120)  # what is being terminated goes
        assert await self.b2s() == []
        assert await self.a3s() == []
        assert await self.a2s() == []
        servers = await self.drs.describe_source_servers().collect()
        assert [str(one.replication_state) for one in servers] == ["CONTINUOUS"] * len(self.b1s)
        assert {machine(one) for one in servers} <= A1S
        assert not {"StopReplication"} & {one.operation for one in self.there.requests}


A1S = {f"i-0a1a1a1a1a1a1a{number:03x}" for number in range(100)}


def machine(server: Any) -> str | None:  # noqa: ANN401 - a source server
    """The EC2 instance that a source server replicates."""
    return server.source_properties.identification_hints.aws_instance_id


@asynccontextmanager
async def a_world(
    way: str = "two Regions",
    servers: int = 4,
    **options: Any,  # noqa: ANN401
) -> AsyncIterator[Sides]:
    """Open a world whose machines are in EC2 at home."""
    (region, account), (home_region, home_account) = WAYS[way]
    emulator = DRSEmulator(regions=[EAST, WEST], accounts=[ONE, TWO], **options)
    there = emulator.at(region=region, account_id=account)
    home = emulator.at(region=home_region, account_id=home_account)
    targets = [
        Target(place.region, role_arn=f"arn:aws:iam::{place.account_id}:role/DR")
        for place in dict.fromkeys((there, home))
    ]
    async with (
        emulator,
        there.client() as drs,
        home.client() as at_home,
        emulator.fleet(targets) as fleet,
    ):
        b1s = await machines(there, drs, servers, home_region, home_account)
        yield Sides(emulator, there, home, drs, at_home, fleet, b1s)


async def machines(
    place: Place, drs: DRSClient, count: int, region: str, account: str
) -> list[str]:
    """Add source servers of machines in EC2, each of its own."""
    ids = place.add_source_servers(count, origin_region=region, origin_account_id=account)
    servers = await drs.describe_source_servers(filters={"source_server_ids": ids}).collect()
    for number, server in enumerate(servers):
        document = server.model_dump(by_alias=True, exclude_none=True, mode="json")
        hints = document["sourceProperties"]["identificationHints"]
        hints["awsInstanceID"] = f"i-0a1a1a1a1a1a1a{number:03x}"
        place.load(document)
    return ids


def stages(report: WayBackReport) -> Sequence[str]:
    """How far each server is."""
    return [one.stage for one in report.servers]
