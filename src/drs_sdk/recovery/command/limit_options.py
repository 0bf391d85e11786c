"""Quotas given on the command line, for all places or for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConfigurationError
from drs_sdk.recovery.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.command.given import GivenLimits, GivenPlace


def limits_of(
    given: Iterable[GivenLimits], targets: Sequence[Target]
) -> Limits | Mapping[Target, Limits]:
    """Find the limits of each place: what is given for one goes before what is given for all.

    Raises:
        ConfigurationError: A place is none of the run's.
        RequestValidationError: A limit cannot be.
    """
    for_all: dict[str, int] = {}
    of_places: dict[Target, dict[str, int]] = {}
    for limits in given:
        if limits.place is None:
            for_all.update(limits.values)
            continue
        for target in _named(limits.place, targets):
            of_places.setdefault(target, {}).update(limits.values)
    if not of_places:
        return Limits(**for_all)
    return {target: Limits(**{**for_all, **of_places.get(target, {})}) for target in targets}


def _named(place: GivenPlace, targets: Sequence[Target]) -> list[Target]:
    found = [
        target
        for target in targets
        if target.region_name == place.region and place.account in {None, target.account_id}
    ]
    if not found:
        raise ConfigurationError(
            f"limits are given for {place}, which is none of "
            f"{', '.join(str(target) for target in targets)}"
        )
    return found
