"""A look at one place: its servers, the jobs that they name, and which of them are the run's.

DescribeSourceServers (200 ids a call) names the last launch of each server, DescribeJobs (1,000 ids
a call) tells whose it is. Only where a last launch is somebody else's, or was left empty by the
service, one listing of the place's jobs finds what is the run's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from drs_sdk.recovery.reads import reads_of
from drs_sdk.recovery.record import mode_of, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.models import (
        Job,
        LifeCycleLastLaunchInitiated,
        ParticipatingServer,
        RecoveryInstance,
        SourceServer,
    )
    from drs_sdk.recovery.reads import JobsRead, Reads
    from drs_sdk.recovery.record import Mode, Record, Step

Standing: TypeAlias = Literal["not launched", "launching", "launched", "failed"]

SETTLING = timedelta(minutes=2)
"""How long a completed job may leave a server pending before that counts as its end."""

ARRIVAL = timedelta(minutes=6)
"""The latest that a launch arrives after the look it stands on: 60 s until it is signed, and five
minutes for which the signature holds."""

FRESH = timedelta(seconds=60)
"""How old a look may be when a launch that stands on it is signed."""

_RUNNING_JOBS = timedelta(days=1)
"""How far back jobs are listed that may still run."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a look was begun, by the wall clock and by the one that nobody sets."""

    wall: datetime
    monotonic: float

    @classmethod
    def now(cls, clock: Clock) -> Stamp:
        """Take the time."""
        return cls(clock.now(), time.monotonic())

    def is_fresh(self, clock: Clock) -> bool:
        """Whether a launch may still stand on it. A process may have been frozen since."""
        limit = FRESH.total_seconds()
        wall = (clock.now() - self.wall).total_seconds()
        return 0 <= wall <= limit and time.monotonic() - self.monotonic <= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes a job the run's.

    Attributes:
        run: The run's name.
        step: There, or home again.
        plan: The digest of its plan.
        mode: Drill or recovery.
    """

    run: str
    step: Step
    plan: str
    mode: Mode

    def owns(self, job: Job, record: Record) -> bool:
        """Whether a job with a record is one of it."""
        return (record.run, record.step, record.plan) == (
            self.run,
            self.step,
            self.plan,
        ) and mode_of(job) in {self.mode, None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to look for in a place.

    Attributes:
        identity: What makes a job the run's.
        server_ids: Servers to look at; None for all of the place.
        concerns: Whether a server matters to the run, so that its last launch must be told; None
            where all do.
        horizon: How far back a run can have begun.
        started: When the run began, where it is known.
        not_launched: Servers that a person says this run has not launched.
        known_jobs: Jobs to ask for in any case.
        lists_jobs: Whether to list the jobs that may run, whoever started them.
    """

    identity: Identity
    server_ids: frozenset[str] | None
    concerns: Callable[[SourceServer], bool] | None = None
    horizon: timedelta
    started: datetime | None = None
    not_launched: frozenset[str] = frozenset()
    known_jobs: frozenset[str] = frozenset()
    lists_jobs: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A server's part in a job of the run."""

    job: Job
    record: Record
    server: ParticipatingServer

    @property
    def order(self) -> tuple[int, str, str]:
        """What makes one later than another."""
        return (self.record.attempt, _iso(self.job.creation_date_time), self.job.job_id or "")

    def standing(self, at: datetime) -> Standing:
        """Judge how it went, at a time of the service."""
        if not self.job.is_completed:
            return "launching"
        if self.server.is_pending:
            ended = self.job.end_date_time
            return "launching" if ended is None or at - ended < SETTLING else "failed"
        return "launched" if self.server.launch_status == "LAUNCHED" else "failed"


@dataclass(slots=True)
class PlaceLook:
    """What was seen in a place.

    Attributes:
        at: The service's time, of the first answer.
        stamp: When it was begun, here.
        servers: The servers, by id.
        jobs: Every job that was seen, by id.
        lost: Jobs that servers name and the service no longer knows, by server.
        instances: The recovery instances of servers, where they were asked for.
        lists_jobs: Whether the jobs that run have been listed.
    """

    at: datetime
    stamp: Stamp
    servers: dict[str, SourceServer]
    jobs: dict[str, Job] = field(default_factory=dict[str, "Job"])
    lost: dict[str, str] = field(default_factory=dict[str, str])
    instances: dict[str, list[RecoveryInstance]] | None = None
    lists_jobs: bool = False

    def take_in(self, read: JobsRead) -> None:
        """Take in jobs that were asked for anew.

        What was seen of their servers' instances before they ended tells nothing of what they made.
        """
        for job in read.jobs.values():
            before = self.jobs.get(job.job_id or "")
            if job.is_completed and not (before is not None and before.is_completed):
                for server in job.participating_servers:
                    (self.instances or {}).pop(server.source_server_id or "", None)
        self.jobs.update(read.jobs)
        self.at = read.at or self.at

    def run_jobs(self, run: str) -> Iterator[tuple[Job, Record]]:
        """Find the jobs of a run, of both steps."""
        for job in self.jobs.values():
            record = record_of(job)
            if record is not None and record.run == run:
                yield job, record

    def parts(self, identity: Identity) -> dict[str, Part]:
        """Find the last part that each server has had in a run.

        A job of the same name but of another plan or mode is another run's.
        """
        found: dict[str, Part] = {}
        for job, record in self.run_jobs(identity.run):
            if not identity.owns(job, record):
                continue
            for server in job.participating_servers:
                name = server.source_server_id
                if name is None:
                    continue
                part = Part(job, record, server)
                if name not in found or found[name].order < part.order:
                    found[name] = part
        return found

    def holder(self, source_server_id: str) -> Job | None:
        """Find the running job that holds a server."""
        for job in self.jobs.values():
            if not job.is_completed and any(
                server.source_server_id == source_server_id for server in job.participating_servers
            ):
                return job
        return None


