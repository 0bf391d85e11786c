"""Measures what a fleet costs, in the emulator's world on loopback, and fails on a missed bar.

python benchmarks/fleets.py [--small]

The emulator runs in a process of its own, so that time and memory are the client's.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import time
import tracemalloc
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from drs_sdk.errors import CredentialsError, TargetTimeoutError
from drs_sdk.fleet import Fleet, Target

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from drs_sdk import DRSClient

ROLE = "DisasterRecovery"
MIB = 1024 * 1024
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "benchmark"}


@dataclass(frozen=True, slots=True)
class World:
    """What the emulator has: so many accounts, Regions, and servers in each place."""

    accounts: int
    regions: int
    servers: int

    @property
    def account_ids(self) -> list[str]:
        """Twelve digits each."""
        return [f"{111100000000 + number}" for number in range(self.accounts)]

    @property
    def region_names(self) -> list[str]:
        """Names that no real Region has."""
        return [f"xx-bench-{number + 1}" for number in range(self.regions)]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, and the most it may be."""

    work: str
    bar: float
    measured: float

    @property
    def holds(self) -> bool:
        """Whether the bar holds."""
        return self.measured <= self.bar

    def __str__(self) -> str:
        """Write a row of the table."""
        verdict = "PASS" if self.holds else "FAIL"
        return f"| {self.work} | {self.bar:,.2f} | {self.measured:,.2f} | {verdict} |"


# --- the emulator's process -------------------------------------------------------------------


async def serve(world: World) -> None:
    """Run the emulator, and do what is asked on standard input, a line each."""
    from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault

    emulator = DRSEmulator(
        accounts=world.account_ids, regions=world.region_names, clock=EmulatorClock.real()
    )
    async with emulator:
        places = [
            emulator.at(account_id=account_id, region=region)
            for account_id in world.account_ids
            for region in world.region_names
        ]
        for place in places:
            place.add_source_servers(world.servers)
        print(emulator.url, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked, *given = line.split()
            if asked == "requests":
                operations = [request.operation for place in places for request in place.requests]
                print(sum(operation == given[0] for operation in operations), flush=True)
            elif asked == "deny":
                emulator.deny_role(f"arn:aws:iam::{given[0]}:role/{ROLE}")
                print("denied", flush=True)
            elif asked == "hang":
                place = emulator.at(account_id=given[0], region=given[1])
                place.inject("DescribeSourceServers", Fault.delay(3600), times=99)
                print("hangs", flush=True)


class Emulator:
    """The emulator's process, from outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Wait until it serves."""
        self._process = process
        self.url = self._line()

    def ask(self, *words: str) -> str:
        """Ask for something."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, "the emulator's process ended; see its error above"
        return line


@contextmanager
def emulator_of(world: World) -> Generator[Emulator]:
    """Run an emulator."""
    numbers = [str(number) for number in (world.accounts, world.regions, world.servers)]
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Emulator(process)
    finally:
        process.terminate()
        process.communicate()


# --- what is measured, each in a process of its own -------------------------------------------


def fleet_over(world: World, url: str, *, concurrency: int = 16) -> Fleet:
    """Make a fleet of all places, whose clients all stay open."""
    return Fleet.across(
        accounts=world.account_ids,
        regions=world.region_names,
        role_name=ROLE,
        concurrency=concurrency,
        max_open_clients=world.accounts * world.regions,
        endpoint_url=url,
        sts_endpoint_url=url,
        **KEYS,
    )


async def count(fleet: Fleet) -> int:
    """Walk over all servers."""
    walk = fleet.walk(lambda drs: drs.describe_source_servers())
    found = 0
    async for _ in walk:
        found += 1
    walk.raise_if_failed()
    assert len(walk.finished) == len(fleet.targets)
    return found


async def count_in_turn(clients: Sequence[DRSClient]) -> int:
    """Do the same by hand, one client at a time."""
    found = 0
    for drs in clients:
        async for _ in drs.describe_source_servers():
            found += 1
    return found


async def costs(world: World, url: str) -> dict[str, float]:
    """Measure the first walk, the second one, and what open clients hold."""
    total = world.accounts * world.regions * world.servers
    async with fleet_over(world, url) as fleet:
        one = fleet.subset(where=lambda target: target == fleet.targets[0])
        assert await count(one) == world.servers
        memory, cpu = resident(), time.process_time()
        assert await count(fleet) == total
        cpu = time.process_time() - cpu
        held = resident() - memory
        clients = [await fleet.client(target) for target in fleet.targets]
        together: list[float] = []
        in_turn: list[float] = []
        walls: list[float] = []
        for _ in range(5):
            began, wall = time.process_time(), time.perf_counter()
            assert await count(fleet) == total
            walls.append(time.perf_counter() - wall)
            together.append(time.process_time() - began)
            began = time.process_time()
            assert await count_in_turn(clients) == total
            in_turn.append(time.process_time() - began)
        others = len(fleet.targets) - 1
    return {
        "cpu_ms": cpu / others * 1000,
        "memory_mib": held / others / MIB,
        "ratio": min(together) / min(in_turn),
        "wall_s": min(walls),
    }


async def peak(world: World, url: str, targets: int) -> dict[str, float]:
    """Measure the most that a walk over some targets holds above what it began with, in MiB."""
    async with fleet_over(world, url, concurrency=4) as whole:
        chosen = set(whole.targets[:targets])
        fleet = whole.subset(where=lambda target: target in chosen)
        drs = await fleet.client(fleet.targets[0])
        for _ in range(2):  # the clients are open, the models built, what is shared is known
            await count(fleet)
        tracemalloc.start()
        peaks: list[int] = []
        for _ in range(3):
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            assert await count(fleet) == targets * world.servers
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        page = await drs.describe_source_servers()
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
        assert len(page.items) == min(world.servers, 200)
        tracemalloc.stop()
    return {"peak_mib": min(peaks) / MIB, "page_mib": held / MIB}


async def bad_day(world: World, url: str) -> dict[str, float]:
    """Walk with one account denied, three Regions never initialised and one target hanging."""
    good = fleet_over(world, url).targets
    nowhere = [Target(f"xx-never-{number}", role_arn=good[-1].role_arn) for number in range(1, 4)]
    deadline = 30.0
    fleet = Fleet([*nowhere, *good], endpoint_url=url, sts_endpoint_url=url, **KEYS)
    async with fleet:
        walk = fleet.walk(
            lambda drs: drs.describe_source_servers(), timeout=deadline, timeout_per_target=5
        )
        began, found = time.perf_counter(), 0
        async for _ in walk:
            found += 1
        wall = time.perf_counter() - began
    denied = [error for error in walk.failures.values() if isinstance(error, CredentialsError)]
    late = [error for error in walk.failures.values() if isinstance(error, TargetTimeoutError)]
    assert walk.absent == set(nowhere)
    assert (len(denied), len(late)) == (world.regions, 1), dict(walk.failures)
    expected = (len(good) - world.regions - 1) * world.servers
    return {"missed": expected - found, "wall_s": wall, "deadline_s": deadline}


def resident() -> int:
    """Read how much memory this process holds, in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measured(part: str, world: World, url: str, *more: int) -> dict[str, float]:
    """Measure one part in a fresh process."""
    numbers = [str(number) for number in (world.accounts, world.regions, world.servers, *more)]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, __file__, "--measure", part, url, *numbers],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return cast("dict[str, float]", json.loads(done.stdout))


