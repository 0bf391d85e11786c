"""Ending calls of the caller's functions: they are cancelled, and not waited for without end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.waiters.alarm import Alarm, TimeIsUpError

if TYPE_CHECKING:
    from collections.abc import Collection

    from drs_sdk.clock import Clock

logger: logging.Logger = logging.getLogger("drs_sdk")

GRACE = timedelta(seconds=5)
"""How long a function may take to end once it was cancelled. Then it is cancelled once more, as
one that cleans up for ever ends so; and then it is left behind."""

_CANCELLATIONS = 2

_parted_with: set[asyncio.Task[object]] = set()
"""Those that are to end by themselves: an event loop holds its tasks weakly."""


async def still_under_way(
    tasks: Collection[asyncio.Task[object]], clock: Clock, within: timedelta
) -> set[asyncio.Task[object]]:
    """Wait for calls, so long at most; give those that have not come back.

    Args:
        tasks: The calls.
        clock: Passes the time.
        within: How long.
    """
    under_way = {task for task in tasks if not task.done()}
    if not under_way:
        return under_way
    alarm = Alarm(clock, within)
    try:
        with suppress(TimeIsUpError):
            await alarm.limit(asyncio.wait(under_way))
    finally:
        await alarm.stop()
    return {task for task in under_way if not task.done()}


async def part_with(
    tasks: Collection[asyncio.Task[object]], clock: Clock
) -> set[asyncio.Task[object]]:
    """Cancel calls that have not come back; give those that go on nevertheless.

    What they raise from now on concerns nobody.

    Args:
        tasks: The calls, named for people.
        clock: Passes the time.
    """
    for task in tasks:
        _parted_with.add(task)
        task.add_done_callback(_forget)
    under_way = {task for task in tasks if not task.done()}
    for _ in range(_CANCELLATIONS):
        for task in under_way:
            task.cancel()
        under_way = await still_under_way(under_way, clock, GRACE)
    for task in under_way:
        logger.warning(
            "%s was cancelled %d times and goes on: it is left behind. Let asyncio.CancelledError "
            "through, or the program may not come to its end",
            task.get_name(),
            _CANCELLATIONS,
        )
    return under_way


def _forget(task: asyncio.Task[object]) -> None:
    _parted_with.discard(task)
    if not task.cancelled():
        task.exception()  # seen: whoever needed it has asked
