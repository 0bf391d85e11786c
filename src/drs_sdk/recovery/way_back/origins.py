"""Which client reaches the place where a machine came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.run_errors import OriginNeededError
from drs_sdk.recovery.way_back.journey import machine_of
from drs_sdk.recovery.whereabouts import origin_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_sdk.fleet.target import Target
    from drs_sdk.models import RecoveryInstance, SourceServer
    from drs_sdk.recovery.places import Places


class Origins:
    """Finds the place of a machine's origin among those that were given."""

    def __init__(self, recovery_side: Places, origin: Places | None) -> None:
        """Take the recovery side and, where it was given, the origin side."""
        self._recovery_side = recovery_side
        self._sides = [*([origin] if origin is not None else []), recovery_side]

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
        account, region = place_of(server)
        origin_account, origin_region = origin_of(server)
        if (origin_account, origin_region) == (account, region):
            return target, self._recovery_side, True
        for exact in (True, False):  # a client need not know its account
            for side in self._sides:
                for place in side.targets:
                    known = place.account_id
                    is_b1s = side is self._recovery_side and place == target
                    if place.region_name == origin_region and (
                        known == origin_account if exact else known is None and not is_b1s
                    ):
                        return place, side, False
        raise OriginNeededError(origin_account, origin_region)


def is_on_premises(server: SourceServer | None, instance: RecoveryInstance | None) -> bool:
    """Whether a machine is no EC2 instance. Its recovery instance knows best."""
    if instance is not None and instance.origin_environment is not None:
        return instance.origin_environment == "ON_PREMISES"
    if server is None or server.source_cloud_properties is not None:
        return False
    return machine_of(server) is None


def require_the_account(
    origin: tuple[str | None, str | None], servers: Iterable[SourceServer]
) -> None:
    """Refuse where a client that does not know its account turns out to be another one's.

    Raises:
        OriginNeededError: What is there belongs to another account.
    """
    account, region = origin
    for server in servers:
        found = place_of(server)[0]
        if account is not None and found is not None and found != account:
            raise OriginNeededError(account, region)
