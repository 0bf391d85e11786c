"""The way back, as methods of a run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery.handle import RunHandle
from drs_sdk.recovery.options import launch_options
from drs_sdk.recovery.time_limit import TimeLimit
from drs_sdk.recovery.way_back.approvals import approve_home
from drs_sdk.recovery.way_back.homecoming import Homecoming
from drs_sdk.recovery.way_back.looking import Looking
from drs_sdk.recovery.way_back.rehearsing import rehearse
from drs_sdk.recovery.way_back.reprotecting import reprotect
from drs_sdk.recovery.way_back.returning import fail_back
from drs_sdk.recovery.way_back.steps import Deadline, Teller
from drs_sdk.waiters.waiting import optional_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from drs_sdk.recovery.hooks import Approve, WaveHook
    from drs_sdk.recovery.way_back.report import WayBackReport
    from drs_sdk.recovery.way_back.steps import OnWayBack
    from drs_sdk.waiters.waiting import Duration


class WayBack(RunHandle):
    """The way back of a run."""

    async def reprotect(
        self,
        *,
        instances: Mapping[str, str] | None = None,
        on_update: OnWayBack | None = None,
        timeout: Duration | None = timedelta(hours=48),
    ) -> WayBackReport:
        """Replicate every instance of a recovery home, until it can be launched there.

        Interrupted, call it again. Sends ``ReverseReplication`` for each instance, once, and
        ``TagResource``. Machines that are no EC2 instances wait for a failback client, which
        somebody has to boot. It returns, too, when all that is left is refused by the service or
        waits for a person: the report says why.

        Args:
            instances: The recovery instance of a source server, where the jobs are gone and a
                person knows.
            on_update: Told how far the servers are, on each change; plain or async.
            timeout: When to give up waiting: a `timedelta` or seconds, 48 hours unless given;
                None for never. Replication goes on.

        Returns:
            How far each server is: see `WayBackReport.raise_if_failed`.

        Raises:
            WrongOrderError: It is a drill, nothing was launched, or the launch goes on.
            OriginNeededError: A place where machines came from cannot be reached.
            OriginNotReadyError: DRS was never initialised there.
            RecoveryError: Whose an instance is cannot be told.
            DRSError: A place could not be read, or the service refuses the caller.
        """
        async with Teller(self._run, on_update) as teller, self._limit(timeout) as limit:
            return await reprotect(self._run, self._looking(instances), Deadline(limit), teller)

    async def fail_back(
        self,
        *,
        instances: Mapping[str, str] | None = None,
        launch_again: Collection[str] = (),
        leaving: Collection[str] = (),
        not_launched: Collection[str] = (),
        approve: Approve | None = None,
        approved: Collection[str] = (),
        attempts: int | None = None,
        before_wave: WaveHook | None = None,
        after_wave: WaveHook | None = None,
        on_update: OnWayBack | None = None,
        timeout: Duration | None = timedelta(hours=24),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> WayBackReport:
        """Launch home what `reprotect` has replicated there, protect it, and clean up.

        In the runbook's order home; then each machine at home is protected again by the source
        server of before; then what the way back needed is retired, in the one order that works.
        Each step looks first. Interrupted, call it again.

        Sends ``StartRecovery`` and ``ReverseReplication`` on the origin side, then
        ``StopReplication``, ``TerminateRecoveryInstances``, ``DeleteRecoveryInstance``,
        ``DisconnectSourceServer`` and ``DeleteSourceServer``.

        Args:
            instances: The recovery instance of a source server, where the record is gone and a
                person knows.
            launch_again: Source servers that are launched home anew, as somebody has looked and
                the machine that was launched home is gone.
            leaving: Source servers that stay where they are, ready or not.
            not_launched: Reversed source servers that this run has not launched, where the record
                of their last job is gone and somebody has looked.
            approve: As in `launch`, for the waves home.
            approved: As in `launch`. What was approved on the way out is not on the way home; there
                `Recovery.approve` counts from the first launch home on.
            attempts: How often a server is launched home in all; the wave's own unless given.
            before_wave: Called before each wave is launched home.
            after_wave: Called after it, such as to move traffic home.
            on_update: Told how far the servers are, on each change.
            timeout: When to give up waiting: a `timedelta` or seconds, 24 hours unless given.
            min_delay: The shortest time between polls of launches, 5 s unless given.
            max_delay: The longest, 30 s unless given.

        Returns:
            How far each server is; what remains for a person stands in ``for_people``.

        Raises:
            WrongOrderError: It is a drill, or servers are not ready to come home.
            OriginNeededError: A place where machines came from cannot be reached.
            OriginNotReadyError: DRS was never initialised there.
            RecoveryError: Whose an instance is cannot be told, or as `launch`.
        """
        options = launch_options(
            self._run,
            approve=approve,
            approved=approved,
            attempts=attempts,
            not_launched=not_launched,
            before_wave=before_wave,
            after_wave=after_wave,
            timeout=timeout,
            min_delay=min_delay,
            max_delay=max_delay,
        )
        async with Teller(self._run, on_update) as teller, self._limit(timeout) as limit:
            how = Homecoming(
                launching=options,
                launch_again=_names(launch_again, "launch_again"),
                leaving=_names(leaving, "leaving"),
                deadline=Deadline(limit),
                teller=teller,
            )
            return await fail_back(self._run, self._looking(instances), how)

    async def rehearse_way_back(
        self,
        *,
        attempts: int | None = None,
        before_wave: WaveHook | None = None,
        after_wave: WaveHook | None = None,
        on_update: OnWayBack | None = None,
        timeout: Duration | None = timedelta(hours=48),
    ) -> WayBackReport:
        """Practise the way back after a drill's launch, and remove all that both ways made.

        The drill's instances are reversed, launched home as a drill, and everything is removed;
        the source servers on the recovery side are left alone. The run is closed before anything
        is removed. Where a launch home fails, the report says so, and all is removed just the same.
        That the service reverses a drill's instances is a guess. Interrupted, call it again.

        Args:
            attempts: How often a server is launched home in all; the wave's own unless given.
            before_wave: Called before each wave is launched home.
            after_wave: Called after it: a place for checks.
            on_update: Told how far the servers are, on each change.
            timeout: When to give up waiting: a `timedelta` or seconds, 48 hours unless given.

        Returns:
            How far each server is.

        Raises:
            WrongOrderError: It is a recovery, or nothing was launched.
            OriginNeededError: A place where machines came from cannot be reached.
            RecoveryError: It cannot be practised: within one Region, or the service refuses.
        """
        options = launch_options(
            self._run,
            attempts=attempts,
            approved=tuple(wave.name for wave in self._run.runbook.waves),
            before_wave=before_wave,
            after_wave=after_wave,
            timeout=timeout,
        )
        async with Teller(self._run, on_update) as teller, self._limit(timeout) as limit:
            how = Homecoming(launching=options, deadline=Deadline(limit), teller=teller)
            return await rehearse(self._run, self._looking(), how)

    async def _approve_home(self, wave: str, by: str) -> None:
        self._run.runbook.wave(wave)
        await approve_home(self._run, await self._looking().look(), wave, by)

    def _looking(self, instances: Mapping[str, str] | None = None) -> Looking:
        return Looking(self._run, self._origin, instances)

    def _limit(self, timeout: Duration | None) -> TimeLimit:
        return TimeLimit(self._run.clock, optional_duration(timeout, "timeout"))


def _names(given: Collection[str], field: str) -> frozenset[str]:
    if isinstance(given, str):
        raise RequestValidationError.of(field, "must be a list of names, got one text")
    return frozenset(given)
