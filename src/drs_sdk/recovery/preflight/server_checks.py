"""Checks of each server: can it be launched, what would be lost, what is in the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery import pacing
from drs_sdk.recovery.guards import refuse_instances, waits_for
from drs_sdk.recovery.preflight.findings import Finding
from drs_sdk.recovery.run_errors import InstanceInTheWayError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.recovery.preflight.findings import Severity
    from drs_sdk.recovery.preflight.reading import Facts
    from drs_sdk.recovery.standing import Member

_LONG_AGO = timedelta(days=90)
_AGES_OUT_AFTER = (timedelta(hours=1), timedelta(days=1))
"""Points in time are kept every ten minutes for an hour, hourly for a day, then daily."""


def _finding(member: Member, severity: Severity, check: str, cause: str, remedy: str) -> Finding:
    return Finding(
        severity=severity,
        check=check,
        wave=member.wave.name,
        target=str(member.target),
        server=member.server_id,
        cause=cause,
        remedy=remedy,
    )


def launchable(facts: Facts) -> Iterator[Finding]:
    """Find servers that cannot be launched, or whose replication is not well."""
    for member in facts.members():
        server = member.server
        if server is None:
            continue
        state = server.replication_state
        info = server.data_replication_info
        error = info.data_replication_error if info is not None else None
        said = f" ({error.error})" if error is not None and error.error is not None else ""
        if not server.is_launchable:
            yield _finding(
                member,
                "blocking",
                "launchable",
                f"replication is {state or 'unknown'}{said}: no launch is known to be possible",
                "wait for the initial sync (wait_until_source_servers_launchable), or mend it",
            )
        elif not server.is_replicating:
            yield _finding(
                member,
                "warning",
                "replication",
                f"replication is {state}{said}: what is launched grows old",
                "look at the agent and the replication settings",
            )
        staging = server.staging_area
        if staging is not None and staging.status == "EXTENSION_ERROR":
            yield _finding(
                member,
                "blocking",
                "extension",
                f"its staging account cannot be reached: {staging.error_message or 'unsaid'}",
                "mend the trust between the accounts",
            )


def data_loss(facts: Facts) -> Iterator[Finding]:
    """Find servers whose lag, or point in time, is beyond the wave's objective."""
    for member in facts.members():
        objective = member.wave.recovery_point_objective
        point = facts.points.get(member.server_id)
        moment = member.wave.point_in_time
        if moment != "latest":
            yield from _point_in_time(facts, member)
        if objective is None or member.server is None:
            continue
        at = facts.standing.survey.looks[member.target].at
        lag = at - point.taken_at if point is not None else member.server.lag
        if moment == "latest" and lag is None:
            yield _finding(
                member, "warning", "lag", "its lag is not known", "look at its replication"
            )
        elif lag is not None and lag > objective:
            yield _finding(
                member,
                "warning",
                "lag",
                f"{lag} of data would be lost, the objective is {objective}",
                "look at bandwidth and replication, or choose a later point in time",
            )


def _point_in_time(facts: Facts, member: Member) -> Iterator[Finding]:
    point = facts.points.get(member.server_id)
    if point is None:
        if member.server_id not in facts.unread:
            yield _finding(
                member,
                "blocking",
                "point in time",
                f"has no point in time at or before {member.wave.point_in_time}",
                "choose a later moment, or the latest",
            )
        return
    age = facts.standing.survey.looks[member.target].at - point.taken_at
    position = [wave.name for wave in facts.run.order].index(member.wave.name)
    until = pacing.TYPICAL * (position + 1)
    if any(age < limit <= age + until for limit in _AGES_OUT_AFTER):
        yield _finding(
            member,
            "warning",
            "point in time",
            f"the point in time of {point.taken_at:%Y-%m-%d %H:%M} may be aged out by the time "
            "that the wave starts",
            "launch soon, or choose one that is kept longer",
        )


def history(facts: Facts) -> Iterator[Finding]:
    """Find servers whose last launch failed, and those that were never drilled, or long ago."""
    for member in facts.members():
        server = member.server
        if server is None:
            continue
        if server.last_launch_result == "FAILED":
            yield _finding(
                member,
                "warning",
                "last launch",
                "its last launch failed",
                "read the job's log (describe_job_log_items) before you rely on it",
            )
        life = server.life_cycle
        last = life.last_launch if life is not None else None
        initiated = last.initiated if last is not None else None
        when = initiated.api_call_date_time if initiated is not None else None
        at = facts.standing.survey.looks[member.target].at
        if when is None:
            yield _finding(
                member, "warning", "never drilled", "no launch of it is known", "drill it"
            )
        elif at - when > _LONG_AGO:
            yield _finding(
                member,
                "warning",
                "never drilled",
                f"its last launch was on {when:%Y-%m-%d}",
                "drill it",
            )


def held(facts: Facts) -> Iterator[Finding]:
    """Find servers that another job holds."""
    for member in facts.members():
        job = facts.standing.survey.looks[member.target].holder(member.server_id)
        if job is None:
            continue
        waits = waits_for(facts.run.identity, job)
        yield _finding(
            member,
            "warning" if waits else "blocking",
            "held",
            f"job {job.job_id} ({job.type}, {job.initiated_by}) holds it",
            "its launch waits for the job's end" if waits else "speak to whoever started the job",
        )


def in_the_way(facts: Facts) -> Iterator[Finding]:
    """Find instances that a launch would remove."""
    for member in facts.members():
        look = facts.standing.survey.looks[member.target]
        found = [
            (member.server_id, i, look) for i in (look.instances or {}).get(member.server_id, ())
        ]
        try:
            refuse_instances(facts.run.identity, found, lambda _: False)
        except InstanceInTheWayError as error:
            live = member.server_id in error.live
            yield _finding(
                member,
                "blocking",
                "in the way",
                f"instance {error.instances[member.server_id]} stands, and the launch removes it",
                "a drill replaces no live instance: leave the server out"
                if live
                else "terminate it, or name the server in replace_instances_of",
            )
