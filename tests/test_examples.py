"""The examples run as programs of their own, against the emulator."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault

EXAMPLES = Path(__file__).parent.parent / "examples"


async def start(emulator: DRSEmulator, program: str, *arguments: str) -> asyncio.subprocess.Process:
    """Start an example."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL_DRS": emulator.url,
        "AWS_ACCESS_KEY_ID": emulator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / program),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def run(emulator: DRSEmulator, program: str, *arguments: str) -> tuple[int, str]:
    """Run an example; return its exit status and what it printed."""
    process = await start(emulator, program, *arguments)
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def test_list_servers_tells_no_lag_from_zero() -> None:
    async with DRSEmulator() as emulator:
        (fresh,) = emulator.add_source_servers(1)
        (cut_off,) = emulator.add_source_servers(1, state="DISCONNECTED")
        status, printed = await run(emulator, "list_servers.py", "eu-west-1")
    lines = {line.split()[0]: line for line in printed.splitlines()}
    assert status == 0, printed
    assert "lag 0:00:00" in lines[fresh]
    assert "lag not known" in lines[cut_off]
    assert "2 source servers in eu-west-1" in printed


async def test_replication_report_finds_what_is_not_protected() -> None:
    async with DRSEmulator() as emulator:
        healthy, late, syncing = emulator.add_source_servers(2) + emulator.add_source_servers(
            1, state="INITIAL_SYNC"
        )
        emulator.set_lag(late, timedelta(hours=2), state="BACKLOG")
        status, printed = await run(emulator, "replication_report.py", "eu-west-1")
        emulator.resume_replication(late)
    assert status == 1, printed
    assert healthy not in printed
    assert f"({late}): its data is 2:00:00" in printed
    assert f"({syncing}): cannot be launched (INITIAL_SYNC" in printed
    assert "1 of 3 source servers are well protected" in printed


async def test_replication_report_is_content_with_healthy_servers() -> None:
    async with DRSEmulator() as emulator:
        emulator.add_source_servers(3)
        status, printed = await run(emulator, "replication_report.py", "eu-west-1")
    assert (status, printed) == (0, "3 of 3 source servers are well protected\n")


async def test_replication_monitor_tells_trouble_once_and_its_end() -> None:
    async with DRSEmulator() as emulator:
        stalled, late, healthy = emulator.add_source_servers(3)
        emulator.set_lag(late, timedelta(hours=2), state="BACKLOG")
        emulator.stall_replication(stalled)
        process = await start(emulator, "replication_monitor.py", "--every=0.1", "eu-west-1")
        assert process.stdout is not None
        try:
            told = {(await process.stdout.readline()).decode() for _ in range(2)}
            assert any(f"({stalled}): replication is STALLED" in line for line in told), told
            assert any(f"({late}): its data is more than 0:15:00 old" in line for line in told)
            emulator.resume_replication(stalled)
            line = (await process.stdout.readline()).decode()
            assert f"({stalled}): well again" in line
            async with emulator.client() as drs:
                await drs.disconnect_source_server(healthy)
                told = {(await process.stdout.readline()).decode()}
                await drs.delete_source_server(healthy)
                told.add((await process.stdout.readline()).decode())
            assert any(f"({healthy}): replication is DISCONNECTED" in line for line in told), told
            assert any(f"({healthy}): it is gone" in line for line in told), told
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = await process.communicate()
    assert (process.returncode, rest) == (0, b"")


async def test_inventory_takes_an_uninitialized_region_for_an_empty_one() -> None:
    async with DRSEmulator(initialized=False) as emulator:
        status, printed = await run(emulator, "inventory.py", "eu-west-1", "us-east-1")
    assert status == 0, printed
    assert printed.count(" 0 source servers") == 2


async def test_inventory_reports_a_region_that_fails_beside_the_others() -> None:
    async with DRSEmulator(initialized=False) as emulator:
        emulator.inject("DescribeSourceServers", Fault.error("AccessDeniedException", "no"))
        status, printed = await run(emulator, "inventory.py", "eu-west-1", "us-east-1")
    assert status == 1, printed
    assert "AccessDeniedException" in printed
    assert printed.count(" 0 source servers") == 1


