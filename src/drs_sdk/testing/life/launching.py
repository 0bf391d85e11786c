"""Launch jobs: what happens to each server from the snapshot to the running instance.

`start_launch` begins one. Every server walks through the steps of `_STEPS` on its own, at
its own slightly different pace, and each step schedules the next: a running job costs
nothing between its events. The lengths are those of real jobs, about nine minutes in all.
Its launch status stays PENDING until it is launched or has failed, as in the service.

Keys that a launch adds to the job's `state`: `is_drill`, `left` (how many servers are still
under way), `snapshots` (per server, the recovery snapshot to launch from).
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.life import post_launch_actions
from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import (
    ec2_instances,
    jobs,
    recovery_instances,
    recovery_snapshots,
    source_servers,
)
from drs_sdk.testing.state.jobs import log, set_status
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.jobs import InitiatedBy, LaunchStatus, OnEnd
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_Snapshots = dict[str, dict[str, str]]
_TO_START = 0.35
_TO_FIRST_SNAPSHOT = 0.4
_BETWEEN_SERVERS = 0.026
_TO_JOB_END = 2.5
_FAILS_AFTER = 0.4
"""The share of a stage after which one that fails does so."""

SILENT = "SILENT"
"""The stage, between snapshot and conversion, whose failure no event in the log tells."""

_HAND_OVER = 0.5
_UNTIL_INSTANCE = 1 / 14
"""The share of a launch after which the instance is there, booting."""


def start_launch(
    account: Account,
    servers: Sequence[Resource],
    *,
    is_drill: bool,
    initiated_by: InitiatedBy | None = None,
    tags: Mapping[str, str] | None = None,
    snapshots: Mapping[str, Mapping[str, str]] | None = None,
    on_end: OnEnd | None = None,
) -> Resource:
    """Begin a job that launches recovery instances of source servers.

    Args:
        account: The account.
        servers: The source servers.
        is_drill: Whether it is a drill.
        initiated_by: What the job says of its origin; by default `START_DRILL` or
            `START_RECOVERY`.
        tags: The job's tags.
        snapshots: By server, the recovery snapshot to launch from (an item of
            DescribeRecoverySnapshots); without one, a snapshot is taken.
        on_end: A transition to schedule when the job has ended, as `(kind, subject, args)`;
            its args are given the job's identifier as `job`. How the servers did stands in
            the job: `job.doc["participatingServers"]`.

    Returns:
        The job, pending.

    Raises:
        ServiceError: ConflictException when a server is in a running job or cannot be
            launched; ServiceQuotaExceededException.
    """
    jobs.require_idle(servers)
    for server in servers:
        require_launchable(account, server)
    jobs.require_room(account, len(servers))
    job = jobs.open_job(
        account,
        "LAUNCH",
        initiated_by or ("START_DRILL" if is_drill else "START_RECOVERY"),
        servers=servers,
        tags=tags,
        on_end=on_end,
    )
    chosen: _Snapshots = {key: dict(value) for key, value in (snapshots or {}).items()}
    job.state.update(is_drill=is_drill, left=len(servers), snapshots=chosen)
    for server in servers:
        note_launch(account, server, job, is_drill=is_drill)
    account.schedule(timedelta(seconds=_TO_START), "launch.started", job.id)
    return job


def note_launch(account: Account, server: Resource, job: Resource, *, is_drill: bool) -> None:
    """Let a source server show that its launch was initiated."""
    server.doc["lastLaunchResult"] = "PENDING"
    if account.quirks.empty_last_launch:
        return
    life: Doc = server.doc.setdefault("lifeCycle", {})
    life["lastLaunch"] = {
        "initiated": {
            "apiCallDateTime": account.stamp(),
            "jobID": job.id,
            "type": "DRILL" if is_drill else "RECOVERY",
        },
        "status": "PENDING",
    }


def show_status(
    account: Account, job: Resource, server_id: str, status: LaunchStatus
) -> Resource | None:
    """Set a launch status in the job and on the source server, which is returned."""
    set_status(job, server_id, status)
    return show_on_server(account, server_id, status)


def show_on_server(account: Account, server_id: str, status: LaunchStatus) -> Resource | None:
    """Set the status of the last launch on a source server, if it still exists."""
    server = account.source_servers.get(server_id)
    if server is not None:
        if not account.quirks.empty_last_launch:
            life: Doc = server.doc.setdefault("lifeCycle", {})
            life.setdefault("lastLaunch", {})["status"] = status
        if status in {"LAUNCHED", "FAILED"}:
            succeeded = status == "LAUNCHED"
            server.doc["lastLaunchResult"] = "SUCCEEDED" if succeeded else "FAILED"
    return server


def fail_silently(account: Account, params: Doc) -> None:
    """Let the launch that a request asked for fail without a word: its caller lacks rights."""
    for entry in params["sourceServers"]:
        fault: Doc = {"stage": SILENT, "error": "", "left": 1}
        account.launch_faults[entry["sourceServerID"]] = fault


def take_fault(account: Account, server_id: str, stage: str) -> Doc | None:
    """Return the failure that `fail_launch` set for this stage of this launch, and count it."""
    fault = account.launch_faults.get(server_id)
    if fault is None or fault["stage"] != stage:
        return None
    if fault["left"] is not None:
        fault["left"] -= 1
        if fault["left"] <= 0:
            del account.launch_faults[server_id]
    return fault


def server_done(account: Account, job: Resource) -> None:
    """Count a server that has come to its end; the last one ends the job."""
    job.state["left"] -= 1
    if job.state["left"] == 0:
        account.schedule(timedelta(seconds=_TO_JOB_END), "launch.ended", job.id)


def pace(account: Account, job: Resource, server_id: str, step: str) -> float:
    """Return how long a step takes this server, in seconds: the same seed, the same length."""
    dice = random.Random(f"{account.settings.seed}/{job.id}/{server_id}/{step}")  # noqa: S311
    durations = source_servers.job_durations_of(account, server_id)
    lengths = {
        "snapshot": durations.snapshot,
        "converter": durations.until_conversion,
        "conversion": durations.conversion,
        "hand-over": _HAND_OVER,
        "instance": durations.launch * _UNTIL_INSTANCE,
        "boot": durations.launch * (1 - _UNTIL_INSTANCE),
    }
    return lengths[step] * dice.uniform(1 - durations.jitter, 1 + durations.jitter)


@transition("launch.started")
def _started(account: Account, subject: str, _args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    jobs.begin(account, job)
    for server in account.source_servers.select(job.state["positions"]):
        recovery_instances.replace_previous(account, job, server)
    for index, server_id in enumerate(job.state["positions"]):
        from_snapshot = server_id in job.state["snapshots"]
        delay = timedelta(seconds=_TO_FIRST_SNAPSHOT + index * _BETWEEN_SERVERS)
        step = "prepare" if from_snapshot else "snapshot"
        account.schedule(delay, "launch.step", job.id, {"server": server_id, "step": step})


@transition("launch.step")
def _step(account: Account, subject: str, args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    _STEPS[args["step"]](account, job, args["server"])


@transition("launch.failed")
def _failed(account: Account, subject: str, args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    data: Doc = {"sourceServerID": args["server"]}
    if args["error"]:
        data["rawError"] = args["error"]
    if args["event"]:
        log(account, job, args["event"], **data)
    show_status(account, job, args["server"], "FAILED")
    server_done(account, job)


@transition("launch.ended")
def _ended(account: Account, subject: str, _args: Doc) -> None:
    jobs.complete(account, jobs.jobs_of(account).require(subject))


def _snapshot_starts(account: Account, job: Resource, server_id: str) -> None:
    log(account, job, "SNAPSHOT_START", sourceServerID=server_id)
    _go_on(account, job, server_id, "snapshot", "snapshot taken", fails="SNAPSHOT_FAIL")


def _snapshot_ends(account: Account, job: Resource, server_id: str) -> None:
    log(account, job, "SNAPSHOT_END", sourceServerID=server_id)
    job.state["snapshots"][server_id] = {"timestamp": account.stamp()}
    _go_on(account, job, server_id, "converter", "convert", fails="")


def _prepare(account: Account, job: Resource, server_id: str) -> None:
    # Launching from an older point in time takes no snapshot.
    _go_on(account, job, server_id, "converter", "convert", fails="")


def _conversion_starts(account: Account, job: Resource, server_id: str) -> None:
    log(account, job, "CONVERSION_START", sourceServerID=server_id)
    _go_on(account, job, server_id, "conversion", "converted", fails="CONVERSION_FAIL")


def _conversion_ends(account: Account, job: Resource, server_id: str) -> None:
    converter = account.new_id("i")
    log(account, job, "CONVERSION_END", sourceServerID=server_id, conversionServerID=converter)
    _go_on(account, job, server_id, "hand-over", "launch")


def _launch_starts(account: Account, job: Resource, server_id: str) -> None:
    log(account, job, "LAUNCH_START", sourceServerID=server_id)
    _go_on(account, job, server_id, "instance", "boot", fails="LAUNCH_FAILED")


def _boots(account: Account, job: Resource, server_id: str) -> None:
    server = account.source_servers.require(server_id)
    taken = recovery_snapshots.taken_at(job.state["snapshots"][server_id])
    recovery_instances.add_instance(account, job, server, taken, is_drill=job.state["is_drill"])
    _go_on(account, job, server_id, "boot", "launched")


def _launched(account: Account, job: Resource, server_id: str) -> None:
    server = show_status(account, job, server_id, "LAUNCHED")
    if server is not None:
        instance = recovery_instances.launched(account, job, server)
        log(account, job, "LAUNCH_END", sourceServerID=server_id, targetInstanceID=instance.id)
        if account.settings.recovery_instance_ids_in_jobs:
            jobs.participant(job, server_id)["recoveryInstanceID"] = instance.id
        post_launch_actions.begin(account, job, server)
    server_done(account, job)


_STEPS: dict[str, Callable[[Account, Resource, str], None]] = {
    "prepare": _prepare,
    "snapshot": _snapshot_starts,
    "snapshot taken": _snapshot_ends,
    "convert": _conversion_starts,
    "converted": _conversion_ends,
    "launch": _launch_starts,
    "boot": _boots,
    "launched": _launched,
}
_STAGES = {
    "SNAPSHOT_FAIL": "SNAPSHOT",
    "CONVERSION_FAIL": "CONVERSION",
    "LAUNCH_FAILED": "LAUNCH",
    "": SILENT,
}


def _go_on(
    account: Account,
    job: Resource,
    server_id: str,
    length: str,
    step: str,
    *,
    fails: str | None = None,
) -> None:
    """Schedule the next step of a server, or the failure of the stage that has just begun.

    `fails` is the event of such a failure: empty for one without an event, None where nothing
    can fail.
    """
    seconds = pace(account, job, server_id, length)
    fault = take_fault(account, server_id, _STAGES[fails]) if fails is not None else None
    if fault is None:
        args: Doc = {"server": server_id, "step": step}
        account.schedule(timedelta(seconds=seconds), "launch.step", job.id, args)
    else:
        args = {"server": server_id, "event": fails, "error": fault["error"]}
        delay = timedelta(seconds=seconds * _FAILS_AFTER)
        account.schedule(delay, "launch.failed", job.id, args)


def require_launchable(account: Account, server: Resource) -> None:
    """Refuse when the server cannot be launched, or not into the instance it is meant for.

    Raises:
        ServiceError: ConflictException.
    """
    if not source_servers.is_launchable(server):
        raise refusals.conflict(
            f"Source server {server.id} cannot be launched: its initial sync has not completed.",
            "source-server",
            server.id,
        )
    target = recovery_instances.launch_target(account, server)
    if target and ec2_instances.state_of(account, target) != "STOPPED":
        raise refusals.conflict(
            f"Instance {target}, which {server.id} is to be launched into, is not stopped.",
            "recovery-instance",
            target,
        )
