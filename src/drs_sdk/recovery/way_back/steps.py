"""What the steps of the way back share: look, act, wait, and look again until all are there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from drs_sdk._core.errors import DRSError
from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.starting import passes
from drs_sdk.recovery.telling import Telling
from drs_sdk.recovery.way_back.report import WayBackReport
from drs_sdk.recovery.way_back.server import STAGES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.time_limit import TimeLimit
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.server import ServerWayBack, Stage

OnWayBack: TypeAlias = "Callable[[WayBackReport], Awaitable[None] | None]"
"""Is told how far the servers are, on each change."""

_SHORTEST = timedelta(seconds=15)
_LONGEST = timedelta(minutes=2)

TO_LAUNCH: frozenset[Stage] = frozenset({"ready", "launching home", "failed home"})
"""The stages in which a server waits for its launch home, or for the end of it."""

WAITS_FOR_APPROVAL = "its wave waits for an approval: approve=, approved=, or approve() elsewhere"

PATIENCE = timedelta(hours=1)
"""How long something that the service refuses is tried again before it is given up."""


async def together(awaitables: Iterable[Awaitable[object]]) -> None:
    """Wait for all, and only then raise what the first of them raised."""
    for result in await asyncio.gather(*awaitables, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


class Patience:
    """Tells what has been refused for so long that it will not pass by itself."""

    def __init__(self) -> None:
        """Begin with nothing refused."""
        self._since: dict[Hashable, datetime] = {}
        self._lost: set[Hashable] = set()

    def refused(self, key: Hashable, at: datetime, *, for_good: bool = False) -> None:
        """Note a refusal, at a time of the service."""
        if for_good or at - self._since.setdefault(key, at) > PATIENCE:
            self._lost.add(key)

    def is_lost(self, key: Hashable) -> bool:
        """Whether it is not to be tried again."""
        return key in self._lost


class Deadline:
    """When a step gives up, and how long it sleeps between looks."""

    def __init__(self, limit: TimeLimit) -> None:
        """Begin with short sleeps.

        Args:
            limit: The time of the whole step, which runs.
        """
        self.limit: TimeLimit = limit
        self._delay = _SHORTEST

    async def sleep(self, *, soon: bool = False) -> bool:
        """Sleep until the next look; say whether there is time for one."""
        if soon:
            self._delay = _SHORTEST
        delay = self._delay
        self._delay = min(delay * 1.5, _LONGEST)
        return await self.limit.pause(delay)


class Teller:
    """Tells the caller how far the servers are, on each change, as long as its block lasts."""

    def __init__(self, run: Run, on_update: OnWayBack | None) -> None:
        """Tell nothing yet."""
        self._run = run
        self._telling = Telling(on_update, run.clock)
        self._told: WayBackReport | None = None

    async def __aenter__(self) -> Self:
        """Begin to tell."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """See the last of it told, unless something broke."""
        try:
            if kind is None:
                await self._telling.finish()
        finally:
            await self._telling.stop()

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return self._telling.is_heard

    def tell_of(self, wanted: Stage) -> Callable[[BothSides], None]:
        """Give what tells of a step that is to reach a stage."""

        def tell(both: BothSides) -> None:
            if not self.is_heard:
                return
            report = report_of(self._run, both.journeys, wanted)
            if report != self._told:
                self._told = report
                self._telling.tell(report)

        return tell


async def go_on_until(
    looking: Looking,
    deadline: Deadline,
    *,
    act: Callable[[BothSides], Awaitable[object]],
    done: Callable[[BothSides], bool],
    tell: Callable[[BothSides], None],
) -> BothSides:
    """Look and act until all is done, or the deadline comes.

    A look that fails as the weather passes is taken again, once there was a first one.
    """
    both: BothSides | None = None
    while True:
        acted: object = False
        try:
            both = await looking.look()
        except RecoveryError:
            raise
        except DRSError as error:
            if both is None or not passes(error):
                raise
        else:
            tell(both)
            if done(both):
                return both
            acted = await act(both)
        if not await deadline.sleep(soon=bool(acted)):
            return both


def reached(journey: Journey, stage: Stage) -> bool:
    """Whether a server is as far as a stage, or farther."""
    return STAGES.index(journey.stage) >= STAGES.index(stage)


def concerned(both: BothSides) -> list[Journey]:
    """The servers that have something to go back with."""
    return [one for one in both.journeys if one.stage != "not launched"]


def servers_of(both: BothSides, wave: str) -> list[Journey]:
    """The servers of a wave."""
    return [one for one in both.journeys if one.member.wave.name == wave]


def remember(
    both: BothSides, seen: Mapping[str, ServerWayBack] | None = None
) -> dict[str, ServerWayBack]:
    """Keep what is told of servers now: later, what they came home by is gone.

    Args:
        both: What was seen.
        seen: What was kept before; what is told no more stays.
    """
    found = {one.member.server_id: one.told() for one in both.journeys}
    return {name: _filled(told, (seen or {}).get(name)) for name, told in found.items()}


def _filled(told: ServerWayBack, before: ServerWayBack | None) -> ServerWayBack:
    if before is None:
        return told
    kept = {name: getattr(before, name) for name in _KEPT if getattr(told, name) is None}
    return told.model_copy(update=kept)


_KEPT = (
    "recovery_instance_id",
    "reversed_source_server_id",
    "home_instance_id",
    "home_at",
    "data_lost",
)


def report_of(
    run: Run,
    journeys: Iterable[Journey],
    wanted: Stage,
    *,
    seen: Mapping[str, ServerWayBack] | None = None,
    left: dict[str, str] | None = None,
    failed: dict[str, str] | None = None,
    notes: tuple[str, ...] = (),
) -> WayBackReport:
    """Make the report of a step."""
    known = seen or {}
    return WayBackReport(
        run=run.name,
        mode=run.mode,
        wanted=wanted,
        servers=tuple(
            _filled(journey.told(), known.get(journey.member.server_id)) for journey in journeys
        ),
        left=left or {},
        failed=failed or {},
        notes=notes,
    )
