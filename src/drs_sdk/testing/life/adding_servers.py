"""Adds source servers, and brings them as far as they are asked to have come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.life import replication, stalling
from drs_sdk.testing.service.isotime import format_datetime
from drs_sdk.testing.state.made_up_servers import OUTSIDE_EC2, lasting_properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.made_up_servers import Machine
    from drs_sdk.testing.state.source_servers import ReplicationState
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource


def add_source_server(
    account: Account,
    state: ReplicationState,
    doc: Doc | None = None,
    *,
    machine: Machine = OUTSIDE_EC2,
) -> Resource:
    """Add a source server that has come as far as `state`.

    Args:
        account: Where to.
        state: How far its replication has come.
        doc: Members that take the place of made-up ones.
        machine: What the made-up ones are to say.
    """
    server_id = account.new_id("s")
    arn = account.settings.arn("source-server", server_id)
    number = len(account.source_servers) + 1
    made_up = lasting_properties(server_id, number, account.stamp(), machine)
    base: Doc = {
        "sourceServerID": server_id,
        "arn": arn,
        "lastLaunchResult": "NOT_STARTED",
        "replicationDirection": "FAILOVER",
        "lifeCycle": {
            "addedToServiceDateTime": account.stamp(),
            "lastSeenByServiceDateTime": account.stamp(),
            "lastLaunch": {"initiated": {}},
        },
        "dataReplicationInfo": {"dataReplicationState": "STOPPED"},
        **made_up,
        **(doc or {}),
    }
    server = account.source_servers.add(server_id, base, arn=arn, state={"live": True})
    _bring_to(account, server, state)
    return server


def _bring_to(account: Account, server: Resource, state: ReplicationState) -> None:
    if state == "STOPPED":
        return
    replication.start(account, server)
    if state == "INITIATING":
        return
    account.timeline.cancel(server.id)
    info: Doc = server.doc["dataReplicationInfo"]
    for step in info["dataReplicationInitiation"]["steps"]:
        step["status"] = "SUCCEEDED"
    if state == "INITIAL_SYNC":
        replication.begin_sync(account, server)
        return
    # The other states are those of a server that has replicated for weeks.
    life: Doc = server.doc["lifeCycle"]
    added = account.now - timedelta(days=20 + server.seq % 60, minutes=server.seq % 1440)
    life["addedToServiceDateTime"] = format_datetime(added)
    life["firstByteDateTime"] = format_datetime(added + timedelta(minutes=4))
    if state == "CREATING_SNAPSHOT":
        replication.sync_ended(account, server.id, {})
        return
    server.state["protected_since"] = life["firstByteDateTime"]
    replication.snapshot_taken(account, server.id, {})
    if state == "RESCAN":
        replication.begin_sync(account, server)
    elif state in _LATER:
        _LATER[state](account, server)


_LATER: dict[str, Callable[[Account, Resource], None]] = {
    "BACKLOG": lambda account, server: stalling.set_lag(
        account, server, timedelta(minutes=10), state="BACKLOG"
    ),
    "PAUSED": lambda account, server: stalling.set_lag(
        account, server, timedelta(0), growth=1.0, state="PAUSED"
    ),
    "STALLED": stalling.stall,
    "DISCONNECTED": replication.disconnect,
}
"""What befell a server that had come as far as CONTINUOUS."""
