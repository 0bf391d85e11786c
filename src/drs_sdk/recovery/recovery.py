"""`Recovery`: a runbook under a key, and what can be done with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery import marking
from drs_sdk.recovery.clean_up import clean_up
from drs_sdk.recovery.judging import stand
from drs_sdk.recovery.launching import Launching
from drs_sdk.recovery.limits import Limits
from drs_sdk.recovery.memory import LaunchOptions
from drs_sdk.recovery.places import Places
from drs_sdk.recovery.preflight.checking import preflight
from drs_sdk.recovery.record import own_tags
from drs_sdk.recovery.reporting import report_on
from drs_sdk.recovery.run import Run
from drs_sdk.recovery.survey import Scope, survey
from drs_sdk.recovery.way_back.looking import Looking
from drs_sdk.recovery.way_back.rehearsing import rehearse
from drs_sdk.recovery.way_back.reprotecting import reprotect
from drs_sdk.recovery.way_back.returning import fail_back
from drs_sdk.recovery.way_back.steps import Deadline, Teller
from drs_sdk.waiters.waiting import duration, optional_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.fleet import Fleet
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.clean_up import CleanUp
    from drs_sdk.recovery.hooks import Approve, OnStatus, WaveHook
    from drs_sdk.recovery.preflight.findings import Preflight
    from drs_sdk.recovery.record import Mode
    from drs_sdk.recovery.report import RecoveryReport
    from drs_sdk.recovery.runbook import Runbook
    from drs_sdk.recovery.standing import Standing
    from drs_sdk.recovery.status import RunStatus
    from drs_sdk.recovery.way_back.report import WayBackReport
    from drs_sdk.recovery.way_back.steps import OnWayBack
    from drs_sdk.waiters.waiting import Duration

_MODES = ("drill", "recovery")


class Recovery:
    """A run: a runbook that is carried out under a key.

    Its record stands in DRS itself, in tags on the jobs that it starts. So the same key is the
    same run, from any process: `launch` again goes on where the run stands, and nothing that was
    launched is launched again.

        recovery = Recovery(drs, runbook, key="2026-q4", mode="drill")
        report = await recovery.launch()
        report.raise_if_failed()
        await recovery.clean_up()
    """

    def __init__(
        self,
        service: DRSClient | Fleet,
        runbook: Runbook,
        *,
        key: str,
        mode: Mode,
        origin: DRSClient | Fleet | None = None,
        limits: Limits | Mapping[Target, Limits] | None = None,
        tags: Mapping[str, str] | None = None,
        horizon: timedelta = timedelta(days=14),
    ) -> None:
        """Name a run; nothing is sent.

        Args:
            service: An open client, or a fleet: where the servers are recovered.
            runbook: What is launched, in which order.
            key: What tells this run from others of the runbook, such as ``2026-q4``. A run that
                is complete keeps its key: the next drill, or disaster, takes a new one.
            mode: ``drill``, or ``recovery`` for the real thing. Always said, never guessed.
            origin: Where the machines came from, for the way back: another Region's or account's
                client, or a fleet.
            limits: The quotas of the places, all alike or each by itself; the service's defaults
                unless given.
            tags: More tags for the jobs of the run.
            horizon: How far back the run can have begun; older jobs are not looked through.

        Raises:
            RequestValidationError: Something given cannot be.
            RunbookError: The key is no key: it goes into a tag.
        """
        if mode not in _MODES:
            raise RequestValidationError.of("mode", f"must be one of {', '.join(_MODES)}")
        if horizon <= timedelta():
            raise RequestValidationError.of("horizon", "must be above zero")
        runbook.run_tag(key)
        self._run = Run(
            runbook=runbook,
            key=key,
            mode=mode,
            places=Places(service),
            horizon=horizon,
            limits=limits if limits is not None else Limits(),
            tags=own_tags(tags),
        )
        self._origin = Places(origin) if origin is not None else None

    @property
    def name(self) -> str:
        """The run's name, ``<runbook>/<key>``, as its jobs are tagged."""
        return self._run.name

    @property
    def runbook(self) -> Runbook:
        """The runbook."""
        return self._run.runbook

    @property
    def mode(self) -> Mode:
        """Drill or recovery."""
        return self._run.mode

    async def preflight(self) -> Preflight:
        """Look for what stands in the way of a launch; nothing is changed, nothing but DRS asked.

        Reads ``DescribeSourceServers``, ``DescribeJobs``, ``DescribeRecoveryInstances``, and for
        each server ``GetLaunchConfiguration`` and, where a wave asks for a point in time,
        ``DescribeRecoverySnapshots``.

        Returns:
            The findings, what blocks first; see `Preflight.is_clear`.

        Raises:
            DRSError: No place could be read.
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
                approval from elsewhere counts, too.
            approved: Names of waves that are approved already.
            attempts: How often a server is launched in all; the wave's own unless given.
            replace_instances_of: Source servers whose instance, not made by this run, may be
                removed by their launch.
            not_launched: Source servers that this run has not launched, where the record of their
                last job is gone and somebody has looked.
            before_wave: Called before each wave; one that raises keeps the wave from starting.
            after_wave: Called after each wave, before those that come after it; one that raises
                makes the wave a failed one. Hooks may be called again after a crash.
            on_update: Told where the run stands, on each change.
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
            _options(
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
            _options(
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

        Marks a job of the run by ``TagResource``. Before the first job there is nothing to mark:
        give ``approved=`` or ``approve=`` to `launch` then.

        Args:
            wave: The wave's name.
            by: Who approves; stands in the tag.

        Raises:
            RunbookError: There is no such wave.
            RunClosedError: The run was closed.
            RecoveryError: There is no job yet.
        """
        await marking.approve(self._run, await self._standing(), wave, by)

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

        Sends ``TerminateRecoveryInstances`` and ``TagResource``.

        Args:
            timeout: When to give up waiting: a `timedelta` or seconds, two hours unless given;
                None for never.

        Returns:
            What is gone, and what is left and why.

        Raises:
            RecoveryError: It is no drill.
            RunMismatchError: The key stands for another run.
        """
        return await clean_up(self._run, timeout=optional_duration(timeout, "timeout"))

    async def reprotect(
        self,
        *,
        on_update: OnWayBack | None = None,
        timeout: Duration | None = timedelta(hours=48),
    ) -> WayBackReport:
        """Replicate every instance of a recovery home, until it can be launched there.

        Interrupted, call it again. Sends ``ReverseReplication`` for each instance, once.

        Args:
            on_update: Told how far the servers are, on each change; plain or async.
            timeout: When to give up waiting: a `timedelta` or seconds, 48 hours unless given;
                None for never. Replication goes on.

        Returns:
            How far each server is: see `WayBackReport.raise_if_failed`.

        Raises:
            WrongOrderError: It is a drill, nothing was launched, or the launch goes on.
            OriginNeededError: A place where machines came from cannot be reached.
            DRSError: A place could not be read, or a reversal was refused for good.
        """
        return await reprotect(
            self._run, self._looking(), self._deadline(timeout), Teller(self._run, on_update)
        )

    async def fail_back(
        self,
        *,
        instances: Mapping[str, str] | None = None,
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
            approve: As in `launch`, for the waves home.
            approved: As in `launch`.
            attempts: As in `launch`.
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
            RecoveryError: Whose an instance is cannot be told, or as `launch`.
        """
        options = _options(
            self._run,
            approve=approve,
            approved=approved,
            attempts=attempts,
            before_wave=before_wave,
            after_wave=after_wave,
            timeout=timeout,
            min_delay=min_delay,
            max_delay=max_delay,
        )
        return await fail_back(
            self._run,
            self._looking(instances),
            options,
            self._deadline(timeout),
            Teller(self._run, on_update),
        )

    async def rehearse_way_back(
        self,
        *,
        before_wave: WaveHook | None = None,
        after_wave: WaveHook | None = None,
        on_update: OnWayBack | None = None,
        timeout: Duration | None = timedelta(hours=48),
    ) -> WayBackReport:
        """Practise the way back after a drill's launch, and remove all that both ways made.

        The drill's instances are reversed, launched home as a drill, and everything is removed;
        the source servers on the recovery side are left alone. That the service reverses a drill's
        instances is a guess. Interrupted, call it again.

        Args:
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
        options = _options(
            self._run, before_wave=before_wave, after_wave=after_wave, timeout=timeout
        )
        return await rehearse(
            self._run,
            self._looking(),
            options,
            self._deadline(timeout),
            Teller(self._run, on_update),
        )

    def _looking(self, instances: Mapping[str, str] | None = None) -> Looking:
        return Looking(self._run, self._origin, instances)

    def _deadline(self, timeout: Duration | None) -> Deadline:
        return Deadline(self._run.clock, optional_duration(timeout, "timeout"))

    async def _standing(self) -> Standing:
        from drs_sdk.recovery.guards import require_our_own, require_records

        found = await survey(self._run, Scope(instances=True))
        if not found.looks and found.failures:
            raise next(iter(found.failures.values()))
        require_records(found)
        standing = stand(self._run, found, attempts=lambda wave: wave.attempts)
        require_our_own(standing, ())
        return standing


def _options(
    run: Run,
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
) -> LaunchOptions:
    """Check what a launch was given.

    Raises:
        RequestValidationError: Something cannot be.
        RunbookError: An approved wave is none of the runbook's.
    """
    for name, given in (
        ("approved", approved),
        ("replace_instances_of", replace_instances_of),
        ("not_launched", not_launched),
    ):
        if isinstance(given, str):
            raise RequestValidationError.of(name, "must be a list of names, got one text")
    for wave in approved:
        run.runbook.wave(wave)
    if attempts is not None and (isinstance(attempts, bool) or attempts < 1):
        raise RequestValidationError.of("attempts", "must be a whole number of at least 1")
    least = duration(min_delay, "min_delay") if min_delay is not None else timedelta(seconds=5)
    most = duration(max_delay, "max_delay") if max_delay is not None else timedelta(seconds=30)
    if not least or most < least:
        raise RequestValidationError.of("max_delay", "must be above zero and not below min_delay")
    return LaunchOptions(
        approve=approve,
        approved=frozenset(approved),
        attempts=attempts,
        replace_instances_of=frozenset(replace_instances_of),
        not_launched=frozenset(not_launched),
        before_wave=before_wave,
        after_wave=after_wave,
        on_update=on_update,
        timeout=optional_duration(timeout, "timeout"),
        min_delay=least,
        max_delay=most,
    )
