"""ReverseReplication: which source server replicates a recovery instance, and where it stands.

The machine at home is A1, its source server on the recovery side B1, the recovery instance there
B2; A2 and A3 are the like at home, after the way back.

* B2 came from another Region or account: a source server of the other direction, A2, appears in
  that place, and copies all data anew.
* A3 was launched home: no server appears, but B1 goes on with it (`life.repointing`).
* Origin and recovery are in one Region: B1 itself goes on with B2, and then with A3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.life import adding_servers, failback, launching_into, repointing
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.documents import copy_doc
from drs_sdk.testing.state import recovery_instances, reversals, source_servers

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource


def reverse(account: Account, instance: Resource) -> Resource:
    """Replicate an instance in the other direction.

    Returns:
        The source server that does, here or elsewhere.

    Raises:
        ServiceError: ConflictException, for the state that it is in; ValidationException when it
            can never be; AccessDeniedException or UninitializedAccountException for the place
            where its machine came from.
    """
    _require_reversible(account, instance)
    origin = account.source_servers.get(instance.doc.get("sourceServerID", ""))
    direction = reversals.direction_of(account, instance)
    there, server = _standing(account, instance, origin)
    if server is not None:
        source_servers.require_idle(server, "it cannot be pointed to another instance")
    into = launching_into.source_instance(there, instance, origin)
    if server is None:
        server = _add(there, account, instance, origin)
    else:
        _repoint(there, server, account, instance, same_place=server is origin)
    if into:
        launching_into.set_target(there, server, into)
    if direction == "FAILOVER":
        failback.begin(account, instance, to_original=False)
    return server


def _require_reversible(account: Account, instance: Resource) -> None:
    recovery_instances.require_initialized(instance)
    recovery_instances.require_connected(instance)
    if instance.doc.get("originEnvironment") == "ON_PREMISES":
        raise _never(instance, "did not originate in EC2")
    if instance.doc.get("isDrill") and not account.settings.reverse_drill_instances:
        raise _never(instance, "was launched by a drill")
    if instance.doc.get("ec2InstanceState") != "RUNNING":
        raise recovery_instances.conflict(instance, "is not running")
    if reversals.replicated_by(account, instance) is not None:
        raise recovery_instances.conflict(instance, "is replicated in the other direction already")


def _standing(
    account: Account, instance: Resource, origin: Resource | None
) -> tuple[Account, Resource | None]:
    """Return the account to replicate to, and the server there that is to do it, if it exists."""
    if origin is None:
        return account, None
    if reversals.direction_of(account, instance) == "FAILBACK":
        opposite = reversals.opposite_of(account, origin)
        if opposite is not None:
            return opposite
    here = account.settings
    cloud: Doc = origin.doc.get("sourceCloudProperties", {})
    account_id: str = cloud.get("originAccountID") or here.account_id
    region: str = cloud.get("originRegion") or here.region
    if (account_id, region) == (here.account_id, here.region):
        return account, origin
    there = account.elsewhere(account_id, region)
    if there is None and not account.world.has_account(account_id):
        raise refusals.access_denied(
            f"Account {account_id}, where {instance.id} came from, lets nobody in from here."
        )
    if there is None or not there.initialized:
        raise refusals.uninitialized()
    return there, None


def _add(there: Account, account: Account, instance: Resource, origin: Resource | None) -> Resource:
    """Add the server of the other direction."""
    back = reversals.direction_of(account, instance) == "FAILOVER"
    doc: Doc = {
        "replicationDirection": "FAILBACK" if back else "FAILOVER",
        "sourceProperties": _source_properties(instance),
        "sourceCloudProperties": _whereabouts(account, "a"),
        "tags": {},
    }
    if origin is not None:
        doc.update(
            tags=dict(origin.doc.get("tags", {})), reversedDirectionSourceServerArn=origin.arn
        )
    server = adding_servers.add_source_server(there, "INITIATING", doc)
    if origin is not None:
        server.state["opposite"] = origin.arn
        origin.state["opposite"] = server.arn
        # Never brought up to date: in later cycles it names what is gone.
        origin.doc.setdefault("reversedDirectionSourceServerArn", server.arn)
    reversals.link(server, instance)
    return server


def _repoint(
    there: Account, server: Resource, account: Account, instance: Resource, *, same_place: bool
) -> None:
    """Let a server that exists go on with the instance."""
    zone: str = server.doc.get("sourceCloudProperties", {}).get("originAvailabilityZone", "")
    changed: Doc = {
        "sourceProperties": {
            **server.doc.get("sourceProperties", {}),
            **_source_properties(instance),
        }
    }
    if same_place:
        # From one zone to the other, and with it the direction.
        away = reversals.direction_of(account, instance) == "FAILOVER"
        changed["replicationDirection"] = "FAILBACK" if away else "FAILOVER"
        changed["sourceCloudProperties"] = _whereabouts(account, "b" if zone[-1:] != "b" else "a")
    else:
        changed["sourceCloudProperties"] = _whereabouts(account, zone[-1:] or "a")
    repointing.repoint(there, server, instance, changed)


def _whereabouts(account: Account, zone: str) -> Doc:
    return {
        "originAccountID": account.settings.account_id,
        "originRegion": account.settings.region,
        "originAvailabilityZone": f"{account.settings.region}{zone}",
    }


def _source_properties(instance: Resource) -> Doc:
    properties = copy_doc(instance.doc.get("recoveryInstanceProperties", {}))
    hints: Doc = properties.get("identificationHints", {})
    ec2_id: str = instance.doc.get("ec2InstanceID", instance.id)
    properties["identificationHints"] = {**hints, "awsInstanceID": ec2_id}
    properties["disks"] = [
        {"deviceName": disk.get("internalDeviceName", ""), "bytes": disk.get("bytes", 0)}
        for disk in properties.get("disks", [])
    ]
    return properties


def _never(instance: Resource, why: str) -> refusals.ServiceError:
    return refusals.invalid(
        f"Recovery instance {instance.id} {why}: its replication cannot be reversed.",
        reason="other",
    )
