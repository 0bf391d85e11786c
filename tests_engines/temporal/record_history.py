"""Record the history of a run into histories/, for the replay test of later releases.

    .venv-temporal/bin/python tests_engines/temporal/record_history.py drill-with-approval-0.3

Record one under a new name when the workflow changes; those that are there stay.
"""

from __future__ import annotations

import asyncio
import re
import sys

from conftest import HERE, SHORT, SPEED, House, dev_server, request_of

from drs_sdk.temporal import Approval, RecoveryWorkflow
from drs_sdk.testing import DRSEmulator, EmulatorClock


async def main(name: str) -> None:
    emulator = DRSEmulator(clock=EmulatorClock.scaled(SPEED), job_durations=SHORT)
    async with await dev_server() as env, emulator, emulator.client() as drs:
        house = House(emulator, drs, env.client.service_client.config.target_host)
        first, second, third = emulator.add_source_servers(3)
        emulator.fail_launch(third)
        request = request_of([first], [second, third], pause_before=2, attempts=2)
        async with house.worker() as client:
            handle = await client.start_workflow(
                RecoveryWorkflow.run, request, id=name, task_queue=house.queue
            )
            await asyncio.sleep(1)
            await handle.signal(RecoveryWorkflow.approve, Approval(wave="wave-2", by="ann"))
            await handle.result()
            history = await handle.fetch_history()
    file = HERE / "histories" / f"{name}.json"
    text = re.sub(r'"identity":\s*"[^"]*"', '"identity": "worker"', history.to_json())
    file.write_text(text + "\n")


asyncio.run(main(sys.argv[1]))
