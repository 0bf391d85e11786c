"""Recovery instances: listing them, letting go of them, and their way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of, paged
from drs_sdk.testing.life import failback, failback_launching, reversing, terminating
from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import recovery_instances, reversals

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_DISCONNECTED: Doc = {"dataReplicationState": "DISCONNECTED"}
_CONFIGURATION: Doc = {"name": "", "bandwidthThrottling": 0, "usePrivateIP": False}


@handles("DescribeRecoveryInstances")
def describe_recovery_instances(account: Account, params: Doc) -> Doc:
    """List recovery instances, oldest first; identifiers that do not exist are passed over."""
    filters: Doc = params.get("filters", {})
    servers = frozenset[str](filters.get("sourceServerIDs", ()))

    def matches(instance: Resource) -> bool:
        return instance.doc.get("sourceServerID") in servers

    found, token = page_of(
        account,
        "DescribeRecoveryInstances",
        params,
        recovery_instances.instances_of(account),
        ids=filters.get("recoveryInstanceIDs") or None,
        matches=matches if servers else None,
    )
    return paged("items", [failback.render(account, instance) for instance in found], token)


@handles("TerminateRecoveryInstances")
def terminate_recovery_instances(account: Account, params: Doc) -> Doc:
    """Begin a job that terminates EC2 instances and deletes their records."""
    return {"job": terminating.start_termination(account, _all(account, params)).doc}


@handles("DisconnectRecoveryInstance")
def disconnect_recovery_instance(account: Account, params: Doc) -> None:
    """Let go of an instance, which runs on; doing so again changes nothing."""
    instance = _one(account, params)
    if recovery_instances.is_disconnected(instance):
        return
    recovery_instances.require_initialized(instance)
    shown = failback.render(account, instance)
    disks: list[Doc] = shown.get("dataReplicationInfo", {}).get("replicatedDisks", [])
    failback.disconnect(account, instance)
    instance.doc["dataReplicationInfo"] = {
        **_DISCONNECTED,
        "replicatedDisks": [{**disk, "totalStorageBytes": 0} for disk in disks],
    }


@handles("DeleteRecoveryInstance")
def delete_recovery_instance(account: Account, params: Doc) -> None:
    """Delete the record of an instance that is disconnected or protected again; EC2's stays."""
    instance = _one(account, params)
    recovery_instances.require_initialized(instance)
    if not (
        recovery_instances.is_disconnected(instance)
        or reversals.is_protected_again(account, instance)
    ):
        raise recovery_instances.conflict(instance, "must be disconnected before it is deleted")
    recovery_instances.remove_instance(account, instance)


@handles("ReverseReplication")
def reverse_replication(account: Account, params: Doc) -> Doc:
    """Replicate an instance in the other direction, by a source server where it came from."""
    server = reversing.reverse(account, _one(account, params))
    return {"reversedDirectionSourceServerArn": server.arn}


@handles("StartFailbackLaunch")
def start_failback_launch(account: Account, params: Doc) -> Doc:
    """Begin a job that completes the failback of instances."""
    targets = _all(account, params)
    job = failback_launching.start_failback_launch(account, targets, params.get("tags", {}))
    return {"job": job.doc}


@handles("StopFailback")
def stop_failback(account: Account, params: Doc) -> None:
    """Stop the failback of an instance; stopping what was never begun changes nothing."""
    failback.stop(account, _one(account, params))


@handles("GetFailbackReplicationConfiguration")
def get_failback_replication_configuration(account: Account, params: Doc) -> Doc:
    """Show how an instance is replicated back."""
    instance = _one(account, params)
    said: Doc = instance.state.get("failback_configuration", {})
    # A loaded one is shown as it was loaded.
    defaults = {} if "failback_loaded" in instance.state else _CONFIGURATION
    return {"recoveryInstanceID": instance.id, **defaults, **said}


@handles("UpdateFailbackReplicationConfiguration")
def update_failback_replication_configuration(account: Account, params: Doc) -> None:
    """Change the members that are given, and leave the others."""
    instance = _one(account, params)
    said: Doc = instance.state.setdefault("failback_configuration", {})
    said.update({name: value for name, value in params.items() if name != "recoveryInstanceID"})


def _one(account: Account, params: Doc) -> Resource:
    return recovery_instances.instances_of(account).require(params["recoveryInstanceID"])


def _all(account: Account, params: Doc) -> list[Resource]:
    ids: list[str] = params["recoveryInstanceIDs"]
    if len(set(ids)) < len(ids):
        raise refusals.invalid(
            "An instance is named twice.",
            fields=[("recoveryInstanceIDs", "names an instance twice")],
        )
    found = recovery_instances.instances_of(account)
    return [found.require(instance_id) for instance_id in ids]
