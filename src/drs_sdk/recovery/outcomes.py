"""What became of a run, its waves, jobs and servers, as plain data."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from drs_sdk.recovery.record import Mode
from drs_sdk.recovery.status import Plain, RunState, ServerState, WaveState

if TYPE_CHECKING:
    from collections.abc import Iterable


class ServerOutcome(Plain):
    """What became of a server of a run. What is not known is None, never zero.

    Attributes:
        source_server_id: The source server.
        name: What people call it.
        wave: Its wave.
        region_name: The Region.
        account_id: The account, where it is known.
        outcome: Where it stands.
        reason: Why it has not come up, in words, and what to do.
        attempt: The last attempt; 0 where none was made.
        job_id: The job of that attempt.
        recovery_instance_id: The recovery instance.
        ec2_instance_id: The EC2 instance.
        asked_at: When the launch was asked for: the job's creation.
        ended_at: When the job ended.
        point_in_time: What it was launched from.
        data_lost: From the point in time until the launch was asked for: the RPO achieved.
        time_taken: From the beginning of the run until the job's end: the RTO achieved.
        meets_recovery_point_objective: Whether the data lost is within the wave's objective; None
            where there is none, or it is not known.
        meets_recovery_time_objective: Whether the time taken is.
        is_selected: Whether the runbook selects it now.
        launched_again_by: A later job, not of this run, that launched it again.
    """

    source_server_id: str
    name: str | None
    wave: str
    region_name: str | None
    account_id: str | None
    outcome: ServerState
    reason: str | None = None
    attempt: int = 0
    job_id: str | None = None
    recovery_instance_id: str | None = None
    ec2_instance_id: str | None = None
    asked_at: datetime | None = None
    ended_at: datetime | None = None
    point_in_time: datetime | None = None
    data_lost: timedelta | None = None
    time_taken: timedelta | None = None
    meets_recovery_point_objective: bool | None = None
    meets_recovery_time_objective: bool | None = None
    is_selected: bool = True
    launched_again_by: str | None = None


class WaveOutcome(Plain):
    """What became of a wave.

    Attributes:
        name: The wave.
        state: Where it stands.
        reason: What it waits for, or why it has failed.
        recovery_point_objective: The most data that may be lost.
        recovery_time_objective: The longest time that it may take.
        asked_at: When its first job was made.
        ended_at: When its last job ended; None while one runs.
        jobs: Its jobs, in the order in which they were made.
    """

    name: str
    state: WaveState
    reason: str | None = None
    recovery_point_objective: timedelta | None = None
    recovery_time_objective: timedelta | None = None
    asked_at: datetime | None = None
    ended_at: datetime | None = None
    jobs: tuple[str, ...] = ()


class JobOutcome(Plain):
    """What became of a job of the run: one attempt for some servers of a wave.

    Attributes:
        job_id: The job.
        wave: The wave.
        attempt: Which attempt, from 1.
        region_name: The Region.
        account_id: The account, where it is known.
        asked_at: When the launch was asked for: the job's creation.
        ended_at: When it ended; None while it runs.
        servers: Its source servers.
        launched: Those that it launched.
        failed: Those that it did not launch, though it has ended.
    """

    job_id: str
    wave: str
    attempt: int
    region_name: str | None
    account_id: str | None
    asked_at: datetime | None = None
    ended_at: datetime | None = None
    servers: tuple[str, ...] = ()
    launched: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class HookOutcome(Plain):
    """What a hook of the caller's did, in this process.

    Attributes:
        wave: The wave; empty for ``update``, which is about the whole run.
        when: ``approve``, ``before``, ``after``; or ``update`` for an ``on_update`` that failed.
        returned: What it returned, as text; None for nothing.
        error: What it raised, as text, or that it had not come back; None where it did.
    """

    wave: str
    when: str
    returned: str | None = None
    error: str | None = None


class RunOutcome(Plain):
    """What became of a run: the data of its report.

    Attributes:
        run: The run's name, ``<runbook>/<key>``.
        runbook: The runbook's name.
        key: The key.
        mode: Drill or recovery.
        state: Where it stands.
        started: When it began, by the service's time; None where nothing was launched.
        at: When this was seen, by the service's time.
        waves: Its waves, in the runbook's order.
        servers: Its servers, wave by wave.
        jobs: Its jobs, of all attempts, in the order in which they were made.
        already_complete: Whether all was up before `launch` was called: it did nothing.
        kept: Servers that were launched and that the runbook no longer selects.
        newcomers: Servers that joined a wave after it had begun, as far as this process has seen
            or the date tells at which they were added to the service.
        dropped: Servers that left the runbook's selection before they were launched, as far as
            this process has seen.
        replaced: Instances that the run had not made and this launch replaced, by source server:
            leftovers of drills, or named in ``replace_instances_of``.
        hooks: What the caller's hooks did in this process.
        unreadable: Places that could not be read, with the reason.
        closed: Why it was closed, if it was.
    """

    run: str
    runbook: str
    key: str
    mode: Mode
    state: RunState
    started: datetime | None
    at: datetime | None
    waves: tuple[WaveOutcome, ...]
    servers: tuple[ServerOutcome, ...]
    jobs: tuple[JobOutcome, ...] = ()
    already_complete: bool = False
    kept: tuple[str, ...] = ()
    newcomers: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    replaced: dict[str, str] = Field(default_factory=dict[str, str])
    hooks: tuple[HookOutcome, ...] = ()
    unreadable: dict[str, str] = Field(default_factory=dict[str, str])
    closed: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether every server has come up."""
        return self.state == "succeeded"

    @property
    def failed_servers(self) -> tuple[ServerOutcome, ...]:
        """The servers that have ended, but have not come up."""
        return tuple(s for s in self.servers if s.outcome in {"failed", "gone"})

    @property
    def ended_at(self) -> datetime | None:
        """When its last job ended; None while one runs."""
        return latest(wave.ended_at for wave in self.waves if wave.jobs)

    @property
    def time_taken(self) -> timedelta | None:
        """From the beginning of the run until its last job's end."""
        ended = self.ended_at
        return ended - self.started if ended is not None and self.started is not None else None


def latest(moments: Iterable[datetime | None]) -> datetime | None:
    """Find the latest of some moments; None where one of them is not known, or there is none."""
    found = list(moments)
    known = [moment for moment in found if moment is not None]
    return max(known) if known and len(known) == len(found) else None
