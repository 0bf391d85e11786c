"""Where a source server is, and where its machine came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.models import SourceServer

_ARN_PARTS = 6


def place_of(server: SourceServer) -> tuple[str | None, str | None]:
    """Read the account and the Region of a source server from its ARN."""
    parts = (server.arn or "").split(":")
    if len(parts) < _ARN_PARTS:
        return None, None
    return parts[4] or None, parts[3] or None


def origin_of(server: SourceServer) -> tuple[str | None, str | None]:
    """Read the account and the Region of a machine's origin: those of B1 where it names none."""
    account, region = place_of(server)
    cloud = server.source_cloud_properties
    if cloud is None:
        return account, region
    return cloud.origin_account_id or account, cloud.origin_region or region


def is_turned_round(server: SourceServer) -> bool:
    """Whether a server was reversed within its own Region: B1 itself, replicating B2."""
    if server.replication_direction != "FAILBACK" or server.source_cloud_properties is None:
        return False
    return origin_of(server) == place_of(server)
