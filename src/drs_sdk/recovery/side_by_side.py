"""Work side by side, of which nothing goes on once one of it has failed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable


async def side_by_side(work: Iterable[Coroutine[object, object, None]]) -> None:
    """Do all of it; where one raises or the caller is cancelled, the others are, and waited for."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
