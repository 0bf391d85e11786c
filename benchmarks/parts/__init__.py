"""What is measured, part by part; every part gives one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parts import imports, instructions, memory, stalls, startup, whole, work

if TYPE_CHECKING:
    from collections.abc import Callable

    from tables import Table

PARTS: dict[str, Callable[[str, bool], Table]] = {
    **{name: work.part(name) for name in work.TITLES},
    "startup": startup.measure,
    "imports": imports.measure,
    "memory": memory.measure,
    "walk_stall": stalls.walks,
    "refreshes": stalls.refreshes,
    "instructions": instructions.measure,
    **whole.WHOLE,
}
"""By name: given the service's address and whether to be quick, measure."""
