"""What can be done with all targets of a fleet at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from drs_sdk.fleet.outcomes import Outcomes
from drs_sdk.fleet.sweep import Sweep
from drs_sdk.fleet.walk import Walk
from drs_sdk.fleet.watch import FleetMonitor, FleetWatch
from drs_sdk.waiters.waiting import optional_duration
from drs_sdk.waiters.watching import endless_pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.hub import Hub
    from drs_sdk.fleet.stopwatch import Stopwatch
    from drs_sdk.fleet.sweep import Visit
    from drs_sdk.fleet.target import Target
    from drs_sdk.waiters.waiting import Duration

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class Working:
    """The base of `Fleet`: walks, runs and watches."""

    _hub: Hub
    _targets: tuple[Target, ...]

    def walk(
        self,
        list_items: Callable[[DRSClient], AsyncIterable[ItemT]],
        *,
        timeout: Duration | None = None,
        timeout_per_target: Duration | None = timedelta(minutes=5),
    ) -> Walk[ItemT]:
        """Walk over the items of all targets.

        Args:
            list_items: Lists the items of one target with its client, such as
                ``lambda drs: drs.describe_source_servers()``.
            timeout: The time for all, from the start of the loop, by the client's clock: a
                `timedelta` or seconds; None for no limit. What is not done with then, or has not
                begun, fails with `TargetTimeoutError`.
            timeout_per_target: The time for each target; that which the loop takes does not count.

        Returns:
            The walk, to be looped over: nothing is sent before.

        Raises:
            RequestValidationError: A time is not positive.
        """
        for_all = optional_duration(timeout, "timeout")
        for_each = optional_duration(timeout_per_target, "timeout_per_target")

        def begin(visit: Visit[None]) -> Sweep[None]:
            return self._sweep(visit, for_all, for_each)

        return Walk(begin, list_items, len(self._targets))

    async def run(
        self,
        action: Callable[[DRSClient, Target], Awaitable[ResultT]],
        *,
        timeout: Duration | None = None,
        timeout_per_target: Duration | None = None,
    ) -> Outcomes[ResultT]:
        """Run something for every target, and gather what becomes of it.

        A pager that is awaited gives its first page only: collect it, as in
        ``lambda drs, _: drs.describe_jobs().collect()``, or `walk`.

        Args:
            action: What to do with the client of a target. Whatever it raises is a failure of
                that target; what is not a `DRSError` is the cause of a `TargetFailedError`.
            timeout: The time for all, by the client's clock: a `timedelta` or seconds; None for
                no limit. What is not done with then, or has not begun, fails with
                `TargetTimeoutError`.
            timeout_per_target: The time for each target.

        Returns:
            What it returned, what failed, and where DRS was never initialised.

        Raises:
            RequestValidationError: A time is not positive.
            ClientClosedError: The fleet is not open.
        """

        async def visit(client: DRSClient, target: Target, _: Stopwatch) -> ResultT:
            return await action(client, target)

        sweep = self._sweep(
            visit,
            optional_duration(timeout, "timeout"),
            optional_duration(timeout_per_target, "timeout_per_target"),
        )
        sweep.start()
        await sweep.finish()
        return Outcomes(sweep.results, sweep.failures, frozenset(sweep.absent))

    def watch_source_servers(
        self, *, min_delay: Duration | None = None, max_delay: Duration | None = None
    ) -> FleetWatch:
        """Yields what appears, changes and goes among the source servers of all targets.

        At first all that there is appears. It ends only when it is left. Throttles, outages and
        lost networks are waited out; a target that refuses to be read stands in ``failures`` or
        ``absent`` meanwhile and is asked again every five minutes, and the others go on. What is
        known of its servers stays as it was. Who takes changes slowly is told the newest state of
        each server, once. A step can be cancelled, as by
        ``asyncio.wait_for(anext(watch), 30)``, and nothing is lost.

        In each target it polls as `DRSClient.watch_source_servers` does, on the fleet's client,
        which stays open: one listing for all such watches, a call for 200 servers.

        Args:
            min_delay: The shortest delay between polls of a target, 30 s unless given.
            max_delay: The longest delay that polls back off to, 60 s unless given.

        Returns:
            An async iterator of a target and a `Change`.

        Raises:
            ClientClosedError: While iterating: the fleet is not open, or was closed.
            RequestValidationError: A delay is not in range.
        """
        pace = endless_pace(min_delay, max_delay)
        return FleetWatch(FleetMonitor(self._hub, self._targets, pace))

    def _sweep(
        self, visit: Visit[ResultT], for_all: timedelta | None, for_each: timedelta | None
    ) -> Sweep[ResultT]:
        self._hub.require_open()
        hub = self._hub
        sweep = Sweep(
            self._targets,
            visit,
            hub.clients,
            clock=hub.clock,
            concurrency=hub.concurrency,
            timeout=for_all,
            timeout_per_target=for_each,
        )
        hub.sweeps.add(sweep)
        return sweep
