"""HTML and SVG built as a tree: text and attributes are escaped where the tree is written."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, tostring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def element(
    name: str,
    content: str | Element | Sequence[Element | str] = (),
    attributes: Mapping[str, str | float] | None = None,
) -> Element:
    """Make an element.

    Args:
        name: Its tag.
        content: A text, an element, or several of both.
        attributes: Its attributes; numbers are rounded to a tenth.
    """
    made = Element(name, {key: _attribute(value) for key, value in (attributes or {}).items()})
    last: Element | None = None
    for part in [content] if isinstance(content, (str, Element)) else content:
        if isinstance(part, Element):
            made.append(part)
            last = part
        elif last is None:
            made.text = (made.text or "") + part
        else:
            last.tail = (last.tail or "") + part
    return made


def written(root: Element) -> str:
    """Write an element as HTML."""
    return tostring(root, encoding="unicode", method="html")


def _attribute(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"
