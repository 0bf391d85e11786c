"""List the source servers of a Region, with their replication state.

Usage: python examples/list_servers.py eu-west-1
"""

import argparse
import asyncio

from drs_sdk import DRSClient
from drs_sdk.models import SourceServer


def row(server: SourceServer) -> str:
    state = server.replication_state or "unknown"
    # None is "not known", zero is "up to date": never print one as the other.
    lag = "not known" if server.lag is None else str(server.lag)
    return f"{server.source_server_id}  {state:<12}  lag {lag:<12}  {server.name}"


async def main(region: str | None) -> None:
    async with DRSClient(region_name=region) as drs:
        number = 0
        async for server in drs.describe_source_servers():
            number += 1
            print(row(server))
        print(f"{number} source servers in {drs.region_name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="List the source servers of a Region.")
    parser.add_argument("region", nargs="?", help="default: AWS_REGION or the profile's")
    asyncio.run(main(parser.parse_args().region))
