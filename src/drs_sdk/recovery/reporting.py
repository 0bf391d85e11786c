"""From where a run stands to its report: reasons from the job logs, figures from the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery.instances import instance_of
from drs_sdk.recovery.look import Part
from drs_sdk.recovery.outcomes import HookOutcome, JobOutcome, ServerOutcome, WaveOutcome, latest
from drs_sdk.recovery.past_jobs import find_past_jobs
from drs_sdk.recovery.reasons import failure_reasons
from drs_sdk.recovery.report import RecoveryReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.memory import Memory
    from drs_sdk.recovery.record import Record
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Member, Standing, WaveStanding


async def report_on(
    run: Run, standing: Standing, memory: Memory | None = None, *, already_complete: bool = False
) -> RecoveryReport:
    """Make the report of a run, asking for the logs of jobs with failed servers."""
    reasons = await _reasons(run, standing)
    past = await find_past_jobs(run, standing)
    jobs = _jobs([*standing.jobs, *past.jobs], standing)
    status = standing.status()
    return RecoveryReport(
        run=run.name,
        runbook=run.runbook.name,
        key=run.key,
        mode=run.mode,
        state=status.state,
        started=standing.started,
        at=standing.at,
        waves=tuple(_wave(wave, jobs) for wave in standing.waves.values()),
        servers=tuple(_server(m, standing, reasons) for m in standing.members),
        jobs=jobs,
        already_complete=already_complete,
        kept=tuple(m.server_id for m in standing.members if not m.is_selected),
        newcomers=tuple(m.server_id for m in standing.members if _is_newcomer(m, jobs, memory)),
        dropped=tuple(sorted(memory.dropped)) if memory is not None else (),
        replaced=dict(memory.replaced) if memory is not None else {},
        hooks=tuple(
            HookOutcome(wave=h.wave, when=h.when, returned=h.returned, error=h.error)
            for h in (memory.hook_results if memory is not None else ())
        ),
        unreadable={**past.unreadable, **status.unreadable},
        closed=standing.closed,
    )


async def _reasons(run: Run, standing: Standing) -> Mapping[tuple[str, str], str]:
    """Find why servers failed: by job and server."""
    wanted: dict[Target, dict[str, list[str]]] = {}
    for member in standing.members:
        if member.state == "failed" and member.part is not None and member.part.job.job_id:
            jobs = wanted.setdefault(member.target, {})
            jobs.setdefault(member.part.job.job_id, []).append(member.server_id)

    async def read(drs: DRSClient, target: Target) -> dict[tuple[str, str], str]:
        return {
            (job_id, server): why
            for job_id, servers in wanted[target].items()
            for server, why in (await failure_reasons(drs, job_id, servers)).items()
        }

    outcomes = await run.places.run(read, list(wanted))
    found = {key: why for reasons in outcomes.results.values() for key, why in reasons.items()}
    for target, error in outcomes.failures.items():
        for job_id, servers in wanted[target].items():
            found.update(
                {(job_id, s): f"the log of its job cannot be read: {error}" for s in servers}
            )
    return found


def _server(
    member: Member, standing: Standing, reasons: Mapping[tuple[str, str], str]
) -> ServerOutcome:
    job = member.part.job if member.part is not None else None
    instance = instance_of(member, standing)
    named = member.part.server.recovery_instance_id if member.part is not None else None
    asked_at = job.creation_date_time if job is not None else None
    ended_at = job.end_date_time if job is not None else None
    point = instance.point_in_time_snapshot_date_time if instance is not None else None
    came_up = member.state == "launched"
    lost = (
        max(asked_at - point, timedelta()) if asked_at is not None and point is not None else None
    )
    started = standing.started
    taken = ended_at - started if came_up and ended_at is not None and started else None
    wave = member.wave
    reason = member.reason
    if job is not None and member.state == "failed":
        why = reasons.get((job.job_id or "", member.server_id), reason)
        refused = reason if member.is_refused else None
        reason = why if refused is None else f"{refused}; the attempt before it failed: {why}"
    return ServerOutcome(
        source_server_id=member.server_id,
        name=member.server.name if member.server is not None else None,
        wave=wave.name,
        region_name=member.target.region_name or None,
        account_id=member.target.account_id,
        outcome=member.state,
        reason=reason,
        attempt=member.attempt,
        job_id=job.job_id if job is not None else None,
        recovery_instance_id=instance.recovery_instance_id if instance is not None else named,
        ec2_instance_id=instance.ec2_instance_id if instance is not None else named,
        asked_at=asked_at,
        ended_at=ended_at,
        point_in_time=point,
        data_lost=lost,
        time_taken=taken,
        meets_recovery_point_objective=_meets(lost, wave.recovery_point_objective),
        meets_recovery_time_objective=_meets(taken, wave.recovery_time_objective),
        is_selected=member.is_selected,
        launched_again_by=member.launched_again_by,
    )


def _meets(value: timedelta | None, objective: timedelta | None) -> bool | None:
    return None if value is None or objective is None else value <= objective


def _jobs(
    found: Iterable[tuple[Target, Job, Record]], standing: Standing
) -> tuple[JobOutcome, ...]:
    """Tell of each job, in the order in which they were made; one without a time comes last."""
    made = [_job(target, job, record, standing) for target, job, record in found]
    return tuple(sorted(made, key=lambda job: (job.asked_at or _LAST, job.job_id)))


def _job(target: Target, job: Job, record: Record, standing: Standing) -> JobOutcome:
    at = standing.survey.looks[target].at
    stands = {
        server.source_server_id: Part(job, record, server).standing(at)
        for server in job.participating_servers
        if server.source_server_id is not None
    }
    return JobOutcome(
        job_id=job.job_id or "",
        wave=record.wave,
        attempt=record.attempt,
        region_name=target.region_name or None,
        account_id=target.account_id,
        asked_at=job.creation_date_time,
        ended_at=job.end_date_time,
        servers=tuple(stands),
        launched=tuple(name for name, state in stands.items() if state == "launched"),
        failed=tuple(name for name, state in stands.items() if state == "failed"),
    )


_LAST = datetime.max.replace(tzinfo=UTC)


def _wave(wave: WaveStanding, jobs: Iterable[JobOutcome]) -> WaveOutcome:
    own = [job for job in jobs if job.wave == wave.wave.name]
    return WaveOutcome(
        name=wave.wave.name,
        state=wave.state,
        reason=wave.reason,
        recovery_point_objective=wave.wave.recovery_point_objective,
        recovery_time_objective=wave.wave.recovery_time_objective,
        asked_at=_first_asked(own),
        ended_at=latest(job.ended_at for job in own),
        jobs=tuple(job.job_id for job in own),
    )


def _first_asked(jobs: Iterable[JobOutcome]) -> datetime | None:
    return min((job.asked_at for job in jobs if job.asked_at is not None), default=None)


def _is_newcomer(member: Member, jobs: Iterable[JobOutcome], memory: Memory | None) -> bool:
    """Whether a server came to a wave that had begun, as far as it was seen or dates tell."""
    if memory is not None and member.server_id in memory.newcomers:
        return True
    first = _first_asked(job for job in jobs if job.wave == member.wave.name)
    life = member.server.life_cycle if member.server is not None else None
    added = life.added_to_service_date_time if life is not None else None
    return first is not None and added is not None and added > first
