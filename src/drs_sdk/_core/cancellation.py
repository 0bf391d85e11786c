"""Whose a cancellation is: one's own, or that of something one waited for."""

from __future__ import annotations

import asyncio


def is_being_cancelled() -> bool:
    """Tell the cancellation of the task itself from that of something it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
