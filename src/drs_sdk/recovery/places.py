"""The places of a run: one client, or the targets of a fleet, asked in one way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from drs_sdk._core.errors import DRSError
from drs_sdk._transport.api_errors import UninitializedAccountException
from drs_sdk.client import DRSClient
from drs_sdk.fleet.outcomes import Outcomes
from drs_sdk.fleet.target import Target
from drs_sdk.recovery.errors import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from drs_sdk.clock import Clock
    from drs_sdk.fleet.fleet import Fleet

ResultT = TypeVar("ResultT")


class Places:
    """Where a run's servers are."""

    def __init__(self, service: DRSClient | Fleet) -> None:
        """Take a client, which is one place, or a fleet."""
        self._service = service

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        return self._service.clock

    @property
    def targets(self) -> tuple[Target, ...]:
        """The places."""
        if isinstance(self._service, DRSClient):
            return (Target(self._service.region_name or "unknown"),)
        return tuple(self._service.targets)

    async def run(
        self,
        work: Callable[[DRSClient, Target], Awaitable[ResultT]],
        targets: Collection[Target] | None = None,
    ) -> Outcomes[ResultT]:
        """Do something in places, side by side.

        Args:
            work: What to do.
            targets: Where; everywhere unless given.

        Raises:
            RecoveryError: The work found that the run must not go on; the first of such.
        """
        service = self._service
        if isinstance(service, DRSClient):
            return await _run_one(service, self.targets[0], work, targets)
        if targets is not None and not targets:
            return Outcomes({}, {}, frozenset())
        wanted = None if targets is None else frozenset(targets)
        fleet = service if wanted is None else service.subset(where=wanted.__contains__)
        outcomes = await fleet.run(work)
        for error in outcomes.failures.values():
            if isinstance(error, RecoveryError):
                raise error
        return outcomes


async def _run_one(
    drs: DRSClient,
    target: Target,
    work: Callable[[DRSClient, Target], Awaitable[ResultT]],
    targets: Collection[Target] | None,
) -> Outcomes[ResultT]:
    if targets is not None and target not in targets:
        return Outcomes({}, {}, frozenset())
    try:
        return Outcomes({target: await work(drs, target)}, {}, frozenset())
    except UninitializedAccountException:
        return Outcomes({}, {}, frozenset({target}))
    except RecoveryError:
        raise
    except DRSError as error:
        return Outcomes({}, {target: error}, frozenset())


class JointPlaces(Places):
    """Places of several sides as one."""

    def __init__(self, sides: Mapping[Target, Places]) -> None:
        """Take places, each with the side that has it."""
        self._sides = dict(sides)

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        return next(iter(self._sides.values())).clock

    @property
    def targets(self) -> tuple[Target, ...]:
        """The places."""
        return tuple(self._sides)

    async def run(
        self,
        work: Callable[[DRSClient, Target], Awaitable[ResultT]],
        targets: Collection[Target] | None = None,
    ) -> Outcomes[ResultT]:
        """Do something in places, side by side."""
        wanted = self._sides.keys() if targets is None else set(targets) & self._sides.keys()
        by_side: dict[Places, list[Target]] = {}
        for target in wanted:
            by_side.setdefault(self._sides[target], []).append(target)
        found = await asyncio.gather(*(side.run(work, some) for side, some in by_side.items()))
        return Outcomes(
            {target: result for one in found for target, result in one.results.items()},
            {target: error for one in found for target, error in one.failures.items()},
            frozenset(target for one in found for target in one.absent),
        )
