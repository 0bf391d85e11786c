"""One visit to each target, some at a time; what came of it is kept apart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from drs_sdk._core.cancellation import is_being_cancelled
from drs_sdk._core.errors import ClientClosedError, DRSError
from drs_sdk._transport.api_errors import UninitializedAccountException
from drs_sdk.fleet.errors import TargetFailedError, TargetTimeoutError
from drs_sdk.fleet.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import timedelta
    from typing import TypeAlias

    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.fleet.clients import Clients
    from drs_sdk.fleet.target import Target

    Visit: TypeAlias = Callable[[DRSClient, Target, Stopwatch], Awaitable["ResultT"]]

ResultT = TypeVar("ResultT")


class Sweep(Generic[ResultT]):
    """Visits targets, as many at a time as it may, until all are accounted for.

    Attributes:
        results: What the visits returned.
        failures: What they ended in otherwise.
        absent: Where DRS was never initialised.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        visit: Visit[ResultT],
        clients: Clients,
        *,
        clock: Clock,
        concurrency: int,
        timeout: timedelta | None,
        timeout_per_target: timedelta | None,
    ) -> None:
        """Take the plan; `start` begins.

        Args:
            targets: Which targets.
            visit: What is done at each; its stopwatch stands still while nobody waits for the
                target.
            clients: Lends the clients.
            clock: The deadlines go by it.
            concurrency: How many targets are visited at a time.
            timeout: The time for all.
            timeout_per_target: The time for each.
        """
        self.results: dict[Target, ResultT] = {}
        self.failures: dict[Target, DRSError] = {}
        self.absent: set[Target] = set()
        self._targets = list(targets)
        self._upcoming = iter(self._targets)
        self._visit = visit
        self._clients = clients
        self._clock = clock
        self._concurrency = concurrency
        self._timeout = timeout
        self._timeout_per_target = timeout_per_target
        self._watch = Stopwatch(clock, timeout, self._time_is_up)
        self._is_late = False
        self._under_way: set[asyncio.Timeout] = set()
        self._runners: set[asyncio.Task[None]] = set()
        self._running = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing goes on any more."""
        return not self._running

    @property
    def unaccounted(self) -> list[Target]:
        """The targets of which nothing is known yet, or never, if it was closed."""
        known = {*self.results, *self.failures, *self.absent}
        return [target for target in self._targets if target not in known]

    def start(self, when_over: Callable[[], None] = lambda: None) -> None:
        """Begin.

        Args:
            when_over: Called when all is done.
        """

        def ended(_: asyncio.Task[None]) -> None:
            self._running -= 1
            if not self._running:
                when_over()

        self._watch.start()
        for _ in range(min(self._concurrency, len(self._targets))):
            runner = asyncio.create_task(self._run(), name="drs_sdk fleet")
            runner.add_done_callback(ended)
            self._runners.add(runner)
            self._running += 1

    async def finish(self) -> None:
        """Wait until all is done; leave nothing behind, whatever comes.

        If somebody closes it before, what is not done with has failed.
        """
        try:
            if self._runners:
                await asyncio.wait(self._runners, return_when=asyncio.FIRST_EXCEPTION)
            self.raise_what_broke()
        finally:
            await self.close()
        for target in self.unaccounted:
            self.failures[target] = closed()

    def raise_what_broke(self) -> None:
        """Raise what no visit may end in, such as KeyboardInterrupt.

        Raises:
            BaseException: What it was.
        """
        for runner in self._runners:
            if runner.done() and not runner.cancelled() and (error := runner.exception()):
                raise error

    async def close(self) -> None:
        """Stop the visits that are under way, and see them stopped."""
        runners = self._runners - {asyncio.current_task()}  # a visit may close its own fleet
        for runner in runners:
            runner.cancel()
        try:
            if runners:
                await asyncio.wait(runners)
        finally:
            await self._watch.stop()
        for runner in runners:
            if not runner.cancelled():
                runner.exception()  # seen: whoever waited for the end was told

    async def _run(self) -> None:
        for target in self._upcoming:
            if self._is_late:
                self.failures[target] = self._late(target, "its turn had not come", self._timeout)
                continue
            try:
                self.results[target] = await self._settle(target)
            except UninitializedAccountException:
                self.absent.add(target)
            except DRSError as error:
                self.failures[target] = error
            except asyncio.CancelledError as error:
                if is_being_cancelled():
                    raise
                self.failures[target] = foreign(error, target)  # of something it waited for
            except Exception as error:  # noqa: BLE001 - one target must not stop the others
                self.failures[target] = foreign(error, target)

    async def _settle(self, target: Target) -> ResultT:
        scope = asyncio.timeout(None)
        own = Stopwatch(self._clock, self._timeout_per_target, lambda: _end(scope))
        try:
            async with scope:
                self._under_way.add(scope)
                try:
                    own.start()
                    async with self._clients.lend(target) as client:
                        return await self._visit(client, target, own)
                finally:
                    self._under_way.discard(scope)
                    await own.stop()
        except TimeoutError as error:
            if not scope.expired():
                raise  # of what was done there
            time = self._timeout if self._is_late else self._timeout_per_target
            late = self._late(target, "it was not done with", time)
            if error.__cause__ is not None and isinstance(error.__cause__.__cause__, DRSError):
                late.__cause__ = error.__cause__.__cause__  # an unsafe call that was cut short
            raise late from late.__cause__

    def _late(self, target: Target, what: str, time: timedelta | None) -> TargetTimeoutError:
        seconds = time.total_seconds() if time is not None else 0.0
        whose = "the time for all targets" if self._is_late else "the time for a target"
        message = f"{what} after {seconds:g} s, {whose}"
        return TargetTimeoutError(message, target=target, seconds=seconds)

    def _time_is_up(self) -> None:
        self._is_late = True
        for scope in self._under_way:
            _end(scope)


def _end(scope: asyncio.Timeout) -> None:
    if not scope.expired():
        scope.reschedule(asyncio.get_running_loop().time())


def foreign(error: BaseException, target: Target) -> TargetFailedError:
    """Make a target's failure of what is not the package's."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    failed = TargetFailedError(said, target=target)
    failed.__cause__ = error
    return failed


def closed() -> ClientClosedError:
    """Say that a walk or run was ended while somebody still waited for it."""
    return ClientClosedError("it was closed before all targets were done with")
