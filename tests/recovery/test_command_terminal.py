"""The command at a terminal: the live table, and what a person is asked."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from recovery.command_processes import (
    command,
    environment,
    fast_emulator,
    launches,
    run_process,
    runbook_file,
    still_emulator,
)

if sys.platform == "win32":
    pytest.skip("terminals of this kind are POSIX", allow_module_level=True)

import fcntl
import pty
import struct
import termios

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from drs_sdk.testing import DRSEmulator

DRILL = ("--key", "q4", "--drill")
REAL = ("--key", "q4", "--recovery")


class Person:
    """Somebody at a terminal: sees what is shown, and types."""

    def __init__(self, descriptor: int, process: asyncio.subprocess.Process) -> None:
        self._descriptor = descriptor
        self.process = process
        self.seen = ""
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def _read(self) -> None:
        try:
            read = os.read(self._descriptor, 65536)
        except OSError:  # Linux says so when the other end is closed
            read = b""
        if not read:
            asyncio.get_running_loop().remove_reader(self._descriptor)
        self.seen += read.decode(errors="replace")
        self._news.set()

    async def sees(self, text: str) -> None:
        """Wait until a text is shown that was not seen before."""
        async with asyncio.timeout(60):
            while text not in self.seen:
                self._news.clear()
                await self._news.wait()
        self.seen = self.seen.split(text, 1)[1]

    def types(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    async def leaves(self) -> int:
        """Wait for the end of the process."""
        return await asyncio.wait_for(self.process.wait(), 60)


@asynccontextmanager
async def person(emulator: DRSEmulator, *words: str, **variables: str) -> AsyncIterator[Person]:
    """Start a process at a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *command(*words),
        env={**environment(emulator), "TERM": "xterm", **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    somebody = Person(ours, process)
    try:
        yield somebody
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)


async def test_a_live_table_asks_for_approval_and_goes_on(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        first, second = emulator.add_source_servers(2)
        file = runbook_file(
            tmp_path, {"first": [first], "second": [second]}, second={"pause_before": True}
        )
        async with person(emulator, "launch", file, *DRILL) as anna:
            await anna.sees("\x1b[")  # drawn, not printed
            await anna.sees("The wave second (1 servers) waits for approval. Start it? [y/N]")
            assert launches(emulator) == [first]
            anna.types("what?\n")
            await anna.sees("Type y to start it")
            anna.types("y\n")
            await anna.sees("succeeded")
            code = await anna.leaves()
    assert code == 0
    assert launches(emulator) == [first, second]


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "nothing", "Ctrl-D"])
async def test_a_wave_that_is_not_approved_ends_the_launch(tmp_path: Path, answer: str) -> None:
    async with fast_emulator() as emulator:
        file = runbook_file(
            tmp_path, {"all": emulator.add_source_servers(1)}, all={"pause_before": True}
        )
        async with person(emulator, "launch", file, *DRILL) as anna:
            await anna.sees("[y/N]")
            anna.types(answer)
            code = await anna.leaves()
    assert code == 5
    assert launches(emulator) == []


async def test_while_one_is_asked_another_terminal_approves(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        first, second = emulator.add_source_servers(2)
        file = runbook_file(
            tmp_path, {"first": [first], "second": [second]}, second={"pause_before": True}
        )
        async with person(emulator, "launch", file, *DRILL) as anna:
            await anna.sees("[y/N]")
            await run_process(
                emulator, "approve", file, *DRILL, "--wave=second", "--by=ben", fast=False
            )
            await anna.sees("The wave second was answered for elsewhere")
            code = await anna.leaves()
    assert code == 0
    assert launches(emulator) == [first, second]


async def test_while_one_is_asked_another_terminal_closes_the_run(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        first, second = emulator.add_source_servers(2)
        file = runbook_file(
            tmp_path, {"first": [first], "second": [second]}, second={"pause_before": True}
        )
        async with person(emulator, "launch", file, *DRILL) as anna:
            await anna.sees("[y/N]")
            await run_process(emulator, "close", file, *DRILL, "--reason=storm over", fast=False)
            await anna.sees("The wave second was answered for elsewhere")
            code = await anna.leaves()
    assert code == 6
    assert launches(emulator) == [first]


async def test_without_rich_there_are_lines(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        file = runbook_file(tmp_path, {"all": emulator.add_source_servers(1)})
        async with person(emulator, "launch", file, *DRILL, WITHOUT_RICH="yes") as anna:
            await anna.sees("wave all: up, 1 of 1 up\r\n")
            code = await anna.leaves()
    assert code == 0


async def test_ctrl_c_ends_a_question(tmp_path: Path) -> None:
    async with still_emulator() as emulator:
        file = runbook_file(
            tmp_path, {"all": emulator.add_source_servers(1)}, all={"pause_before": True}
        )
        async with person(emulator, "launch", file, *DRILL) as anna:
            await anna.sees("[y/N]")
            anna.process.send_signal(signal.SIGINT)
            await anna.sees("Go on with the same command")
            code = await anna.leaves()
    assert code == 130


async def test_a_real_recovery_is_confirmed_by_its_name(tmp_path: Path) -> None:
    async with fast_emulator() as emulator:
        servers = emulator.add_source_servers(1)
        file = runbook_file(tmp_path, {"all": servers})
        async with person(emulator, "launch", file, *REAL) as anna:
            await anna.sees("This is no drill")
            await anna.sees("Type erp/q4 to go on:")
            anna.types("yes\n")
            refused = await anna.leaves()
        before = launches(emulator)
        async with person(emulator, "launch", file, *REAL) as anna:
            await anna.sees("Type erp/q4 to go on:")
            anna.types("erp/q4\n")
            code = await anna.leaves()
    assert (refused, before) == (8, [])
    assert (code, launches(emulator)) == (0, servers)
