"""Recovery instances: how they come to be, how they are shown, and how they go.

Keys of a recovery instance's `state`:

* `live`: the emulator moves it (a loaded instance is shown as it was loaded).
* `initialized`: the agent on it has reported, so it can be terminated or disconnected.
* `job`: the job that terminates it or launches it back.
* `reversed`, `replicas`, `direction`: see `state.reversals`.
* `client`: the failback client that replicates it back, see `life.failback`.
* `failback_configuration`: what UpdateFailbackReplicationConfiguration said.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.state import configurations, ec2_instances, jobs, reversals
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource

InstanceState = Literal[
    "PENDING", "RUNNING", "STOPPING", "STOPPED", "SHUTTING-DOWN", "TERMINATED", "NOT_FOUND"
]

_NOT_STARTED = "FAILBACK_NOT_STARTED"
_PROPERTIES = ("identificationHints", "networkInterfaces", "cpus", "ramBytes", "os")


def instances_of(account: Account) -> Collection:
    """Return the recovery instances of the account."""
    return account.collection("recovery_instances")


def launch_target(account: Account, server: Resource) -> str:
    """Return the EC2 instance that a source server is launched into; empty for a new one."""
    configuration = configurations.launch_configuration_of(account, server).doc
    into: Doc = configuration.get("launchIntoInstanceProperties") or {}
    return str(into.get("launchIntoEC2InstanceID", ""))


def conflict(instance: Resource, what: str) -> refusals.ServiceError:
    """Refuse because of the state that a recovery instance is in."""
    return refusals.conflict(
        f"Recovery instance {instance.id} {what}.", "recovery-instance", instance.id
    )


def require_initialized(instance: Resource) -> None:
    """Refuse when the instance has not finished initialising or is in a job.

    Raises:
        ServiceError: ConflictException.
    """
    if instance.state.get("job"):
        raise conflict(instance, f"is being processed by job {instance.state['job']}")
    if "live" in instance.state and not instance.state.get("initialized"):
        raise conflict(instance, "has not finished initializing")


def require_connected(instance: Resource) -> None:
    """Refuse when the instance is disconnected.

    Raises:
        ServiceError: ConflictException.
    """
    if is_disconnected(instance):
        raise conflict(instance, "is disconnected")


def require_not_replicated(account: Account, instance: Resource, what: str) -> None:
    """Refuse when a source server replicates the machine of the instance: it may be the primary.

    Raises:
        ServiceError: ConflictException.
    """
    for _, server in reversals.replicas_of(account, instance):
        raise conflict(instance, f"is replicated by source server {server.id}: {what}")


def is_disconnected(instance: Resource) -> bool:
    """Tell whether the service has let go of the instance."""
    info: Doc = instance.doc.get("dataReplicationInfo", {})
    return info.get("dataReplicationState") == "DISCONNECTED"


def is_going_back(instance: Resource) -> bool:
    """Tell whether the instance's failback has begun or is over, or it was protected again."""
    return bool({"reversed", "client"} & instance.state.keys()) or is_failing_back(instance)


def is_failing_back(instance: Resource) -> bool:
    """Tell whether a failback of the instance shows, under way or completed."""
    return instance.doc.get("failback", {}).get("state", _NOT_STARTED) != _NOT_STARTED


def replace_previous(account: Account, job: Resource, server: Resource) -> None:
    """Clean up the instance of the launch before, as a new launch does first of all.

    One that is on its way back is left alone, and so is the one that is launched into.
    """
    previous = instances_of(account).get(server.doc.get("recoveryInstanceId", ""))
    if previous is None or is_going_back(previous):
        return
    if reversals.replicas_of(account, previous):  # by a failback that was stopped and started again
        return
    if previous.id == launch_target(account, server):
        return
    jobs.log(account, job, "CLEANUP_START", sourceServerID=server.id)
    remove_instance(account, previous)
    jobs.log(account, job, "CLEANUP_END", sourceServerID=server.id)


