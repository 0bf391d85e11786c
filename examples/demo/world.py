"""The servers of the demo, and the runbook that launches them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from drs_sdk.testing import DRSEmulator, EmulatorClock

if TYPE_CHECKING:
    from pathlib import Path

KEY = "rehearsal"
REGIONS = ("eu-west-1", "us-east-1")
SPEED = 300.0
"""Emulated seconds in a real one: a launch of nine minutes takes two seconds."""

_SHOP = {
    "database": {"db-1": "eu-west-1", "db-2": "us-east-1"},
    "application": {"app-1": "eu-west-1", "app-2": "eu-west-1", "app-3": "us-east-1"},
    "web": {"web-1": "eu-west-1", "web-2": "us-east-1", "web-3": "us-east-1"},
}
_VICTIM = "app-2"
_ERROR = "Failed to boot the conversion server: InsufficientInstanceCapacity"
_RUNBOOK = """\
name = "shop"

[[waves]]
name = "database"
servers = { tags = { tier = "database" } }
recovery_point_objective = "PT5M"

[[waves]]
name = "application"
servers = { tags = { tier = "application" } }
attempts = 2

[[waves]]
name = "web"
servers = { tags = { tier = "web" } }
recovery_time_objective = "PT2H"
"""


def new_emulator() -> DRSEmulator:
    """Make an emulator of two Regions, in which time passes fast."""
    return DRSEmulator(regions=REGIONS, clock=EmulatorClock.scaled(SPEED))


async def open_shop(emulator: DRSEmulator, folder: Path) -> Path:
    """Add the servers of a shop, each with its tier as a tag, and write their runbook."""
    for tier, servers in _SHOP.items():
        for name, region in servers.items():
            place = emulator.at(region=region)
            (server_id,) = place.add_source_servers(1)
            async with place.client() as drs:
                (server,) = await drs.describe_source_servers(
                    filters={"source_server_ids": [server_id]}
                ).collect()
                tags = {"Name": name, "tier": tier}
                await drs.tag_resource(resource_arn=server.arn or "", tags=tags)
            if name == _VICTIM:
                place.fail_launch(server_id, stage="CONVERSION", error=_ERROR)
    file = folder / "shop.toml"
    file.write_text(_RUNBOOK)
    return file


async def take_over(emulator: DRSEmulator, fleet: str, folder: Path) -> Path | None:
    """Load servers from a file, and write a runbook of those that can be launched.

    Returns:
        The runbook, of three waves where there are as many servers; None where there is none.
    """
    emulator.load(fleet)
    async with emulator.client() as drs:
        ids = [
            server.source_server_id
            async for server in drs.describe_source_servers()
            if server.source_server_id is not None and server.is_launchable
        ]
    if not ids:
        return None
    size = -(-len(ids) // 3)
    waves = [
        {
            "name": f"wave-{number}",
            "servers": {"source_server_ids": ids[begin : begin + size]},
            "attempts": 2,
        }
        for number, begin in enumerate(range(0, len(ids), size), 1)
    ]
    file = folder / "fleet.json"
    file.write_text(json.dumps({"name": "fleet", "waves": waves}, indent=2))
    if len(ids) > 1:
        emulator.fail_launch(ids[len(ids) // 2], stage="CONVERSION", error=_ERROR)
    return file
