"""`Recovery`: a runbook under a key, and what can be done with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery import marking
from drs_sdk.recovery.clean_up import clean_up
from drs_sdk.recovery.guards import require_our_own, require_records
from drs_sdk.recovery.judging import stand
from drs_sdk.recovery.launching import Launching
from drs_sdk.recovery.options import launch_options
from drs_sdk.recovery.preflight.checking import preflight
from drs_sdk.recovery.reporting import report_on
from drs_sdk.recovery.survey import Scope, survey
from drs_sdk.recovery.time_limit import TimeLimit
from drs_sdk.recovery.way_back.approvals import is_on_its_way_home
from drs_sdk.recovery.way_back.tagging import tag_launched
from drs_sdk.recovery.way_back.way_back import WayBack
from drs_sdk.waiters.waiting import optional_duration

if TYPE_CHECKING:
    from collections.abc import Collection

    from drs_sdk.recovery.clean_up import CleanUp
    from drs_sdk.recovery.hooks import Approve, OnStatus, WaveHook
    from drs_sdk.recovery.preflight.findings import Preflight
    from drs_sdk.recovery.report import RecoveryReport
    from drs_sdk.recovery.standing import Standing
    from drs_sdk.recovery.status import RunStatus
    from drs_sdk.waiters.waiting import Duration


class Recovery(WayBack):
    """A run: a runbook that is carried out under a key.

    Its record stands in DRS itself, in tags on the jobs that it starts. So the same key is the
    same run, from any process: `launch` again goes on where the run stands, and nothing that was
    launched is launched again.

        recovery = Recovery(drs, runbook, key="2026-q4", mode="drill")
        report = await recovery.launch()
        report.raise_if_failed()
        await recovery.clean_up()
    """

    async def preflight(self) -> Preflight:
        """Look for what stands in the way of a launch; nothing is changed, nothing but DRS asked.

        Reads ``DescribeSourceServers``, ``DescribeJobs``, ``DescribeRecoveryInstances``, and for
        each server ``GetLaunchConfiguration`` and, where a wave asks for a point in time,
        ``DescribeRecoverySnapshots``.

        Returns:
            The findings, what blocks first; see `Preflight.is_clear`. A place that cannot be read
            is one, and so is what `launch` would raise.
        """
        return await preflight(self._run, self._origin)

    async def launch(
        self,
        *,
        approve: Approve | None = None,
        approved: Collection[str] = (),
        attempts: int | None = None,
        replace_instances_of: Collection[str] = (),
        not_launched: Collection[str] = (),
        before_wave: WaveHook | None = None,
        after_wave: WaveHook | None = None,
        on_update: OnStatus | None = None,
        timeout: Duration | None = timedelta(hours=24),
        min_delay: Duration | None = None,
        max_delay: Duration | None = None,
    ) -> RecoveryReport:
        """Launch the waves, from wherever the run stands.

        Returns also when servers have failed, or a wave waits for an approval that cannot come:
        see `RecoveryReport.raise_if_failed`. Cancelled or killed, it leaves running jobs alone;
        call it again with the same key.

        Sends ``StartRecovery``, one request for each job; reads ``DescribeSourceServers``,
        ``DescribeJobs``, ``DescribeRecoveryInstances`` and, for failures, ``DescribeJobLogItems``.

        Args:
            approve: Asked before each wave with ``pause_before``; plain or async. Meanwhile an
                approval from elsewhere counts, too. True approves, anything else does not.
            approved: Names of waves that are approved already.
            attempts: How often a server is launched in all; the wave's own unless given.
            replace_instances_of: Source servers whose instance, not made by this run, may be
                removed by their launch.
            not_launched: Source servers that this run has not launched, where the record of their
                last job is gone and somebody has looked.
            before_wave: Called before each wave; one that raises keeps the wave from starting.
            after_wave: Called after each wave, before those that come after it; one that raises
                makes the wave a failed one. Hooks may be called again after a crash.
            on_update: Told where the run stands, on each change; plain or async. It holds nothing
                up: while an async one is under way, the newest is kept for it. What it raises is
                logged and stands in the report. Whatever is still under way at the end is
                cancelled.
            timeout: When to give up waiting: a `timedelta` or seconds, 24 hours unless given;
                None for never. Jobs under way go on.
            min_delay: The shortest time between polls, 5 s unless given.
            max_delay: The longest, 30 s unless given.

        Returns:
            What became of it, server by server.

        Raises:
            RunbookError: A server is in two waves, or a wave selects none.
            RunMismatchError: The key stands for another run.
            RunClosedError: The run is over; take another key.
            InstanceInTheWayError: A launch would remove an instance that the run did not make.
            ServerHeldError: Somebody else's launch holds a server.
            RecordLostError: The job that tells whose a launch is, is gone.
            RecordNotKeptError: A job was started that could not be tagged.
            DRSError: No place could be read.
        """
        launching = Launching(
            self._run,
            launch_options(
                self._run,
                approve=approve,
                approved=approved,
                attempts=attempts,
                replace_instances_of=replace_instances_of,
                not_launched=not_launched,
                before_wave=before_wave,
                after_wave=after_wave,
                on_update=on_update,
                timeout=timeout,
                min_delay=min_delay,
                max_delay=max_delay,
            ),
        )
        standing = await launching.launch()
        await tag_launched(self._run, standing)
        did_nothing = standing.is_complete and not launching.memory.started_here
        complete = did_nothing and launching.was_complete
        return await report_on(self._run, standing, launching.memory, already_complete=complete)

    async def advance(
        self,
        *,
        approved: Collection[str] = (),
        attempts: int | None = None,
        replace_instances_of: Collection[str] = (),
        not_launched: Collection[str] = (),
    ) -> RunStatus:
        """Do what can be done now, and return: for Lambda, Step Functions and their like.

        Call it again after ``next_look_in`` seconds, until that is None. Any process may.

        Args:
            approved: Names of waves that are approved.
            attempts: How often a server is launched in all; the wave's own unless given.
            replace_instances_of: As in `launch`.
            not_launched: As in `launch`.

        Returns:
            Where the run stands: plain data.

        Raises:
            RecoveryError: As `launch`.
            DRSError: No place could be read.
        """
        launching = Launching(
            self._run,
            launch_options(
                self._run,
                approved=approved,
                attempts=attempts,
                replace_instances_of=replace_instances_of,
                not_launched=not_launched,
            ),
        )
        standing, delay = await launching.advance()
        return standing.status(next_look_in=None if delay is None else delay.total_seconds())

    async def status(self) -> RecoveryReport:
        """Tell where the run stands, from the service alone: nothing is changed.

        Raises:
            RunMismatchError: The key stands for another run.
            RecordLostError: The job that tells whose a launch is, is gone.
            RunbookError: A server is in two waves.
        """
        return await report_on(self._run, await self._standing())

    async def approve(self, wave: str, *, by: str) -> None:
        """Approve a wave that waits, for whoever carries the run out, wherever that is.

        Marks the jobs of the run by ``TagResource``; once its instances are replicated home, those
        that launch home. Before the first job there is nothing to mark: give ``approved=`` or
        ``approve=`` to `launch` or `fail_back` then.

        Args:
            wave: The wave's name.
            by: Who approves; stands in the tag.

        Raises:
            RunbookError: There is no such wave.
            RunClosedError: The run was closed.
            OriginNeededError: It is on its way home, and the origin cannot be reached.
            RecoveryError: There is no job yet.
        """
        standing = await self._standing()
        if is_on_its_way_home(standing):
            await self._approve_home(wave, by)
        else:
            await marking.approve(self._run, standing, wave, by)

    async def close(self, *, reason: str) -> None:
        """Let nothing more start under the key; jobs under way go on.

        Args:
            reason: Why; stands in a tag of a job.

        Raises:
            RecoveryError: There is no job yet, so that there is nothing to close.
        """
        await marking.close(self._run, await self._standing(), reason)

    async def clean_up(self, *, timeout: Duration | None = timedelta(hours=2)) -> CleanUp:
        """Remove what a drill has launched: its own instances, and nothing else.

        Closes the run first, so that nothing more is launched under its key; terminates; and looks
        again until nothing of it can still arrive: six minutes after the last launch was asked
        for. Interrupted, call it again.

        Where DRS shows no job of the run, there is nothing to close, and it returns at once. So
        stop whoever may be about to send the first launch, and call it six minutes after that.

        Sends ``TerminateRecoveryInstances`` and ``TagResource``.

        Args:
            timeout: When to give up waiting: a `timedelta` or seconds, two hours unless given;
                None for never.

        Returns:
            What is gone, and what is left and why.

        Raises:
            WrongOrderError: It is no drill, or its way back is being practised:
                `rehearse_way_back` removes what both ways have made.
            RunMismatchError: The key stands for another run.
        """
        async with TimeLimit(self._run.clock, optional_duration(timeout, "timeout")) as limit:
            return await clean_up(self._run, limit)

    async def _standing(self) -> Standing:
        found = await survey(self._run, Scope(instances=True))
        if not found.looks and found.failures:
            raise next(iter(found.failures.values()))
        require_records(found)
        standing = stand(self._run, found, attempts=lambda wave: wave.attempts)
        require_our_own(standing, ())
        return standing
