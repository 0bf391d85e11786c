"""Measure what docs/engines/temporal.md says: waits that share polls, kills, and what is stored.

    .venv-temporal/bin/python tests_engines/temporal/figures.py

Real Temporal, the emulator for AWS; one process for each worker. Some minutes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from conftest import SPEED, House, dev_server, request_of, until
from two_hundred import COUNT, two_hundred

from drs_sdk.temporal import RecoveryWorkflow
from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault

if TYPE_CHECKING:
    from temporalio.testing import WorkflowEnvironment
    from two_hundred import Scenario


async def shared(env: WorkflowEnvironment) -> None:
    """200 workflows in one worker, a job each, nine minutes long, polled every 10 s."""
    address = env.client.service_client.config.target_host
    scenarios: tuple[Scenario, ...] = ("jobs that stand", "jobs of their own", "runs")
    for scenario in scenarios:
        told = await two_hundred(address, scenario)
        print(f"{COUNT} workflows, {scenario}: {dict(told.states)}, {dict(told.calls)}")


async def killed(env: WorkflowEnvironment, *, starting: bool) -> None:
    """Kill a worker; say how long it took until another one went on."""
    emulator = DRSEmulator(clock=EmulatorClock.scaled(SPEED))
    async with emulator, emulator.client() as drs:
        house = House(emulator, drs, env.client.service_client.config.target_host)
        servers = emulator.add_source_servers(2)
        if starting:
            emulator.inject("StartRecovery", Fault.late(3600), times=1)
        client = await house.client()
        async with house.process() as first, house.process() as second:
            handle = await client.start_workflow(
                RecoveryWorkflow.run, request_of(servers), id=house.queue, task_queue=house.queue
            )
            await until(lambda: house.count("StartRecovery"))
            if not starting:
                before = len(emulator.requests)
                await until(lambda: len(emulator.requests) > before)
            one = first if await has_activity(handle, first) else second
            one.kill()
            began, asked = time.monotonic(), len(emulator.requests)
            await until(lambda: len(emulator.requests) > asked)
            resumed = time.monotonic() - began
            status = await handle.result()
        jobs = len(await drs.describe_jobs().collect())
        when = "starting" if starting else "waiting"
        print(f"killed while {when}: {jobs} launch, {status.state}, resumed in {resumed:.1f} s")


async def has_activity(handle: object, process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a worker has the activity that is under way: by its process id."""
    described = await handle.describe()  # type: ignore[attr-defined]
    pending = described.raw_description.pending_activities
    return any(one.last_worker_identity.startswith(f"{process.pid}@") for one in pending)


async def stored(env: WorkflowEnvironment) -> None:
    """Say what a run leaves in Temporal's history."""
    emulator = DRSEmulator(clock=EmulatorClock.scaled(SPEED * 4))
    async with emulator, emulator.client() as drs:
        house = House(emulator, drs, env.client.service_client.config.target_host)
        servers = emulator.add_source_servers(100)
        async with house.worker() as client:
            handle = await client.start_workflow(
                RecoveryWorkflow.run, request_of(servers), id=house.queue, task_queue=house.queue
            )
            await handle.result()
            history = await handle.fetch_history()
        size = len(json.dumps(history.to_json_dict()))
        print(f"a run of 100 servers: {len(history.events)} events, {size / 1024:.0f} KiB as JSON")


logging.getLogger("temporalio").setLevel(logging.ERROR)


async def main() -> None:
    async with await dev_server() as env:
        await shared(env)
        await killed(env, starting=True)
        await killed(env, starting=False)
        await stored(env)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
