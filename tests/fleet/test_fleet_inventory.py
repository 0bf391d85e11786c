"""The example that lists a fleet, as a program of its own, against the emulator."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest

from drs_sdk.testing import DRSEmulator

PROGRAM = Path(__file__).parents[2] / "examples" / "fleet_inventory.py"
ACCOUNTS = ["111122223333", "444455556666"]
REGIONS = ["eu-west-1", "us-east-1"]


async def listed(emulator: DRSEmulator, *arguments: str) -> tuple[int, str, str]:
    """Run the example; return its status, and what it printed on each stream."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": emulator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
        "COLUMNS": "200",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, told = await process.communicate()
    return process.returncode or 0, printed.decode(), told.decode()


@pytest.mark.parametrize("form", ["table", "json", "csv"])
async def test_every_server_of_the_fleet_is_listed_with_its_place(form: str) -> None:
    async with DRSEmulator(accounts=ACCOUNTS, regions=REGIONS) as emulator:
        wanted: set[tuple[str, str, str]] = set()
        for account_id in ACCOUNTS:
            for region in REGIONS:
                place = emulator.at(account_id=account_id, region=region)
                wanted |= {(account_id, region, i) for i in place.add_source_servers(2)}
        status, printed, told = await listed(
            emulator,
            "--regions",
            *REGIONS,
            "--accounts",
            *ACCOUNTS,
            "--role",
            "R",
            "--format",
            form,
        )
    assert status == 0, told
    if form == "table":
        for words in wanted:
            assert any(all(word in line for word in words) for line in printed.splitlines())
        return
    read = json.loads if form == "json" else lambda text: list(csv.DictReader(io.StringIO(text)))
    rows = read(printed)
    assert {(each["account"], each["region"], each["server"]) for each in rows} == wanted
    assert {float(each["lag_seconds"]) for each in rows} == {0.0}


async def test_what_is_denied_or_absent_is_named_and_hides_nothing() -> None:
    async with DRSEmulator(accounts=ACCOUNTS, regions=REGIONS) as emulator:
        (server_id,) = emulator.add_source_servers(1)
        emulator.deny_role(f"arn:aws:iam::{ACCOUNTS[1]}:role/R")
        options = ("--accounts", *ACCOUNTS, "--role", "R", "--format", "csv")
        status, printed, told = await listed(
            emulator, "--regions", "eu-west-1", "eu-north-1", *options
        )
    assert status == 1
    assert server_id in printed
    assert f"{ACCOUNTS[0]}/eu-north-1: DRS was never initialised there" in told
    assert "2 of 4 targets failed" in told
    assert f"{ACCOUNTS[1]}/eu-west-1: " in told
