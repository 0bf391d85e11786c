"""The client of a place, for a worker that has one client or a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.client import DRSClient

if TYPE_CHECKING:
    from drs_sdk.fleet.fleet import Fleet


async def client_at(
    service: DRSClient | Fleet, region_name: str | None, account_id: str | None
) -> DRSClient:
    """Give the client of a Region and account; one client stands for its own place.

    Args:
        service: A client, or a fleet.
        region_name: The Region; None where there is but one.
        account_id: The account; None where there is but one.

    Raises:
        RequestValidationError: It is not one place of the fleet.
        ClientClosedError: The fleet is not open.
    """
    if isinstance(service, DRSClient):
        if region_name not in {None, service.region_name}:
            raise RequestValidationError.of(
                "region_name",
                f"is {region_name}, but the worker's client is of {service.region_name}",
            )
        return service
    found = [
        target
        for target in service.targets
        if region_name in {None, target.region_name} and account_id in {None, target.account_id}
    ]
    if len(found) != 1:
        raise RequestValidationError.of(
            "region_name",
            f"with account_id must name one place of the fleet; {region_name}, {account_id} "
            f"names {len(found)}",
        )
    return await service.client(found[0])
