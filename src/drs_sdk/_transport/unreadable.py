"""Values that no JSON reader takes: numbers too long, and what is nested too deep.

They are cut out of the text before it is read, so that they cost their member and not the page.
"""

from __future__ import annotations

import re
from secrets import token_hex
from typing import cast

DIGITS = 4_000
"""Characters of a number that readers take: Python's own limit is 4,300 digits."""

DEPTH = 100
"""Levels of nesting that readers take: pydantic-core's limit is 200."""

# Strings to their end, or to the text's, so that no text is looked through twice.
_TOKEN = re.compile(
    r""""[^"\\]*(?:\\(?:.|\Z)[^"\\]*)*(?:"|\Z)|[\[{\]}]|-?[0-9][0-9.eE+-]*""", re.DOTALL
)


def cut(text: str) -> tuple[str, dict[str, str]]:
    """Put a mark in the place of each value that cannot be read.

    Args:
        text: JSON.

    Returns:
        The text with the marks, which are strings, and what was cut out, by mark.
    """
    salt = token_hex(8)
    pieces: list[str] = []
    out: dict[str, str] = {}
    depth = since = begun = 0

    def replace(start: int, end: int) -> None:
        nonlocal since
        mark = f"{salt}-{len(out)}"
        out[mark] = text[start:end]
        pieces.extend((text[since:start], f'"{mark}"'))
        since = end

    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth == DEPTH:
                begun = token.start()
        elif first in "]}":
            if depth == DEPTH:
                replace(begun, token.end())
            depth -= 1
        elif first != '"' and depth < DEPTH and len(token[0]) >= DIGITS:
            replace(token.start(), token.end())
    return "".join((*pieces, text[since:])), out


def restore(data: object, out: dict[str, str]) -> list[tuple[str | int, ...]]:
    """Put the text that was cut out where its mark is, as a string, and say where.

    Args:
        data: What the marked text was read as.
        out: What was cut out, by mark.

    Returns:
        The locations.
    """
    found: list[tuple[str | int, ...]] = []
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), data)]
    while waiting:
        location, owner = waiting.pop()
        if isinstance(owner, dict):
            mapping = cast("dict[str | int, object]", owner)
            members = list(mapping.items())
        elif isinstance(owner, list):
            mapping = cast("dict[str | int, object]", owner)
            members = list(enumerate(cast("list[object]", owner)))
        else:
            continue
        for key, value in members:
            if isinstance(value, str) and value in out:
                mapping[key] = out[value]
                found.append((*location, key))
            elif isinstance(value, (dict, list)):
                waiting.append(((*location, key), cast("object", value)))
    return found
