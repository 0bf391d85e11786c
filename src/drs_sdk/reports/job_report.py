"""What became of a job, server by server: outcome, phases, the failing event, the instances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, TypeAlias

from drs_sdk._transport.api_errors import ResourceNotFoundException

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from drs_sdk.models import Job, JobLog, ParticipatingServer, RecoveryInstance
    from drs_sdk.operations import Operations

ServerOutcome: TypeAlias = Literal["launched", "terminated", "failed", "pending"]
Phase: TypeAlias = Literal["cleanup", "snapshot", "conversion", "launch"]

_LAST_EVENTS = 3
_FILTER_BOUND = 200

# Which log event begins and ends which phase. LAUNCH_END is no value of the service model, but
# the service sends it.
_BEGINS: dict[str, Phase] = {
    "CLEANUP_START": "cleanup",
    "SNAPSHOT_START": "snapshot",
    "CONVERSION_START": "conversion",
    "LAUNCH_START": "launch",
}
_ENDS: dict[str, Phase] = {
    "CLEANUP_END": "cleanup",
    "SNAPSHOT_END": "snapshot",
    "CONVERSION_END": "conversion",
    "LAUNCH_END": "launch",
}
_FAILS: dict[str, Phase] = {
    "CLEANUP_FAIL": "cleanup",
    "SNAPSHOT_FAIL": "snapshot",
    "CONVERSION_FAIL": "conversion",
    "LAUNCH_FAILED": "launch",
}
_FAILING = frozenset({*_FAILS, "USING_PREVIOUS_SNAPSHOT_FAILED", "SERVER_SKIPPED", "JOB_CANCEL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseReport:
    """One phase of a server's part in a job.

    Attributes:
        name: ``cleanup``, ``snapshot``, ``conversion`` or ``launch``.
        started_at: When it first began, where the log says so.
        ended_at: When it ended; None while it runs, or where the log does not say.
        failed: Whether it ended badly.
    """

    name: Phase
    started_at: datetime | None
    ended_at: datetime | None
    failed: bool

    @property
    def duration(self) -> timedelta | None:
        """How long it took; None where the log does not tell."""
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReport:
    """What became of one server in a job.

    Attributes:
        source_server_id: The source server.
        outcome: How it ended, judged by what the job was for.
        phases: What it went through, in order.
        events: Its log events, oldest first.
        failing_event: Of a failed server the log event that tells of it, where there is one.
        raw_error: The error of that event in the service's own words; often missing.
        ec2_instance_id: The EC2 instance that was launched.
        recovery_instance_id: The recovery instance that was launched.
    """

    source_server_id: str
    outcome: ServerOutcome
    phases: tuple[PhaseReport, ...]
    events: tuple[JobLog, ...]
    failing_event: JobLog | None
    raw_error: str | None
    ec2_instance_id: str | None
    recovery_instance_id: str | None

    def __str__(self) -> str:
        """Read as one line."""
        went = ", ".join(
            f"{phase.name} {'failed after ' if phase.failed else ''}{_in_seconds(phase.duration)}"
            for phase in self.phases
        )
        instance = f" as {self.recovery_instance_id}" if self.recovery_instance_id else ""
        event = self.failing_event.event if self.failing_event else None
        why = f": {event}" if event else ""
        raw = f" ({self.raw_error})" if self.raw_error else ""
        return f"{self.source_server_id} {self.outcome}{instance}{why}{raw} [{went}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What became of a job.

    Attributes:
        job: The job as it stands.
        servers: Each participating server.
        events: Log events that concern the job as a whole, oldest first.
    """

    job: Job
    servers: tuple[ServerReport, ...]
    events: tuple[JobLog, ...]

    @property
    def failed_servers(self) -> tuple[ServerReport, ...]:
        """The servers that did not reach the job's good end."""
        return tuple(server for server in self.servers if server.outcome == "failed")

    def __str__(self) -> str:
        """Read as a line for the job and one for each server."""
        job = self.job
        head = f"{job.job_id} {job.type} {job.status}, took {_in_seconds(job.duration)}"
        return "\n".join([head, *(f"  {server}" for server in self.servers)])


async def report_on(drs: Operations, job_id: str) -> JobReport:
    """Gather what the service knows of a job."""
    jobs = await drs.describe_jobs(filters={"job_ids": [job_id]}).collect()
    if not jobs:
        raise ResourceNotFoundException(
            {
                "Error": {"Code": "ResourceNotFoundException", "Message": f"no job {job_id}"},
                "ResponseMetadata": {"HTTPStatusCode": 404},
                "resourceId": job_id,
                "resourceType": "job",
            },
            "DescribeJobs",
        )
    job = jobs[0]
    events = await events_of(drs, job_id)
    instances = await _instances_of(drs, job) if job.type != "TERMINATE" else {}
    return JobReport(
        job=job,
        servers=tuple(
            _server_report(job, server, events, instances) for server in job.participating_servers
        ),
        events=tuple(event for event in events if _server_of(event) is None),
    )


