"""Work in a process that is warm: the costs of a long-lived application."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import peers
from processes import Cost, Worker, worker
from rounds import cpu_ratio, interleave, milliseconds
from sizes import CALLS_AT_ONCE, CALLS_IN_TURN, PAGE, PAGES, SLICES, TASKS
from tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from processes import Service

TITLES = {
    "gather": f"{PAGE * PAGES:,} source servers in pages of {PAGE}, all kept in a list, over https",
    "walk": f"The same {PAGE * PAGES:,} source servers, none kept, over https",
    "in_turn": f"{CALLS_IN_TURN} small calls, one after the other, over http",
    "at_once": f"{CALLS_AT_ONCE} small calls by {TASKS} tasks, over https",
    "at_once_http": f"{CALLS_AT_ONCE} small calls by {TASKS} tasks, over http",
}

_ROUNDS = {"gather": 9, "walk": 9, "in_turn": 20, "at_once": 20, "at_once_http": 12}
_SLICES = {"in_turn": SLICES, "at_once": SLICES, "at_once_http": SLICES}
_OVER_HTTP = frozenset({"in_turn", "at_once_http"})
_QUICK_ROUNDS = 3
_COLUMNS = (
    Column("cpu", "CPU ms", 0),
    Column("wall", "wall ms", 0),
    Column("raw", "CPU against aiobotocore", 2),
    Column("capo", "CPU against capo-drs", 2),
)


def part(name: str) -> Callable[[Service, bool], Table]:
    """Make the part that measures one piece of work."""

    def measure(service: Service, quick: bool) -> Table:  # noqa: FBT001 - what every part takes
        url = service.http if name in _OVER_HTTP else service.https
        with ExitStack() as stack:
            workers: dict[str, Worker] = {
                peer: stack.enter_context(worker(peer, url)) for peer in peers.NAMES
            }

            def run(peer: str) -> Cost:
                return workers[peer].run(name.removesuffix("_http"))

            rounds = _QUICK_ROUNDS if quick else _ROUNDS[name]
            costs = interleave(peers.NAMES, rounds, run, slices=_SLICES.get(name, 1))
        rows = {
            peer: {
                "cpu": milliseconds(cost.cpu for cost in costs[peer]),
                "wall": milliseconds(cost.wall for cost in costs[peer]),
                "raw": cpu_ratio(costs, peer, peers.RAW),
                "capo": cpu_ratio(costs, peer, peers.CAPO),
            }
            for peer in peers.NAMES
        }
        return Table(name, TITLES[name], _COLUMNS, rows, peers.TITLES)

    return measure
