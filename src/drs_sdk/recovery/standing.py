"""From looks at the places to where each wave and server of a run stands. Reads nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_sdk.recovery.errors import RunbookError
from drs_sdk.recovery.look import last_job_id
from drs_sdk.recovery.record import approved_waves, closed_reason, mode_of, record_of
from drs_sdk.recovery.status import RunStatus, ServerStatus, WaveStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
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


def stand(
    run: Run,
    survey: Survey,
    *,
    attempts: Callable[[Wave], int],
    refused: Mapping[str, str] | None = None,
    approved: Callable[[Wave], bool] = lambda _: False,
    verdicts: Mapping[str, str | None] | None = None,
) -> Standing:
    """Work out where a run stands.

    Args:
        run: The run.
        survey: The looks at its places.
        attempts: How many attempts a server of a wave has.
        refused: Why servers were refused for good, by id.
        approved: Whether a wave with a pause was approved here.
        verdicts: What the caller's checks after waves have found, by wave: None where all is well,
            else what is not. Waves wait for the verdicts on those that they come after. None where
            nobody checks.

    Raises:
        RunbookError: A server is in two waves.
    """
    waves = {wave.name: WaveStanding(wave, number) for number, wave in enumerate(run.runbook.waves)}
    jobs: list[tuple[Target, Job, Record]] = []
    for target, look in survey.looks.items():
        jobs += [(target, job, record) for job, record in look.run_jobs(run.name)]
    on_record = frozenset(n for _, job, _ in jobs for n in approved_waves(job))
    closed = next((why for _, job, _ in jobs if (why := closed_reason(job)) is not None), None)
    others = [found for found in jobs if found[2].step == run.step]
    jobs = [found for found in others if run.identity.owns(found[1], found[2])]
    for target in survey.looks:
        _place_members(run, survey, target, waves, refused or {})
    for _, _, record in jobs:
        if record.wave in waves:
            waves[record.wave].has_begun = True
    for wave in run.order:
        _judge(waves[wave.name], waves, run, survey, attempts)
        if verdicts is not None:
            _apply(waves[wave.name], verdicts, passed=_has_successors(run, wave, waves))
        _gate(waves[wave.name], on_record, approved)
    return Standing(
        run=run,
        waves=waves,
        jobs=jobs,
        started=min((record.started for *_, record in jobs), default=None),
        at=max((look.at for look in survey.looks.values()), default=None),
        approved=on_record,
        closed=closed,
        strangers=[found for found in others if found not in jobs],
        survey=survey,
    )


def mismatches(run: Run, job: Job, record: Record) -> list[str]:
    """Tell in what a job of the same name is another run's."""
    found: list[str] = []
    mode = mode_of(job)
    if mode is not None and mode != run.mode:
        found.append(f"mode: {mode} there, {run.mode} here")
    if record.plan != run.plan:
        found.append("plan: its waves, their order or their selectors differ from this runbook's")
    return found


def _place_members(
    run: Run,
    survey: Survey,
    target: Target,
    waves: Mapping[str, WaveStanding],
    refused: Mapping[str, str],
) -> None:
    look = survey.looks[target]
    parts = look.parts(run.identity)
    for server_id in sorted({*look.servers, *parts}):
        server = look.servers.get(server_id)
        part = parts.get(server_id)
        chosen = run.waves_of(server, target) if server is not None else []
        if len(chosen) > 1 and part is None:
            names = " and ".join(wave.name for wave in chosen)
            raise RunbookError(f"source server {server_id} is selected by the waves {names}")
        wave = waves.get(part.record.wave) if part is not None else None
        if wave is None and chosen:
            wave = waves[chosen[0].name]
        if wave is None:
            continue
        member = Member(
            server_id,
            target,
            wave.wave,
            server,
            part,
            part.standing(look.at) if part is not None else "not launched",
            is_selected=wave.wave in chosen,
        )
        if part is None and server_id in refused:
            member.state, member.reason = "failed", refused[server_id]
        if server is not None and part is not None:
            _note_later_launch(run, member, server, part, survey)
        _note_instance(member, survey)
        wave.members.append(member)


def _note_later_launch(
    run: Run, member: Member, server: SourceServer, part: Part, survey: Survey
) -> None:
    """Note when somebody else has launched the server since."""
    last = last_job_id(server)
    if last is None or last == part.job.job_id:
        return
    job = survey.looks[member.target].jobs.get(last)
    if job is None:
        member.launched_again_by = last
        return
    record = record_of(job)
    if record is not None and run.identity.owns(job, record):
        return
    made, ours = job.creation_date_time, part.job.creation_date_time
    if made is None or ours is None or made >= ours:
        member.launched_again_by = last