async def events_of(drs: Operations, job_id: str) -> list[JobLog]:
    """Read the whole log of a job, oldest first."""
    events = await drs.describe_job_log_items(job_id).collect()
    dated = [(event.log_date_time, event) for event in events if event.log_date_time is not None]
    if len(dated) < len(events):
        return events  # as they came: nobody knows where the others belong
    return [event for _, event in sorted(dated, key=itemgetter(0))]


def last_events(events: Iterable[JobLog], server_ids: Iterable[str]) -> dict[str, list[JobLog]]:
    """Find the last log events of each of some servers."""
    wanted = {name: [event for event in events if _server_of(event) == name] for name in server_ids}
    return {name: found[-_LAST_EVENTS:] for name, found in wanted.items()}


def failing_events(events: Iterable[JobLog]) -> dict[str, JobLog]:
    """Find the last event that tells of a failure, of each server that has one."""
    found: dict[str, JobLog] = {}
    for event in events:
        server = _server_of(event)
        if server is not None and event.event in _FAILING:
            found[server] = event
    return found


def phases_of(events: Iterable[JobLog]) -> dict[str, tuple[PhaseReport, ...]]:
    """Find the phases that each server has gone through, by its id."""
    by_server: dict[str, list[JobLog]] = {}
    for event in events:
        server = _server_of(event)
        if server is not None:
            by_server.setdefault(server, []).append(event)
    return {name: _phases(own) for name, own in by_server.items()}


def describe_event(event: JobLog) -> str:
    """Read a log event as a few words."""
    raw = event.event_data.raw_error if event.event_data else None
    return f"{event.event} ({raw})" if raw else str(event.event)


def _in_seconds(duration: timedelta | None) -> str:
    return "?" if duration is None else str(timedelta(seconds=round(duration.total_seconds())))


def _server_of(event: JobLog) -> str | None:
    return event.event_data.source_server_id if event.event_data else None


async def _instances_of(drs: Operations, job: Job) -> dict[str, RecoveryInstance]:
    """Find the recovery instances by their source servers: jobs leave their ids out."""
    ids = [server.source_server_id for server in job.participating_servers]
    known = [name for name in ids if name is not None]
    found: dict[str, RecoveryInstance] = {}
    for start in range(0, len(known), _FILTER_BOUND):
        pager = drs.describe_recovery_instances(
            filters={"source_server_ids": known[start : start + _FILTER_BOUND]}
        )
        async for instance in pager:
            if instance.job_id == job.job_id and instance.source_server_id is not None:
                found[instance.source_server_id] = instance
    return found


def _server_report(
    job: Job,
    server: ParticipatingServer,
    events: Sequence[JobLog],
    instances: dict[str, RecoveryInstance],
) -> ServerReport:
    name = server.source_server_id or ""
    own = tuple(event for event in events if _server_of(event) == name)
    outcome = _outcome(job, server)
    failing = (
        next((event for event in reversed(own) if event.event in _FAILING), None)
        if outcome == "failed"
        else None
    )
    instance = instances.get(name)
    told = next(
        (
            event.event_data.target_instance_id
            for event in reversed(own)
            if event.event_data and event.event_data.target_instance_id
        ),
        None,
    )
    return ServerReport(
        source_server_id=name,
        outcome=outcome,
        phases=_phases(own),
        events=own,
        failing_event=failing,
        raw_error=failing.event_data.raw_error if failing and failing.event_data else None,
        ec2_instance_id=(instance.ec2_instance_id if instance else None) or told,
        recovery_instance_id=(instance.recovery_instance_id if instance else None)
        or server.recovery_instance_id,
    )


def _outcome(job: Job, server: ParticipatingServer) -> ServerOutcome:
    if server.is_pending:
        return "pending"
    if server in job.failed_servers:
        return "failed"
    return "terminated" if server.launch_status == "TERMINATED" else "launched"


def _phases(events: Sequence[JobLog]) -> tuple[PhaseReport, ...]:
    started: dict[Phase, datetime | None] = {}
    ended: dict[Phase, tuple[datetime | None, bool]] = {}
    for event in events:
        name = str(event.event)
        if name in _BEGINS:
            started.setdefault(_BEGINS[name], event.log_date_time)
            ended.pop(_BEGINS[name], None)  # begun again, so not over
        elif name in _ENDS:
            ended[_ENDS[name]] = (event.log_date_time, False)
        elif name in _FAILS:
            ended[_FAILS[name]] = (event.log_date_time, True)
    order: list[Phase] = list(dict.fromkeys([*started, *ended]))
    return tuple(
        PhaseReport(
            name=phase,
            started_at=started.get(phase),
            ended_at=ended.get(phase, (None, False))[0],
            failed=ended.get(phase, (None, False))[1],
        )
        for phase in order
    )