def last_job_id(server: SourceServer) -> str | None:
    """Name the job of a server's last launch."""
    initiated = _initiated(server)
    return initiated.job_id if initiated else None


async def look_at(drs: DRSClient, question: Question, *, clock: Clock) -> PlaceLook:
    """Look at a place.

    Raises:
        DRSError: The place cannot be read.
    """
    reads = reads_of(drs)
    await reads.gathered()
    return await _Reading(reads, question, clock).read()


class _Reading:
    def __init__(self, reads: Reads, question: Question, clock: Clock) -> None:
        self._reads = reads
        self._question = question
        self._clock = clock
        self._listed_since: datetime | None = None

    async def read(self) -> PlaceLook:
        question = self._question
        stamp = Stamp.now(self._clock)
        read = await self._reads.servers(question.server_ids)
        servers = read.servers
        look = PlaceLook(read.at or self._clock.now(), stamp, servers)
        named = {name: job for name in servers if (job := last_job_id(servers[name])) is not None}
        concerned = [
            name
            for name, server in servers.items()
            if question.concerns is None or question.concerns(server)
        ]
        if question.lists_jobs:  # most often it has the jobs that are named, too
            await self._list(look, self._since_at_first(look, concerned))
        wanted = {*named.values(), *question.known_jobs}.difference(look.jobs)
        if wanted:
            look.jobs.update((await self._reads.jobs_by_id(frozenset(wanted))).jobs)
        started = self._started(look)
        untold = any(self._is_untold(look, servers[name], started) for name in concerned)
        if started is not None and not untold:  # one that has left the run may have been part of it
            others = named.keys() - set(concerned)
            untold = any(self._is_untold(look, servers[name], started) for name in others)
        since = self._since(look, started, untold=untold)
        if since is not None and (self._listed_since is None or since < self._listed_since):
            await self._list(look, since)
            started = self._started(look)
        look.lists_jobs = question.lists_jobs
        for name in concerned:
            job_id = named.get(name)
            if job_id is not None and job_id not in look.jobs:
                self._miss(look, name, job_id, started)
        return look

    def _started(self, look: PlaceLook) -> datetime | None:
        """Tell when the run began: what was known, or the earliest that its jobs say."""
        told = [record.started for _, record in look.run_jobs(self._question.identity.run)]
        known = [*told, *([self._question.started] if self._question.started else [])]
        return min(known, default=None)

    def _is_untold(self, look: PlaceLook, server: SourceServer, started: datetime | None) -> bool:
        """Whether the last launch leaves open what this run has done with the server."""
        initiated = _initiated(server)
        if initiated is None or initiated.job_id is None:
            return True
        job = look.jobs.get(initiated.job_id)
        if job is not None:
            record = record_of(job)
            if record is not None and self._question.identity.owns(job, record):
                return False
        launched_at = initiated.api_call_date_time or (job.creation_date_time if job else None)
        return launched_at is None or launched_at >= self._earliest(look, started)

    def _earliest(self, look: PlaceLook, started: datetime | None) -> datetime:
        """Tell since when the run can have launched something.

        Two that begin at once may each take their own look for the beginning.
        """
        return started - ARRIVAL if started else look.at - self._question.horizon

    def _since(self, look: PlaceLook, started: datetime | None, *, untold: bool) -> datetime | None:
        """Say since when jobs must be listed; None where none have to be."""
        wanted = [self._earliest(look, started)] if untold else []
        if self._question.lists_jobs and started is not None:
            wanted.append(started - ARRIVAL)  # an earlier attempt's job, named by no server
        return min(wanted, default=None)

    def _since_at_first(self, look: PlaceLook, concerned: Iterable[str]) -> datetime:
        """Say since when jobs are listed at first.

        Where no server names a launch, as far back as it would have to be in the end.
        """
        running = look.at - _RUNNING_JOBS
        if any(last_job_id(look.servers[name]) is not None for name in concerned):
            return running
        return min(running, self._earliest(look, self._question.started))

    async def _list(self, look: PlaceLook, since: datetime) -> None:
        look.jobs.update(await self._reads.jobs_since(since))
        self._listed_since = since

    def _miss(self, look: PlaceLook, name: str, job_id: str, started: datetime | None) -> None:
        if name in self._question.not_launched:
            return
        initiated = _initiated(look.servers[name])
        launched_at = initiated.api_call_date_time if initiated else None
        if launched_at is None or launched_at >= self._earliest(look, started):
            parts = look.parts(self._question.identity)
            if name not in parts:
                look.lost[name] = job_id


def _initiated(server: SourceServer) -> LifeCycleLastLaunchInitiated | None:
    life = server.life_cycle
    last = life.last_launch if life else None
    return last.initiated if last else None


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()
