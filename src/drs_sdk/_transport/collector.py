"""The cyclic garbage collector, kept out of the way of large answers.

A page of servers makes tens of thousands of objects in one go, all in use and none in a cycle. Left
to itself, the collector walks over them again and again while they are made, and once more right
after: that doubles the price of the page. So it is paused, and the new objects are handed to the
oldest generation unseen, by ``gc.freeze`` and ``gc.unfreeze``, which only relink lists.

That must not let garbage pile up. The young generations are collected first, so that nothing but
the page is handed over; and as handing over restarts the count towards the next full collection,
full ones are made here. How long one takes depends on all that the process holds, a quarter of a
second where many pages are kept, so the next one waits until reading answers has taken a few times
as long. Parsing those answers in Python would have set off more of them.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

LARGE = 32 * 1024
"""Bytes from which an answer is worth the trouble."""

ANSWERS_PER_FULL = 64
"""Large answers between two full collections, at least."""

READING_PER_FULL = 4
"""How many times as long as the last full collection is spent on reading before the next."""

FROZEN_BY_PYTHON = 1_000
"""Objects that Python may have frozen itself: 3.12 starts with some 400, an application that
freezes what it has loaded keeps tens of thousands."""

_YOUNG = 1


@dataclass(slots=True)
class _Backlog:
    """What has been handed over since everything was last collected."""

    answers: int = 0
    seconds: float = 0.0
    last_full: float = 0.0

    def add(self, seconds: float) -> None:
        """Count an answer that took so long to read."""
        self.answers += 1
        self.seconds += seconds

    @property
    def is_due(self) -> bool:
        """Whether everything is to be collected now."""
        return (
            self.answers >= ANSWERS_PER_FULL and self.seconds >= READING_PER_FULL * self.last_full
        )

    def collect(self) -> None:
        """Collect everything, and begin again."""
        began = perf_counter()
        gc.collect()
        self.answers, self.seconds, self.last_full = 0, 0.0, perf_counter() - began


_backlog = _Backlog()  # the collector is the process's, and so is this


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
    began = perf_counter()
    try:
        yield
    finally:
        _backlog.add(perf_counter() - began)
        _hand_over()
        gc.enable()


def _hand_over() -> None:
    """Move the young objects to the oldest generation, or now and then collect everything."""
    if _backlog.is_due:
        _backlog.collect()
    elif gc.get_freeze_count() < FROZEN_BY_PYTHON:  # else they are the application's: not to thaw
        gc.freeze()
        gc.unfreeze()
