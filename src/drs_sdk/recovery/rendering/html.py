"""A report as one HTML page that asks nobody for anything: no host, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.rendering.elements import element, written
from drs_sdk.recovery.rendering.server_labels import ServerLabels
from drs_sdk.recovery.rendering.style import STYLE
from drs_sdk.recovery.rendering.timeline import timeline_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from drs_sdk.recovery.outcomes import RunOutcome
    from drs_sdk.recovery.rendering.outline import Outline
    from drs_sdk.recovery.rendering.sections import Column, Row, Section

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_WRAPS = frozenset({"server", "wave", "result"})
"""Columns with text of others, which may be long."""


def as_html(outline: Outline, report: RunOutcome | None = None) -> str:
    """Write a report as a page; of a run, with the timeline of its jobs."""
    page = element("html", [_head(outline), _body(outline, report)], {"lang": "en"})
    return f"<!DOCTYPE html>\n{written(page)}\n"


def _head(outline: Outline) -> Element:
    return element(
        "head",
        [
            element("meta", (), {"charset": "utf-8"}),
            element(
                "meta", (), {"name": "viewport", "content": "width=device-width, initial-scale=1"}
            ),
            element("meta", (), {"name": "color-scheme", "content": "light dark"}),
            element("meta", (), {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
            element("title", f"{outline.title}: {outline.verdict}"),
            element("style", STYLE),
        ],
    )


def _body(outline: Outline, report: RunOutcome | None) -> Element:
    figures = [
        element("div", [element("dt", name), element("dd", value)])
        for name, value in outline.figures
    ]
    main = [
        element("h1", outline.title),
        element("p", outline.verdict, {"class": f"verdict {outline.tone}"}),
        element("dl", figures),
        *(_timeline(report) if report is not None else ()),
    ]
    for section in outline.sections:
        main += _section(section)
    return element("body", element("main", main))


def _timeline(report: RunOutcome) -> Iterator[Element]:
    drawn = timeline_of(report, ServerLabels(report.servers))
    if drawn is None:
        return
    key = (
        "Times since the run began. A bar is a job, from its request to its end: the green part of "
        "its height came up, the red part (\u2715) failed; dashed, it goes on. The thin bar before "
        "it is the data lost, with an arrow where it begins before the run. A dashed upright line "
        "is the time objective of the wave."
    )
    yield element(
        "section",
        [
            element("h2", "Timeline"),
            element("div", drawn, {"class": "wide"}),
            element("p", key, {"class": "key"}),
        ],
    )


def _section(section: Section) -> Iterator[Element]:
    content = [element("h2", section.title)]
    if section.rows:
        content.append(element("div", _table(section), {"class": "wide"}))
    if section.lines:
        content.append(element("ul", [element("li", line) for line in section.lines]))
    yield element("section", content)


def _table(section: Section) -> Element:
    noted = any(row.note is not None for row in section.rows)
    heads = [element("th", column.title, {"scope": "col"}) for column in section.columns]
    if noted:
        heads.append(element("th", "note", {"scope": "col"}))
    rows = [_row(row, section.columns, noted=noted) for row in section.rows]
    return element("table", [element("thead", element("tr", heads)), element("tbody", rows)])


def _row(row: Row, columns: tuple[Column, ...], *, noted: bool) -> Element:
    cells = [
        element("td", text, {"class": _kind(column)})
        for text, column in zip(row.cells, columns, strict=True)
    ]
    if noted:
        cells.append(element("td", row.note or "", {"class": "note"}))
    return element("tr", cells, {"class": row.tone})


def _kind(column: Column) -> str:
    if column.title == "state":
        return "short state"
    return "long" if column.title in _WRAPS else "short"
