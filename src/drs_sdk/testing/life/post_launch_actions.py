"""Post-launch actions: what runs on an instance after its launch, and how it shows in the job.

They run one after the other in their order, once the SSM agent on the instance is found. A
failed action that is not optional keeps the later ones from running. The job may end before.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.state import configurations, jobs
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

AGENT_FOUND = timedelta(seconds=90)
ACTION = timedelta(seconds=60)


def begin(account: Account, job: Resource, server: Resource) -> None:
    """Schedule the active actions of a server that was just launched, if they are enabled."""
    if not configurations.launch_configuration_of(account, server).doc.get("postLaunchEnabled"):
        return
    actions = [
        copy_doc(action.doc)
        for action in configurations.actions_of(account, server)
        if action.doc.get("active")
    ]
    if actions:
        jobs.participant(job, server.id)["launchActionsStatus"] = {"runs": []}
        args: Doc = {"server": server.id, "actions": actions}
        account.schedule(AGENT_FOUND, "post_launch.agent_found", job.id, args)


@transition("post_launch.agent_found")
def _agent_found(account: Account, subject: str, args: Doc) -> None:
    job = jobs.jobs_of(account).get(subject)
    if job is not None:
        status = jobs.participant(job, args["server"])["launchActionsStatus"]
        status["ssmAgentDiscoveryDatetime"] = account.stamp()
        _run_next(account, job, args)


@transition("post_launch.action_ended")
def _action_ended(account: Account, subject: str, args: Doc) -> None:
    job = jobs.jobs_of(account).get(subject)
    if job is None:
        return
    run: Doc = jobs.participant(job, args["server"])["launchActionsStatus"]["runs"][-1]
    reason = _take_failure(account, args["server"], run["action"]["actionId"])
    if reason is None:
        run["status"] = "SUCCEEDED"
    else:
        run.update(status="FAILED", failureReason=reason)
        if not run["action"].get("optional"):
            return
    _run_next(account, job, args)


def _run_next(account: Account, job: Resource, args: Doc) -> None:
    first, *rest = args["actions"] or [None]
    if first is None:
        return
    run: Doc = {
        "action": first,
        "runId": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{job.id}/{args['server']}/{len(rest)}")),
        "status": "IN_PROGRESS",
    }
    jobs.participant(job, args["server"])["launchActionsStatus"]["runs"].append(run)
    coming: Doc = {**args, "actions": rest}
    account.schedule(ACTION, "post_launch.action_ended", job.id, coming)


def _take_failure(account: Account, server_id: str, action_id: str) -> str | None:
    """Return why the action fails, as `fail_launch_action` said, and count it; else None."""
    server = account.source_servers.get(server_id)
    if server is None:
        return None
    faults: list[Doc] = server.state.get("action_faults", [])
    fault = next((f for f in faults if f["action"] in {"", action_id}), None)
    if fault is None:
        return None
    if fault["left"] is not None:
        fault["left"] -= 1
        if fault["left"] <= 0:
            faults.remove(fault)
    return str(fault["reason"])
