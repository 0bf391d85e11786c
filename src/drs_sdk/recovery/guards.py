"""What keeps a run from doing harm: each guard raises before anything is launched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.errors import RunbookError
from drs_sdk.recovery.record import closed_reason, mode_of, record_of
from drs_sdk.recovery.run_errors import (
    InstanceInTheWayError,
    RecordLostError,
    RunClosedError,
    RunMismatchError,
    ServerHeldError,
)
from drs_sdk.recovery.standing import is_standing, mismatches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from drs_sdk.models import Job, RecoveryInstance
    from drs_sdk.recovery.look import Identity, PlaceLook
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Member, Standing
    from drs_sdk.recovery.survey import Survey


def require_our_own(standing: Standing, started_here: Collection[str]) -> None:
    """Refuse when the run's name stands for another one: the earliest job owns it.

    Raises:
        RunMismatchError: It is another's.
    """
    if not standing.strangers:
        return
    owner_target, owner, record = min(
        [*standing.strangers, *standing.jobs], key=lambda found: job_order(found[1])
    )
    if any(owner is job for _, job, _ in standing.jobs):
        return  # ours is the earlier: the other one stops
    raise RunMismatchError(
        standing.run.name,
        mismatches(standing.run, owner, record) or [f"another run in {owner_target}"],
        owner_job_id=owner.job_id,
        launched=started_here,
    )


def job_order(job: Job) -> tuple[str, str]:
    """Put jobs in the order in which they were made, by the service's time, then by id."""
    made = job.creation_date_time
    return ("" if made is None else made.isoformat(), job.job_id or "")


def stop_if_over(standing: Standing) -> None:
    """Refuse a run that is over: closed, too long ago, or complete and gone.

    Raises:
        RunClosedError: It is over.
    """
    name = standing.run.name
    if standing.closed is not None:
        raise RunClosedError(name, f"closed ({standing.closed})")
    if (
        standing.run.home_waves is None  # a machine may come home after weeks
        and standing.started is not None
        and standing.at is not None
        and standing.at - standing.started > standing.run.horizon
    ):
        raise RunClosedError(
            name, f"it began on {standing.started:%Y-%m-%d}, before the horizon of this run"
        )
    members = list(standing.members)
    if members and all(member.state == "gone" for member in members):
        raise RunClosedError(name, "all of it was launched and its instances are gone")


def require_open(identity: Identity, look: PlaceLook) -> None:
    """Refuse what a newer look at a place forbids: the run was closed, or is another's.

    Raises:
        RunClosedError: It was closed.
        RunMismatchError: It is another's.
    """
    found = [pair for pair in look.run_jobs(identity.run) if pair[1].step == identity.step]
    if not found:
        return
    closed = next((why for job, _ in found if (why := closed_reason(job)) is not None), None)
    if closed is not None:
        raise RunClosedError(identity.run, f"closed ({closed})")
    owner, record = min(found, key=lambda pair: job_order(pair[0]))
    if not identity.owns(owner, record):
        raise RunMismatchError(
            identity.run,
            ["its first job is another mode's or another plan's"],
            owner_job_id=owner.job_id,
        )


def require_begun_or_selected(standing: Standing) -> None:
    """Refuse a run that has not begun and has a wave without a server: a typing error, mostly.

    Raises:
        RunbookError: A wave selects no server.
    """
    if standing.jobs or standing.survey.failures or standing.run.home_waves is not None:
        return
    empty = [wave.wave.name for wave in standing.waves.values() if not wave.members]
    if empty:
        absent = ", ".join(str(target) for target in sorted(standing.survey.absent, key=str))
        why = f"; DRS was never initialised in {absent}" if absent else ""
        raise RunbookError(f"the waves {', '.join(empty)} select no server{why}")


