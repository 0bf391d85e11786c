"""A report as text of at most 80 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.outline import outline_of
from drs_sdk.recovery.rendering.words import cells, cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drs_sdk.recovery.outcomes import RunOutcome
    from drs_sdk.recovery.rendering.sections import Row, Section

WIDTH = 80
_GAP = "  "
_ROUTINE = 40
"""How many rows that need nobody's attention are shown."""


def as_text(report: RunOutcome) -> str:
    """Write a report as text."""
    outline = outline_of(report)
    lines = [*_wrapped(outline.title), *_wrapped(outline.verdict)]
    widest = max(len(name) for name, _ in outline.figures)
    for name, value in outline.figures:
        lines += _wrapped(value, first=f"{name:{widest}}{_GAP}", later=" " * (widest + len(_GAP)))
    for section in outline.sections:
        lines += ["", *_wrapped(section.title)]
        lines += _table(section) if section.rows else []
        for line in section.lines:
            lines += _wrapped(line, first="- ", later="  ")
    return "\n".join(lines)


def _table(section: Section) -> Iterator[str]:
    brief = [index for index, column in enumerate(section.columns) if column.is_brief]
    rows = _shown(section)
    titles = [section.columns[index].title for index in brief]
    grid = [[row.cells[index] for index in brief] for row in rows]
    widths = _widths([titles, *grid], [section.columns[index].least for index in brief])
    yield _line(titles, widths)
    for row, texts in zip(rows, grid, strict=True):
        yield _line(texts, widths)
        if row.brief_note is not None:
            yield from _wrapped(row.brief_note, first="      ", later="      ")
    left_out = len(section.rows) - len(rows)
    if left_out:
        more = (
            f"... and {left_out} more that need no attention; to_markdown and to_html list them all"
        )
        yield from _wrapped(more, first=_GAP, later=_GAP)


def _shown(section: Section) -> list[Row]:
    """Choose the rows to show: all that need attention, and some of the others."""
    if not section.is_long:
        return list(section.rows)
    room = _ROUTINE
    shown: list[Row] = []
    for row in section.rows:
        is_routine = row.tone != "bad" and row.brief_note is None
        room -= is_routine
        if not is_routine or room >= 0:
            shown.append(row)
    return shown


def _widths(grid: Sequence[Sequence[str]], least: Sequence[int | None]) -> list[int]:
    """Give each column its width; where there is too little room, names give way, then all."""
    widths = [max(cells(row[index]) for row in grid) for index in range(len(least))]
    room = WIDTH - len(_GAP) * len(widths)
    for floors in (
        [width if floor is None else floor for width, floor in zip(widths, least, strict=True)],
        [0] * len(widths),
    ):
        while sum(widths) > room and (spare := _widest(widths, floors)) is not None:
            widths[spare] -= 1
    return widths


def _widest(widths: Sequence[int], floors: Sequence[int]) -> int | None:
    """Find the widest column that may still give way."""
    may = [index for index, width in enumerate(widths) if width > floors[index]]
    return max(may, key=widths.__getitem__, default=None)


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    fitted = [cut(text, width) for text, width in zip(texts, widths, strict=True)]
    padded = [
        text + " " * (width - cells(text)) for text, width in zip(fitted, widths, strict=True)
    ]
    return (_GAP + _GAP.join(padded)).rstrip()


def _wrapped(text: str, *, first: str = "", later: str = "  ") -> list[str]:
    """Break text into lines by the columns that it takes, words that are too long included."""
    lines = wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    ) or [first.rstrip()]
    if all(cells(line) <= WIDTH for line in lines):
        return lines
    return wrap(
        text, WIDTH // 2, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    )  # characters that take two columns
