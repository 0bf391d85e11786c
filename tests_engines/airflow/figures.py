"""Measure what two hundred waiting tasks cost on a real Airflow: ``python figures.py``."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conftest import EmulatorThread, connection_to
from engine import Airflow, until

from drs_sdk.testing import DRSEmulator, EmulatorClock, JobDurations

if TYPE_CHECKING:
    from drs_sdk.testing import RecordedRequest

COUNT = 200
TICK = 10.0
_TICKS = 6


@dataclass(frozen=True)
class Figures:
    """What was counted.

    Attributes:
        waiting: How many tasks waited, in one triggerer.
        calls_until_steady: ``DescribeJobs`` until the first poll that asked for all of them.
        calls_a_tick: ``DescribeJobs`` a tick after that.
        seconds_until_steady: From the first poll to that one.
    """

    waiting: int
    calls_until_steady: int
    calls_a_tick: float
    seconds_until_steady: float


def short_jobs() -> JobDurations:
    """Let jobs take half a minute."""
    return JobDurations(launch=20, conversion=5, until_conversion=2, jitter=0)


def _polls(world: DRSEmulator) -> list[RecordedRequest]:
    return [r for r in list(world.requests) if r.operation == "DescribeJobs"]


def _asked_for(request: RecordedRequest) -> int:
    filters = request.params.get("filters")
    ids = filters.get("jobIDs", []) if isinstance(filters, dict) else []
    return len(ids)


def two_hundred(airflow: Airflow, world: DRSEmulator) -> Figures:
    """Have as many sensors wait, from the trigger on, and count the polls."""
    world.quotas = type(world.quotas)(concurrent_jobs=1000, servers_in_all_jobs=1000)
    world.job_durations = JobDurations()  # nine minutes, as real ones
    jobs = [world.start_foreign_launch([one]) for one in world.add_source_servers(COUNT)]
    (airflow.home / "jobs").write_text("\n".join(jobs))
    airflow.run("dags", "reserialize")
    world.requests.clear()
    airflow.trigger("two_hundred")
    first = until(
        lambda: next((r for r in _polls(world) if _asked_for(r) == COUNT), None),
        f"poll for all {COUNT}; {airflow.tail('triggerer')}",
        seconds=240,
    )
    time.sleep(TICK * _TICKS + TICK / 2)
    polls = _polls(world)
    before = polls.index(first)
    after = polls[before + 1 :]
    return Figures(
        waiting=_asked_for(polls[-1]),
        calls_until_steady=before + 1,
        calls_a_tick=len(after) / _TICKS,
        seconds_until_steady=(first.received_at - polls[0].received_at).total_seconds(),
    )


def main() -> None:
    """Start all of it, measure, and print."""
    thread = EmulatorThread()
    world = DRSEmulator(clock=EmulatorClock.real())
    thread.do(world.__aenter__())
    home = Path(tempfile.mkdtemp(prefix="drs-figures-"))
    (home / "pids").mkdir()
    variables = {
        "AIRFLOW_CONN_AWS_DR": connection_to(world),
        "DRS_PIDS": str(home / "pids"),
        "DRS_JOBS": str(home / "jobs"),
    }
    try:
        with Airflow(home, variables) as airflow:
            figures = two_hundred(airflow, world)
    finally:
        thread.do(world.__aexit__(None, None, None))
        thread.stop()
    print(f"{figures.waiting} sensors wait in one triggerer, polled every {TICK:.0f} s:")
    print(f"  DescribeJobs until steady: {figures.calls_until_steady}")
    print(f"  seconds until steady:      {figures.seconds_until_steady:.0f}")
    print(f"  DescribeJobs a tick:       {figures.calls_a_tick:.2f}")
    os._exit(0)  # the emulator's thread has ended; Airflow leaves threads of its own


if __name__ == "__main__":
    main()
