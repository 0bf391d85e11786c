"""Source networks: how they come to be, what is asked of them, and how they go.

Keys of a source network's `state`:

* `template`: it was replicated once, so that it can be recovered and exported.
* `fault`: why its next replication ends in ERROR.
* `recovery_fault`: `stage` and `error` of its next recovery (see `life.network_recovery`).
* `job`: identifier of the job that recovers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from drs_sdk.testing.service import refusals

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource

NetworkStatus = Literal["STOPPED", "IN_PROGRESS", "PROTECTED", "ERROR"]


def networks_of(account: Account) -> Collection:
    """Return the source networks of the account."""
    return account.collection("source_networks")


def status_of(network: Resource) -> str:
    """Return the replication status of a source network."""
    return str(network.doc.get("replicationStatus", "STOPPED"))


def add(account: Account, vpc_id: str, origin: tuple[str, str], tags: Doc) -> Resource:
    """Add a source network, its replication stopped.

    Args:
        account: Where to.
        vpc_id: The VPC.
        origin: The account and the Region that the VPC is in.
        tags: The tags of the source network.
    """
    network_id = account.new_id("sn")
    arn = account.settings.arn("source-network", network_id)
    account_id, region = origin
    doc: Doc = {
        "sourceNetworkID": network_id,
        "sourceVpcID": vpc_id,
        "arn": arn,
        "tags": dict(tags),
        "replicationStatus": "STOPPED",
        "sourceRegion": region,
        "sourceAccountID": account_id,
        "lastRecovery": {"lastRecoveryResult": "NOT_STARTED"},
    }
    return networks_of(account).add(network_id, doc, arn=arn)


def servers_of(account: Account, network: Resource) -> list[Resource]:
    """Return the source servers that stand in a network."""
    return [s for s in account.source_servers if s.doc.get("sourceNetworkID") == network.id]


def remove(account: Account, network: Resource) -> None:
    """Delete a source network; its servers belong to none from then on."""
    for server in servers_of(account, network):
        del server.doc["sourceNetworkID"]
    networks_of(account).remove(network.id)


def require_idle(network: Resource, what: str) -> None:
    """Refuse when a job recovers the network.

    Raises:
        ServiceError: ConflictException.
    """
    if network.state.get("job"):
        raise refusals.conflict(
            f"Source network {network.id} is being processed by job "
            f"{network.state['job']}: {what}.",
            "source-network",
            network.id,
        )


def require_template(network: Resource) -> None:
    """Refuse when the network was never replicated.

    Raises:
        ServiceError: ConflictException.
    """
    # One that was loaded, not made here, is judged by its status.
    if not network.state.get("template") and status_of(network) != "PROTECTED":
        raise refusals.conflict(
            f"Source network {network.id} was not replicated yet.", "source-network", network.id
        )
