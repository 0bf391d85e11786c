"""The life of a source network's replication: STOPPED, IN_PROGRESS, PROTECTED, and ERROR.

Keys of a source network's `state`:

* `template`: it was replicated once, so that it can be recovered and exported.
* `fault`: why its next replication ends in ERROR.
* `recovery_fault`: `stage` and `error` of its next recovery (see `network_recovery`).
* `job`: identifier of the job that recovers it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from drs_sdk.testing import refusals
from drs_sdk.testing.timeline import transition

if TYPE_CHECKING:
    from drs_sdk.testing.account import Account, Collection, Resource
    from drs_sdk.testing.documents import Doc

NetworkStatus = Literal["STOPPED", "IN_PROGRESS", "PROTECTED", "ERROR"]

REPLICATION_TIME = timedelta(minutes=2)
"""How long it takes to replicate a network."""

_REPLICATION = "network.replication."


def source_networks(account: Account) -> Collection:
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
    return source_networks(account).add(network_id, doc, arn=arn)


def add_made_up(account: Account, status: NetworkStatus) -> Resource:
    """Add a source network of this account whose replication has come as far as `status`."""
    settings = account.settings
    network = add(account, account.new_id("vpc"), (settings.account_id, settings.region), {})
    if status == "IN_PROGRESS":
        start(account, network)
    elif status != "STOPPED":
        protect(account, network)
    if status == "ERROR":
        fail(account, network, "The network cannot be read.")
    return network


def start(account: Account, network: Resource) -> None:
    """Begin to replicate."""
    _set(account, network, "IN_PROGRESS")
    account.schedule(REPLICATION_TIME, f"{_REPLICATION}done", network.id)


def stop(account: Account, network: Resource) -> None:
    """Stop replicating; what was replicated stays, and can be recovered."""
    _set(account, network, "STOPPED")


def protect(account: Account, network: Resource) -> None:
    """Bring the replication to its good end."""
    _set(account, network, "PROTECTED")
    network.state["template"] = True


def fail(account: Account, network: Resource, details: str) -> None:
    """Let the replication fail: now if it runs, otherwise when it is started."""
    if status_of(network) in {"IN_PROGRESS", "PROTECTED"}:
        _set(account, network, "ERROR")
        network.doc["replicationStatusDetails"] = details
    else:
        network.state["fault"] = details


def servers_of(account: Account, network: Resource) -> list[Resource]:
    """Return the source servers that stand in a network."""
    return [s for s in account.source_servers if s.doc.get("sourceNetworkID") == network.id]


def remove(account: Account, network: Resource) -> None:
    """Delete a source network; its servers belong to none from then on."""
    for server in servers_of(account, network):
        del server.doc["sourceNetworkID"]
    source_networks(account).remove(network.id)


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


@transition("network.replication.done")
def _replicated(account: Account, subject: str, _args: Doc) -> None:
    network = source_networks(account).get(subject)
    if network is None:
        return
    fault: str | None = network.state.pop("fault", None)
    if fault is not None:
        fail(account, network, fault)
    else:
        protect(account, network)


def _set(account: Account, network: Resource, status: NetworkStatus) -> None:
    account.timeline.cancel(network.id, _REPLICATION)
    network.doc["replicationStatus"] = status
    network.doc.pop("replicationStatusDetails", None)
