"""What a server step of a recovery plan's execution launches, and how that goes.

Each server of the step that can be launched has a job of its own; the others fail at once. A
retry launches the servers that have failed before, and leaves those that run.

Keys of the step's `state`:

* `outcomes`: of each server that was tried, by ARN: LAUNCHED, FAILED, or PENDING while its job
  runs.
* `jobs`: the jobs that were started last, by the ARN of their server.
* `refusal`: why a server could not be launched, or empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.life import launching
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.refusals import ServiceError
from drs_sdk.testing.state import jobs, recovery_plans, recovery_snapshots

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

SERVERS = recovery_plans.EXECUTED_SERVERS


def begin(account: Account, execution: Resource, step: Resource, on_end: str) -> bool:
    """Launch the servers of a step that have not been launched yet.

    Args:
        account: The account.
        execution: The execution.
        step: The step.
        on_end: The transition to schedule when a job has ended; its args are `step` and
            `job`, its subject is the execution.

    Returns:
        Whether there is a job.
    """
    started: dict[str, str] = {}
    step.state.update(jobs=started, refusal="")
    outcomes: dict[str, str] = step.state["outcomes"]
    for shown in servers_of(step):
        arn: str = shown["serverArn"]
        if outcomes.get(arn) == "LAUNCHED":
            continue
        shown.pop("jobID", None)
        outcomes[arn] = "FAILED"
        try:
            server = require_fit(account, arn)
            snapshot = _snapshot(account, execution, server)
            job = launching.start_launch(
                account,
                [server],
                is_drill=execution.doc["mode"] == "DRILL",
                snapshots={server.id: snapshot} if snapshot is not None else {},
                on_end=(on_end, execution.id, {"step": step.id}),
            )
        except ServiceError as refusal:
            step.state["refusal"] = refusal.message
            continue
        started[arn] = shown["jobID"] = job.id
        outcomes[arn] = "PENDING"
    return bool(started)


def jobs_run(account: Account, step: Resource) -> bool:
    """Tell whether one of the jobs that were started last is running."""
    started: dict[str, str] = step.state["jobs"]
    return any(jobs.is_running(job) for job in jobs.jobs_of(account).select(started.values()))


def still_runs(account: Account, step: Resource) -> bool:
    """Look how the servers have done; tell whether some have not come to an end."""
    outcomes: dict[str, str] = step.state["outcomes"]
    started: dict[str, str] = step.state["jobs"]
    statuses: dict[str, str] = {}
    for job in jobs.jobs_of(account).select(started.values()):
        for part in job.doc["participatingServers"]:
            statuses[part["sourceServerID"]] = part["launchStatus"]
    for arn, outcome in outcomes.items():
        if outcome == "PENDING":
            status = statuses.get(arn.rpartition("/")[2], "FAILED")
            outcomes[arn] = status if status in {"LAUNCHED", "FAILED"} else "PENDING"
    return "PENDING" in outcomes.values()


def failed_critical_servers(step: Resource) -> list[str]:
    """Return the ARNs of the servers whose failure fails the step."""
    outcomes: dict[str, str] = step.state["outcomes"]
    return [
        shown["serverArn"]
        for shown in servers_of(step)
        if shown.get("impactLevel", "CRITICAL") == "CRITICAL"
        and outcomes[shown["serverArn"]] == "FAILED"
    ]


def servers_of(step: Resource) -> list[Doc]:
    """Return the servers of a step, as they are shown."""
    servers: list[Doc] = step.doc["configuration"][SERVERS]["servers"]
    return servers


def require_fit(account: Account, arn: str) -> Resource:
    """Return the server of an ARN, which must be ready to be launched.

    Raises:
        ServiceError: Why it is not.
    """
    server = recovery_plans.server_of(account, arn)
    if server is None:
        raise refusals.not_found("source-server", arn)
    jobs.require_idle([server])
    launching.require_launchable(account, server)
    return server


def _snapshot(account: Account, execution: Resource, server: Resource) -> Doc | None:
    """Return the snapshot that was asked for, or else the latest, if there is one."""
    snapshot_id: str | None = execution.state["snapshots"].get(server.id)
    if snapshot_id is not None:
        return recovery_snapshots.require(account, server, snapshot_id)
    return next(recovery_snapshots.snapshots_after(account, server, None, newest_first=True), None)
