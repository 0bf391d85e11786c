"""Terminate jobs: the EC2 instances go, then their records.

An instance is shown as SHUTTING-DOWN, then as TERMINATED until the job ends; after that the
service does not know it any more. What it was launched from can be launched again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.life import stalling
from drs_sdk.testing.state import jobs, recovery_instances, reversals, source_servers
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_TO_START = timedelta(seconds=0.35)
_TO_SHUTDOWN = timedelta(seconds=1)
_TO_JOB_END = timedelta(seconds=2.5)


def start_termination(account: Account, targets: Sequence[Resource]) -> Resource:
    """Begin a job that terminates recovery instances.

    Raises:
        ServiceError: ConflictException when one has not finished initialising or is in a job,
            or its source server is, or while a source server replicates it;
            ServiceQuotaExceededException.
    """
    pairs = [
        (instance, account.source_servers.get(instance.doc.get("sourceServerID", "")))
        for instance in targets
    ]
    for instance in targets:
        recovery_instances.require_initialized(instance)
        recovery_instances.require_not_replicated(account, instance, "it cannot be terminated")
    jobs.require_idle(server for _, server in pairs if server is not None)
    jobs.require_room(account, len(pairs))
    job = jobs.open_job(account, "TERMINATE", "TERMINATE_RECOVERY_INSTANCES", instances=pairs)
    account.schedule(_TO_START, "termination.started", job.id)
    return job


@transition("termination.started")
def _started(account: Account, subject: str, _args: Doc) -> None:
    jobs.begin(account, jobs.jobs_of(account).require(subject))
    account.schedule(_TO_SHUTDOWN, "termination.shut_down", subject)


@transition("termination.shut_down")
def _shut_down(account: Account, subject: str, _args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    for instance in _targets(account, job):
        jobs.set_status(job, instance.id, "IN_PROGRESS")
        jobs.log(account, job, "CLEANUP_START", **_names(instance))
        recovery_instances.show_ec2_state(account, instance, "SHUTTING-DOWN")
    owners = [instance.doc.get("sourceServerID", "") for instance in _targets(account, job)]
    # All of a job go together, so the slowest sets the pace.
    seconds = max(
        (source_servers.job_durations_of(account, i).termination for i in owners), default=0.0
    )
    account.schedule(timedelta(seconds=seconds), "termination.terminated", subject)


@transition("termination.terminated")
def _terminated(account: Account, subject: str, _args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    for instance in _targets(account, job):
        jobs.set_status(job, instance.id, "TERMINATED")
        jobs.log(account, job, "CLEANUP_END", **_names(instance))
        recovery_instances.show_ec2_state(account, instance, "TERMINATED")
    account.schedule(_TO_JOB_END, "termination.ended", subject)


@transition("termination.ended")
def _ended(account: Account, subject: str, _args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    jobs.complete(account, job)
    for instance in _targets(account, job):
        for there, server in reversals.replicas_of(account, instance):
            # Its replication was started again meanwhile.
            stalling.stall(there, server)
        recovery_instances.remove_instance(account, instance)


def _targets(account: Account, job: Resource) -> list[Resource]:
    return recovery_instances.instances_of(account).select(job.state["positions"])


def _names(instance: Resource) -> Doc:
    names: Doc = {"targetInstanceID": instance.id}
    if "sourceServerID" in instance.doc:
        names["sourceServerID"] = instance.doc["sourceServerID"]
    return names
