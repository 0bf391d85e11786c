"""The process that carries the drill out. Whenever it is killed, start it again.

    python orchestrator.py RUNBOOK ENDPOINT_URL REPORT

Nothing of it is kept anywhere but in DRS itself, so that any process can go on.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from world import KEY, REGIONS, SPEED

from drs_sdk.fleet import Fleet, Target
from drs_sdk.recovery import Recovery, RecoveryProgress, Runbook
from drs_sdk.testing import EmulatorClock


async def main(runbook: str, url: str, report_file: str) -> None:
    # Against AWS, leave out endpoint, keys and clocks: they are the emulator's.
    fleet = Fleet(
        [Target(region) for region in REGIONS],
        endpoint_url=url,
        aws_access_key_id="demo",
        aws_secret_access_key="demo",  # noqa: S106 - the emulator takes any
        clock=EmulatorClock.scaled(SPEED / 4),
    )
    async with fleet:
        recovery = Recovery(fleet, Runbook.load(runbook), key=KEY, mode="drill")
        with RecoveryProgress(clock=EmulatorClock.scaled(SPEED)) as progress:
            report = await recovery.launch(on_update=progress)
    await asyncio.to_thread(Path(report_file).write_text, report.to_json())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
