"""From where a run stands to its report: reasons from the job logs, figures from the service."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery.instances import instance_of
from drs_sdk.recovery.reasons import failure_reasons
from drs_sdk.recovery.report import (
    HookOutcome,
    RecoveryReport,
    ServerOutcome,
    WaveOutcome,
    latest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.memory import Memory
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Member, Standing, WaveStanding


async def report_on(
    run: Run, standing: Standing, memory: Memory | None = None, *, already_complete: bool = False
) -> RecoveryReport:
    """Make the report of a run, asking for the logs of jobs with failed servers."""
    reasons = await _reasons(run, standing)
    status = standing.status()
    return RecoveryReport(
        run=run.name,
        runbook=run.runbook.name,
        key=run.key,
        mode=run.mode,
        state=status.state,
        started=standing.started,
        at=standing.at,
        waves=tuple(_wave(wave) for wave in standing.waves.values()),
        servers=tuple(_server(m, standing, reasons) for m in standing.members),
        already_complete=already_complete,
        kept=tuple(m.server_id for m in standing.members if not m.is_selected),
        newcomers=tuple(m.server_id for m in standing.members if _is_newcomer(m, standing, memory)),
        dropped=tuple(sorted(memory.dropped)) if memory is not None else (),
        replaced=dict(memory.replaced) if memory is not None else {},
        hooks=tuple(
            HookOutcome(wave=h.wave, when=h.when, returned=h.returned, error=h.error)
            for h in (memory.hook_results if memory is not None else ())
        ),
        unreadable=status.unreadable,
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
    return {key: why for found in outcomes.results.values() for key, why in found.items()}


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
        reason = reasons.get((job.job_id or "", member.server_id), reason)
    return ServerOutcome(
        source_server_id=member.server_id,
        name=member.server.name if member.server is not None else None,
        wave=wave.name,
        region_name=member.target.region_name,
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


def _wave(wave: WaveStanding) -> WaveOutcome:
    jobs: dict[str, Job] = {
        m.part.job.job_id: m.part.job
        for m in wave.members
        if m.part is not None and m.part.job.job_id is not None
    }
    made: list[datetime] = [
        job.creation_date_time for job in jobs.values() if job.creation_date_time is not None
    ]
    return WaveOutcome(
        name=wave.wave.name,
        state=wave.state,
        reason=wave.reason,
        recovery_point_objective=wave.wave.recovery_point_objective,
        recovery_time_objective=wave.wave.recovery_time_objective,
        asked_at=min(made, default=None),
        ended_at=latest(job.end_date_time for job in jobs.values()),
        jobs=tuple(sorted(jobs, key=lambda job_id: (str(jobs[job_id].creation_date_time), job_id))),
    )


def _is_newcomer(member: Member, standing: Standing, memory: Memory | None) -> bool:
    """Whether a server came to a wave that had begun, as far as it was seen or dates tell."""
    if memory is not None and member.server_id in memory.newcomers:
        return True
    first = _wave(standing.waves[member.wave.name]).asked_at
    if first is None:
        return False
    server = member.server
    life = server.life_cycle if server is not None else None
    added = life.added_to_service_date_time if life is not None else None
    return added is not None and added > first
