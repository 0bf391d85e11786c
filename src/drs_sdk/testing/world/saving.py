"""Snapshots: one place as JSON, or all places of a world, and what brings them back.

Nothing is changed before all of a snapshot was read: one that is wrong leaves all as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.service.isotime import format_datetime, parse_datetime
from drs_sdk.testing.world.account import SNAPSHOT_VERSION, Account

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.world import World

    Where = tuple[str, str]
    """An account and a Region."""


def read_place(data: Doc, world: World[Account], where: Where) -> Account:
    """Rebuild the account of a place from its snapshot; it does not stand in the world yet.

    Args:
        data: The snapshot.
        world: The world that the account is to stand in.
        where: The place.

    Raises:
        ValueError: It is no snapshot, one of another place, or one of a world.
    """
    if isinstance(data, dict) and "places" in data:  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
        raise ValueError("this is a snapshot of a whole world: restore it by restore_world")
    account = _read(data, world)
    saved = place_of(account)
    if saved != where:
        raise ValueError(
            f"this is a snapshot of {_named(saved)}, and this place is {_named(where)}: "
            "restore it in the place it was taken of"
        )
    return account


def save_world(accounts: Iterable[Account], named: Iterable[Where], now: datetime) -> Doc:
    """Return all places as JSON, as they are at one moment.

    Args:
        accounts: The accounts, the first place first.
        named: The places that the world was made with.
        now: The clock's reading.
    """
    places: list[Doc] = []
    for account in accounts:
        account.settle(now)
        places.append(account.snapshot())
    return {
        "version": SNAPSHOT_VERSION,
        "now": format_datetime(now),
        "named": [list(where) for where in named],
        "places": places,
    }


def read_world(
    data: Doc, world: World[Account], named: Collection[Where]
) -> tuple[dict[Where, Account], datetime]:
    """Rebuild the accounts of all places, and read the time; see `save_world`.

    Raises:
        ValueError: It is no snapshot of a world, or one of a world with other places.
    """
    try:
        saved = {(account_id, region) for account_id, region in data["named"]}
        accounts = [_read(place, world) for place in data["places"]]
        now = parse_datetime(data["now"])
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"this is no snapshot of a whole world: {error!r}") from error
    if saved != set(named):
        raise ValueError(
            f"this is a snapshot of a world of {_all_named(saved)}, and this one is of "
            f"{_all_named(named)}"
        )
    found = {place_of(account): account for account in accounts}
    if len(found) < len(accounts) or not found.keys() >= saved:
        raise ValueError("this is no snapshot of a whole world: it has not every place once")
    return found, now


def place_of(account: Account) -> Where:
    """Return where an account stands."""
    return account.settings.account_id, account.settings.region


def _read(data: Doc, world: World[Account]) -> Account:
    try:
        return Account.restore(data, world)
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"this is no snapshot of an emulator: {error!r}") from error


def _named(where: Where) -> str:
    return f"account {where[0]} in {where[1]}"


def _all_named(places: Iterable[Where]) -> str:
    return ", ".join(map(_named, sorted(places)))
