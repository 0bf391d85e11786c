"""Finds what belongs together in loaded fleets: instances, and the servers reversed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.state import recovery_instances, reversals, source_servers

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.state.reversals import Direction
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource


def link_reversed(account: Account, present: Account) -> None:
    """Let instances that were reversed know the servers that replicate them, wherever they are.

    Describe answers tell by the EC2 identifier alone: a server that was reversed carries that of
    the instance it replicates, and is of the other direction than the instance's own server. Or
    it is that server itself, which within one Region turns round.

    Args:
        account: What was loaded into, a copy that is about to enter the world.
        present: The account in whose place it will stand.
    """
    places = [account, *(place for place in account.world if place is not present)]
    by_ec2_id: dict[str, list[Resource]] = {}
    for place in places:
        for server in place.source_servers:
            hints: Doc = server.doc.get("sourceProperties", {}).get("identificationHints", {})
            if "awsInstanceID" in hints:
                by_ec2_id.setdefault(hints["awsInstanceID"], []).append(server)
    for place in places:
        for instance in recovery_instances.instances_of(place):
            if "client" not in instance.state:
                found = by_ec2_id.get(instance.doc.get("ec2InstanceID", ""), [])
                _link(place, instance, found)


def _link(place: Account, instance: Resource, found: list[Resource]) -> None:
    own = place.source_servers.get(instance.doc.get("sourceServerID", ""))
    if own is not None and any(server is own for server in found):
        instance.state["direction"] = _other(reversals.direction_of_server(own))
        reversals.link(own, instance)
        return
    direction = reversals.direction_of(place, instance)
    if direction == "FAILOVER" and not recovery_instances.is_going_back(instance):
        return
    named: str = instance.state.get("reversed", "")
    fit = [
        server
        for server in found
        if reversals.direction_of_server(server) == _other(direction) and named in {"", server.arn}
    ]
    if fit:
        # Those of stopped failbacks stay until they are deleted.
        reversals.link(max(fit, key=lambda s: (source_servers.is_replicating(s), s.seq)), instance)


def _other(direction: Direction) -> Direction:
    return "FAILBACK" if direction == "FAILOVER" else "FAILOVER"
