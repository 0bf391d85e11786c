"""Recovery snapshots: the points in time that a source server can be launched from.

They follow from the server's point-in-time policy and the clock, so only those that were
loaded are stored, and the others come after them: each enabled rule keeps one snapshot every
interval, for as long as its retention says, from the server's first snapshot on. While
replication stands still no new ones are taken; what is stopped or disconnected has none.
"""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING
from zlib import crc32

from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.isotime import format_datetime, microseconds, parse_datetime
from drs_sdk.testing.state import configurations, source_servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_SECONDS = {"MINUTE": 60, "HOUR": 3600, "DAY": 86400}
_ID_DIGITS = 9
_MASK = (1 << 4 * _ID_DIGITS) - 1
_ALIKE = 1 << 32
"""How many snapshots of the same microsecond have places of their own."""

_LATEST = 20
"""A snapshot is taken at most so many seconds after it is expected."""

_STANDING_STILL = frozenset({"STALLED", "PAUSED"})


@dataclass(frozen=True, slots=True)
class _Window:
    """When the snapshots of a server may have been taken, in seconds since the epoch."""

    first: int
    last: int
    now: float
    policy: list[Doc]


def snapshots_after(
    account: Account, server: Resource, position: int | None, *, newest_first: bool = False
) -> Iterator[Doc]:
    """Give the snapshots of a server in order, from beyond a place on (see `place_of`)."""
    made = _made(account, server, position, newest_first=newest_first)
    loaded = _loaded(server)
    if not loaded:
        return made
    if newest_first:
        left = [s for s in reversed(loaded) if position is None or place_of(s) < position]
        return chain(made, left)
    return chain([s for s in loaded if position is None or place_of(s) > position], made)


def taken_at(snapshot: Doc) -> str:
    """Return when a snapshot was taken; of a loaded one that may only say when it was expected."""
    taken: str = snapshot.get("timestamp") or snapshot["expectedTimestamp"]
    return taken


def _made(
    account: Account, server: Resource, position: int | None, *, newest_first: bool
) -> Iterator[Doc]:
    window = _window(account, server)
    if window is None:
        return
    rules = [
        _times(window, rule, position, newest_first=newest_first)
        for rule in window.policy
        if rule.get("enabled", True)
    ]
    previous = None
    for expected in heapq.merge(*rules, reverse=newest_first):
        if expected != previous and expected + _delay(server, expected) <= window.now:
            yield _snapshot(server, expected)
        previous = expected


def place_of(snapshot: Doc) -> int:
    """Return the place of a snapshot among those of its server."""
    # Loaded ones may be expected at the same time; by their identifiers no two are alike.
    check = crc32(str(snapshot["snapshotID"]).encode())
    return microseconds(parse_datetime(snapshot["expectedTimestamp"])) * _ALIKE + check


def _second_of(place: int) -> int:
    return place // (_ALIKE * 1_000_000)


def require(account: Account, server: Resource, snapshot_id: str) -> Doc:
    """Return a snapshot by its identifier.

    Raises:
        ServiceError: ResourceNotFoundException.
    """
    for snapshot in _loaded(server):
        if snapshot["snapshotID"] == snapshot_id:
            return snapshot
    # The identifier of the others tells its time, so they need not be searched.
    try:
        expected = int(snapshot_id.removeprefix("pit-")[:_ID_DIGITS], 16) ^ _mask(server)
    except ValueError:
        expected = -1
    before = (expected * 1_000_000 - 1) * _ALIKE
    for snapshot in _made(account, server, before, newest_first=False):
        if snapshot["snapshotID"] == snapshot_id:
            return snapshot
        break
    raise refusals.not_found("recovery-snapshot", snapshot_id)


def _loaded(server: Resource) -> list[Doc]:
    found: list[Doc] = server.state.get("snapshots", [])
    return found


def _window(account: Account, server: Resource) -> _Window | None:
    if not source_servers.is_launchable(server):
        return None
    life: Doc = server.doc.get("lifeCycle", {})
    since = server.state.get("protected_since") or life.get("firstByteDateTime")
    if since is None:
        return None
    last = account.now
    lag: Doc | None = server.state.get("lag")
    if lag is not None and source_servers.state_of(server) in _STANDING_STILL:
        last = parse_datetime(lag["since"])
    policy = configurations.replication_configuration_of(account, server).doc["pitPolicy"]
    first = int(parse_datetime(since).timestamp())
    for snapshot in _loaded(server)[-1:]:
        first = max(first, _second_of(place_of(snapshot)) + 1)
    return _Window(
        first,
        int(last.timestamp()),
        account.now.timestamp(),
        policy,
    )


def _times(
    window: _Window, rule: Doc, position: int | None, *, newest_first: bool
) -> Iterable[int]:
    unit = _SECONDS[rule["units"]]
    interval = rule["interval"] * unit
    first = max(window.first, int(window.now) - rule["retentionDuration"] * unit + 1)
    last = window.last
    if position is not None and newest_first:
        last = min(last, _second_of(position) - 1)
    elif position is not None:
        first = max(first, _second_of(position) + 1)
    lowest, highest = -(-first // interval) * interval, last // interval * interval
    if newest_first:
        return range(highest, lowest - 1, -interval)
    return range(lowest, highest + 1, interval)


def _snapshot(server: Resource, expected: int) -> Doc:
    moment = datetime.fromtimestamp(expected, UTC)
    check = _digest(server, f"{expected}")
    taken = moment + timedelta(seconds=_delay(server, expected))
    disks = server.doc.get("sourceProperties", {}).get("disks", [])
    return {
        "snapshotID": f"pit-{expected ^ _mask(server):09x}{check[:8]}",
        "sourceServerID": server.id,
        "expectedTimestamp": format_datetime(moment),
        "timestamp": format_datetime(taken),
        "ebsSnapshots": [
            f"snap-{_digest(server, f'{expected}/{index}')[:17]}" for index in range(len(disks))
        ],
    }


def _delay(server: Resource, expected: int) -> float:
    """Return how many seconds after the expected time the snapshot was taken."""
    return int(_digest(server, f"{expected}")[-8:], 16) / 0xFFFFFFFF * _LATEST


def _mask(server: Resource) -> int:
    return int(_digest(server, "mask"), 16) & _MASK


def _digest(server: Resource, what: str) -> str:
    return hashlib.blake2b(f"{server.id}/{what}".encode(), digest_size=16).hexdigest()
