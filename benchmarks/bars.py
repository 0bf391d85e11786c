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
    Bar("5,000 servers, CPU against aiobotocore", 0.45, "gather", "ours", "raw"),
    Bar("5,000 servers, CPU against capo-drs", 0.55, "gather", "ours", "capo"),
    Bar("small calls in turn, CPU against aiobotocore", 1.05, "in_turn", "ours", "raw"),
    Bar("small calls by 32 tasks, CPU against aiobotocore", 1.05, "at_once", "ours", "raw"),
    Bar("whole process, CPU against aiobotocore", 1.30, "startup", "ours", "raw"),
    Bar("whole process, wall against aiobotocore", 1.30, "startup", "ours", "raw_wall"),
    Bar("`import drs_sdk` against `aiobotocore.session`", 0.50, "imports", "ours", "session"),
    Bar("memory of a page against aiobotocore's dict", 1.90, "memory", "ours", "raw"),
)


def judge(tables: dict[str, Table]) -> tuple[str, bool]:
    """Compare what was measured with the bars.

    Returns:
        A table in Markdown, and whether all bars that were measured hold.
    """
    lines = ["| bar | at most | measured | |", "| --- | ---: | ---: | --- |"]
    hold = True
    for bar in BARS:
        if bar.table in tables:
            measured = tables[bar.table].rows[bar.row][bar.column]
            holds = measured <= bar.limit
            hold &= holds
            verdict = "PASS" if holds else "FAIL"
            lines.append(f"| {bar.title} | {bar.limit:.2f} | {measured:.2f} | {verdict} |")
    return "\n".join(lines), hold
