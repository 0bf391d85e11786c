"""What is measured, part by part; every part gives one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parts import clients, copies, imports, instructions, memory, stalls, startup, whole, work

if TYPE_CHECKING:
    from collections.abc import Callable

    from processes import Service
    from tables import Table

PARTS: dict[str, Callable[[Service, bool], Table]] = {
    **{name: work.part(name) for name in work.TITLES},
    "startup": startup.part("startup", tls=True),
    "startup_http": startup.part("startup_http", tls=False),
    "start_instructions": instructions.start,
    "clients": clients.measure,
    "imports": imports.measure,
    "memory": memory.measure,
    "copies": copies.measure,
    "walk_stall": stalls.walks,
    "refreshes": stalls.refreshes,
    "instructions": instructions.small_calls,
    **whole.WHOLE,
}
"""By name: given the service's addresses and whether to be quick, measure."""
