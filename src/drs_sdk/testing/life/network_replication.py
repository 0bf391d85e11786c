"""The life of a source network's replication: STOPPED, IN_PROGRESS, PROTECTED, and ERROR."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.state import source_networks
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.source_networks import NetworkStatus
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

REPLICATION_TIME = timedelta(minutes=2)
"""How long it takes to replicate a network."""

_REPLICATION = "network.replication."


def add_made_up(account: Account, status: NetworkStatus) -> Resource:
    """Add a source network of this account whose replication has come as far as `status`."""
    settings = account.settings
    network = source_networks.add(
        account, account.new_id("vpc"), (settings.account_id, settings.region), {}
    )
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
    if source_networks.status_of(network) in {"IN_PROGRESS", "PROTECTED"}:
        _set(account, network, "ERROR")
        network.doc["replicationStatusDetails"] = details
    else:
        network.state["fault"] = details


@transition("network.replication.done")
def _replicated(account: Account, subject: str, _args: Doc) -> None:
    network = source_networks.networks_of(account).get(subject)
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
