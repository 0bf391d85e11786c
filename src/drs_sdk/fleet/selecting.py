"""Which targets a fleet has: every account in every Region, or some of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import product
from typing import TYPE_CHECKING

from drs_sdk._core.arguments import require_callable, require_type, texts
from drs_sdk._core.errors import ConfigurationError
from drs_sdk._transport.aws.partitions import partition_of
from drs_sdk.fleet.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable


def targets_across(
    *,
    regions: Iterable[str],
    accounts: Iterable[str] | None,
    role_name: str | None,
    external_id: str | None,
) -> list[Target]:
    """Make a target of every account in every Region; see `Fleet.across`.

    Raises:
        ConfigurationError: Accounts without a role, or a text that is none.
    """
    where = texts(regions, "regions")
    if accounts is None or role_name is None:
        if accounts is not None or role_name is not None or external_id is not None:
            raise ConfigurationError("accounts, role_name and external_id go together")
        return [Target(region) for region in where]
    return [
        Target(
            region,
            account,
            f"arn:{partition_of(region)}:iam::{account}:role/{role_name}",
            external_id=external_id,
        )
        for account, region in product(texts(accounts, "accounts"), where)
    ]


def targets_of(
    targets: Iterable[Target],
    *,
    accounts: Iterable[str] | None,
    regions: Iterable[str] | None,
    where: Callable[[Target], bool] | None,
) -> list[Target]:
    """Choose among targets; see `Fleet.subset`.

    Raises:
        ConfigurationError: A text that is none, or no function.
    """
    if where is not None:
        require_callable(where, "where")
    in_accounts = None if accounts is None else set(texts(accounts, "accounts"))
    in_regions = None if regions is None else set(texts(regions, "regions"))
    return [
        target
        for target in targets
        if (in_accounts is None or target.account_id in in_accounts)
        and (in_regions is None or target.region_name in in_regions)
        and (where is None or where(target))
    ]


def each_once(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Take the targets of a fleet.

    Raises:
        ConfigurationError: None, one twice, or something else.
    """
    require_type(targets, "targets", Iterable, "several targets")
    given = tuple(targets)
    for target in given:
        if not isinstance(target, Target):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ConfigurationError(f"a fleet is made of targets, got {type(target).__name__}")
    if not given:
        raise ConfigurationError("a fleet has at least one target")
    if twice := [str(target) for target, times in Counter(given).items() if times > 1]:
        raise ConfigurationError(f"each target once: {', '.join(twice)}")
    return given
