"""Runs `python -m drs_sdk.recovery` against an emulator: in processes of their own, or here."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from drs_sdk.recovery.command.arguments import parse
from drs_sdk.recovery.command.main import perform
from drs_sdk.testing import DRSEmulator, EmulatorClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from drs_sdk.testing.front.place import Place

FAST = 3000.0
"""Emulated seconds in a real one: a launch of nine minutes takes 0.2 s."""

_ON_A_FAST_CLOCK = (
    "import os, sys\n"
    "if os.environ.get('WITHOUT_RICH'):\n"
    "    sys.modules['rich'] = None\n"
    "from drs_sdk.recovery.command.main import main\n"
    "from drs_sdk.testing import EmulatorClock\n"
    "sys.exit(main(clock=EmulatorClock.scaled(120)))\n"
)
"""The command, with waits of seconds between its polls that pass faster."""


def environment(emulator: DRSEmulator) -> dict[str, str]:
    """What a process sees: this emulator, and nothing of the machine's AWS configuration."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL_DRS": emulator.url,
        "AWS_ENDPOINT_URL_STS": emulator.url,
        "AWS_ACCESS_KEY_ID": emulator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": emulator.secret_access_key,
        "AWS_REGION": emulator.region,
    }


def command(*words: str, fast: bool = True) -> list[str]:
    """The words of a process."""
    program = ["-c", _ON_A_FAST_CLOCK] if fast else ["-m", "drs_sdk.recovery"]
    return [sys.executable, *program, *words]


@asynccontextmanager
async def process(
    emulator: DRSEmulator, *words: str, fast: bool = True, stdout: int = asyncio.subprocess.PIPE
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that runs; it is gone at the end."""
    started = await asyncio.create_subprocess_exec(
        *command(*words, fast=fast),
        env=environment(emulator),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def run_process(
    emulator: DRSEmulator, *words: str, fast: bool = True
) -> tuple[int, str, str]:
    """Run to the end; return the exit status, standard output and standard error."""
    async with process(emulator, *words, fast=fast) as started:
        out, err = await started.communicate()
    assert started.returncode is not None
    assert "Traceback" not in err.decode(), err.decode()
    return started.returncode, out.decode(), err.decode()


async def run(emulator: DRSEmulator, *words: str) -> tuple[int, str, str]:
    """Run in this process: the same, but for what starts and ends a process."""
    command, given = parse(words)
    out, err = StringIO(), StringIO()
    with (
        patch.dict(os.environ, environment(emulator), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = await perform(command, given, words, clock=EmulatorClock.scaled(120))
    return code, out.getvalue(), err.getvalue()


def fast_emulator(**options: Any) -> DRSEmulator:  # noqa: ANN401 - the emulator's options
    """An emulator whose launches take a fifth of a second."""
    return DRSEmulator(clock=EmulatorClock.scaled(FAST), **options)


def still_emulator(**options: Any) -> DRSEmulator:  # noqa: ANN401 - same
    """An emulator where time moves by hand: what runs there runs until the test says so."""
    return DRSEmulator(clock=EmulatorClock.virtual(auto_advance=False), **options)


def runbook_file(folder: Path, waves: dict[str, list[str]], **fields: dict[str, Any]) -> str:
    """Write a runbook of waves of servers; `fields` are more fields of a wave, by its name."""
    file = folder / "erp.json"
    listed = [
        {"name": name, "servers": {"source_server_ids": ids}, **fields.get(name, {})}
        for name, ids in waves.items()
    ]
    file.write_text(json.dumps({"name": "erp", "waves": listed}))
    return str(file)


def launches(*places: Place) -> list[str]:
    """The source servers that were asked to be launched, once for each time."""
    return [
        server["sourceServerID"]
        for place in places
        for request in place.requests
        if request.operation == "StartRecovery" and request.handled
        for server in cast("list[dict[str, str]]", request.params["sourceServers"])
    ]