def require_records(survey: Survey) -> None:
    """Refuse where nobody can tell whether the run has launched a server.

    Raises:
        RecordLostError: A job that it would stand on is gone.
    """
    lost = {name: job for look in survey.looks.values() for name, job in look.lost.items()}
    if lost:
        raise RecordLostError(lost)


def require_nothing_in_the_way(
    run: Run,
    members: Iterable[Member],
    standing: Standing,
    replaceable: Callable[[str], bool],
    seen: PlaceLook | None = None,
) -> None:
    """Refuse launches that would remove instances which the run did not make.

    Args:
        run: The run.
        members: The servers that are to be launched.
        standing: Where the run stands.
        replaceable: Whether the caller said that a server's instance may go.
        seen: A newer look at their place.

    Raises:
        InstanceInTheWayError: An instance stands that may not go.
    """
    found = (
        (member.server_id, instance, seen or standing.survey.looks[member.target])
        for member in members
        for instance in _instances(member, seen or standing.survey.looks[member.target])
        if instance.recovery_instance_id not in run.replaces
    )
    refuse_instances(run.identity, found, replaceable)


def _instances(member: Member, look: PlaceLook) -> Iterable[RecoveryInstance]:
    return (look.instances or {}).get(member.server_id, ())


def refuse_instances(
    identity: Identity,
    instances: Iterable[tuple[str, RecoveryInstance, PlaceLook]],
    replaceable: Callable[[str], bool],
) -> None:
    """Refuse launches that would remove instances which are not to go.

    Args:
        identity: Whose launches they are.
        instances: The instances of each server, with the look at their place.
        replaceable: Whether the caller said that a server's instance may go.

    Raises:
        InstanceInTheWayError: An instance stands that may not go.
    """
    is_drill = identity.mode == "drill"
    in_the_way: dict[str, str] = {}
    live: list[str] = []
    for server_id, instance, look in instances:
        if not is_standing(str(instance.ec2_instance_state)) or _is_own(identity, instance, look):
            continue
        is_live = not instance.is_drill
        if is_live and is_drill:
            live.append(server_id)
        elif replaceable(server_id) or (not is_live and not is_drill):
            continue
        in_the_way[server_id] = instance.recovery_instance_id or "unknown"
    if in_the_way:
        raise InstanceInTheWayError(in_the_way, live=live, is_drill=is_drill)


def instances_of_others(
    identity: Identity, server_ids: Iterable[str], look: PlaceLook
) -> dict[str, str]:
    """Find the standing instances that launches of servers remove, and the run did not make."""
    return {
        server_id: instance.recovery_instance_id or "unknown"
        for server_id in server_ids
        for instance in (look.instances or {}).get(server_id, ())
        if is_standing(str(instance.ec2_instance_state)) and not _is_own(identity, instance, look)
    }


def running_holders(run: Run, standing: Standing, members: Iterable[Member]) -> dict[str, str]:
    """Find the jobs that hold servers and are waited for, by server.

    Raises:
        ServerHeldError: Launches hold some that are not waited for.
    """
    holders = {
        member.server_id: job
        for member in members
        if (job := standing.survey.looks[member.target].holder(member.server_id)) is not None
    }
    named = {name: job.job_id or "unknown" for name, job in holders.items()}
    held = {name: named[name] for name, job in holders.items() if not waits_for(run.identity, job)}
    if held:
        raise ServerHeldError(held)
    return named


def waits_for(identity: Identity, job: Job) -> bool:
    """Whether a job that holds a server is waited for: its end puts nothing in the way."""
    if job.type != "LAUNCH":
        return True
    record = record_of(job)
    if record is not None and record.run == identity.run and mode_of(job) == identity.mode:
        return True
    return identity.mode == "recovery" and job.initiated_by == "START_DRILL"


def _is_own(identity: Identity, instance: RecoveryInstance, look: PlaceLook) -> bool:
    job = look.jobs.get(instance.job_id or "")
    record = record_of(job) if job is not None else None
    return job is not None and record is not None and identity.owns(job, record)
