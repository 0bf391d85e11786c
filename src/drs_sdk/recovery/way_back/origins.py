"""Which client reaches the place where a machine came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.run_errors import OriginNeededError

if TYPE_CHECKING:
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import SourceServer
    from drs_sdk.recovery.places import Places

_ARN_PARTS = 6


class Origins:
    """Finds the place of a machine's origin among those that were given."""

    def __init__(self, recovery_side: Places, origin: Places | None) -> None:
        """Take the recovery side and, where it was given, the origin side."""
        self._sides = [recovery_side, *([origin] if origin is not None else [])]

    def find(self, server: SourceServer, target: Target) -> tuple[Target, Places, bool]:
        """Find the place where a server's machine came from.

        Args:
            server: B1.
            target: Where B1 is.

        Returns:
            The place, the side that has it, and whether it is the place of B1.

        Raises:
            OriginNeededError: Nobody gave a client of it.
        """
        cloud = server.source_cloud_properties
        account, region = place_of(server)
        origin_account = (cloud.origin_account_id if cloud is not None else None) or account
        origin_region = (cloud.origin_region if cloud is not None else None) or region
        if (origin_account, origin_region) == (account, region):
            return target, self._sides[0], True
        for exact in (True, False):  # a client need not know its account
            for side in self._sides:
                for place in side.targets:
                    known = place.account_id
                    if place.region_name == origin_region and (
                        known == origin_account
                        if exact
                        else known is None and not (place == target and origin_account != account)
                    ):
                        return place, side, False
        raise OriginNeededError(origin_account, origin_region)


def place_of(server: SourceServer) -> tuple[str | None, str | None]:
    """Read the account and the Region of a source server from its ARN."""
    parts = (server.arn or "").split(":")
    if len(parts) < _ARN_PARTS:
        return None, None
    return parts[4] or None, parts[3] or None
