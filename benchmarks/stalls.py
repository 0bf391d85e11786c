"""How long the event loop is held up by one step, by the CPU time of the loop's own thread.

CPU time, as what other processes do to this one is no step of its own; the collector's runs are.
"""

from __future__ import annotations

import asyncio
import gc
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator


class Stalls:
    """What was seen.

    Attributes:
        longest: The longest step, in seconds.
        collecting: What Python's collector took, in seconds.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.longest = 0.0
        self.collecting = 0.0

    def collector(self, phase: str, _: object) -> None:
        """Add up what Python's collector takes."""
        now = time.thread_time()
        self.collecting += now if phase == "stop" else -now


@contextmanager
def watched(*, collector: bool = True) -> Generator[Stalls]:
    """Time each step of the loop; asyncio has no hook for it, so each callback is wrapped.

    Args:
        collector: Whether the runs of Python's collector count as part of a step.
    """
    stalls = Stalls()
    handle: Any = asyncio.Handle
    run = handle._run  # noqa: SLF001 - a benchmark may look inside

    def timed(self: asyncio.Handle) -> None:
        began, collecting = time.thread_time(), stalls.collecting
        run(self)
        took = time.thread_time() - began
        if not collector:
            took -= stalls.collecting - collecting
        stalls.longest = max(stalls.longest, took)

    handle._run = timed  # noqa: SLF001
    gc.callbacks.append(stalls.collector)
    try:
        yield stalls
    finally:
        gc.callbacks.remove(stalls.collector)
        handle._run = run  # noqa: SLF001
