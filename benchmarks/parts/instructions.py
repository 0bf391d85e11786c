"""Instructions, which no load of the machine changes. They take valgrind."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import peers
from processes import count_instructions, run_fresh
from sizes import TASKS
from tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from processes import Service

_FEW, _MANY = 8 * TASKS, 24 * TASKS
"""Between them no connection is opened any more: a handshake is no part of a small call."""

_PEERS = (peers.RAW, peers.OURS)
_TITLES = {name: peers.TITLES[name] for name in _PEERS}


def small_calls(service: Service, _quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Count in processes that make many calls and few."""
    title = f"Instructions of one small call by {TASKS} tasks, over https"

    def count(peer: str) -> float:
        run_fresh("small_calls.py", peer, service.https, str(TASKS))  # writes the bytecode
        few, many = (
            count_instructions("small_calls.py", peer, service.https, str(times))
            for times in (_FEW, _MANY)
        )
        return (many - few) / (_MANY - _FEW) / 1000

    return _table("instructions", title, "thousand instructions", count)


def start(service: Service, _quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Count in processes that end with their first answer."""
    title = "Instructions of a whole process to its first answer, over https"

    def count(peer: str) -> float:
        count_instructions("first_answer.py", peer, service.https)  # writes the bytecode
        return count_instructions("first_answer.py", peer, service.https) / 1_000_000

    return _table("start_instructions", title, "million instructions", count)


def _table(name: str, title: str, unit: str, count: Callable[[str], float]) -> Table:
    columns = (Column("instructions", unit, 0), Column("raw", "against aiobotocore", 2))
    if shutil.which("valgrind") is None:
        return Table(name, f"{title}: not counted, valgrind is missing", columns, {}, {})
    counts = {peer: count(peer) for peer in _PEERS}
    rows = {
        peer: {"instructions": counts[peer], "raw": counts[peer] / counts[peers.RAW]}
        for peer in _PEERS
    }
    return Table(name, title, columns, rows, _TITLES)
