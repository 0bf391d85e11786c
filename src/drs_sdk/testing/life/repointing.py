"""Re-pointing: a source server goes on with another machine, and stays the server that it was.

Its identifier, its tags and the date it was added stay. The agent on the new machine is not seen
at first, so replication stalls; then what differs is looked for (RESCAN), until the server is
CONTINUOUS again. One that did not replicate, or was not in sync, begins at the beginning.

`state["repointed"]` of a source server: it does not have the data of its new machine yet.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.life import replication, stalling
from drs_sdk.testing.service.isotime import format_datetime
from drs_sdk.testing.state import reversals, source_servers
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

TO_AGENT = timedelta(minutes=3)
"""How long it takes until the agent on the new machine is seen."""

_REPOINTED = "repointed"


def is_under_way(server: Resource) -> bool:
    """Tell whether a server does not have the data of its new machine yet."""
    return _REPOINTED in server.state


def repoint(account: Account, server: Resource, instance: Resource, changed: Doc) -> None:
    """Let a source server replicate the machine of a recovery instance from now on.

    Args:
        account: The account of the server.
        server: The source server, which no job processes.
        instance: The instance, here or elsewhere.
        changed: What the server shows of its new machine.
    """
    in_sync = source_servers.is_replicating(server) and source_servers.is_launchable(server)
    source_servers.touch(account, server)
    server.doc.update(changed)
    # An extended server replicates for itself from now on.
    server.doc.pop("stagingArea", None)
    source_servers.forget(server, "extends")
    reversals.link(server, instance)
    if not in_sync:
        replication.start(account, server)
        return
    stalling.stall(account, server)
    server.state.update(
        held="RESCAN",
        sync={
            "since": None,
            "seconds": replication.sync_seconds(account, server) / replication.RESCAN_SPEED_UP,
            "start": 0.0,
        },
    )
    server.state[_REPOINTED] = format_datetime(account.now + TO_AGENT)
    account.schedule(TO_AGENT, "repointing.agent_seen", server.id)


@transition("repointing.agent_seen")
def _agent_seen(account: Account, subject: str, _args: Doc) -> None:
    server = account.source_servers.get(subject)
    # It may have been re-pointed anew, stopped, or brought on by a test meanwhile.
    if (
        server is not None
        and server.state.get(_REPOINTED) == account.stamp()
        and source_servers.state_of(server) == "STALLED"
    ):
        stalling.resume(account, server)
