"""The timeline of a report as an SVG file of its own: it asks nobody for anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.recovery import RecoveryReport

_ALONE = (
    "<style>svg.timeline { background: var(--page); font-family: system-ui, sans-serif; "
    "width: auto; min-width: 0; }</style>"
)
"""What the timeline has from the page around it."""


def picture_of(report: RecoveryReport) -> str:
    """Take the timeline, and the style that it is drawn in, out of the report's page.

    Raises:
        ValueError: Nothing was launched, so that there is no timeline.
    """
    page = report.to_html()
    drawn = re.search(r'<svg\b[^>]*viewBox="0 0 (\S+) (\S+)"[^>]*>(.*?</svg>)', page, re.DOTALL)
    style = re.search(r"<style>.*?</style>", page, re.DOTALL)
    if drawn is None or style is None:
        raise ValueError("the report has no timeline")
    width, height, content = drawn.groups()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" class="timeline">{style[0]}{_ALONE}{content}\n'
    )
