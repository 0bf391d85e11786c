"""The page that shows the figures: the block between two marks is rewritten, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = "<!-- figures: written by benchmarks/run.py, not by hand -->"
END = "<!-- end of figures -->"


def refresh(path: Path, figures: str) -> None:
    """Put new figures between the marks.

    Raises:
        ValueError: The page has no marks.
    """
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no marks to put the figures between")
    path.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}", encoding="utf-8")