async def measure(part: str, url: str, numbers: list[int]) -> dict[str, float]:
    """Measure one part here."""
    logging.getLogger("aiobotocore").setLevel(logging.CRITICAL)  # of roles that are denied
    world = World(*numbers[:3])
    if part == "peak":
        return await peak(world, url, numbers[3])
    return await (costs if part == "costs" else bad_day)(world, url)


# --- the table --------------------------------------------------------------------------------


def figures(*, small: bool) -> list[Figure]:
    """Measure everything."""
    wide = World(5, 4, 10) if small else World(50, 10, 10)
    deep = World(10, 2, 400) if small else World(10, 5, 400)
    with emulator_of(wide) as emulator:
        cost = measured("costs", wide, emulator.url)
        assumed = int(emulator.ask("requests", "AssumeRole"))
        for _ in range(2):  # what else the machine does can only add: the best of three counts
            again = measured("costs", wide, emulator.url)
            cost = {name: min(figure, again[name]) for name, figure in cost.items()}
    with emulator_of(wide) as emulator:
        emulator.ask("deny", wide.account_ids[1])
        emulator.ask("hang", wide.account_ids[0], wide.region_names[0])
        day = measured("bad_day", wide, emulator.url)
    targets = deep.accounts * deep.regions
    with emulator_of(deep) as emulator:
        few = measured("peak", deep, emulator.url, targets // 5)
        many = measured("peak", deep, emulator.url, targets)
    name = f"{wide.accounts} accounts x {wide.regions} Regions, {wide.servers} servers each"
    walked = targets * deep.servers
    return [
        Figure(f"{name}, first walk: AssumeRole calls", wide.accounts, assumed),
        Figure("same, client's CPU per target beyond the first, ms", 12, cost["cpu_ms"]),
        Figure("same, walk on open clients: CPU against one client at a time", 1.15, cost["ratio"]),
        Figure("memory per open client beyond the first, MiB", 1, cost["memory_mib"]),
        Figure(
            f"{walked:,} servers walked: peak memory beyond that of {walked // 5:,}, in pages",
            1,
            (many["peak_mib"] - few["peak_mib"]) / few["page_mib"],
        ),
        Figure(
            "an account denied, 3 Regions absent, a target hanging: servers missed",
            0,
            day["missed"],
        ),
        Figure("same, seconds until it ended; its deadline", day["deadline_s"], day["wall_s"]),
    ]


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--small", action="store_true", help="a small world: a first impression")
    parser.add_argument("--serve", nargs=3, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(World(*options.serve)))
        return 0
    if options.measure:
        part, url, *numbers = options.measure
        print(json.dumps(asyncio.run(measure(part, url, [int(number) for number in numbers]))))
        return 0
    rows = figures(small=options.small)
    print("| work | at most | measured | |", "|---|---:|---:|---|", *rows, sep="\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
