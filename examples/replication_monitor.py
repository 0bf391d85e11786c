"""Watch source servers for ever, and say when one stalls, falls behind, goes, or is well again.

Usage: python examples/replication_monitor.py --max-lag-minutes 15 eu-west-1
"""

import argparse
import asyncio
import contextlib
from datetime import timedelta

from drs_sdk import DRSClient
from drs_sdk.models import SourceServer


def trouble(server: SourceServer, max_lag: timedelta) -> str:
    """Say what is wrong with a server; nothing if all is well."""
    if server.replication_state in {"STALLED", "DISCONNECTED"}:
        return f"replication is {server.replication_state}"
    if server.lag is not None and server.lag > max_lag:
        return f"its data is more than {max_lag} old"
    return ""


async def main(region: str | None, max_lag: timedelta, every: float) -> None:
    alerts: dict[str | None, str] = {}
    async with (
        DRSClient(region_name=region) as drs,
        drs.watch_source_servers(min_delay=every, max_delay=every) as watch,
    ):
        async for change in watch:
            server = change.subject
            alert = "it is gone" if change.kind == "gone" else trouble(server, max_lag)
            if alert != alerts.get(server.source_server_id, ""):
                name = f"{server.name} ({server.source_server_id})"
                print(f"{name}: {alert or 'well again'}", flush=True)
            alerts[server.source_server_id] = alert


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Say when a source server is in trouble.")
    parser.add_argument("region", nargs="?", help="default: AWS_REGION or the profile's")
    parser.add_argument("--max-lag-minutes", type=float, default=15, metavar="N")
    parser.add_argument("--every", type=float, default=30, metavar="SECONDS")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        max_lag = timedelta(minutes=options.max_lag_minutes)
        asyncio.run(main(options.region, max_lag, options.every))
