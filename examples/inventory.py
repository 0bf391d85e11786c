"""Count source servers and recovery instances over several Regions at once.

Usage: python examples/inventory.py eu-west-1 eu-central-1 us-east-1

A Region in which DRS was never set up is one without servers, not an error. A Region that fails
for another reason is reported, and does not hide the others.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass

from drs_sdk import DRSClient, DRSError
from drs_sdk.errors import UninitializedAccountException


@dataclass(frozen=True)
class Inventory:
    """What stands in one Region; `problem` if it could not be read."""

    region: str
    servers: int = 0
    launchable: int = 0
    instances: int = 0
    problem: str | None = None


async def look_into(region: str) -> Inventory:
    try:
        async with DRSClient(region_name=region) as drs:
            servers, instances = await asyncio.gather(
                drs.describe_source_servers().collect(),
                drs.describe_recovery_instances().collect(),
            )
    except UninitializedAccountException:
        return Inventory(region)
    except DRSError as error:
        return Inventory(region, problem=str(error))
    launchable = sum(server.is_launchable for server in servers)
    return Inventory(region, len(servers), launchable, len(instances))


async def main(regions: list[str]) -> int:
    found = await asyncio.gather(*map(look_into, regions))
    for one in found:
        if one.problem is not None:
            print(f"{one.region:<16} {one.problem}")
        else:
            print(
                f"{one.region:<16} {one.servers:>5} source servers, {one.launchable:>5} of them "
                f"launchable, {one.instances:>5} recovery instances"
            )
    return 1 if any(one.problem is not None for one in found) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Count what DRS protects, over several Regions.")
    parser.add_argument("regions", nargs="+", metavar="region")
    sys.exit(asyncio.run(main(parser.parse_args().regions)))
