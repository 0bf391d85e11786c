"""Jobs that recover source networks: deploying their stack, and using it in launch templates.

`start` begins one for several networks, which go through the steps side by side: the stack is
deployed (or updated, or only taken over), then the launch template of each source server in
the network is changed. `recovery_fault` in a network's state says where it fails, once.

Keys that a recovery adds to the job's `state`: `plans` (per network: `initiated_by` and the
name of its `stack`) and `left` (how many networks are under way).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.state import jobs, source_networks
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.jobs import InitiatedBy, LaunchStatus
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_TO_START = timedelta(seconds=0.4)
_TO_DEPLOY = timedelta(seconds=1)
_DEPLOYMENT = timedelta(minutes=3)
_TAKE_OVER = timedelta(seconds=20)
_PER_LAUNCH_TEMPLATE = timedelta(seconds=2)
_TO_JOB_END = timedelta(seconds=2)

_ASSOCIATE: InitiatedBy = "ASSOCIATE_NETWORK_RECOVERY"
_CREATE: InitiatedBy = "CREATE_NETWORK_RECOVERY"
_UPDATE: InitiatedBy = "UPDATE_NETWORK_RECOVERY"


def start(
    account: Account,
    stacks: Sequence[tuple[Resource, str]],
    *,
    deploy_as_new: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Resource:
    """Begin a job that recovers networks.

    Args:
        account: The account.
        stacks: The networks, each with the name of its stack, or empty for the present or a
            made-up one.
        deploy_as_new: Whether a stack that is there already is left alone.
        tags: The job's tags.

    Returns:
        The job, pending.
    """
    plans: dict[str, Doc] = {}
    for network, asked in stacks:
        present: str = network.doc.get("cfnStackName", "")
        updates = bool(present) and not deploy_as_new and asked in {"", present}
        made_up = f"drs-{network.id}-{account.new_id('stack', 8).removeprefix('stack-')}"
        plans[network.id] = {
            "initiated_by": _UPDATE if updates else _CREATE,
            "stack": present if updates else asked or made_up,
        }
    only_updates = all(plan["initiated_by"] == _UPDATE for plan in plans.values())
    return _open(account, plans, _UPDATE if only_updates else _CREATE, tags)


def associate(account: Account, network: Resource, stack: str) -> Resource:
    """Begin a job that lets a network be recovered by a stack that is there."""
    plan: Doc = {"initiated_by": _ASSOCIATE, "stack": stack}
    return _open(account, {network.id: plan}, _ASSOCIATE, None)


def _open(
    account: Account,
    plans: dict[str, Doc],
    initiated_by: InitiatedBy,
    tags: Mapping[str, str] | None,
) -> Resource:
    jobs.require_room(account)
    job = jobs.open_job(
        account,
        "LAUNCH",
        initiated_by,
        resources=[{"sourceNetworkID": network_id} for network_id in plans],
        tags=tags,
    )
    job.state.update(plans=plans, left=len(plans))
    for network_id in plans:
        network = source_networks.networks_of(account).require(network_id)
        network.state["job"] = job.id
        network.doc["lastRecovery"] = {
            "apiCallDateTime": account.stamp(),
            "jobID": job.id,
            "lastRecoveryResult": "IN_PROGRESS",
        }
    account.schedule(_TO_START, "network.recovery.started", job.id)
    return job


@transition("network.recovery.started")
def _started(account: Account, subject: str, _args: Doc) -> None:
    job = jobs.jobs_of(account).require(subject)
    jobs.begin(account, job)
    for network_id in job.state["plans"]:
        account.schedule(_TO_DEPLOY, "network.recovery.deploys", job.id, {"network": network_id})


@transition("network.recovery.deploys")
def _deploys(account: Account, subject: str, args: Doc) -> None:
    job, network, plan = _read(account, subject, args)
    _set_status(job, network.id, "IN_PROGRESS")
    _log(account, job, network, f"{_event(plan)}_START")
    length = _TAKE_OVER if plan["initiated_by"] == _ASSOCIATE else _DEPLOYMENT
    account.schedule(length, "network.recovery.deployed", job.id, args)


@transition("network.recovery.deployed")
def _deployed(account: Account, subject: str, args: Doc) -> None:
    job, network, plan = _read(account, subject, args)
    fault: Doc | None = network.state.get("recovery_fault")
    if fault is not None and fault["stage"] == "NETWORK":
        del network.state["recovery_fault"]
        _log(account, job, network, f"{_event(plan)}_FAILED", fault["error"])
        _log(account, job, network, "NETWORK_RECOVERY_FAIL", fault["error"])
        _finish(account, job, network, "FAILED", "FAIL")
        return
    if plan["initiated_by"] != _UPDATE or "launchedVpcID" not in network.doc:
        network.doc["launchedVpcID"] = account.new_id("vpc")
    network.doc["cfnStackName"] = plan["stack"]
    _log(account, job, network, f"{_event(plan)}_END")
    servers = source_networks.servers_of(account, network)
    for server in servers:
        _log(account, job, network, "UPDATE_LAUNCH_TEMPLATE_START", server=server.id)
    delay = _PER_LAUNCH_TEMPLATE * len(servers)
    account.schedule(delay, "network.recovery.used", job.id, args)


@transition("network.recovery.used")
def _used(account: Account, subject: str, args: Doc) -> None:
    job, network, _ = _read(account, subject, args)
    fault: Doc | None = network.state.pop("recovery_fault", None)
    outcome = "END" if fault is None else "FAILED"
    for server in source_networks.servers_of(account, network):
        error = "" if fault is None else fault["error"]
        _log(account, job, network, f"UPDATE_LAUNCH_TEMPLATE_{outcome}", error, server=server.id)
    result = "SUCCESS" if fault is None else "PARTIAL_SUCCESS"
    _finish(account, job, network, "LAUNCHED", result)


@transition("network.recovery.ended")
def _ended(account: Account, subject: str, _args: Doc) -> None:
    jobs.complete(account, jobs.jobs_of(account).require(subject))


def _finish(
    account: Account, job: Resource, network: Resource, status: LaunchStatus, result: str
) -> None:
    if job.state["plans"][network.id]["initiated_by"] == _ASSOCIATE:
        result = "ASSOCIATE_FAIL" if result == "FAIL" else "ASSOCIATE_SUCCESS"
    network.doc["lastRecovery"]["lastRecoveryResult"] = result
    _set_status(job, network.id, status)
    network.state.pop("job", None)
    job.state["left"] -= 1
    if not job.state["left"]:
        account.schedule(_TO_JOB_END, "network.recovery.ended", job.id)


def _read(account: Account, job_id: str, args: Doc) -> tuple[Resource, Resource, Doc]:
    # Neither can be deleted while the job runs.
    job = jobs.jobs_of(account).require(job_id)
    network = source_networks.networks_of(account).require(args["network"])
    return job, network, job.state["plans"][network.id]


def _event(plan: Doc) -> str:
    deploys = plan["initiated_by"] == _CREATE
    return f"{'DEPLOY' if deploys else 'UPDATE'}_NETWORK_CONFIGURATION"


def _log(
    account: Account,
    job: Resource,
    network: Resource,
    event: str,
    error: str = "",
    *,
    server: str = "",
) -> None:
    about: Doc = {
        "sourceNetworkID": network.id,
        "stackName": job.state["plans"][network.id]["stack"],
    }
    if "sourceVpcID" in network.doc:
        about["sourceVpc"] = network.doc["sourceVpcID"]
    if event.endswith("_END"):
        about["targetVpc"] = network.doc["launchedVpcID"]
    data: Doc = {"eventResourceData": {"sourceNetworkData": about}}
    if server:
        data["sourceServerID"] = server
    if error:
        data["rawError"] = error
    jobs.log(account, job, event, **data)


def _set_status(job: Resource, network_id: str, status: LaunchStatus) -> None:
    for entry in job.doc["participatingResources"]:
        if entry["participatingResourceID"]["sourceNetworkID"] == network_id:
            entry["launchStatus"] = status
