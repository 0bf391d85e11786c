"""A whole process: what a script, or a function that wakes up, pays before its first answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peers
from processes import Cost, run_fresh
from rounds import cpu_ratio, interleave, milliseconds, wall_ratio
from sizes import FEW
from tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from processes import Service

_ROUNDS = 15
_QUICK_ROUNDS = 3
_COLUMNS = (
    Column("cpu", "CPU ms", 0),
    Column("wall", "wall ms", 0),
    Column("raw", "CPU against aiobotocore", 2),
    Column("raw_wall", "wall against aiobotocore", 2),
)


def part(name: str, *, tls: bool) -> Callable[[Service, bool], Table]:
    """Make the part that starts processes which ask once, over TLS or in clear text."""
    over = "over https" if tls else "over http"
    title = f"Whole process, from its start to the first {FEW} source servers, {over}"

    def measure(service: Service, quick: bool) -> Table:  # noqa: FBT001 - what every part takes
        url = service.https if tls else service.http

        def run(peer: str) -> Cost:
            return run_fresh("first_answer.py", peer, url)

        costs = interleave(peers.NAMES, _QUICK_ROUNDS if quick else _ROUNDS, run)
        rows = {
            peer: {
                "cpu": milliseconds(cost.cpu for cost in costs[peer]),
                "wall": milliseconds(cost.wall for cost in costs[peer]),
                "raw": cpu_ratio(costs, peer, peers.RAW),
                "raw_wall": wall_ratio(costs, peer, peers.RAW),
            }
            for peer in peers.NAMES
        }
        return Table(name, title, _COLUMNS, rows, peers.TITLES)

    return measure
