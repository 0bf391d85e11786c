"""A fresh process that shows, copies and pickles a page, and prints what each takes.

    python benchmarks/page_copies.py URL

Prints CPU seconds: `model_dump`, `repr`, `copy.deepcopy`, pickling and unpickling.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import peers
from sizes import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMES = 25


def _cost(work: Callable[[], object]) -> float:
    took: list[float] = []
    for _ in range(_TIMES):
        gc.collect()
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return median(took)


async def main(url: str) -> None:
    """Fetch a page and work on it."""
    async with peers.load(peers.OURS)(url) as peer:
        page: Any = await peer.page(PAGE)
    text = pickle.dumps(page)
    for work in (
        page.model_dump,
        lambda: repr(page),
        lambda: copy.deepcopy(page),
        lambda: pickle.dumps(page),
        lambda: pickle.loads(text),  # noqa: S301 - our own
    ):
        print(_cost(work))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
