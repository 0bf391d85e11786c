"""Finding what an ambiguous ReverseReplication made: on the side where the machine came from.

The reversed server appears in the Region and account of origin, or a server there is pointed to
the instance anew, with its old id and date. Within one Region the instance's own server is. Each
names the instance's EC2 id in its hints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from drs_sdk._core.errors import DRSError
from drs_sdk._outcomes.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    import drs_sdk.models as models
    from drs_sdk._outcomes.look import Look
    from drs_sdk.operations import Operations

_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")


async def reversed_server(look: Look) -> models.SourceServer | None:
    """Find the server of a ReverseReplication."""
    asked = cast("models.ReverseReplicationRequest", look.request)
    instances = await look.walk(
        look.drs.describe_recovery_instances(
            filters={"recovery_instance_ids": [asked.recovery_instance_id]}
        ),
        lambda page: page.items,
    )
    ec2_ids = {instance.ec2_instance_id for instance in instances} - {None}
    if look.origin is not None and (found := await _pointed_to(look, look.origin, ec2_ids)):
        return found
    here = await look.walk(look.drs.describe_source_servers(), lambda page: page.items)
    began = {
        instance.source_server_id: instance.failback and instance.failback.failback_initiation_time
        for instance in instances
    }

    def at(server: models.SourceServer) -> datetime | None:
        # One that was there before is as old as the reversal that the instance tells of.
        return began.get(server.source_server_id) or _added_at(server)

    found = look.choose(
        [
            server
            for server in here
            if _ec2_id(server) in ec2_ids
            and (server.replication_direction == "FAILBACK" or server.source_server_id in began)
        ],
        at=at,
    )
    if found is None and look.origin is None:
        for instance in instances:
            if place := _elsewhere(instance, here):
                return await _at_origin(look, place, ec2_ids)
    return found


async def _pointed_to(
    look: Look, origin: Operations, ec2_ids: Collection[str | None]
) -> models.SourceServer | None:
    """Find the server that is pointed to the instance, on the origin side."""
    there = await look.walk(origin.describe_source_servers(), lambda page: page.items)
    # One that is pointed to the instance anew keeps its old date.
    found = [server for server in there if _ec2_id(server) in ec2_ids]
    return min(found, key=lambda each: each.replication_direction != "FAILBACK", default=None)


async def _at_origin(
    look: Look, place: _Place, ec2_ids: Collection[str | None]
) -> models.SourceServer | None:
    """Look on the origin side with the same credentials, if they are good for it."""
    why = "it is another account"
    cause: DRSError | None = None
    if place.is_same_account and look.at_region is not None:
        try:
            async with look.at_region(place.region) as origin:
                return await _pointed_to(look, origin, ec2_ids)
        except DRSError as error:
            why, cause = f"it could not be asked there ({error})", error
    raise OutcomeUnknownError(
        f"whether {look.request.operation} happened cannot be known here: the reversed server "
        f"appears where the machine came from, in {place}, and {why}. Pass a client of that place "
        "as `origin`",
        operation=look.request.operation,
    ) from cause


@dataclass(frozen=True, slots=True)
class _Place:
    account: str
    region: str
    is_same_account: bool

    def __str__(self) -> str:
        return f"account {self.account}, Region {self.region}"


def _elsewhere(
    instance: models.RecoveryInstance, servers: Iterable[models.SourceServer]
) -> _Place | None:
    """Find the place where the machine came from, if that is not where its instance runs."""
    parts = (instance.arn or "").split(":")
    if len(parts) < 5:  # noqa: PLR2004 - arn:partition:service:region:account
        return None
    _, _, _, here, account = parts[:5]
    zone = _REGION.match(instance.origin_availability_zone or "")
    region, owner = (zone.group() if zone else None), None
    for server in servers:
        origin = server.source_cloud_properties
        if server.source_server_id == instance.source_server_id and origin is not None:
            region, owner = origin.origin_region or region, origin.origin_account_id
    if (region or here, owner or account) == (here, account):
        return None
    owner = owner or account
    return _Place(owner, region or here, is_same_account=owner == account)


def _ec2_id(server: models.SourceServer) -> str | None:
    hints = server.source_properties and server.source_properties.identification_hints
    return hints.aws_instance_id if hints else None


def _added_at(server: models.SourceServer) -> datetime | None:
    return (server.life_cycle and server.life_cycle.added_to_service_date_time) or None
