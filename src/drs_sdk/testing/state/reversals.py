"""Who replicates whom on the way back: recovery instances, and the servers reversed to them.

A reversed source server often stands in another place than the instance it replicates, so each
names the other by its ARN, and the link holds only while both do:

* `state["reversed"]` of an instance: the source server that was reversed to it.
* `state["replicas"]` of an instance: all that ever were. Those of a stopped failback are there
  still, and may be started again.
* `state["reverses"]` of a source server: the instance whose machine it replicates.
* `state["opposite"]` of a source server: the one of the other direction.
* `state["direction"]` of an instance: that of its source server when it was launched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from drs_sdk.testing.state import source_servers

if TYPE_CHECKING:
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

Direction = Literal["FAILOVER", "FAILBACK"]


def link(server: Resource, instance: Resource) -> None:
    """Note that a source server replicates the machine of an instance."""
    server.state["reverses"] = instance.arn
    instance.state["reversed"] = server.arn
    known: list[str] = instance.state.setdefault("replicas", [])
    if server.arn not in known:
        known.append(server.arn)


def unlink(account: Account, instance: Resource) -> tuple[Account, Resource] | None:
    """Let the source server that replicates an instance have no part in its failback any more.

    Returns:
        That server and its account, if there is one.
    """
    found = replicated_by(account, instance)
    instance.state.pop("reversed", None)
    return found


def replicated_by(account: Account, instance: Resource) -> tuple[Account, Resource] | None:
    """Return the source server that was reversed to an instance, and the account it is in."""
    found = account.owner_of(instance.state.get("reversed", ""))
    if found is None or found[1].state.get("reverses") != instance.arn:
        return None
    return found


def instance_of(account: Account, server: Resource) -> Resource | None:
    """Return the instance that a source server was reversed to, wherever it is."""
    found = account.owner_of(server.state.get("reverses", ""))
    if found is None or found[1].state.get("reversed") != server.arn:
        return None
    return found[1]


def opposite_of(account: Account, server: Resource) -> tuple[Account, Resource] | None:
    """Return the source server of the other direction, and the account it is in."""
    named = server.state.get("opposite") or server.doc.get("reversedDirectionSourceServerArn", "")
    found = account.owner_of(named)
    return None if found is None or found[1] is server else found


def direction_of(account: Account, instance: Resource) -> Direction:
    """Return which way an instance was launched: away from its origin, or back to it."""
    launched: Direction | None = instance.state.get("direction")
    if launched is not None:
        return launched
    server = account.source_servers.get(instance.doc.get("sourceServerID", ""))
    return direction_of_server(server) if server is not None else "FAILOVER"


def direction_of_server(server: Resource) -> Direction:
    """Return the direction in which a source server replicates."""
    return "FAILBACK" if server.doc.get("replicationDirection") == "FAILBACK" else "FAILOVER"


def replicas_of(account: Account, instance: Resource) -> list[tuple[Account, Resource]]:
    """Return the source servers that replicate the machine of an instance at this moment."""
    known: list[str] = instance.state.get("replicas", [])
    return [
        (there, server)
        for there, server in filter(None, map(account.owner_of, known))
        if server.state.get("reverses") == instance.arn and source_servers.is_replicating(server)
    ]


def is_protected_again(account: Account, instance: Resource) -> bool:
    """Tell whether an instance that was launched home is replicated as the original was."""
    back = direction_of(account, instance) == "FAILBACK"
    return back and bool(replicas_of(account, instance))
