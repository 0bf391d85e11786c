"""What a run reads of a place: servers, jobs and instances, in as few calls as filters take."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from drs_sdk._core.base import Response
    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.models import Job, RecoveryInstance, SourceServer

IdT = TypeVar("IdT")

MAX_SERVER_IDS = 200
MAX_JOB_IDS = 1000


@dataclass(frozen=True, slots=True)
class ServersRead:
    """Servers, and the service's time of the first answer; None where none came."""

    servers: dict[str, SourceServer]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class JobsRead:
    """Jobs, and the service's time of the last answer; None where none came."""

    jobs: dict[str, Job]
    at: datetime | None


class Reads(Protocol):
    """The reads of one client."""

    async def gathered(self) -> None:
        """Wait for others that are about to read, where there may be some."""
        ...

    async def servers(self, server_ids: frozenset[str] | None) -> ServersRead:
        """Describe servers; all of the place for None."""
        ...

    async def jobs_by_id(self, job_ids: frozenset[str]) -> JobsRead:
        """Ask for jobs; those that are gone are missing."""
        ...

    async def jobs_since(self, since: datetime) -> dict[str, Job]:
        """List the jobs that were made since a moment; earlier ones may be among them."""
        ...

    async def instances_of(self, server_ids: frozenset[str]) -> dict[str, list[RecoveryInstance]]:
        """Find the recovery instances of servers."""
        ...


class PlainReads:
    """Reads that are each its own."""

    def __init__(self, drs: DRSClient) -> None:
        """Read through a client."""
        self._drs = drs

    async def gathered(self) -> None:
        """Wait for nobody."""

    async def servers(self, server_ids: frozenset[str] | None) -> ServersRead:
        """Describe servers, 200 ids a call; all of the place for None."""
        found: dict[str, SourceServer] = {}
        at: datetime | None = None
        batches = [None] if server_ids is None else list(chunks(sorted(server_ids), MAX_SERVER_IDS))
        for batch in batches:
            pager = (
                self._drs.describe_source_servers()
                if batch is None
                else self._drs.describe_source_servers(filters={"source_server_ids": batch})
            )
            async for page in pager.pages():
                if at is None:
                    at = service_time(page, self._drs.clock)
                for server in page.items:
                    if server.source_server_id is not None:
                        found[server.source_server_id] = server
        return ServersRead(found, at)

    async def jobs_by_id(self, job_ids: frozenset[str]) -> JobsRead:
        """Ask for jobs, 1,000 ids a call; those that are gone are missing."""
        found: dict[str, Job] = {}
        at: datetime | None = None
        for ids in chunks(sorted(job_ids), MAX_JOB_IDS):
            async for page in self._drs.describe_jobs(filters={"job_ids": ids}).pages():
                at = service_time(page, self._drs.clock)
                found.update({job.job_id: job for job in page.items if job.job_id is not None})
        return JobsRead(found, at)

    async def jobs_since(self, since: datetime) -> dict[str, Job]:
        """List the jobs that were made since a moment."""
        return {
            job.job_id: job
            async for job in self._drs.describe_jobs(filters={"from_date": since})
            if job.job_id is not None
        }

    async def instances_of(self, server_ids: frozenset[str]) -> dict[str, list[RecoveryInstance]]:
        """Find the recovery instances of servers, 200 ids a call."""
        found: dict[str, list[RecoveryInstance]] = {name: [] for name in server_ids}
        for ids in chunks(sorted(server_ids), MAX_SERVER_IDS):
            pager = self._drs.describe_recovery_instances(filters={"source_server_ids": ids})
            async for instance in pager:
                if instance.source_server_id is not None:
                    found.setdefault(instance.source_server_id, []).append(instance)
        return found


class Joins(Protocol):
    """Joins the reads of many that share clients."""

    def of(self, drs: DRSClient) -> Reads:
        """Give the joined reads of a client."""
        ...


JOINS: ContextVar[Joins | None] = ContextVar("drs_sdk joined reads", default=None)
"""Who joins the reads of the work that is done here: an engine's worker, for all of its work."""


def reads_of(drs: DRSClient) -> Reads:
    """Give the reads of a client: joined with those of others, where somebody does so."""
    joins = JOINS.get()
    return PlainReads(drs) if joins is None else joins.of(drs)


async def instances_of(
    drs: DRSClient, server_ids: Collection[str]
) -> dict[str, list[RecoveryInstance]]:
    """Find the recovery instances of servers, 200 ids a call."""
    if not server_ids:
        return {}
    return await reads_of(drs).instances_of(frozenset(server_ids))


async def jobs_by_id(drs: DRSClient, job_ids: Collection[str]) -> JobsRead:
    """Ask for jobs, 1,000 ids a call; those that are gone are missing."""
    if not job_ids:
        return JobsRead({}, None)
    return await reads_of(drs).jobs_by_id(frozenset(job_ids))


async def jobs_since(drs: DRSClient, since: datetime) -> dict[str, Job]:
    """List the jobs that were made since a moment; earlier ones may be among them."""
    return await reads_of(drs).jobs_since(since)


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
