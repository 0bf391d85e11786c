"""What a page holds once it is decoded, and the peak on the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import peers
from processes import read_fresh
from sizes import PAGE
from tables import Column, Table

if TYPE_CHECKING:
    from processes import Service

_KIB = 1024
_COLUMNS = (
    Column("held", "KiB held", 0),
    Column("raw", "against aiobotocore's dict", 2),
    Column("peak", "KiB at the peak", 0),
)


def measure(service: Service, _quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Start processes that weigh a page; the figures hardly vary, so once is enough."""
    weights = {peer: read_fresh("page_memory.py", peer, service.https) for peer in peers.NAMES}
    rows = {
        peer: {"held": held / _KIB, "raw": held / weights[peers.RAW][0], "peak": peak / _KIB}
        for peer, (held, peak) in weights.items()
    }
    return Table("memory", f"Memory of one page of {PAGE}", _COLUMNS, rows, peers.TITLES)
