"""Instructions of a small call, which no load of the machine changes. They take valgrind."""

from __future__ import annotations

import shutil

import peers
from processes import count_instructions
from tables import Column, Table

_FEW, _MANY = 20, 120
_PEERS = (peers.RAW, peers.OURS)
_COLUMNS = (
    Column("instructions", "thousand instructions", 0),
    Column("raw", "against aiobotocore", 2),
)


def measure(url: str, _quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Count in processes that make many calls and few; without valgrind there are no rows."""
    title = "Instructions of one small call"
    if shutil.which("valgrind") is None:
        return Table("instructions", f"{title}: not counted, valgrind is missing", _COLUMNS, {}, {})
    counts = {
        peer: [
            count_instructions("small_calls.py", peer, url, str(times)) for times in (_FEW, _MANY)
        ]
        for peer in _PEERS
    }
    each = {peer: (many - few) / (_MANY - _FEW) for peer, (few, many) in counts.items()}
    rows = {
        peer: {"instructions": each[peer] / 1000, "raw": each[peer] / each[peers.RAW]}
        for peer in _PEERS
    }
    titles = {name: peers.TITLES[name] for name in _PEERS}
    return Table("instructions", title, _COLUMNS, rows, titles)
