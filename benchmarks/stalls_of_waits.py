"""Measures how long the event loop stands still when ten thousand waits join, and leave at once.

python benchmarks/stalls_of_waits.py

Exits 1 if a round of the loop in which they leave takes longer than the bar.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time

from drs_sdk.testing import DRSEmulator

WAITS = 10_000
BAR = 0.1
"""Seconds that a round of the loop may take when all are cancelled."""


class Rounds:
    """How long the longest round of the event loop took since the last look."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._longest = 0.0
        self._last = time.perf_counter()

    async def watch(self) -> None:
        """Take the time of every round."""
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            self._longest = max(self._longest, now - self._last)
            self._last = now

    def take(self) -> float:
        """Give the longest round in seconds, and begin anew."""
        longest, self._longest = self._longest, 0.0
        return longest


async def pass_rounds(count: int) -> None:
    """Let the loop go round so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def measure(waiting: float) -> tuple[float, float]:
    """Find the longest round as they join, and as they are cancelled after so many seconds."""
    rounds = Rounds()
    async with DRSEmulator() as emulator, emulator.client() as drs:
        watching = asyncio.create_task(rounds.watch())
        with emulator.clock.busy():  # time stands still: no wait comes to its end
            await drs.wait_until_source_servers_launchable([])  # loads what it takes
            await pass_rounds(3)
            rounds.take()
            waits = [
                asyncio.create_task(drs.wait_until_job_completed(f"drsjob-{number:017x}"))
                for number in range(WAITS)
            ]
            await pass_rounds(3)
            joined = rounds.take()
            await asyncio.sleep(waiting)
            await pass_rounds(3)
            rounds.take()
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)
            left = rounds.take()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    return joined, left


async def main() -> int:
    """Measure, print a table, and judge."""
    print(f"| {WAITS} waits | Longest round as they join | As they are cancelled |")
    print("|---|---|---|")
    worst = 0.0
    for what, waiting in (("asked for once", 2.0), ("just joined", 0.0)):
        joined, left = await measure(waiting)
        worst = max(worst, left)
        print(f"| {what} | {joined * 1000:.0f} ms | {left * 1000:.0f} ms |")
    return 0 if worst <= BAR else 1


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()  # it takes none
    sys.exit(asyncio.run(main()))
