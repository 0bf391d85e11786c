"""A look at one place: its servers, the jobs that they name, and which of them are the run's.

DescribeSourceServers (200 ids a call) names the last launch of each server, DescribeJobs (1,000 ids
a call) tells whose it is. Only where a last launch is somebody else's, or was left empty by the
service, one listing of the place's jobs finds what is the run's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from drs_sdk.recovery.record import mode_of, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from drs_sdk._core.base import Response
    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.models import (
        Job,
        LifeCycleLastLaunchInitiated,
        ParticipatingServer,
        RecoveryInstance,
        SourceServer,
    )
    from drs_sdk.recovery.record import Mode, Record, Step

IdT = TypeVar("IdT")

Standing: TypeAlias = Literal["not launched", "launching", "launched", "failed"]

MAX_SERVER_IDS = 200
_MAX_JOB_IDS = 1000

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
    reading = _Reading(drs, question, clock)
    return await reading.read()


async def instances_of(
    drs: DRSClient, server_ids: Collection[str]
) -> dict[str, list[RecoveryInstance]]:
    """Find the recovery instances of servers, 200 ids a call."""
    found: dict[str, list[RecoveryInstance]] = {name: [] for name in server_ids}
    for ids in chunks(sorted(server_ids), MAX_SERVER_IDS):
        async for instance in drs.describe_recovery_instances(filters={"source_server_ids": ids}):
            if instance.source_server_id is not None:
                found.setdefault(instance.source_server_id, []).append(instance)
    return found


async def jobs_by_id(drs: DRSClient, job_ids: Collection[str]) -> dict[str, Job]:
    """Ask for jobs, 1,000 ids a call; those that are gone are missing."""
    found: dict[str, Job] = {}
    for ids in chunks(sorted(job_ids), _MAX_JOB_IDS):
        async for job in drs.describe_jobs(filters={"job_ids": ids}):
            if job.job_id is not None:
                found[job.job_id] = job
    return found


async def jobs_since(drs: DRSClient, since: datetime) -> dict[str, Job]:
    """List the jobs that were made since a moment."""
    return {
        job.job_id: job
        async for job in drs.describe_jobs(filters={"from_date": since})
        if job.job_id is not None
    }


async def refresh(
    drs: DRSClient, job_ids: Collection[str], jobs: dict[str, Job], *, clock: Clock
) -> datetime | None:
    """Ask for jobs anew and put them in place; the service's time, where one was asked for."""
    at: datetime | None = None
    for ids in chunks(sorted(job_ids), _MAX_JOB_IDS):
        async for page in drs.describe_jobs(filters={"job_ids": ids}).pages():
            at = service_time(page, clock)
            jobs.update({job.job_id: job for job in page.items if job.job_id is not None})
    return at


def chunks(ids: Sequence[IdT], size: int) -> Iterator[Sequence[IdT]]:
    """Cut a list to what a filter takes."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def service_time(response: Response, clock: Clock) -> datetime:
    """Read the service's time from an answer; the clock's where the service does not say."""
    date = response.response_metadata.headers.get("date")
    if date is not None:
        try:
            told = parsedate_to_datetime(date)
        except ValueError:
            return clock.now()
        return told if told.tzinfo is not None else told.replace(tzinfo=UTC)
    return clock.now()


class _Reading:
    def __init__(self, drs: DRSClient, question: Question, clock: Clock) -> None:
        self._drs = drs
        self._question = question
        self._clock = clock
        self._at: datetime | None = None
        self._listed_since: datetime | None = None

    async def read(self) -> PlaceLook:
        question = self._question
        stamp = Stamp.now(self._clock)
        servers = await self._servers()
        look = PlaceLook(self._at or self._clock.now(), stamp, servers)
        named = {name: job for name in servers if (job := last_job_id(servers[name])) is not None}
        if question.lists_jobs:  # most often it has the jobs that are named, too
            await self._list(look, look.at - _RUNNING_JOBS)
        wanted = {*named.values(), *question.known_jobs}.difference(look.jobs)
        look.jobs.update(await jobs_by_id(self._drs, wanted))
        started = self._started(look)
        concerned = [
            name
            for name, server in servers.items()
            if question.concerns is None or question.concerns(server)
        ]
        untold = [name for name in concerned if self._is_untold(look, servers[name], started)]
        since = self._since(look, started, untold=bool(untold))
        if since is not None and (self._listed_since is None or since < self._listed_since):
            await self._list(look, since)
            started = self._started(look)
        look.lists_jobs = question.lists_jobs
        for name in concerned:
            job_id = named.get(name)
            if job_id is not None and job_id not in look.jobs:
                self._miss(look, name, job_id, started)
        return look

    async def _servers(self) -> dict[str, SourceServer]:
        found: dict[str, SourceServer] = {}
        ids = self._question.server_ids
        batches = [None] if ids is None else list(chunks(sorted(ids), MAX_SERVER_IDS))
        for batch in batches:
            pager = (
                self._drs.describe_source_servers()
                if batch is None
                else self._drs.describe_source_servers(filters={"source_server_ids": batch})
            )
            async for page in pager.pages():
                if self._at is None:
                    self._at = service_time(page, self._clock)
                for server in page.items:
                    if server.source_server_id is not None:
                        found[server.source_server_id] = server
        return found

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

    async def _list(self, look: PlaceLook, since: datetime) -> None:
        look.jobs.update(await jobs_since(self._drs, since))
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
