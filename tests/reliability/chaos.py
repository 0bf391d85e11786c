"""Chaos on loopback: hundreds of tasks, random faults, and a ledger of what every call did.

Each task works with one client on one emulator: it reads, tags, plans, launches its own servers,
waits for the jobs, terminates what it launched. Faults strike at random. Whatever an unsafe call
ends in is written down, a lost answer is looked up with `find_outcome`, and at the end of a round
the ledger is held against what the service has carried out.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field, fields
from statistics import median
from typing import TYPE_CHECKING, TypeVar

from drs_sdk import models
from drs_sdk.errors import AmbiguousOutcomeError, DRSError
from drs_sdk.events import (
    RequestEvent,
    RequestFailed,
    RequestRetried,
    RequestStarted,
    RequestSucceeded,
)
from drs_sdk.testing import DRSEmulator, Fault, Quotas

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drs_sdk import DRSClient
    from drs_sdk._core.base import Request, Response, Shape
    from drs_sdk.testing import RecordedRequest

ResultT = TypeVar("ResultT")

READ_TIMEOUT = 2.0
FAULTS = {
    Fault.throttle(): 0.04,
    Fault.throttle(retry_after=7): 0.01,
    Fault.server_error(): 0.03,
    Fault.server_error(503): 0.02,
    Fault.server_error(after=True): 0.03,
    Fault.drop_before(): 0.03,
    Fault.drop_after(): 0.03,
    Fault.truncate(): 0.03,
    Fault.not_json(): 0.01,
    Fault.delay(READ_TIMEOUT * 1.5): 0.001,
}
CANCELLED = 0.02  # the share of unsafe calls whose task is cancelled
IMPATIENT = 0.2  # the share that has one attempt only, so that a throttle ends it
FOUND = "answer lost, had happened and was found"
NOT_FOUND = "answer lost, had not happened"
PATIENCE = 30.0  # seconds that a lost request is given before it is looked for
PLENTY = 1_000_000
QUOTAS = Quotas(
    concurrent_jobs=PLENTY,
    servers_in_all_jobs=PLENTY,
    source_networks=PLENTY,
    launch_configuration_templates=PLENTY,
    replication_configuration_templates=PLENTY,
    recovery_plans=PLENTY,
)


@dataclass
class Residue:
    """What is left of a round once all of its work is done and its connections are closed."""

    objects: int
    bytes: int
    tasks: int
    sockets: int


@dataclass
class Figures:
    """What a soak came to."""

    tasks: int = 0
    rounds: int = 0
    calls: int = 0
    attempts: int = 0
    faults: int = 0
    retries: int = 0
    ended: int = 0
    unsafe: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    residues: list[Residue] = field(default_factory=list)
    open_after_close: int = 0

    @property
    def growth(self) -> Residue:
        """How much more is left after later rounds than after earlier ones; the first warms up.

        Medians, as caches fill and empty.
        """
        full = self.residues[1:]
        earlier, later = full[: (len(full) + 1) // 2], full[len(full) // 2 :]
        names = [each.name for each in fields(Residue)]

        def middle(residues: list[Residue], name: str) -> int:
            return round(median(getattr(residue, name) for residue in residues))

        return Residue(*(middle(later, name) - middle(earlier, name) for name in names))

    def markdown(self) -> str:
        """Render them as a table."""
        growth = self.growth
        rows = {
            "tasks at a time": self.tasks,
            "rounds": self.rounds,
            "calls": self.calls,
            "calls that ended in an answer or an error": self.ended,
            "requests that arrived": self.attempts,
            "faults that struck": self.faults,
            "retries": self.retries,
            "unsafe calls": self.unsafe,
            **{f"unsafe calls: {name}": count for name, count in sorted(self.outcomes.items())},
            "**carried out twice**": len(self.doubled),
            "**carried out and never found**": len(self.lost),
            "objects left, later rounds against earlier ones": growth.objects,
            "KiB left": round(growth.bytes / 1024),
            "tasks left": growth.tasks,
            "sockets left": growth.sockets,
            "sockets left after closing": self.open_after_close,
        }
        lines = [f"| {name} | {number:,} |" for name, number in rows.items()]
        return "\n".join(["| | |", "| --- | ---: |", *lines])


class Soak:
    """One emulator, one client, and rounds of work on them."""

    def __init__(self, *, tasks: int, steps: int, seed: int) -> None:
        self.figures = Figures(tasks=tasks)
        self._steps = steps
        self._seed = seed
        self._emulator = DRSEmulator(seed=seed, quotas=QUOTAS)
        self._ids = self._emulator.add_source_servers(tasks)
        self._arns: dict[str, str] = {}
        self._ledger: dict[str, int | None] = {}
        self._plans: list[str] = []
        self._dice = random.Random(seed)
        self.drs: DRSClient
        self.once: DRSClient

    async def run(self, goes_on: Callable[[int], bool]) -> Figures:
        """Run rounds for as long as `goes_on`, given their number so far, says so."""
        async with self._emulator:
            before = open_sockets()
            client = self._emulator.client(on_request=self._count)
            async with client:
                self.drs = client.with_options(read_timeout=READ_TIMEOUT)
                self.once = self.drs.with_options(max_attempts=1)
                for server in await client.describe_source_servers().collect():
                    self._arns[server.source_server_id or ""] = server.arn or ""
                fresh = self._emulator.snapshot()
                try:
                    while goes_on(self.figures.rounds):
                        await self._round()
                        self._emulator.restore(fresh)
                        await self._leave()
                finally:
                    tracemalloc.stop()
            for _ in range(50):  # the server sees that the client has hung up
                await asyncio.sleep(0)
            self.figures.open_after_close = open_sockets() - before
        return self.figures

    async def _round(self) -> None:
        self.figures.rounds += 1
        emulator = self._emulator
        for fault, probability in FAULTS.items():
            emulator.inject("*", fault, probability=probability)
        async with asyncio.TaskGroup() as group:
            for number, server_id in enumerate(self._ids):
                dice = random.Random(f"{self._seed}/{self.figures.rounds}/{number}")
                group.create_task(Worker(self, server_id, dice).work(self._steps))
        emulator.clear_faults()
        for seen in emulator.requests:
            while seen.fault == "delay" and seen.status is None:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.01)
        self._balance()

    def _balance(self) -> None:
        """Hold the ledger against what the service has carried out."""
        figures, requests = self.figures, self._emulator.requests
        figures.attempts += len(requests)
        figures.faults += sum(seen.fault is not None for seen in requests)
        done = Counter(key for seen in requests if seen.handled and (key := key_of(seen)))
        for key, times in done.items():
            if times > 1:
                figures.doubled.append(key)
        for key, happened in self._ledger.items():
            if happened is not None and done[key] != happened:
                figures.lost.append(f"{key}: told {happened}, carried out {done[key]}")
        figures.lost += [key for key in done if key not in self._ledger]
        made = Counter(self._emulator_plans())
        figures.doubled += [name for name, count in made.items() if count > 1]
        figures.lost += [name for name in self._plans if name not in made]

    def _emulator_plans(self) -> list[str]:
        plans = self._emulator._account.collection("recovery_plans")
        return [str(plan.doc["name"]) for plan in plans]

    async def _leave(self) -> None:
        """Let go of the round, and look at what is left."""
        self._emulator.requests.clear()
        self._ledger.clear()
        self._plans.clear()
        runner = self._emulator._listener._runner
        assert runner is not None
        assert runner.server is not None
        for connection in runner.server.connections:  # their number differs from round to round
            connection.force_close()
        while runner.server.connections:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        gc.collect()
        tracemalloc.start()  # after the first round: what is made once is not counted
        self.figures.residues.append(
            Residue(
                objects=len(gc.get_objects()),
                bytes=tracemalloc.get_traced_memory()[0],
                tasks=len(asyncio.all_tasks()),
                sockets=open_sockets(),
            )
        )

    def _count(self, event: RequestEvent) -> None:
        match event:
            case RequestStarted():
                self.figures.calls += 1
            case RequestRetried():
                self.figures.retries += 1
            case RequestSucceeded() | RequestFailed():
                self.figures.ended += 1
            case _:
                raise AssertionError(event)

    async def sleep(self, seconds: float) -> None:
        """Pass time, once the service has done what it has been asked so far."""
        await self._emulator.clock.sleep(seconds)

    async def insist(self, ask: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Ask until there is an answer, as an operator would."""
        while True:
            try:
                return await ask()
            except DRSError:
                await self.sleep(5)

    async def send(self, key: str, request: Request[Response]) -> Response | Shape | None:
        """Send an unsafe request, and write down whether it happened.

        Returns:
            What it answered or made; None if it did not happen.
        """
        self.figures.unsafe += 1
        found: Response | Shape | None = None
        hasty = self._dice.random() < IMPATIENT
        try:
            found = await (self.once if hasty else self.drs).send(request)
        except AmbiguousOutcomeError as error:
            found = await self._look(error)
            outcome = FOUND if found else NOT_FOUND
        except DRSError:
            outcome = "refused or not sent"
        else:
            outcome = "answered"
        self.write(key, outcome, happened=int(found is not None))
        return found

    async def _look(self, error: AmbiguousOutcomeError) -> Shape | None:
        await self.sleep(PATIENCE)
        return await self.insist(lambda: error.find_outcome(self.drs))

    def write(self, key: str, outcome: str, *, happened: int | None) -> None:
        """Enter a call into the ledger; None where the caller does not know."""
        assert key not in self._ledger
        self._ledger[key] = happened
        self.figures.outcomes[outcome] += 1

    def planned(self, name: str) -> None:
        """Note a recovery plan that must exist."""
        self._plans.append(name)

    def arn(self, server_id: str) -> str:
        return self._arns[server_id]


