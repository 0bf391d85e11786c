"""What a client costs that is not the first: one for each Region, say."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import peers
from processes import read_fresh
from sizes import REGIONS
from tables import Column, Table

if TYPE_CHECKING:
    from processes import Service

_MS = 1000
_ROUNDS = 7
_QUICK_ROUNDS = 2
_PEERS = (peers.RAW, peers.OURS, peers.CAPO)
_COLUMNS = (
    Column("first", "first client, CPU ms", 1),
    Column("next", "next client, CPU ms", 1),
    Column("raw_first", "next against aiobotocore's first", 2),
    Column("all", f"{REGIONS} clients with a call each, CPU ms", 0),
    Column("raw_all", "against aiobotocore", 2),
)


def measure(service: Service, quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Open clients in fresh processes, the peers taking turns."""
    rounds = [
        {peer: read_fresh("many_clients.py", peer, service.https) for peer in _PEERS}
        for _ in range(_QUICK_ROUNDS if quick else _ROUNDS)
    ]
    rows = {
        peer: {
            "first": median(each[peer][0] for each in rounds) * _MS,
            "next": median(each[peer][1] for each in rounds) * _MS,
            "raw_first": median(each[peer][1] / each[peers.RAW][0] for each in rounds),
            "all": median(each[peer][2] for each in rounds) * _MS,
            "raw_all": median(each[peer][2] / each[peers.RAW][2] for each in rounds),
        }
        for peer in _PEERS
    }
    title = f"{REGIONS} clients in one process, over https"
    titles = {name: peers.TITLES[name] for name in _PEERS}
    return Table("clients", title, _COLUMNS, rows, titles)
