"""Texts of results that have none of their own: a clean-up, a list of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.recovery.clean_up import CleanUp
    from drs_sdk.recovery.runs import RunSummary

_HEADINGS = ("run", "mode", "began", "up", "failed", "running", "instances", "note")


def text_of_clean_up(cleaned: CleanUp) -> str:
    """Tell what is gone, and what is left and why."""
    rest = "nothing is left" if cleaned.is_clean else "not all is gone; clean up again"
    lines = [f"{cleaned.run}: {len(cleaned.terminated)} instances terminated, {rest}"]
    lines += [f"  {name}: {why}" for name, why in sorted(cleaned.left.items())]
    lines += [f"  instances of job {job} can still arrive" for job in cleaned.arriving]
    lines += [f"  {place} cannot be read: {why}" for place, why in cleaned.unreadable.items()]
    return "\n".join(lines)


def table_of_runs(found: Sequence[RunSummary]) -> str:
    """List runs, a line each, in columns."""
    if not found:
        return "No run has begun."
    rows = [_HEADINGS, *(_row(run) for run in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(run: RunSummary) -> tuple[str, ...]:
    note = f"closed: {run.closed}" if run.closed is not None else ""
    if run.is_left_over:
        note = f"left running; {note}" if note else "left running"
    return (
        run.run,
        run.mode or "unknown",
        f"{run.started:%Y-%m-%d %H:%M}",
        str(run.launched),
        str(run.failed),
        str(run.running),
        str(len(run.instances)),
        note,
    )
