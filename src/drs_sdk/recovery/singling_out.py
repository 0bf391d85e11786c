"""Finding for whom a request is refused, so that the others need not stay behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk.recovery.blame import is_about_some, named_in

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SinglingOut(Generic[BatchT]):
    """Takes the culprits out of what was refused; the rest goes through on the way.

    Whom the service names is taken out, and the others are asked for again. Where it names nobody,
    what was refused is halved until the culprits are alone. What cannot be for the sake of some is
    refused as a whole, without another request; see `drs_sdk.recovery.blame`.

    Attributes:
        ids: Tells who is in a batch.
        part: Gives the part of a batch with some of its ids.
        attempt: Tries a batch again; None when it went through, or is no longer refused.
        refuse: Takes a batch that is refused for good.
    """

    ids: Callable[[BatchT], Sequence[str]]
    part: Callable[[BatchT, Sequence[str]], BatchT]
    attempt: Callable[[BatchT], Awaitable[Refused[BatchT] | None]]
    refuse: Callable[[BatchT, APIError], None]

    async def single_out(self, refused: Refused[BatchT]) -> None:
        """Find the culprits of a refused batch."""
        await self._single_out(refused)

    async def _single_out(self, refused: Refused[BatchT]) -> bool:
        """Find them; say whether all of it was refused, one by one and with the same words."""
        left: Refused[BatchT] | None = refused
        took_out = False
        while left is not None:
            ids = self.ids(left.batch)
            if len(ids) <= 1 or not is_about_some(left.error):
                self.refuse(left.batch, left.error)
                return not took_out
            named = named_in(left.error, ids)
            if not 0 < len(named) < len(ids):
                return await self._halve(left, ids) and not took_out
            took_out = True
            self.refuse(self.part(left.batch, named), left.error)
            others = [name for name in ids if name not in set(named)]
            left = await self.attempt(self.part(left.batch, others))
        return False

    async def _halve(self, refused: Refused[BatchT], ids: Sequence[str]) -> bool:
        """Halve it. Where all is refused with the same words, the rest is not asked for singly."""
        middle = len(ids) // 2
        halves = [self.part(refused.batch, some) for some in (ids[:middle], ids[middle:])]
        first, second = [await self.attempt(half) for half in halves]
        alike = (
            first is not None and second is not None and first.error.message == second.error.message
        )
        alike_inside: list[bool] = []
        for one in (first, second):
            if one is None:
                continue
            if alike and alike_inside == [True] and len(ids) - len(self.ids(one.batch)) >= ENOUGH:
                self.refuse(one.batch, one.error)
                continue
            alike_inside.append(await self._single_out(one))
        return alike and all(alike_inside)