class Worker:
    """One task, with a server of its own."""

    def __init__(self, soak: Soak, server_id: str, dice: random.Random) -> None:
        self._soak = soak
        self._drs = soak.drs
        self._server_id = server_id
        self._dice = dice
        self._keys = 0

    async def work(self, steps: int) -> None:
        actions = [self._read, self._read, self._write, self._plan, self._make, self._drill]
        for _ in range(steps):
            await self._dice.choice(actions)()

    def _key(self) -> str:
        self._keys += 1
        return f"{self._server_id}/{self._keys}"

    async def _read(self) -> None:
        drs, ids = self._drs, [self._server_id]
        ask = self._dice.choice(
            [
                lambda: drs.describe_source_servers(filters={"source_server_ids": ids}),
                lambda: drs.describe_recovery_instances(filters={"source_server_ids": ids}),
                lambda: drs.describe_jobs(max_results=5),
                lambda: drs.get_launch_configuration(self._server_id),
                lambda: drs.list_tags_for_resource(self._soak.arn(self._server_id)),
            ]
        )
        try:
            await ask()
        except AmbiguousOutcomeError:
            raise
        except DRSError:
            pass  # counted by its event

    async def _write(self) -> None:
        arn = self._soak.arn(self._server_id)
        value = self._key()
        await self._soak.insist(lambda: self._drs.tag_resource(resource_arn=arn, tags={"v": value}))
        tags = await self._soak.insist(lambda: self._drs.list_tags_for_resource(arn))
        assert tags.tags["v"] == value

    async def _plan(self) -> None:
        name = self._key().replace("/", " ")
        try:
            await self._drs.create_recovery_plan(name)
        except DRSError:
            return  # it may exist, but not twice
        self._soak.planned(name)

    async def _make(self) -> None:
        key = self._key()
        tags = {"call": key}
        request = self._dice.choice(
            [
                models.CreateSourceNetworkRequest(
                    vpc_id=f"vpc-{self._dice.getrandbits(64):017x}",
                    origin_account_id="111122223333",
                    origin_region="eu-west-1",
                    tags=tags,
                ),
                models.CreateLaunchConfigurationTemplateRequest(copy_tags=True, tags=tags),
            ]
        )
        await self._soak.send(key, request)

    async def _drill(self) -> None:
        if self._dice.random() < CANCELLED:
            await self._give_up()
            return
        key = self._key()
        servers = [models.StartRecoveryRequestSourceServer(source_server_id=self._server_id)]
        request = models.StartRecoveryRequest(
            source_servers=servers, is_drill=True, tags={"call": key}
        )
        made = await self._soak.send(key, request)
        if made is None:
            return
        job = made if isinstance(made, models.Job) else getattr(made, "job", None)
        assert isinstance(job, models.Job)
        assert job.tags == {"call": key}
        await self._drs.wait_until_job_completed(job, raise_on_failure=False)
        found = await self._soak.insist(
            lambda: self._drs.describe_recovery_instances(
                filters={"source_server_ids": [self._server_id]}
            ).collect()
        )
        for instance in found:
            await self._terminate(instance.recovery_instance_id or "")

    async def _terminate(self, instance_id: str) -> None:
        request = models.TerminateRecoveryInstancesRequest(recovery_instance_ids=[instance_id])
        if self._dice.random() < 0.5:  # in half of the cases it is left, and replaced next time
            made = await self._soak.send(instance_id, request)
            job = made if isinstance(made, models.Job) else getattr(made, "job", None)
            if isinstance(job, models.Job):
                await self._drs.wait_until_job_completed(job, raise_on_failure=False)

    async def _give_up(self) -> None:
        """Cancel a launch in mid-call: it may have happened, once."""
        key = self._key()
        self._soak.figures.unsafe += 1
        launch = asyncio.create_task(
            self._drs.start_recovery(
                [{"source_server_id": self._server_id}], is_drill=True, tags={"call": key}
            )
        )
        for _ in range(self._dice.randrange(60)):
            await asyncio.sleep(0)
        launch.cancel()
        await asyncio.wait([launch])
        if launch.cancelled() or launch.exception() is not None:
            self._soak.write(key, "cancelled by the caller", happened=None)
        else:
            self._soak.write(key, "answered", happened=1)
        await self._soak.sleep(3600)  # until a job that it may have begun is over


def key_of(seen: RecordedRequest) -> str | None:
    """Find the entry of the ledger that a request belongs to."""
    if seen.operation == "TerminateRecoveryInstances":
        ids = seen.params["recoveryInstanceIDs"]
        assert isinstance(ids, list)
        return str(ids[0])
    tags = seen.params.get("tags")
    return tags.get("call") if isinstance(tags, dict) else None


def open_sockets() -> int:
    """Count the open file descriptors: sockets, and a few that stay as they are."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - one of a file that is just being closed
