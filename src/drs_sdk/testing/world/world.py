"""The world that places stand in: how one finds another, and whose future comes first.

A place is one account in one Region. What happens in one may concern another, so the events of
all places are carried out in one order of time. A place costs nothing until it has events.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from drs_sdk.testing.settings import Settings
    from drs_sdk.testing.world.resources import Resource
    from drs_sdk.testing.world.timeline import Timeline


class Inhabitant(Protocol):
    """What a world needs of the places in it; see `Account`."""

    settings: Settings
    timeline: Timeline
    arns: dict[str, Resource]

    def happen(self, now: datetime) -> None:
        """Carry out the next event if it is due at `now`."""
        ...


_P = TypeVar("_P", bound=Inhabitant)


class World(Generic[_P]):
    """The places of an emulator, by account and Region."""

    def __init__(self, *, one_account: bool = False, one_region: bool = False) -> None:
        """Open an empty world.

        Args:
            one_account: Whether its only account stands for every account.
            one_region: Whether its only Region stands for every Region.
        """
        self._one_account = one_account
        self._one_region = one_region
        self._places: dict[tuple[str, str], _P] = {}
        self._here: set[int] = set()
        self._coming: list[tuple[datetime, int, _P]] = []
        self._seq = 0

    def __iter__(self) -> Iterator[_P]:
        """Go through the places, in the order they were entered."""
        return iter(self._places.values())

    def enter(self, place: _P) -> None:
        """Put a place where its settings say."""
        self._put((place.settings.account_id, place.settings.region), place)

    def replace(self, present: _P, place: _P) -> None:
        """Put a place where another one stood; what was to happen there does not."""
        self._put(next(key for key, known in self._places.items() if known is present), place)

    def place(self, account_id: str, region: str) -> _P | None:
        """Return the place of an account in a Region, or None when it is not in the world."""
        if self._places:
            first_account, first_region = next(iter(self._places))
            account_id = first_account if self._one_account else account_id
            region = first_region if self._one_region else region
        return self._places.get((account_id, region))

    def has_account(self, account_id: str) -> bool:
        """Tell whether an account is in the world, in whatever Region."""
        return self._one_account or any(account == account_id for account, _ in self._places)

    def owner_of(self, arn: str) -> tuple[_P, Resource] | None:
        """Find the resource of an ARN, and the place that has it."""
        _, _, _, region, account_id, *_ = [*arn.split(":"), *[""] * 5]
        likely = self._places.get((account_id, region))
        # What was loaded may bear an ARN of another place.
        for place in (*([likely] if likely is not None else []), *self):
            if arn in place.arns:
                return place, place.arns[arn]
        return None

    def will_happen(self, at: datetime, place: _P) -> None:
        """Note that a place has an event at that moment."""
        self._seq += 1
        heapq.heappush(self._coming, (at, self._seq, place))

    def settle(self, now: datetime) -> None:
        """Let everything happen that is due at `now`, wherever it is, in order of time."""
        while self._coming and self._coming[0][0] <= now:
            at, _, place = heapq.heappop(self._coming)
            # A note may outlive its event, or be of a place that never came to stand here.
            if id(place) in self._here:
                place.happen(at)

    def _put(self, key: tuple[str, str], place: _P) -> None:
        self._places[key] = place
        self._here = {id(known) for known in self._places.values()}
        # What is not here any more would stay in memory until its last event is due.
        self._coming = [note for note in self._coming if id(note[2]) in self._here]
        heapq.heapify(self._coming)
        for at in place.timeline.moments():
            self.will_happen(at, place)
