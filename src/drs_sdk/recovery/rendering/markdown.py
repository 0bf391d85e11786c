"""A report as Markdown, with the tables of GitHub."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drs_sdk.recovery.rendering.outline import Outline
    from drs_sdk.recovery.rendering.sections import Section

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~!$&@]")
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_LIST = re.compile(r"^(?=[-+=])|^\d+(?=[.)])")


def as_markdown(outline: Outline) -> str:
    """Write a report as Markdown."""
    lines = [f"# {escaped(outline.title)}", "", f"**{escaped(outline.verdict)}**", ""]
    lines += [f"- {name}: {escaped(value)}" for name, value in outline.figures]
    for section in outline.sections:
        lines += ["", f"## {escaped(section.title)}", ""]
        lines += _table(section) if section.rows else []
        lines += [f"- {escaped(line)}" for line in section.lines]
    return "\n".join(lines) + "\n"


def _table(section: Section) -> Iterator[str]:
    titles = [column.title for column in section.columns]
    noted = any(row.note is not None for row in section.rows)
    if noted:
        titles.append("note")
    yield _line(titles)
    yield "|" + " --- |" * len(titles)
    for row in section.rows:
        yield _line([*row.cells, *([row.note or ""] if noted else [])])


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(text) for text in texts) + " |"


def escaped(text: str) -> str:
    """Write text so that Markdown takes it for text, and makes no link and no list of it."""
    quoted = _SPECIAL.sub(lambda found: "\\" + found[0], text)
    return _LIST.sub(lambda found: found[0] + "\\", _LINK.sub("\\\\", quoted), count=1)
