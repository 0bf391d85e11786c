"""The cyclic garbage collector, kept out of the way of large answers.

A page of servers makes tens of thousands of objects in one go, all in use and none in a cycle. Left
to itself, the collector walks over them again and again while they are made, and once more right
after: that doubles the price of the page. So it is paused, and the new objects are handed to the
oldest generation unseen, by ``gc.freeze`` and ``gc.unfreeze``, which only relink lists.

That must not let garbage pile up. The young generations are collected first, so that nothing but
the page is handed over; and as handing over restarts the count towards the next full collection,
one is made after every `LARGE_PER_FULL` large answers. Parsing those answers in Python would have
set off several.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

LARGE = 32 * 1024
"""Bytes from which an answer is worth the trouble."""

LARGE_PER_FULL = 64
"""Large answers after which everything is collected once."""

_YOUNG = 1

_since_full = 0


@contextmanager
def collector_paused(size: int) -> Generator[None]:
    """Hold the collector back while an answer becomes models, and leave it as it was.

    Args:
        size: The length of the answer in bytes.
    """
    if size < LARGE or not gc.isenabled():
        yield
        return
    gc.collect(_YOUNG)
    gc.disable()
    try:
        yield
    finally:
        _hand_over()
        gc.enable()


def _hand_over() -> None:
    """Move the young objects to the oldest generation, or now and then collect everything."""
    global _since_full  # noqa: PLW0603 - the collector is the process's, and so is its count
    _since_full += 1
    if _since_full >= LARGE_PER_FULL:
        _since_full = 0
        gc.collect()
    elif gc.get_freeze_count() == 0:  # else the application keeps objects frozen: not ours to thaw
        gc.freeze()
        gc.unfreeze()
