"""Say which source servers are not protected as they should be. Exit status 1 if there are any.

Usage: python examples/replication_report.py --max-lag-minutes 15 eu-west-1
"""

import argparse
import asyncio
import sys
from datetime import timedelta

from drs_sdk import DRSClient
from drs_sdk.models import SourceServer


def trouble(server: SourceServer, max_lag: timedelta) -> str | None:
    """Say what is wrong with a server, or None."""
    if not server.is_launchable:
        progress = server.initial_sync_progress
        synced = "" if progress is None else f", {progress:.0%} of its disks copied"
        return f"cannot be launched ({server.replication_state or 'state unknown'}{synced})"
    if server.lag is None:
        return "nobody knows how old its data is: the service gives no lag"
    if server.lag > max_lag:
        return f"its data is {server.lag} old, {server.backlog_bytes / 2**30:.1f} GiB are to come"
    if not server.is_replicating:
        return f"it can be launched, but replication is {server.replication_state}"
    return None


def reason(server: SourceServer) -> str:
    """Give the service's own word on why replication is stalled, where there is one."""
    info = server.data_replication_info
    error = info.data_replication_error if info is not None else None
    return f" [{error.error}]" if error is not None and error.error is not None else ""


async def main(region: str | None, max_lag: timedelta) -> int:
    async with DRSClient(region_name=region) as drs:
        servers = await drs.describe_source_servers().collect()
    found = 0
    for server in sorted(servers, key=lambda server: server.name or ""):
        problem = trouble(server, max_lag)
        if problem is not None:
            found += 1
            print(f"{server.name} ({server.source_server_id}): {problem}{reason(server)}")
    print(f"{len(servers) - found} of {len(servers)} source servers are well protected")
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Report source servers that are not protected.")
    parser.add_argument("region", nargs="?", help="default: AWS_REGION or the profile's")
    parser.add_argument("--max-lag-minutes", type=float, default=15, metavar="N")
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.region, timedelta(minutes=options.max_lag_minutes))))
