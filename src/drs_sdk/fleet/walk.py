"""Walking over the items of all targets."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk._core.errors import DRSError
from drs_sdk._core.walking import Walking
from drs_sdk.fleet.errors import FleetError
from drs_sdk.fleet.handover import Handover
from drs_sdk.fleet.sweep import closed

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
    from types import TracebackType
    from typing import Self, TypeAlias

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.stopwatch import Stopwatch
    from drs_sdk.fleet.sweep import Sweep, Visit
    from drs_sdk.fleet.target import Target

    _Begin: TypeAlias = Callable[[Visit[None]], Sweep[None]]

ItemT = TypeVar("ItemT")

_ROOM = 200
"""How many items are kept for a taker who is slower than the targets: a page."""


class Walk(Generic[ItemT]):
    """The items of all targets, as they come in; `Fleet.walk` makes one.

    Nothing is sent before the ``async for``. It gives each item once, with its target, in no
    order between targets; a slow loop slows the targets down instead of filling memory. A target
    that fails neither stops nor hides the others, and what it gave before it failed is given.

    Leave the loop as you like: by its end, ``break``, an exception, a cancellation. As an
    ``async with`` block, all is stopped when the block ends. Each ``async for`` starts afresh.

    `failures`, `absent` and `finished` are those of the latest loop, and grow while it runs.
    """

    def __init__(
        self, begin: _Begin, list_items: Callable[[DRSClient], AsyncIterable[ItemT]], targets: int
    ) -> None:
        """Walk over items; users get walks from `Fleet.walk`.

        Args:
            begin: Makes a sweep of visits.
            list_items: Lists the items of a target.
            targets: How many targets there are.
        """
        self._begin = begin
        self._list_items = list_items
        self._targets = targets
        self._sweep: Sweep[None] | None = None
        self._row: Handover[tuple[Target, ItemT]] | None = None

    @property
    def failures(self) -> Mapping[Target, DRSError]:
        """What failed, by target."""
        return MappingProxyType(self._sweep.failures if self._sweep is not None else {})

    @property
    def absent(self) -> frozenset[Target]:
        """The targets where DRS was never initialised."""
        return frozenset(self._sweep.absent if self._sweep is not None else ())

    @property
    def finished(self) -> frozenset[Target]:
        """The targets that were walked to their end."""
        return frozenset(self._sweep.results if self._sweep is not None else ())

    def raise_if_failed(self) -> None:
        """Raise all failures in one; absent targets are none.

        Raises:
            FleetError: At least one target failed.
        """
        if self.failures:
            raise FleetError.of(self.failures, self._targets)

    def __aiter__(self) -> AsyncIterator[tuple[Target, ItemT]]:
        """Walk over every item of every target.

        A step that is cancelled ends the walk: the next one raises a `DRSError`.
        """
        return Walking(self._walk(), _cut_short)

    async def __aenter__(self) -> Self:
        """Stop whatever goes on when the block ends."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and see it stopped."""
        await self.aclose()

    async def aclose(self) -> None:
        """Stop, and see it stopped. A loop that still runs ends with `ClientClosedError`."""
        sweep, row = self._sweep, self._row
        self._row = None
        if sweep is not None:
            await sweep.close()
        if row is not None:
            row.wake()

    async def _walk(self) -> AsyncGenerator[tuple[Target, ItemT], None]:
        await self.aclose()  # an earlier loop that was left
        row: Handover[tuple[Target, ItemT]] = Handover(_ROOM)
        list_items = self._list_items

        async def visit(client: DRSClient, target: Target, own_time: Stopwatch) -> None:
            items = aiter(list_items(client))
            try:
                async for item in items:
                    if row.is_full:
                        async with own_time.paused():
                            await row.room()
                    row.put((target, item))
            finally:
                if isinstance(items, AsyncGenerator):
                    await items.aclose()

        sweep = self._begin(visit)
        self._sweep, self._row = sweep, row
        sweep.start(row.wake)
        try:
            while True:
                while not row.is_empty:
                    yield row.take()
                if self._row is not row:
                    raise closed()
                if sweep.is_over:
                    break
                await row.news()
            sweep.raise_what_broke()
            if sweep.unaccounted:  # its fleet was closed
                raise closed()
        finally:
            await sweep.close()


def _cut_short() -> DRSError:
    return DRSError(
        "a step of this walk over a fleet was cancelled, which ended it before all targets were "
        "done; walk again, with a timeout around the whole walk, not around a step"
    )