async def test_start_drill_tells_a_failed_server_from_a_completed_job() -> None:
    async with DRSEmulator(clock=EmulatorClock.scaled(3000)) as emulator:
        good, bad = emulator.add_source_servers(2)
        emulator.fail_launch(bad, error="no such subnet")
        status, printed = await run(
            emulator, "start_drill.py", "--region=eu-west-1", "--poll-seconds=0.05", good, bad
        )
    assert status == 1, printed
    assert f"{bad} FAILED" in printed
    assert "COMPLETED" in printed
    assert "no such subnet" in printed


async def test_start_drill_says_that_nothing_was_started() -> None:
    async with DRSEmulator() as emulator:
        status, printed = await run(
            emulator, "start_drill.py", "--region=eu-west-1", "s-1111111111111111a"
        )
    assert status == 3, printed
    assert printed.startswith("nothing was started: ")
    assert "Traceback" not in printed


async def test_start_drill_finds_the_job_whose_answer_got_lost() -> None:
    async with DRSEmulator(clock=EmulatorClock.scaled(3000)) as emulator:
        (server,) = emulator.add_source_servers(1)
        emulator.inject("StartRecovery", Fault.drop_after())
        status, printed = await run(
            emulator, "start_drill.py", "--region=eu-west-1", "--poll-seconds=0.05", server
        )
        starts = [r for r in emulator.requests if r.operation == "StartRecovery"]
    assert status == 0, printed
    assert "no clear answer" in printed
    assert len(starts) == 1


async def test_orchestrate_failover_reports_a_refusal() -> None:
    async with DRSEmulator() as emulator:
        (server,) = emulator.add_source_servers(1)
        emulator.inject("StartRecovery", Fault.error("ConflictException"))
        status, printed = await run(
            emulator, "orchestrate_failover.py", "--region=eu-west-1", "--wave", server
        )
    assert status == 2, printed
    assert "ConflictException" in printed
    assert "stopped after wave 1 of 1" in printed


async def demo(*arguments: str) -> tuple[int, str]:
    """Run the demo, which brings its own emulator."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / "demo"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed = (await process.communicate())[0].decode()
    return process.returncode or 0, printed


async def test_the_demo_is_killed_in_the_middle_and_launches_nothing_twice(tmp_path: Path) -> None:
    picture = tmp_path / "drill.svg"
    status, printed = await demo("--picture", str(picture))
    assert status == 0, printed
    assert "kill -9" in printed
    assert "succeeded: 8 of 8 servers up" in printed
    assert "each of 8 servers once, but app-2, which failed and was launched again" in printed
    assert "shop/rehearsal: 8 launched, 0 left, closed: cleaned up" in printed
    drawn = picture.read_text()
    assert ET.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314
    asked = re.findall(r"(?:https?:|url\(|@import|@font-face)[^\s\"']*", drawn)
    assert set(asked) == {"http://www.w3.org/2000/svg"}  # a name, which nobody opens


async def test_the_demo_takes_servers_of_your_own(tmp_path: Path) -> None:
    def server(number: int, state: str, copied: int) -> dict[str, object]:
        disk = {"totalStorageBytes": 100, "replicatedStorageBytes": copied}
        replication = {"dataReplicationState": state, "replicatedDisks": [disk]}
        return {"sourceServerID": f"s-{number:017}", "dataReplicationInfo": replication}

    fleet = tmp_path / "fleet.json"
    for servers, shown in (
        ([server(1, "CONTINUOUS", 100), server(2, "STALLED", 50)], "succeeded: 1 of 1 servers up"),
        ([server(2, "STALLED", 50)], "No server of this fleet can be launched"),
    ):
        fleet.write_text(json.dumps({"items": servers}))
        status, printed = await demo("--fleet", str(fleet))
        assert status == 0, printed
        assert shown in printed
