"""Finding for whom a request is refused, so that the others need not stay behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drs_sdk._transport.api_errors import APIError

BatchT = TypeVar("BatchT")

ENOUGH = 8
"""So many in a row, refused one by one with the same words, show that it is not about them."""


@dataclass(frozen=True, slots=True)
class Refused(Generic[BatchT]):
    """A batch that was refused, perhaps for some of it only."""

    batch: BatchT
    error: APIError


async def single_out(
    refused: Refused[BatchT],
    *,
    halves: Callable[[BatchT], Sequence[BatchT]],
    size: Callable[[BatchT], int],
    attempt: Callable[[BatchT], Awaitable[Refused[BatchT] | None]],
    refuse: Callable[[BatchT, APIError], None],
) -> bool:
    """Halve what was refused until the culprits are alone; the rest goes through on the way.

    Where everything is refused, down to single ones and with the same words, it is not for their
    sake: a right is missing, say. Then the rest is not asked for one by one.

    Args:
        refused: What was refused.
        halves: Parts a batch in two.
        size: Tells how many are in a batch.
        attempt: Tries a batch again; None when it went through, or is no longer refused.
        refuse: Takes a batch that is refused for good.

    Returns:
        Whether all of it was refused with the same words.
    """
    if size(refused.batch) <= 1:
        refuse(refused.batch, refused.error)
        return True
    first, second = [await attempt(half) for half in halves(refused.batch)]
    alike = first is not None and second is not None and first.error.message == second.error.message
    alike_inside: list[bool] = []
    for one in (first, second):
        if one is None:
            continue
        if alike and alike_inside == [True] and size(refused.batch) - size(one.batch) >= ENOUGH:
            refuse(one.batch, one.error)
            continue
        alike_inside.append(
            await single_out(one, halves=halves, size=size, attempt=attempt, refuse=refuse)
        )
    return alike and all(alike_inside)
