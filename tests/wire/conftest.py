from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from strategies.bench import Bench, open_bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Our client and a raw one on one server, for a whole module."""
    with open_bench() as both:
        yield both