def _note_instance(member: Member, survey: Survey) -> None:
    """Find whether what was launched stands, where the instances were asked for."""
    if member.state != "launched" or member.part is None:
        return
    look = survey.looks[member.target]
    if look.instances is None or member.server_id not in look.instances:
        return
    job = member.part.job
    stands = any(
        instance.job_id == job.job_id and is_standing(str(instance.ec2_instance_state))
        for instance in look.instances[member.server_id]
    )
    if stands or (job.end_date_time is not None and look.at - job.end_date_time < survey.APPEARING):
        return
    member.state = "gone"
    member.reason = (
        f"launched again since by job {member.launched_again_by}"
        if member.launched_again_by
        else "its instance stands no more"
    )


_GONE = frozenset({"TERMINATED", "SHUTTING-DOWN", "NOT_FOUND"})


def is_standing(ec2_instance_state: str) -> bool:
    """Whether an instance in this state is there."""
    return ec2_instance_state not in _GONE


def _judge(
    standing: WaveStanding,
    waves: Mapping[str, WaveStanding],
    run: Run,
    survey: Survey,
    attempts: Callable[[Wave], int],
) -> None:
    wave = standing.wave
    goes_on = wave.on_failure == "continue"
    blind = [str(target) for target in survey.failures if run.may_have_servers(wave, target)]
    before = [waves[name] for name in run.predecessors(wave)]
    standing.can_start = all(earlier.lets_others_start for earlier in before)
    settled = all(_settled(member, attempts(wave)) for member in standing.members)
    came_up = all(member.state == "launched" for member in standing.members)
    if any(member.state == "launching" for member in standing.members):
        standing.state = "launching"
    elif not settled:
        standing.state = "launching" if standing.has_begun else "waiting"
    elif came_up and standing.members and not blind:
        standing.state = "up"
    elif came_up and blind and not goes_on:
        standing.state = "unknown"
    elif came_up and standing.members:
        standing.state = "up"  # as far as it can be seen, and that is enough for this wave
    else:
        standing.state = "failed"
    is_seen = goes_on or not blind
    standing.lets_others_start = is_seen and (
        standing.state == "up" or (standing.state == "failed" and goes_on)
    )
    standing.reason = _reason(standing, before, blind)


def _has_successors(run: Run, wave: Wave, waves: Mapping[str, WaveStanding]) -> bool:
    """Whether a wave that comes after this one has begun, so that this one was checked before."""
    return any(
        wave.name in run.predecessors(later.wave) and later.has_begun for later in waves.values()
    )


def _apply(standing: WaveStanding, verdicts: Mapping[str, str | None], *, passed: bool) -> None:
    """Let a wave's verdict count, once it has come to an end."""
    if standing.state not in {"up", "failed"} or (passed and standing.wave.name not in verdicts):
        return
    if standing.wave.name not in verdicts:
        standing.lets_others_start = False
        standing.awaits_verdict = True
        return
    verdict = verdicts[standing.wave.name]
    if verdict is not None:
        standing.state = "failed"
        standing.reason = verdict
        standing.lets_others_start = standing.wave.on_failure == "continue"


def _settled(member: Member, attempts: int) -> bool:
    if member.state == "failed":
        return member.part is None or member.attempt >= attempts
    return member.state in {"launched", "gone"}


def _reason(
    standing: WaveStanding, before: Iterable[WaveStanding], blind: Iterable[str]
) -> str | None:
    if standing.state == "waiting" and not standing.can_start:
        names = ", ".join(w.wave.name for w in before if not w.lets_others_start)
        return f"comes after {names}"
    if standing.state == "failed":
        if not standing.members:
            return "selects no server"
        failed = [m.server_id for m in standing.members if m.state in {"failed", "gone"}]
        return f"{len(failed)} of {len(standing.members)} servers have not come up"
    if standing.state == "unknown":
        return f"cannot be read: {', '.join(blind)}"
    return None


def _gate(
    standing: WaveStanding,
    on_record: frozenset[int],
    approved: Callable[[Wave], bool],
) -> None:
    """Hold a wave that is to pause until somebody approves it; one with a job was approved."""
    if (
        standing.state == "waiting"
        and standing.can_start
        and standing.wave.pause_before
        and not standing.has_begun
        and standing.number not in on_record
        and not approved(standing.wave)
    ):
        standing.state = "waiting for approval"


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
