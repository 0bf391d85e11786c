"""Opens what the command line names: the places, the origin, the run."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConfigurationError
from drs_sdk._transport.aws.partitions import partition_of
from drs_sdk.client import DRSClient
from drs_sdk.fleet.fleet import Fleet
from drs_sdk.fleet.target import Target
from drs_sdk.recovery.command.limit_options import limits_of
from drs_sdk.recovery.recovery import Recovery
from drs_sdk.recovery.runbook import Runbook

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from drs_sdk.clock import Clock
    from drs_sdk.recovery.command.given import Given, GivenPlace


def service_of(given: Given, clock: Clock) -> DRSClient | Fleet:
    """Make what a run works on: a fleet, or the client of the environment's Region.

    Raises:
        ConfigurationError: What is given does not go together.
    """
    if not given.regions:
        return DRSClient(profile_name=given.profile, endpoint_url=given.endpoint_url, clock=clock)
    return Fleet.across(
        regions=given.regions,
        accounts=given.accounts or None,
        role_name=given.role_name,
        external_id=given.external_id,
        profile_name=given.profile,
        endpoint_url=given.endpoint_url,
        sts_endpoint_url=given.sts_endpoint_url,
        clock=clock,
    )


@asynccontextmanager
async def opened(given: Given, clock: Clock) -> AsyncGenerator[Recovery]:
    """Open the run that the command line names.

    Raises:
        RunbookError: The runbook or the key is wrong.
        ConfigurationError: What is given does not go together.
    """
    runbook = Runbook.load(given.runbook or "")
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(service_of(given, clock))
        targets = service.targets if isinstance(service, Fleet) else ()
        origin = _origin_of(given, clock)
        if origin is not None:
            await stack.enter_async_context(origin)
        yield Recovery(
            service,
            runbook,
            key=given.key,
            mode=given.mode,
            origin=origin,
            limits=limits_of(given.limits, targets),
            tags=dict(given.tags),
            horizon=given.horizon,
        )


def _origin_of(given: Given, clock: Clock) -> Fleet | None:
    if not given.origin:
        return None
    return Fleet(
        [_origin_target(given, place) for place in given.origin],
        profile_name=given.origin_profile or given.profile,
        endpoint_url=given.endpoint_url,
        sts_endpoint_url=given.sts_endpoint_url,
        clock=clock,
    )


def _origin_target(given: Given, place: GivenPlace) -> Target:
    if place.account is None:
        return Target(place.region)
    role = given.origin_role_name or given.role_name
    if role is None:
        raise ConfigurationError(f"the origin {place} needs --origin-role-name or --role-name")
    return Target(
        place.region,
        place.account,
        f"arn:{partition_of(place.region)}:iam::{place.account}:role/{role}",
        external_id=given.origin_external_id or given.external_id,
    )
