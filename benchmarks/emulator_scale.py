"""What a large account costs the emulator: CPU time for each page and each listing of jobs.

python benchmarks/emulator_scale.py

Measures from the request's body to the answer's bytes, in one process: everything that the
emulator does except for HTTP, whose cost does not depend on the account. The last column is one of
the 500 places of a world of 50 accounts and 10 Regions, each with servers of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import TYPE_CHECKING

import machine

from drs_sdk.testing import DRSEmulator, Place
from drs_sdk.testing.front import wire
from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.service.documents import Doc

    Call = Callable[[str, Doc], Doc]

ROUNDS = 30
PAGE = 200
SIZES = (200, 1000, 4000)
IN_ONE_JOB = 100
JOBS = 5
REGIONS = [f"us-east-{number + 1}" for number in range(10)]
ACCOUNTS = [f"{number:012d}" for number in range(50)]


def main() -> None:
    """Print a table, one column for each size of the account."""
    print(machine.describe(), end="\n\n")
    rows: dict[str, list[float]] = {}
    emulators = [DRSEmulator() for _ in SIZES]
    world = DRSEmulator(regions=REGIONS, accounts=ACCOUNTS)
    for place in world.places[:-1]:
        place.add_source_servers(PAGE // 10)
    subjects = [*zip(emulators, emulators, SIZES, strict=True), (world, world.places[-1], 1000)]
    for emulator, place, size in subjects:
        for name, seconds in measure(emulator, place, size).items():
            rows.setdefault(name, []).append(seconds)
    columns = [*(f"{size:,} servers" for size in SIZES), "1,000 servers, one of 500 places"]
    print("| CPU time, ms | " + " | ".join(columns) + " |")
    print("|---|" + "---:|" * len(columns))
    for name, times in rows.items():
        print(f"| {name} | " + " | ".join(f"{seconds * 1e3:.2f}" for seconds in times) + " |")


def measure(emulator: DRSEmulator, place: Place, size: int) -> dict[str, float]:
    """Time the calls on a place of so many servers, with as many in jobs as there may be."""
    ids = place.add_source_servers(size)
    call = caller(emulator, place)
    in_jobs = ids[: JOBS * IN_ONE_JOB]
    for start in range(0, len(in_jobs), IN_ONE_JOB):
        servers = [{"sourceServerID": i} for i in in_jobs[start : start + IN_ONE_JOB]]
        call("StartRecovery", {"sourceServers": servers, "isDrill": True})
    emulator.clock.set(emulator.clock.now().replace(minute=2))
    jobs = -(-len(in_jobs) // IN_ONE_JOB)
    page: Doc = {"maxResults": PAGE}
    first = call("DescribeSourceServers", page)
    last = page
    while len(first["items"]) < size and "nextToken" in first:
        last = {**page, "nextToken": first["nextToken"]}
        first = call("DescribeSourceServers", last)
    job_id = call("DescribeJobs", {})["items"][-1]["jobID"]
    return {
        f"DescribeSourceServers, first page of {PAGE}": cpu(call, "DescribeSourceServers", page),
        f"DescribeSourceServers, last page of {PAGE}": cpu(call, "DescribeSourceServers", last),
        "DescribeJobs, all running jobs": cpu(call, "DescribeJobs", {}, jobs),
        "DescribeJobs, one job of 100 servers": cpu(
            call, "DescribeJobs", {"filters": {"jobIDs": [job_id]}}, 1
        ),
        "DescribeJobLogItems, first page": cpu(call, "DescribeJobLogItems", {"jobID": job_id}),
    }


def cpu(call: Call, operation: str, params: Doc, items: int | None = None) -> float:
    """Return the median CPU time of a call, in seconds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        before = time.process_time()
        answer = call(operation, params)
        times.append(time.process_time() - before)
        assert answer["items"]
        assert items is None or len(answer["items"]) == items
    return statistics.median(times)


def caller(emulator: DRSEmulator, place: Place) -> Call:
    """Return what carries a request out, from its signature and body to the answer's bytes."""

    def call(operation: str, params: Doc) -> Doc:
        described = load_service().operations[operation]
        desk = emulator._desk_for(place.access_key_id, place.region)  # noqa: SLF001 - without HTTP
        parsed = wire.parse_request(described, {}, "", json.dumps(params).encode())
        answer = emulator._front.dispatch(desk.account(), described, parsed)  # noqa: SLF001 - same
        wire.render_answer(described, answer)
        return answer or {}

    return call


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()  # it takes none
    main()
