"""The items of a page that become models as they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@dataclass(slots=True, eq=False)
class Unread:
    """Asks for a page whose items are not made yet, and holds them once it is there.

    Attributes:
        field: The field of the response that holds the items, by its Python name.
        least: Bytes of a page that is worth it; a shorter one is read whole.
        slices: Makes the items, some at a time; None where the page came whole.
    """

    field: str
    least: int = 0
    slices: Generator[list[object]] | None = None
