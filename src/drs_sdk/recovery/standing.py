"""Where each wave and server of a run stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk.recovery.record import mode_of
from drs_sdk.recovery.status import RunStatus, ServerStatus, WaveStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job, SourceServer
    from drs_sdk.recovery.look import Part
    from drs_sdk.recovery.record import Record
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.runbook import Wave
    from drs_sdk.recovery.status import RunState, ServerState, WaveState
    from drs_sdk.recovery.survey import Survey


@dataclass(slots=True)
class Member:
    """A server of a wave, and what the run has done with it.

    Attributes:
        server_id: The source server.
        target: Where it is.
        wave: Its wave.
        server: What the service says of it; None where only a job names it.
        part: Its part in the run's last job for it; None where it was not launched.
        state: Where it stands.
        is_selected: Whether the runbook selects it now.
        reason: Why it failed, or waits.
        launched_again_by: A later job, not of this run, that launched it again.
        is_refused: Whether another launch of it was refused for good.
    """

    server_id: str
    target: Target
    wave: Wave
    server: SourceServer | None
    part: Part | None
    state: ServerState
    is_selected: bool
    reason: str | None = None
    launched_again_by: str | None = None
    is_refused: bool = False

    @property
    def attempt(self) -> int:
        """The attempt under way or the last one; 0 before the first."""
        return self.part.record.attempt if self.part else 0


@dataclass(slots=True)
class WaveStanding:
    """Where a wave stands.

    Attributes:
        wave: The wave.
        number: Its place in the runbook, from 0.
        members: Its servers, by id.
        state: Where it stands.
        reason: What it waits for, or why it has failed.
        has_begun: Whether a job of the run is for it.
        lets_others_start: Whether waves that come after it may start.
        can_start: Whether those before it let it start, approvals aside.
        awaits_verdict: Whether the caller's check after it is still to come.
    """

    wave: Wave
    number: int
    members: list[Member] = field(default_factory=list[Member])
    state: WaveState = "waiting"
    reason: str | None = None
    has_begun: bool = False
    lets_others_start: bool = False
    can_start: bool = False
    awaits_verdict: bool = False


@dataclass(slots=True)
class Standing:
    """Where a run stands.

    Attributes:
        run: The run.
        waves: The waves, by name, in the runbook's order.
        jobs: The jobs of this step of the run, with their records and places.
        started: When it began; None before.
        at: The service's time of the latest look.
        approved: Numbers of the waves that were approved on a job.
        closed: Why it was closed.
        strangers: Jobs of the same name, but of another mode or plan.
        survey: What it stands on.
    """

    run: Run
    waves: dict[str, WaveStanding]
    jobs: list[tuple[Target, Job, Record]]
    started: datetime | None
    at: datetime | None
    approved: frozenset[int]
    closed: str | None
    strangers: list[tuple[Target, Job, Record]]
    survey: Survey

    @property
    def members(self) -> Iterable[Member]:
        """All servers, wave by wave."""
        return (member for wave in self.waves.values() for member in wave.members)

    @property
    def is_complete(self) -> bool:
        """Whether every server has come up."""
        return all(wave.state == "up" for wave in self.waves.values())

    @property
    def goes_on(self) -> bool:
        """Whether a job of it runs."""
        return any(member.state == "launching" for member in self.members)

    def status(self, *, next_look_in: float | None = None) -> RunStatus:
        """Tell it as plain data."""
        return RunStatus(
            run=self.run.name,
            mode=self.run.mode,
            state=self.state,
            started=self.started,
            at=self.at,
            waves=tuple(_wave_status(wave) for wave in self.waves.values()),
            unreadable={str(target): str(error) for target, error in self.survey.failures.items()},
            closed=self.closed,
            next_look_in=next_look_in,
        )

    @property
    def state(self) -> RunState:
        """Where the whole of it stands."""
        states = {wave.state for wave in self.waves.values()}
        if states == {"up"}:
            return "succeeded"
        if self.closed is not None and "launching" not in states:
            return "closed"
        if not self.jobs and not any(
            w.state == "waiting for approval" for w in self.waves.values()
        ):
            return "unknown" if states == {"unknown"} else "not begun"
        if "launching" in states or any(
            w.can_start and w.state == "waiting" for w in self.waves.values()
        ):
            return "running"
        if "waiting for approval" in states:
            return "waiting for approval"
        return "failed" if "failed" in states else "unknown"


def mismatches(run: Run, job: Job, record: Record) -> list[str]:
    """Tell in what a job of the same name is another run's."""
    found: list[str] = []
    mode = mode_of(job)
    if mode is not None and mode != run.mode:
        found.append(f"mode: {mode} there, {run.mode} here")
    if record.plan != run.plan:
        found.append("plan: its waves, their order or their selectors differ from this runbook's")
    return found


_GONE = frozenset({"TERMINATED", "SHUTTING-DOWN", "NOT_FOUND"})


def is_standing(ec2_instance_state: str) -> bool:
    """Whether an instance in this state is there."""
    return ec2_instance_state not in _GONE


def _wave_status(standing: WaveStanding) -> WaveStatus:
    return WaveStatus(
        name=standing.wave.name,
        state=standing.state,
        reason=standing.reason,
        servers=tuple(_server_status(member) for member in standing.members),
    )


def _server_status(member: Member) -> ServerStatus:
    return ServerStatus(
        source_server_id=member.server_id,
        name=member.server.name if member.server is not None else None,
        wave=member.wave.name,
        region_name=member.target.region_name or None,
        account_id=member.target.account_id,
        state=member.state,
        attempt=member.attempt,
        job_id=member.part.job.job_id if member.part else None,
        asked_at=member.part.job.creation_date_time if member.part else None,
        reason=member.reason,
        is_selected=member.is_selected,
        launched_again_by=member.launched_again_by,
    )
