"""From looks at the places to where each wave and server of a run stands. Reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.errors import RunbookError
from drs_sdk.recovery.look import last_job_id
from drs_sdk.recovery.record import approved_waves, closed_reason, record_of
from drs_sdk.recovery.standing import Member, Standing, WaveStanding, is_standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job, SourceServer
    from drs_sdk.recovery.look import Part
    from drs_sdk.recovery.record import Record
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.runbook import Wave
    from drs_sdk.recovery.survey import Survey


def stand(
    run: Run,
    survey: Survey,
    *,
    attempts: Callable[[Wave], int],
    refused: Mapping[str, str] | None = None,
    approved: Callable[[Wave], bool] = lambda _: False,
    verdicts: Mapping[str, str | None] | None = None,
    awaits_verdicts: bool = False,
) -> Standing:
    """Work out where a run stands.

    Args:
        run: The run.
        survey: The looks at its places.
        attempts: How many attempts a server of a wave has.
        refused: Why servers were refused for good, by id.
        approved: Whether a wave with a pause was approved here.
        verdicts: What the caller's checks before and after waves have found, by wave: None where
            all is well, else what is not.
        awaits_verdicts: Whether waves wait for the verdicts on those that they come after.

    Raises:
        RunbookError: A server is in two waves.
    """
    waves = {wave.name: WaveStanding(wave, number) for number, wave in enumerate(run.runbook.waves)}
    jobs: list[tuple[Target, Job, Record]] = []
    for target, look in survey.looks.items():
        jobs += [(target, job, record) for job, record in look.run_jobs(run.name)]
    closed = next((why for _, job, _ in jobs if (why := closed_reason(job)) is not None), None)
    others = [found for found in jobs if found[2].step == run.step]
    jobs = [found for found in others if run.identity.owns(found[1], found[2])]
    on_record = frozenset(n for _, job, _ in jobs for n in approved_waves(job))
    for target in survey.looks:
        _place_members(run, survey, target, waves, refused or {})
    for _, _, record in jobs:
        if record.wave in waves:
            waves[record.wave].has_begun = True
    for wave in run.order:
        _judge(waves[wave.name], waves, run, survey, attempts)
        is_idle = run.home_waves is not None and not waves[wave.name].members
        passed = not awaits_verdicts or is_idle or _has_successors(run, wave, waves)
        _apply(waves[wave.name], verdicts or {}, passed=passed)
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
        if server_id in refused and member.state in {"not launched", "failed"}:
            member.state, member.reason = "failed", refused[server_id]
            member.is_refused = True
        if part is not None and run.is_void(server_id, part.job.job_id):
            member.state, member.reason = "failed", "its instance at home stands no more"
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
    if record is not None and record.run == run.name:
        return  # another attempt, or the launch home
    made, ours = job.creation_date_time, part.job.creation_date_time
    if made is None or ours is None or made >= ours:
        member.launched_again_by = last


def _note_instance(member: Member, survey: Survey) -> None:
    """Find whether what was launched stands, where the instances were asked for."""
    if member.state != "launched" or member.part is None:
        return
    if member.part.record.step == "launch-back":
        return  # at home its record may be deleted, and the machine goes on
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
    elif came_up and blind:
        standing.state = "unknown"
    elif came_up and (standing.members or run.home_waves is not None):
        standing.state = "up"  # a wave that has nothing to bring home keeps nobody waiting
    else:
        standing.state = "failed"
    standing.lets_others_start = (standing.state == "up" and not blind) or (
        standing.state in {"failed", "unknown"} and goes_on
    )
    standing.reason = _reason(standing, before, blind)


def _has_successors(run: Run, wave: Wave, waves: Mapping[str, WaveStanding]) -> bool:
    """Whether a wave that comes after this one has begun, so that this one was checked before."""
    return any(
        wave.name in run.predecessors(later.wave) and later.has_begun for later in waves.values()
    )


def _apply(standing: WaveStanding, verdicts: Mapping[str, str | None], *, passed: bool) -> None:
    """Let a wave's verdict count: before it starts, or once it has come to an end."""
    name = standing.wave.name
    if verdicts.get(name) is not None and standing.state in {"waiting", "up", "failed"}:
        standing.state = "failed"
        standing.reason = verdicts[name]
        standing.lets_others_start = standing.wave.on_failure == "continue"
    elif standing.state in {"up", "failed"} and name not in verdicts and not passed:
        standing.lets_others_start = False
        standing.awaits_verdict = True


def _settled(member: Member, attempts: int) -> bool:
    if member.state == "failed":
        return member.is_refused or member.part is None or member.attempt >= attempts
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
