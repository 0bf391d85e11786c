"""How long the event loop is held up, and what a fleet that is read again and again takes."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import peers
from processes import read_fresh
from sizes import PAGE, PAGES, REFRESHES
from tables import Column, Table

if TYPE_CHECKING:
    from processes import Service

_MS, _MIB = 1000, 1024**2
_PEERS = (peers.RAW, peers.OURS)
_ROUNDS = 5
_TITLES = {name: peers.TITLES[name] for name in _PEERS}


def walks(service: Service, quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Walk in fresh processes, the peers taking turns."""
    pairs = [
        {peer: read_fresh("walk_stall.py", peer, service.https) for peer in _PEERS}
        for _ in range(1 if quick else _ROUNDS)
    ]
    rows = {
        peer: {
            "longest": median(pair[peer][0] for pair in pairs) * _MS,
            "raw": median(pair[peer][0] / pair[peers.RAW][0] for pair in pairs),
            "awaited": median(pair[peer][1] for pair in pairs) * _MS,
        }
        for peer in _PEERS
    }
    columns = (
        Column("longest", "longest step, ms", 1),
        Column("raw", "against aiobotocore", 2),
        Column("awaited", "one page awaited: longest step, ms", 1),
    )
    title = f"{PAGES} pages of {PAGE} walked: the longest step of the event loop"
    return Table("walk_stall", title, columns, rows, _TITLES)


def refreshes(service: Service, quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Keep refreshes in cyclic objects, in fresh processes."""
    times = str(REFRESHES // 5 if quick else REFRESHES)
    found = {
        peer: read_fresh("refreshes.py", peer, service.https, times, str(PAGE * PAGES))
        for peer in _PEERS
    }
    peak, longest = found[peers.RAW]
    rows = {
        peer: {
            "peak": found[peer][0] / _MIB,
            "raw": found[peer][0] / peak,
            "longest": found[peer][1] * _MS,
            "raw_longest": found[peer][1] / longest,
        }
        for peer in _PEERS
    }
    columns = (
        Column("peak", "MiB at the peak", 0),
        Column("raw", "against aiobotocore", 2),
        Column("longest", "longest step, ms", 0),
        Column("raw_longest", "against aiobotocore", 2),
    )
    title = f"{PAGE * PAGES:,} servers read {times} times, each kept in an object with a cycle"
    return Table("refreshes", title, columns, rows, _TITLES)
