"""How long and how often a wait asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long and how often to ask.

    Attributes:
        timeout: The deadline from now; None for none.
        min_delay: The shortest delay between polls.
        max_delay: The longest delay that polls back off to.
    """

    timeout: timedelta | None
    min_delay: timedelta
    max_delay: timedelta
