"""Failback launches: the machine that an instance was replicated back to is converted and booted.

No recovery instance comes of it; the instance that was failed over to is what shows the end.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.life import failback, launching
from drs_sdk.testing.state import jobs, recovery_instances
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.jobs import LaunchStatus
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_TO_START = timedelta(seconds=0.35)
_TO_CONVERSION = timedelta(seconds=1)
# Step to its stage, the events of its good and its bad end, and the pace of the step.
_STAGES = {
    "CONVERSION_START": ("CONVERSION", "CONVERSION_END", "CONVERSION_FAIL", "conversion"),
    "LAUNCH_START": ("LAUNCH", "LAUNCH_END", "LAUNCH_FAILED", "boot"),
}


def start_failback_launch(
    account: Account, targets: Sequence[Resource], tags: Mapping[str, str]
) -> Resource:
    """Begin a job that completes the failback of recovery instances.

    Raises:
        ServiceError: ConflictException when one is not ready or is in a job;
            ServiceQuotaExceededException.
    """
    pairs = [
        (target, account.source_servers.get(target.doc.get("sourceServerID", "")))
        for target in targets
    ]
    for target in targets:
        failback.require_ready(account, target)
    servers = [server for _, server in pairs if server is not None]
    jobs.require_idle(servers)
    jobs.require_room(account, len(pairs))
    job = jobs.open_job(account, "LAUNCH", "FAILBACK", instances=pairs, tags=tags)
    job.state["left"] = len(pairs)
    for server in servers:
        launching.note_launch(account, server, job, is_drill=False)
    for target in targets:
        target.doc.setdefault("failback", {})["failbackJobID"] = job.id
    account.schedule(_TO_START, "failback.started", job.id)
    return job


@transition("failback.started")
def _started(account: Account, subject: str, _args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    jobs.begin(account, job)
    for instance_id in job.state["positions"]:
        args: Doc = {"instance": instance_id, "event": "CONVERSION_START"}
        account.schedule(_TO_CONVERSION, "failback.stage_began", job.id, args)


@transition("failback.stage_began")
def _stage_began(account: Account, subject: str, args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    stage, good, bad, pace = _STAGES[args["event"]]
    names = _names(job, args["instance"])
    server_id: str = names.get("sourceServerID", "")
    if stage == "CONVERSION" and launching.take_fault(account, server_id, launching.SILENT):
        _show(account, job, args["instance"], "FAILED")
        launching.server_done(account, job)
        return
    jobs.log(account, job, args["event"], **names)
    fault = launching.take_fault(account, server_id, stage)
    ended: Doc = {"instance": args["instance"], "event": good if fault is None else bad}
    if fault is not None:
        ended["error"] = fault["error"]
    length = timedelta(seconds=launching.pace(account, job, args["instance"], pace))
    account.schedule(length, "failback.stage_ended", job.id, ended)


@transition("failback.stage_ended")
def _stage_ended(account: Account, subject: str, args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    names = _names(job, args["instance"])
    if args.get("error"):
        names["rawError"] = args["error"]
    jobs.log(account, job, args["event"], **names)
    if args["event"] == "CONVERSION_END":
        coming: Doc = {"instance": args["instance"], "event": "LAUNCH_START"}
        account.schedule(timedelta(0), "failback.stage_began", job.id, coming)
        return
    succeeded = args["event"] == "LAUNCH_END"
    _show(account, job, args["instance"], "LAUNCHED" if succeeded else "FAILED")
    instance = recovery_instances.instances_of(account).get(args["instance"])
    if succeeded and instance is not None:
        recovery_instances.launched_back(instance, job, is_drill=False)
    launching.server_done(account, job)


def _names(job: Resource, instance_id: str) -> Doc:
    entry = jobs.participant(job, instance_id)
    return {name: entry[name] for name in ("sourceServerID",) if name in entry}


def _show(account: Account, job: Resource, instance_id: str, status: LaunchStatus) -> None:
    jobs.set_status(job, instance_id, status)
    server_id: str = _names(job, instance_id).get("sourceServerID", "")
    launching.show_on_server(account, server_id, status)
