"""Source servers: listing them, and starting, stopping and ending their replication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of, paged
from drs_sdk.testing.life import replication
from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import (
    configurations,
    recovery_instances,
    source_servers,
    staging_accounts,
)

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_DISCONNECTED = "DISCONNECTED"
_STOPPED = "STOPPED"
_RETRIED = frozenset({"STALLED", _STOPPED, _DISCONNECTED})


@handles("DescribeSourceServers")
def describe_source_servers(account: Account, params: Doc) -> Doc:
    """List source servers, oldest first; identifiers that do not exist are passed over."""
    filters: Doc = params.get("filters", {})
    hardware_id: str | None = filters.get("hardwareId")
    staging_accounts: list[str] | None = filters.get("stagingAccountIDs") or None

    def matches(server: Resource) -> bool:
        if hardware_id is not None:
            hints = server.doc.get("sourceProperties", {}).get("identificationHints", {})
            if hardware_id not in {hints.get("awsInstanceID"), hints.get("vmWareUuid")}:
                return False
        if staging_accounts is not None:
            area = server.doc.get("stagingArea", {})
            return area.get("stagingAccountID") in staging_accounts
        return True

    servers, token = page_of(
        account,
        "DescribeSourceServers",
        params,
        account.source_servers,
        ids=filters.get("sourceServerIDs") or None,
        matches=matches if hardware_id is not None or staging_accounts is not None else None,
    )
    return paged("items", [source_servers.render(account, server) for server in servers], token)


@handles("StartReplication")
def start_replication(account: Account, params: Doc) -> Doc:
    """Begin replication of a stopped server."""
    server = account.source_servers.require(params["sourceServerID"])
    if source_servers.state_of(server) != _STOPPED:
        raise refusals.conflict(
            f"Replication of {server.id} is not stopped.", "source-server", server.id
        )
    _check_replicating(account)
    replication.start(account, server)
    return {"sourceServer": source_servers.render(account, server)}


@handles("StopReplication")
def stop_replication(account: Account, params: Doc) -> Doc:
    """Stop replication; stopping a stopped server changes nothing."""
    server = account.source_servers.require(params["sourceServerID"])
    source_servers.require_idle(server, "its replication cannot be stopped")
    if source_servers.state_of(server) == _DISCONNECTED:
        raise refusals.conflict(f"{server.id} is disconnected.", "source-server", server.id)
    if source_servers.state_of(server) != _STOPPED:
        replication.stop(account, server)
    return {"sourceServer": source_servers.render(account, server)}


@handles("RetryDataReplication")
def retry_data_replication(account: Account, params: Doc) -> Doc:
    """Begin the initiation again where replication stalled, or where there is none."""
    server = account.source_servers.require(params["sourceServerID"])
    state = source_servers.state_of(server)
    if state not in _RETRIED:
        raise refusals.invalid(
            f"Replication of {server.id} is {state}: there is nothing to retry.", reason="other"
        )
    if not source_servers.is_replicating(server):
        source_servers.require_idle(server, "its replication cannot be retried")
        _check_replicating(account)
    replication.start(account, server)
    return source_servers.render(account, server)


@handles("DisconnectSourceServer")
def disconnect_source_server(account: Account, params: Doc) -> Doc:
    """Cut off a server that has no recovery instance; doing so again changes nothing."""
    server = account.source_servers.require(params["sourceServerID"])
    source_servers.require_idle(server, "it cannot be disconnected")
    if source_servers.state_of(server) != _DISCONNECTED:
        _require_no_instance(account, server)
        replication.disconnect(account, server)
    return source_servers.render(account, server)


@handles("DeleteSourceServer")
def delete_source_server(account: Account, params: Doc) -> None:
    """Delete a disconnected server."""
    server = account.source_servers.require(params["sourceServerID"])
    source_servers.require_idle(server, "it cannot be deleted")
    if source_servers.state_of(server) != _DISCONNECTED:
        raise refusals.conflict(
            f"{server.id} must be disconnected before it is deleted.", "source-server", server.id
        )
    configurations.forget(account, server)
    account.source_servers.remove(server.id)


def _require_no_instance(account: Account, server: Resource) -> None:
    for instance in recovery_instances.instances_of(account):
        if instance.doc.get("sourceServerID") == server.id:
            raise refusals.conflict(
                f"{server.id} has a recovery instance, {instance.id}: it cannot be disconnected.",
                "source-server",
                server.id,
            )


def _check_replicating(account: Account) -> None:
    limit = account.quotas.replicating_servers
    # Extended servers replicate in their staging account and count against its quota.
    replicating = sum(
        source_servers.is_replicating(s) and not staging_accounts.is_extended(s)
        for s in account.source_servers
    )
    if replicating >= limit:
        raise refusals.quota_exceeded("replicating_servers", limit, "source-server")
