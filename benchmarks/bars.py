"""The figures that drs-sdk is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tables import Table


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure and the most it may be."""

    title: str
    limit: float
    table: str
    row: str
    column: str


BARS = (
    Bar("sends of an unsafe operation, whatever strikes", 1, "sends", "ours", "most"),
    Bar("launches lost to closed idle connections, of 6", 0, "idle", "ours", "lost"),
    Bar("endpoints that differ from aiobotocore's", 0, "endpoints", "ours", "different"),
    Bar("whole process, https, CPU against aiobotocore", 1.20, "startup", "ours", "raw"),
    Bar("whole process, https, wall against aiobotocore", 1.30, "startup", "ours", "raw_wall"),
    Bar("whole process, http, CPU against aiobotocore", 1.30, "startup_http", "ours", "raw"),
    Bar("whole process, https, instructions", 1.18, "start_instructions", "ours", "raw"),
    Bar("next client against aiobotocore's first", 0.15, "clients", "ours", "raw_first"),
    Bar("small calls in turn, CPU against aiobotocore", 0.95, "in_turn", "ours", "raw"),
    Bar("small calls by 32 tasks, https, CPU", 0.90, "at_once", "ours", "raw"),
    Bar("small calls by 32 tasks, http, CPU", 0.95, "at_once_http", "ours", "raw"),
    Bar("small calls by 32 tasks, https, instructions", 0.72, "instructions", "ours", "raw"),
    Bar("25 pages walked, longest step against aiobotocore", 0.60, "walk_stall", "ours", "raw"),
    Bar("refreshes in cycles, peak memory against aiobotocore", 1.0, "refreshes", "ours", "raw"),
    Bar("the same, longest step against aiobotocore", 1.8, "refreshes", "ours", "raw_longest"),
    Bar("5,000 servers walked, CPU against aiobotocore", 0.45, "walk", "ours", "raw"),
    Bar("5,000 servers kept in a list, CPU against aiobotocore", 0.55, "gather", "ours", "raw"),
    Bar("memory of a page against aiobotocore's dict", 0.50, "memory", "ours", "raw"),
    Bar("`repr` of a page against `model_dump`", 2, "copies", "repr", "dump"),
    Bar("`copy.deepcopy` of a page, against the same", 2, "copies", "deepcopy", "dump"),
    Bar("pickling a page, against the same", 2, "copies", "pickle", "dump"),
    Bar("unpickling a page, against the same", 2, "copies", "unpickle", "dump"),
    Bar("10,000 waits left at once, longest step in ms", 100, "waits", "ours", "longest"),
    Bar("`import drs_sdk` against `aiobotocore.session`", 0.50, "imports", "ours", "session"),
    Bar("`DRSClient` imported, against the same", 0.40, "imports", "client", "session"),
)


def judge(tables: dict[str, Table]) -> tuple[str, bool]:
    """Compare what was measured with the bars.

    Returns:
        A table in Markdown, and whether all bars that were measured hold.
    """
    lines = ["| bar | at most | measured | |", "| --- | ---: | ---: | --- |"]
    hold = True
    for bar in BARS:
        if bar.table in tables and bar.row in tables[bar.table].rows:
            measured = tables[bar.table].rows[bar.row][bar.column]
            holds = measured <= bar.limit
            hold &= holds
            verdict = "PASS" if holds else "FAIL"
            lines.append(f"| {bar.title} | {bar.limit:.2f} | {measured:.2f} | {verdict} |")
    return "\n".join(lines), hold
