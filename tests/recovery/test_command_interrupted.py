"""The command ends in the middle, or is helped from elsewhere, and the run goes on."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest
from recovery.command_processes import launches, process, run_process, runbook_file, still_emulator

if TYPE_CHECKING:
    from pathlib import Path

    from drs_sdk.testing import DRSEmulator

RUN = ("--key", "q4", "--drill")
AN_HOUR = 3600


async def read_until(stream: asyncio.StreamReader | None, text: str) -> str:
    """Read what a process prints until a text comes."""
    assert stream is not None
    seen = ""
    while text not in seen:
        line = await asyncio.wait_for(stream.readline(), 60)
        assert line, seen
        seen += line.decode()
    return seen


async def begin(emulator: DRSEmulator, started: asyncio.subprocess.Process, wave: str) -> None:
    """Wait until a wave is being launched, where time stands still."""
    await read_until(started.stderr, f"wave {wave}: launching")
    assert emulator.requests


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
async def test_an_interrupted_launch_says_how_to_go_on_and_goes_on(
    tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    async with still_emulator() as emulator:
        servers = emulator.add_source_servers(2)
        file = runbook_file(tmp_path, {"database": servers})
        async with process(emulator, "launch", file, *RUN) as started:
            await begin(emulator, started, "database")
            started.send_signal(sent)
            out, err = await asyncio.wait_for(started.communicate(), 60)
            status = started.returncode
        async with process(emulator, "launch", file, *RUN) as again:
            await begin(emulator, again, "database")
            await emulator.clock.advance(AN_HOUR)
            await asyncio.wait_for(again.communicate(), 60)
            then = again.returncode
    told = err.decode()
    assert (status, then, out) == (code, 0, b"")
    assert "Jobs under way go on" in told
    assert f"python -m drs_sdk.recovery launch {file} --key q4 --drill" in told
    assert "Traceback" not in told
    assert sorted(launches(emulator)) == sorted(servers)


async def test_a_killed_launch_goes_on_in_another_process(tmp_path: Path) -> None:
    async with still_emulator() as emulator:
        first, second = emulator.add_source_servers(2)
        file = runbook_file(tmp_path, {"first": [first], "second": [second]})
        async with process(emulator, "launch", file, *RUN) as killed:
            await begin(emulator, killed, "first")
            killed.kill()
            await killed.communicate()
        async with process(emulator, "launch", file, *RUN) as again:
            await begin(emulator, again, "first")
            await emulator.clock.advance(AN_HOUR)
            await begin(emulator, again, "second")
            await emulator.clock.advance(AN_HOUR)
            await asyncio.wait_for(again.communicate(), 60)
    assert again.returncode == 0
    assert launches(emulator) == [first, second]


async def test_an_approval_from_a_second_terminal_lets_the_first_go_on(tmp_path: Path) -> None:
    async with still_emulator() as emulator:
        first, second = emulator.add_source_servers(2)
        file = runbook_file(
            tmp_path, {"first": [first], "second": [second]}, second={"pause_before": True}
        )
        async with process(emulator, "launch", file, *RUN) as waiting:
            await begin(emulator, waiting, "first")
            await emulator.clock.advance(AN_HOUR)
            await read_until(waiting.stderr, "wave second: waiting for approval")
            before = launches(emulator)
            code, told, _ = await run_process(
                emulator, "approve", file, *RUN, "--wave=second", "--by=anna", fast=False
            )
            await begin(emulator, waiting, "second")
            await emulator.clock.advance(AN_HOUR)
            await asyncio.wait_for(waiting.communicate(), 60)
    assert before == [first]
    assert (code, waiting.returncode) == (0, 0)
    assert "approved: second" in told
    assert "by: anna" in told
    assert launches(emulator) == [first, second]