def add_instance(
    account: Account, job: Resource, server: Resource, taken: str, *, is_drill: bool
) -> Resource:
    """Add the instance that a launch makes of a source server; it is pending.

    Args:
        account: The account.
        job: The launch job.
        server: The source server.
        taken: When the snapshot it starts from was taken.
        is_drill: Whether the launch is a drill.
    """
    instance_id = launch_target(account, server) or account.new_id("i")
    collection = instances_of(account)
    if instance_id in collection:
        collection.remove(instance_id)
    arn = account.settings.arn("recovery-instance", instance_id)
    copied = configurations.launch_configuration_of(account, server).doc.get("copyTags")
    doc: Doc = {
        "recoveryInstanceID": instance_id,
        "ec2InstanceID": instance_id,
        "ec2InstanceState": "PENDING",
        "arn": arn,
        "jobID": job.id,
        "sourceServerID": server.id,
        "isDrill": is_drill,
        "pointInTimeSnapshotDateTime": taken,
        "tags": dict(server.doc.get("tags", {})) if copied else {},
        "failback": {"state": _NOT_STARTED},
        "dataReplicationInfo": {"dataReplicationState": "NOT_STARTED", "replicatedDisks": []},
        "recoveryInstanceProperties": _properties(account, instance_id, server),
        **_origin(server),
    }
    if "agentVersion" in server.doc:
        doc["agentVersion"] = server.doc["agentVersion"]
    job.state.setdefault("instances", {})[server.id] = instance_id
    state: Doc = {"live": True, "direction": reversals.direction_of_server(server)}
    return collection.add(instance_id, doc, arn=arn, state=state)


def launched(account: Account, job: Resource, server: Resource) -> Resource:
    """Let the instance of a server run, or stand still if its launch disposition says so."""
    instance = instances_of(account).require(job.state["instances"][server.id])
    disposition = configurations.launch_configuration_of(account, server).doc["launchDisposition"]
    show_ec2_state(account, instance, "STOPPED" if disposition == "STOPPED" else "RUNNING")
    server.doc["recoveryInstanceId"] = instance.id
    delay: float | None = server.state.pop("initialization_delay", None)
    if delay is None:
        instance.state["initialized"] = True
    else:
        account.schedule(timedelta(seconds=delay), "instance.initialized", instance.id)
    origin = reversals.instance_of(account, server)
    if origin is not None:
        launched_back(origin, job, is_drill=instance.doc["isDrill"])
    return instance


def show_ec2_state(account: Account, instance: Resource, state: InstanceState) -> None:
    """Let an instance be in a state of EC2, and remember it beyond the end of the record."""
    instance.doc["ec2InstanceState"] = state
    if ec2_instances.described(account, instance.id):
        ec2_instances.describe(account, instance.id, {"state": state})


def launched_back(instance: Resource, job: Resource, *, is_drill: bool) -> None:
    """Note that what an instance sends back was launched; a drill completes no failback."""
    failback: Doc = instance.doc.setdefault("failback", {})
    if failback.get("state") == _NOT_STARTED:
        # It was stopped meanwhile.
        return
    failback.update(failbackJobID=job.id, failbackLaunchType="DRILL" if is_drill else "RECOVERY")
    if not is_drill:
        failback["state"] = "FAILBACK_COMPLETED"


def remove_instance(account: Account, instance: Resource) -> None:
    """Delete the record of an instance; its source server forgets it."""
    server = account.source_servers.get(instance.doc.get("sourceServerID", ""))
    if server is not None and server.doc.get("recoveryInstanceId") == instance.id:
        del server.doc["recoveryInstanceId"]
    instances_of(account).remove(instance.id)


@transition("instance.initialized")
def _initialized(account: Account, subject: str, _args: Doc) -> None:
    instance = instances_of(account).get(subject)
    if instance is not None:
        instance.state["initialized"] = True


def _origin(server: Resource) -> Doc:
    hints: Doc = server.doc.get("sourceProperties", {}).get("identificationHints", {})
    cloud: Doc = server.doc.get("sourceCloudProperties", {})
    if "awsInstanceID" not in hints:
        return {"originEnvironment": "ON_PREMISES"}
    origin: Doc = {"originEnvironment": "AWS"}
    for name in ("originAvailabilityZone", "sourceOutpostArn"):
        if name in cloud:
            origin[name] = cloud[name]
    return origin


def _properties(account: Account, instance_id: str, server: Resource) -> Doc:
    source: Doc = server.doc.get("sourceProperties", {})
    properties = copy_doc({name: source[name] for name in _PROPERTIES if name in source})
    hints: Doc = properties.setdefault("identificationHints", {})
    hints.pop("vmWareUuid", None)
    hints["awsInstanceID"] = instance_id
    properties["lastUpdatedDateTime"] = account.stamp()
    properties["disks"] = [
        {
            "internalDeviceName": disk.get("deviceName", ""),
            "bytes": disk.get("bytes", 0),
            "ebsVolumeID": f"vol-{_digits(f'{instance_id}/{index}')}",
        }
        for index, disk in enumerate(source.get("disks", []))
    ]
    return properties


def _digits(seed: str) -> str:
    return hashlib.blake2b(seed.encode(), digest_size=16).hexdigest()[:17]
