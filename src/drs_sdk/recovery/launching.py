"""One launch of a run: look, start what may start, wait for what runs, and again."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery import pacing
from drs_sdk.recovery.asking import Asking
from drs_sdk.recovery.filling import Filling
from drs_sdk.recovery.guards import (
    require_begun_or_selected,
    require_nothing_in_the_way,
    require_our_own,
    require_records,
    running_holders,
    stop_if_over,
)
from drs_sdk.recovery.judging import stand
from drs_sdk.recovery.memory import LaunchOptions, Memory
from drs_sdk.recovery.reads import instances_of, jobs_by_id
from drs_sdk.recovery.starting import passes
from drs_sdk.recovery.survey import Scope, survey
from drs_sdk.recovery.time_limit import TimeLimit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.runbook import Wave
    from drs_sdk.recovery.standing import Member, Standing, WaveStanding
    from drs_sdk.recovery.survey import Survey

_RETRY = timedelta(seconds=15)
"""How long to wait where a quota, a holder or the weather is in the way."""

_LOOK_FOR_APPROVALS = timedelta(seconds=30)


class Launching:
    """Carries a run's launch out, from wherever it stands."""

    def __init__(self, run: Run, options: LaunchOptions, limit: TimeLimit | None = None) -> None:
        """Send nothing yet.

        Args:
            run: The run.
            options: How it is launched.
            limit: The time for it, where that runs already; by the options unless given.
        """
        self._run = run
        self._options = options
        self._clock = run.clock
        self.was_complete: bool = False
        self.memory: Memory = Memory()
        self._limit: TimeLimit = limit or TimeLimit(run.clock, options.timeout)
        self._is_limited = limit is not None
        self._filling = Filling(run, options, self.memory)
        self._asking = Asking(run, options, self.memory, self._limit)

    async def launch(self) -> Standing:
        """Carry it out until nothing more can be done, or the deadline comes.

        Raises:
            RecoveryError: The run must not go on.
        """
        async with nullcontext() if self._is_limited else self._limit:
            try:
                standing = await self._carry_out()
                if self._limit.is_up:
                    self._asking.give_up()
                    standing = self._stand(standing.survey)
                await self._asking.telling.finish()
                return standing
            finally:
                await self._asking.stop()

    async def _carry_out(self) -> Standing:
        standing = await self._first_look()
        if standing.is_complete:
            self.was_complete = True
            return standing
        while True:
            standing = await self._act(standing)
            self._tell(standing)
            if self._is_over(standing) or self._limit.is_up:
                return standing
            standing = await self._wait(standing)

    async def advance(self) -> tuple[Standing, timedelta | None]:
        """Do what can be done now; say when to look again."""
        try:
            standing = await self._first_look(looks_ahead=False)
            if not standing.is_complete:
                standing = await self._act(standing)
            over = self._is_over(standing)
            return standing, None if over else self._delay(standing)
        finally:
            await self._asking.stop()

    async def _first_look(self, *, looks_ahead: bool = True) -> Standing:
        """Look, and refuse what must not be.

        Args:
            looks_ahead: Whether to ask what would be in the way of later waves, too, although the
                run has begun. What starts now is asked for in any case.
        """
        standing = await self._look()
        errors = list(standing.survey.failures.values())
        if errors and not standing.survey.looks and not any(passes(error) for error in errors):
            raise errors[0]  # nowhere can anything be read, and that does not pass
        require_our_own(standing, self.memory.started_here)
        stop_if_over(standing)
        require_begun_or_selected(standing)
        if not standing.is_complete and (looks_ahead or not standing.jobs):
            standing = await self._ask_for_instances(standing, self._candidates(standing))
            require_nothing_in_the_way(
                self._run, self._candidates(standing), standing, self._replaceable
            )
        return standing

    # -- looking -----------------------------------------------------------------------------

    async def _look(self) -> Standing:
        memory = self.memory
        scope = Scope(
            started=memory.began,
            not_launched=self._options.not_launched,
            known_jobs={target: known.keys() for target, known in memory.jobs.items()},
            lists_jobs=True,
            instances=True,
        )
        found = await survey(self._run, scope)
        require_records(found)
        return self._stand(found)

    def _stand(self, found: Survey) -> Standing:
        memory = self.memory
        standing = stand(
            self._run,
            found,
            attempts=self._attempts,
            refused=memory.refused,
            approved=lambda wave: wave.name in memory.approved | self._options.approved,
            verdicts=memory.verdicts,
            awaits_verdicts=self._options.after_wave is not None,
        )
        if standing.started is not None:
            memory.began = min(standing.started, memory.began or standing.started)
        for target, job, _ in standing.jobs:
            if job.job_id is not None:
                memory.jobs.setdefault(target, {})[job.job_id] = job
        self._note_membership(standing)
        return standing

    def _note_membership(self, standing: Standing) -> None:
        now = {m.server_id: m.wave.name for m in standing.members if m.is_selected}
        members = {m.server_id for m in standing.members}
        under_way = {
            (target, record.wave)
            for target, job, record in standing.jobs
            if not pacing.has_ended(job)
        }
        self.memory.newcomers.update(
            m.server_id
            for m in standing.members
            if m.server_id in now.keys() - self.memory.seen_selected.keys()
            and m.part is None
            and standing.waves[m.wave.name].has_begun
            and (m.target, m.wave.name) not in under_way  # else it may wait for a quota
        )
        readable = not standing.survey.failures
        for server_id, wave in self.memory.seen_selected.items():
            if readable and server_id not in members:
                self.memory.dropped[server_id] = wave
        self.memory.seen_selected.update(now)

    def _attempts(self, wave: Wave) -> int:
        return wave.attempts if self._options.attempts is None else self._options.attempts

    # -- acting ------------------------------------------------------------------------------

    async def _act(self, standing: Standing) -> Standing:
        """Start everything that may start now."""
        require_our_own(standing, self.memory.started_here)
        self.memory.waits.clear()
        self.memory.crowded.clear()
        self._asking.take_answers()
        if standing.closed is not None:
            return standing
        standing = self._stand(standing.survey)
        self._asking.ask(standing)
        todo = self._due(standing)
        if not todo:
            return self._stand(standing.survey)
        standing = await self._ask_for_instances(standing, todo)
        todo = self._due(standing)
        require_nothing_in_the_way(self._run, todo, standing, self._replaceable)
        holders = running_holders(self._run, standing, todo)
        by_place: dict[Target, list[Member]] = {}
        for member in todo:
            if member.server_id in holders:
                member.reason = f"waits for job {holders[member.server_id]}"
                self.memory.crowded.add(member.target)
                continue
            by_place.setdefault(member.target, []).append(member)
        if by_place:
            await self._filling.start(standing, by_place)
            require_our_own(self._stand(standing.survey), self.memory.started_here)
        return self._stand(standing.survey)

    def _replaceable(self, server_id: str) -> bool:
        return server_id in self._options.replace_instances_of

    def _due(self, standing: Standing) -> list[Member]:
        """Find the servers that are to be launched now."""
        ready = [wave for wave in standing.waves.values() if self._is_ready(wave)]
        return [member for wave in ready for member in self._todo(wave)]

    def _candidates(self, standing: Standing) -> list[Member]:
        return [m for wave in standing.waves.values() for m in self._todo(wave)]

    def _todo(self, wave: WaveStanding) -> list[Member]:
        limit = self._attempts(wave.wave)
        return [
            member
            for member in wave.members
            if member.server_id not in self.memory.refused
            and (
                (member.state == "not launched" and member.is_selected)
                or (
                    member.state == "failed"
                    and member.part is not None
                    and (
                        member.attempt < limit
                        or self._run.is_void(member.server_id, member.part.job.job_id)
                    )
                )
            )
        ]

    def _is_ready(self, wave: WaveStanding) -> bool:
        if wave.state == "waiting for approval" or not wave.can_start:
            return False
        name = wave.wave.name
        return wave.has_begun or self._options.before_wave is None or name in self.memory.cleared

    async def _ask_for_instances(self, standing: Standing, members: Sequence[Member]) -> Standing:
        """Ask for the instances of servers that may be launched: something may be in the way.

        A place that cannot tell is one that cannot be read.
        """
        wanted: dict[Target, set[str]] = {}
        for member in members:
            look = standing.survey.looks[member.target]
            if look.instances is None or member.server_id not in look.instances:
                wanted.setdefault(member.target, set()).add(member.server_id)

        async def ask(drs: DRSClient, target: Target) -> None:
            look = standing.survey.looks[target]
            found = await instances_of(drs, wanted[target])
            look.instances = {**(look.instances or {}), **found}

        outcomes = await self._run.places.run(ask, list(wanted))
        if not outcomes.failures:
            return standing
        for target, error in outcomes.failures.items():
            standing.survey.looks.pop(target)
            standing.survey.failures[target] = error
        return self._stand(standing.survey)

    def _tell(self, standing: Standing) -> None:
        if self._asking.telling.is_heard:
            self._asking.tell(standing.status(next_look_in=self._delay(standing).total_seconds()))

    # -- waiting -----------------------------------------------------------------------------

    async def _wait(self, standing: Standing) -> Standing:
        """Wait until there is something to do; poll just the jobs that run."""
        while True:
            await self._sleep(self._delay(standing))
            if self._asking.has_answers() or self._limit.is_up:
                return await self._look()
            if self.memory.waits or not self._can_poll(standing):
                return await self._look()
            before = self._what_calls_for_a_look(standing)
            if not await self._poll(standing):
                return await self._look()
            standing = self._stand(standing.survey)
            self._tell(standing)
            if self._what_calls_for_a_look(standing) != before:
                return await self._look()

    def _can_poll(self, standing: Standing) -> bool:
        """Whether jobs alone tell when there is something to do."""
        crowded = self.memory.crowded
        return standing.goes_on or self._awaits_approval(standing) or bool(crowded)

    def _what_calls_for_a_look(self, standing: Standing) -> object:
        """What, when it changes, may let something start or end."""
        return (
            [member.server_id for member in standing.members if member.state == "launching"],
            standing.approved,
            standing.closed,
            [
                len(pacing.running_jobs(standing.survey.looks[target]))
                for target in self._crowded(standing)
            ],
        )

    def _crowded(self, standing: Standing) -> list[Target]:
        return [target for target in standing.survey.looks if target in self.memory.crowded]

    async def _sleep(self, delay: timedelta) -> None:
        """Sleep, or until the caller's gate or hook answers."""
        sleeping = asyncio.create_task(self._limit.sleep(delay))
        try:
            await asyncio.wait(
                {sleeping, *self._asking.errands.under_way}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            sleeping.cancel()
            await asyncio.wait({sleeping})

    async def _poll(self, standing: Standing) -> bool:
        """Ask for the jobs that run; for all of the run's, where one may be marked as approved.

        Returns:
            Whether every place could be asked.
        """
        marks = self._awaits_approval(standing)
        wanted: dict[Target, set[str]] = {}
        for target, job, _ in standing.jobs:
            if job.job_id is not None and (marks or not pacing.has_ended(job)):
                wanted.setdefault(target, set()).add(job.job_id)
        for target in self._crowded(standing):  # anybody's end makes room
            running = pacing.running_jobs(standing.survey.looks[target])
            wanted.setdefault(target, set()).update(job.job_id for job in running if job.job_id)

        async def ask(drs: DRSClient, target: Target) -> None:
            standing.survey.looks[target].take_in(await jobs_by_id(drs, wanted[target]))

        outcomes = await self._run.places.run(ask, list(wanted))
        return not outcomes.failures

    def _awaits_approval(self, standing: Standing) -> bool:
        return any(wave.state == "waiting for approval" for wave in standing.waves.values())

    def _delay(self, standing: Standing) -> timedelta:
        options = self._options
        delays: list[timedelta] = []
        for target, look in standing.survey.looks.items():
            running = [
                job
                for place, job, _ in standing.jobs
                if place == target and not pacing.has_ended(job)
            ]
            if target in self.memory.crowded:
                running = pacing.running_jobs(look)
                if any(job.type != "LAUNCH" for job in running):
                    delays.append(min(max(_RETRY, options.min_delay), options.max_delay))
            if running:
                length = pacing.expected_length(look.jobs.values())
                now = look.at + (self._clock.now() - look.stamp.wall)
                delays.append(
                    pacing.next_look(
                        running, length, now, closest=options.min_delay, farthest=options.max_delay
                    )
                )
        if self.memory.waits or standing.survey.failures:
            delays.append(min(max(_RETRY, options.min_delay), options.max_delay))
        return min(delays, default=min(_LOOK_FOR_APPROVALS, options.max_delay))

    def _is_over(self, standing: Standing) -> bool:
        """Whether nothing more can happen."""
        errands = self._asking.errands
        if standing.goes_on or self._asking.has_answers():
            return False
        if standing.closed is not None:  # nobody's approval is waited for any more
            return not errands.is_checking
        passing = any(passes(error) for error in standing.survey.failures.values())
        held = self.memory.waits or self.memory.crowded
        if errands.under_way or held or passing:
            return False
        for wave in standing.waves.values():
            name = wave.wave.name
            if wave.state == "waiting for approval":
                asked = self._options.approve is not None
                if name not in self.memory.denied and (asked or standing.jobs):
                    return False
            elif wave.can_start and self._todo(wave) and not self._asking.holds_back(name):
                return False
        return True
