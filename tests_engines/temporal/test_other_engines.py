"""The recipes for DBOS, Prefect and FastAPI, on the real ones; each as a process, too."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from conftest import SHORT, SPEED, until
from recipes import EXAMPLES, environment

from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

RUNBOOK = Runbook.load(EXAMPLES / "erp.toml")


@pytest.fixture
async def emulator() -> AsyncIterator[DRSEmulator]:
    async with DRSEmulator(clock=EmulatorClock.scaled(SPEED), job_durations=SHORT) as world:
        for tier in ("db", "app"):
            world.add_source_servers(2, tags={"app": "erp", "tier": tier})
        yield world


def start(emulator: DRSEmulator, home: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={
            **environment(emulator),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            **more,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=EXAMPLES,
    )


async def printed(process: subprocess.Popen[str], within: float = 240) -> str:
    text, _ = await asyncio.to_thread(process.communicate, None, within)
    assert process.returncode == 0, text
    return text


def sent(emulator: DRSEmulator, operation: str) -> int:
    return sum(request.operation == operation for request in emulator.requests)


async def jobs(emulator: DRSEmulator) -> int:
    async with emulator.client() as drs:
        return len(await drs.describe_jobs().collect())


async def approve(emulator: DRSEmulator, key: str) -> None:
    async with emulator.client() as drs:
        recovery = Recovery(drs, RUNBOOK, key=key, mode="drill")
        await recovery.approve("application", by="ann")


# DBOS


async def test_dbos_killed_after_the_launch_and_before_it_is_recorded(
    emulator: DRSEmulator, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'dbos.sqlite'}"
    emulator.inject("StartRecovery", Fault.late(3600), times=1)
    first = start(emulator, tmp_path, "dbos_drill.py", "k", database)
    try:
        await until(lambda: sent(emulator, "StartRecovery"))
    finally:
        first.kill()
        first.communicate()
    second = start(emulator, tmp_path, "dbos_drill.py", "k", database)
    try:
        await approve(emulator, "k")
        assert (await printed(second)).splitlines()[-1] == "succeeded"
    finally:
        second.kill()
    assert await jobs(emulator) == 2


# Prefect


async def test_prefect_carries_a_drill_out_once(emulator: DRSEmulator, tmp_path: Path) -> None:
    quiet = {
        "PREFECT_HOME": str(tmp_path),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "100",  # 20 are few on a busy machine
        "PREFECT_LOGGING_LEVEL": "INFO",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": "*",
    }
    emulator.inject("StartRecovery", Fault.drop_after(), times=1)
    flow = start(emulator, tmp_path, "prefect_drill.py", "k", "application", **quiet)
    try:
        text = await printed(flow)
    finally:
        flow.kill()
    assert text.splitlines()[-1] == "succeeded" or "succeeded" in text.splitlines()
    assert "application: up" in text
    assert await jobs(emulator) == 2


# FastAPI


@pytest.fixture
async def server(emulator: DRSEmulator, tmp_path: Path) -> AsyncIterator[Any]:
    process = start(
        emulator,
        tmp_path,
        "-m",
        "uvicorn",
        "fastapi_app:app",
        "--port=0",
        "--timeout-graceful-shutdown=2",
    )
    assert process.stdout is not None
    try:
        while "running on" not in (line := await asyncio.to_thread(process.stdout.readline)):
            assert line, "it did not start"
        process.url = line.split("running on ")[1].split()[0]  # type: ignore[attr-defined]
        yield process
    finally:
        process.kill()
        process.communicate()


async def events(
    client: httpx.AsyncClient, path: str, opened: asyncio.Event | None = None
) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    async with client.stream("GET", path, timeout=60) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        name = ""
        async for line in response.aiter_lines():
            if opened is not None:
                opened.set()
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, json.loads(line.removeprefix("data: "))))
    return found


async def test_fastapi_streams_a_drill_to_its_report(emulator: DRSEmulator, server: Any) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        begun = await client.post("/drills/k", json=["application"])
        assert begun.json() == {"run": "erp/k"}
        told = await events(client, "/drills/k/events")
        assert {name for name, _ in told} == {"status", "report"}
        assert {server["outcome"] for server in told[-1][1]["servers"]} == {"launched"}
        stands = (await client.get("/drills/k", timeout=30)).json()
        assert {one["outcome"] for one in stands["servers"]} == {"launched"}
        assert (await client.get("/drills/other/events")).status_code == 404
    assert await jobs(emulator) == 2


async def test_fastapi_streams_a_job_and_tells_a_failure_of_a_drill(
    emulator: DRSEmulator, server: Any
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client, emulator.client() as drs:
        (other,) = emulator.add_source_servers(1)
        started = await drs.start_recovery([{"source_server_id": other}], is_drill=True)
        assert started.job is not None
        told = await events(client, f"/jobs/{started.job.job_id}/events")
        assert told[-1] == ("job", {"job_id": started.job.job_id, "status": "COMPLETED"})
        held = [server.source_server_id async for server in drs.describe_source_servers()]
        foreign = [{"source_server_id": one} for one in held if one is not None]
        await drs.start_recovery(foreign, is_drill=True)
        await client.post("/drills/k", json=[])
        told = await events(client, "/drills/k/events")
        assert told[-1][0] == "failure"
        assert "held by jobs of somebody else" in told[-1][1]


async def test_fastapi_shuts_down_in_seconds_with_streams_open_and_the_job_goes_on(
    emulator: DRSEmulator, server: Any
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        await client.post("/drills/k", json=["application"])
        opened = asyncio.Event()
        streams = [asyncio.create_task(events(client, "/drills/k/events", opened))]
        await asyncio.wait_for(opened.wait(), 30)
        await until(lambda: sent(emulator, "StartRecovery"))
        began = time.monotonic()
        server.terminate()
        await asyncio.to_thread(server.wait)
        assert time.monotonic() - began < 6
        await asyncio.gather(*streams, return_exceptions=True)
    async with emulator.client() as drs:
        report = await Recovery(drs, RUNBOOK, key="k", mode="drill").launch(
            approved=["application"]
        )
    assert report.succeeded
    assert await jobs(emulator) == 2


async def test_a_stream_that_is_silent_beats(
    emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recipes import load

    recipe = load("fastapi_app")
    monkeypatch.setattr(recipe, "HEARTBEAT", 0.05)
    async with emulator.client() as drs:
        (server,) = emulator.add_source_servers(1)
        started = await drs.start_recovery([{"source_server_id": server}], is_drill=True)
        assert started.job is not None
        told = [text async for text in recipe.job_updates(drs, started.job.job_id)]
    assert ": heartbeat\n\n" in told
    assert '"COMPLETED"' in told[-1]
