"""What recovery runs are held to: time against the optimum, calls to find a run, kills survived.

Everything goes through real HTTP to the emulator. Prints tables in Markdown, and ends with 1 where
a bar is missed: ``python benchmarks/recovery.py [optimum|look|kills|same-key]...``
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import describe

from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator, JobDurations, Quirks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.testing import Place

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "recovery"))
from crashes import Crashes

RUNBOOK = Runbook(name="erp", waves=[{"name": "all", "servers": {"tags": {"app": "erp"}}}])
_QUOTA = 402
_ONE_ROUND = 500
ACCOUNTS = ("111122223333", "222233334444", "333344445555", "444455556666")


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that was measured.

    Attributes:
        what: What it is.
        value: What it is here.
        bar: The most that it may be.
        unit: In what it is counted.
    """

    what: str
    value: float
    bar: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is good enough."""
        return self.value <= self.bar


# -- the optimum of a launch ---------------------------------------------------------------------


async def measure_optimum(
    title: str, accounts: Sequence[str], servers: int, others: int, rounds: int
) -> list[Figure]:
    """Launch a thousand servers, and compare with the fewest rounds that the quotas allow."""
    async with DRSEmulator(accounts=accounts, regions=["us-east-1"]) as world:
        for place in world.places:
            place.add_source_servers(servers // len(accounts), tags={"app": "erp"})
        theirs = world.add_source_servers(others) if others else []
        jobs_of_others = 5
        for server in theirs:  # they outlast the run: somebody's jobs always run
            world.set_job_durations(server, JobDurations(launch=3 * 3600))
        for number in range(jobs_of_others if others else 0):
            world.start_foreign_launch(theirs[number::jobs_of_others])
        cpu = time.process_time()
        async with world.fleet() as fleet:
            report = await Recovery(fleet, RUNBOOK, key="k", mode="drill").launch()
        cpu = time.process_time() - cpu
        assert report.succeeded, report.state
        refused = sum(
            request.operation == "StartRecovery" and request.status == _QUOTA
            for place in world.places
            for request in place.requests
        )
        made = [s.asked_at for s in report.servers if s.asked_at is not None]
        ended = [s.ended_at for s in report.servers if s.ended_at is not None]
        longest = max(s.ended_at - s.asked_at for s in report.servers if s.asked_at and s.ended_at)
        taken, optimum = max(ended) - min(made), longest * rounds
        print(
            f"| {title} | {_minutes(taken)} | {_minutes(optimum)} | {taken / optimum:.3f} | "
            f"{cpu:.1f} s | {refused} |"
        )
    return [
        Figure(f"{title}: against the optimum", taken / optimum, 1.1),
        Figure(f"{title}: CPU, the emulator's included", cpu, 20, "s"),
    ]


async def optimum() -> list[Figure]:
    """Measure the three cases."""
    print("| 1,000 servers | taken | optimum | share | CPU | refused on a quota |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    # By the quota of 500 servers in all running jobs: 2 rounds; with 300 of others', 5 of 200.
    return [
        *await measure_optimum("in four accounts", ACCOUNTS, 1000, 0, 1),
        *await measure_optimum("in one place", ACCOUNTS[:1], 1000, 0, 2),
        *await measure_optimum("with 300 of others'", ACCOUNTS[:1], 1000, 300, 5),
    ]


# -- a look --------------------------------------------------------------------------------------


async def look() -> list[Figure]:
    """Count the calls that find where a begun run stands, among ten thousand old jobs."""
    print("| 1,000 servers, 10,000 old jobs | calls | listings of jobs |")
    print("| --- | ---: | ---: |")
    return [
        await _calls("as the service is", Quirks()),
        await _calls("last launches left empty", Quirks(empty_last_launch=True)),
    ]


async def _calls(title: str, quirks: Quirks) -> Figure:
    async with DRSEmulator(regions=["us-east-1"]) as world:
        old = world.add_source_servers(20)
        ids = world.add_source_servers(1000, tags={"app": "erp"})
        world.start_foreign_launch(old[:1])
        await world.clock.advance(timedelta(minutes=20))
        state: Any = world.snapshot()
        state["resources"]["jobs"] = _many(state["resources"]["jobs"][0], 10_000)
        world.restore(state)
        await world.clock.advance(timedelta(days=1))
        world.quirks = quirks
        async with world.client() as drs:
            await Recovery(drs, RUNBOOK, key="k", mode="drill").advance()
            await world.clock.advance(timedelta(minutes=20))
            world.requests.clear()
            report = await Recovery(drs, RUNBOOK, key="k", mode="drill").status()
        launched = sum(server.outcome == "launched" for server in report.servers)
        assert launched == _ONE_ROUND, launched
        found = _finding(world)
        listings = sum("jobIDs" not in r.params.get("filters", {}) for r in found["DescribeJobs"])
        calls = sum(len(requests) for requests in found.values())
        print(f"| {title} | {calls} | {listings} |")
        # A listing comes in pages, and is allowed besides where last launches are empty.
        besides = len(found["DescribeJobs"]) if quirks.empty_last_launch else 0
        return Figure(f"{title}: calls", calls - besides, 2 * len(ids) / 200)


def _finding(place: Place | DRSEmulator) -> dict[str, list[Any]]:
    names = ("DescribeSourceServers", "DescribeJobs")
    return {name: [r for r in place.requests if r.operation == name] for name in names}


def _many(job: Any, count: int) -> list[Any]:  # noqa: ANN401 - a snapshot's
    """Old jobs after the likeness of one."""
    made: list[Any] = []
    for number in range(count):
        name = f"drsjob-{number:017x}"
        made.append(
            {
                **job,
                "id": name,
                "arn": job["arn"].replace(job["id"], name),
                "seq": -count + number,
                "doc": {**job["doc"], "jobID": name, "arn": job["arn"].replace(job["id"], name)},
            }
        )
    return made


# -- kills ---------------------------------------------------------------------------------------


async def kills() -> list[Figure]:
    """Kill a run of 3 waves and 24 servers at every boundary and at 200 random moments."""
    dice = random.Random(1)  # noqa: S311 - so that it can be repeated
    with Crashes(waves=3, servers=8) as world:
        (whole,) = world.run({})
        world.restart()
        deaths: list[dict[str, float]] = [{"kill_at": n} for n in range(whole["boundaries"])]
        deaths += [{"kill_after": dice.uniform(0.01, 0.5)} for _ in range(200)]
        total = [0, 0, 0]
        for death in deaths:
            if "kill_after" in death:
                lost = {"kind": dice.choice(["drop_after", "drop_before", "truncate"])}
                world.call("inject", operation="*", fault=lost, probability=0.1)
                late = {"kind": "delay", "seconds": 0.01}
                world.call("inject", operation="*", fault=late, probability=0.3)
            total = [a + b for a, b in zip(total, world.survive(**death), strict=True)]
    print("| SIGKILL | kills | launches doubled | servers lost | instances left |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print(f"| every boundary, 200 moments | {len(deaths)} | {' | '.join(map(str, total))} |")
    names = ("launches doubled", "servers lost", "instances left")
    return [Figure(f"kills: {name}", n, 0) for name, n in zip(names, total, strict=True)]


async def same_key() -> list[Figure]:
    """Begin ten processes with one key at once."""
    with Crashes(waves=1, servers=24, speed=60) as world:
        world.run(*[{"verb": "launch"}] * 10)
        doubled, lost, _ = world.counts()
    print("| 10 processes, one key | launches doubled | servers lost |")
    print("| --- | ---: | ---: |")
    print(f"| 24 servers | {doubled} | {lost} |")
    return [
        Figure("10 processes: launches doubled", doubled, 0),
        Figure("10 processes: servers lost", lost, 0),
    ]


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:.1f} min"


PARTS = {"optimum": optimum, "look": look, "kills": kills, "same-key": same_key}


def main() -> int:
    """Measure what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    names: list[str] = parser.parse_args().parts
    if unknown := sorted(set(names) - PARTS.keys()):
        parser.error(f"no such part: {', '.join(unknown)}")
    print(describe())
    figures: list[Figure] = []
    for name in names or PARTS:
        print()
        figures += asyncio.run(PARTS[name]())
    missed = [figure for figure in figures if not figure.holds]
    print()
    for figure in figures:
        verdict = "holds" if figure.holds else "MISSED"
        print(f"{verdict}: {figure.what} {figure.value:.3g}{figure.unit} (<= {figure.bar:g})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
