"""What a large account costs the emulator: CPU time for each page and each listing of jobs.

python benchmarks/emulator_scale.py

Measures from the request's body to the answer's bytes, in one process: everything that the
emulator does except for HTTP, whose cost does not depend on the account.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

import machine

from drs_sdk.testing import DRSEmulator
from drs_sdk.testing.front import wire
from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from drs_sdk.testing.front.server import Front
    from drs_sdk.testing.service.documents import Doc

ROUNDS = 30
PAGE = 200
SIZES = (200, 1000, 4000)
IN_ONE_JOB = 100
JOBS = 5


def main() -> None:
    """Print a table, one column for each size of the account."""
    print(machine.describe(), end="\n\n")
    rows: dict[str, list[float]] = {}
    for size in SIZES:
        for name, seconds in measure(size).items():
            rows.setdefault(name, []).append(seconds)
    print("| CPU time, ms | " + " | ".join(f"{size:,} servers" for size in SIZES) + " |")
    print("|---|" + "---:|" * len(SIZES))
    for name, times in rows.items():
        print(f"| {name} | " + " | ".join(f"{seconds * 1e3:.2f}" for seconds in times) + " |")


def measure(size: int) -> dict[str, float]:
    """Time the calls on an account of so many servers, with as many in jobs as there may be."""
    emulator = DRSEmulator()
    ids = emulator.add_source_servers(size)
    front: Front = emulator._front  # noqa: SLF001 - the part without HTTP
    in_jobs = ids[: JOBS * IN_ONE_JOB]
    for start in range(0, len(in_jobs), IN_ONE_JOB):
        servers = [{"sourceServerID": i} for i in in_jobs[start : start + IN_ONE_JOB]]
        call(front, "StartRecovery", {"sourceServers": servers, "isDrill": True})
    emulator.clock.set(emulator.clock.now().replace(minute=2))
    jobs = -(-len(in_jobs) // IN_ONE_JOB)
    page: Doc = {"maxResults": PAGE}
    first = call(front, "DescribeSourceServers", page)
    last = page
    while len(first["items"]) < size and "nextToken" in first:
        last = {**page, "nextToken": first["nextToken"]}
        first = call(front, "DescribeSourceServers", last)
    job_id = call(front, "DescribeJobs", {})["items"][-1]["jobID"]
    return {
        f"DescribeSourceServers, first page of {PAGE}": cpu(front, "DescribeSourceServers", page),
        f"DescribeSourceServers, last page of {PAGE}": cpu(front, "DescribeSourceServers", last),
        "DescribeJobs, all running jobs": cpu(front, "DescribeJobs", {}, jobs),
        "DescribeJobs, one job of 100 servers": cpu(
            front, "DescribeJobs", {"filters": {"jobIDs": [job_id]}}, 1
        ),
        "DescribeJobLogItems, first page": cpu(front, "DescribeJobLogItems", {"jobID": job_id}),
    }


def cpu(front: Front, operation: str, params: Doc, items: int | None = None) -> float:
    """Return the median CPU time of a call, in seconds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        before = time.process_time()
        answer = call(front, operation, params)
        times.append(time.process_time() - before)
        assert answer["items"]
        assert items is None or len(answer["items"]) == items
    return statistics.median(times)


def call(front: Front, operation: str, params: Doc) -> Doc:
    """Carry a request out, from its body to the answer's bytes."""
    described = load_service().operations[operation]
    parsed = wire.parse_request(described, {}, "", json.dumps(params).encode())
    answer = front.dispatch(described, parsed)
    wire.render_answer(described, answer)
    return answer or {}


if __name__ == "__main__":
    main()
