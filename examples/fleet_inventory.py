"""List the source servers of many accounts and Regions, as a table, JSON or CSV.

Usage: python examples/fleet_inventory.py --regions eu-west-1 us-east-1
           --accounts 111122223333 444455556666 --role DisasterRecovery --format csv

Without accounts it lists those of your credentials' account. Progress and failures go to standard
error. An account that is denied does not hide the others: it is named, and the exit status is 1.
Needs rich: pip install "drs-sdk[progress]"
"""

import argparse
import asyncio
import csv
import json
import sys
from collections.abc import AsyncIterator
from typing import TypeAlias

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from drs_sdk.errors import FleetError
from drs_sdk.fleet import Fleet, Target, Walk
from drs_sdk.models import SourceServer

COLUMNS: tuple[str, ...] = (
    "account",
    "region",
    "server",
    "name",
    "state",
    "lag_seconds",
    "launchable",
)

Row: TypeAlias = dict[str, str | float | bool | None]


def row(target: Target, server: SourceServer) -> Row:
    return {
        "account": target.account_id,
        "region": target.region_name,
        "server": server.source_server_id,
        "name": server.name,
        "state": server.replication_state,
        # None is "not known", zero is "up to date": never print one as the other.
        "lag_seconds": None if server.lag is None else server.lag.total_seconds(),
        "launchable": server.is_launchable,
    }


async def with_progress(walk: Walk[SourceServer], targets: int) -> AsyncIterator[Row]:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("targets", total=targets)
        async for target, server in walk:
            done = len(walk.finished) + len(walk.failures) + len(walk.absent)
            progress.update(bar, completed=done)
            yield row(target, server)


async def write_csv(rows: AsyncIterator[Row]) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS)
    writer.writeheader()
    async for each in rows:  # as they come: however large the fleet, little is held
        writer.writerow(each)


async def write_json(rows: AsyncIterator[Row]) -> None:
    print(json.dumps(in_order([each async for each in rows]), indent=2))


async def write_table(rows: AsyncIterator[Row]) -> None:
    table = Table(*COLUMNS)
    for each in in_order([each async for each in rows]):
        table.add_row(*("" if each[name] is None else str(each[name]) for name in COLUMNS))
    Console().print(table)


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda each: [str(each[name]) for name in COLUMNS])


FORMATS = {"csv": write_csv, "json": write_json, "table": write_table}


async def main(options: argparse.Namespace) -> int:
    fleet = Fleet.across(
        regions=options.regions,
        accounts=options.accounts,
        role_name=options.role,
        external_id=options.external_id,
    )
    async with fleet:
        walk = fleet.walk(lambda drs: drs.describe_source_servers())
        rows = with_progress(walk, len(fleet.targets))
        await FORMATS[options.format](rows)
    for target in sorted(walk.absent, key=str):
        print(f"{target}: DRS was never initialised there", file=sys.stderr)
    try:
        walk.raise_if_failed()
    except FleetError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="List what DRS protects in a fleet.")
    parser.add_argument("--regions", nargs="+", required=True)
    parser.add_argument("--accounts", nargs="+", help="default: your credentials' account")
    parser.add_argument("--role", help="the role to work in, by the same name in each account")
    parser.add_argument("--external-id", help="what the roles' trust policies ask for")
    parser.add_argument("--format", choices=FORMATS, default="table")
    sys.exit(asyncio.run(main(parser.parse_args())))
