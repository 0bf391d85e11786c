"""One launch of a run: look, start what may start, wait for what runs, and again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.recovery import pacing
from drs_sdk.recovery.guards import (
    require_begun_or_selected,
    require_nothing_in_the_way,
    require_our_own,
    require_records,
    running_holder,
    stop_if_over,
)
from drs_sdk.recovery.hooks import Errands, HookContext, HookResult, WaveGate, called
from drs_sdk.recovery.instances import launched_instances
from drs_sdk.recovery.limits import Room
from drs_sdk.recovery.look import ARRIVAL, instances_of, look_at, refresh
from drs_sdk.recovery.points_in_time import SnapshotFinder
from drs_sdk.recovery.standing import stand
from drs_sdk.recovery.starting import Batch, Started, Starter, passes
from drs_sdk.recovery.survey import Scope, question_for, survey

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.hooks import Approve, OnStatus, WaveHook
    from drs_sdk.recovery.look import PlaceLook
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.runbook import Wave
    from drs_sdk.recovery.standing import Member, Standing, WaveStanding
    from drs_sdk.recovery.survey import Survey

logger: logging.Logger = logging.getLogger("drs_sdk")

_RETRY = timedelta(seconds=15)
"""How long to wait where a quota, a holder or the weather is in the way."""

_LOOK_FOR_APPROVALS = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """How a launch is carried out; `Recovery.launch` documents each."""

    approve: Approve | None = None
    approved: frozenset[str] = frozenset()
    attempts: int | None = None
    replace_instances_of: frozenset[str] = frozenset()
    not_launched: frozenset[str] = frozenset()
    before_wave: WaveHook | None = None
    after_wave: WaveHook | None = None
    on_update: OnStatus | None = None
    timeout: timedelta | None = timedelta(hours=24)
    min_delay: timedelta = timedelta(seconds=5)
    max_delay: timedelta = timedelta(seconds=30)


@dataclass(slots=True)
class Memory:
    """What this launch knows beyond the service's record, and loses when it dies."""

    jobs: dict[Target, dict[str, Job]] = field(default_factory=dict["Target", "dict[str, Job]"])
    started_here: list[str] = field(default_factory=list[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    conflicts_since: dict[str, datetime] = field(default_factory=dict[str, "datetime"])
    approved: set[str] = field(default_factory=set[str])
    denied: set[str] = field(default_factory=set[str])
    replaced: dict[str, str] = field(default_factory=dict[str, str])
    seen_selected: dict[str, str] = field(default_factory=dict[str, str])
    dropped: dict[str, str] = field(default_factory=dict[str, str])
    waits: list[str] = field(default_factory=list[str])
    verdicts: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    cleared: set[str] = field(default_factory=set[str])
    hook_results: list[HookResult] = field(default_factory=list["HookResult"])
    began: datetime | None = None


class Launching:
    """Carries a run's launch out, from wherever it stands."""

    def __init__(self, run: Run, options: LaunchOptions) -> None:
        """Send nothing yet."""
        self._run = run
        self._options = options
        self._clock = run.clock
        self._errands = Errands()
        self._snapshots = SnapshotFinder()
        self._told: object = None
        self.was_complete = False
        self.memory = Memory()
        timeout = options.timeout
        self._deadline = None if timeout is None else self._clock.now() + timeout

    async def launch(self) -> Standing:
        """Carry it out until nothing more can be done, or the deadline comes.

        Raises:
            RecoveryError: The run must not go on.
        """
        try:
            standing = await self._first_look()
            if standing.is_complete:
                self.was_complete = True
                return standing
            while True:
                standing = await self._act(standing)
                await self._tell(standing)
                if self._is_over(standing) or self._is_late():
                    return standing
                standing = await self._wait(standing)
        finally:
            await self._errands.stop()

    async def advance(self) -> tuple[Standing, timedelta | None]:
        """Do what can be done now; say when to look again."""
        try:
            standing = await self._first_look()
            if not standing.is_complete:
                standing = await self._act(standing)
            over = self._is_over(standing)
            return standing, None if over else self._delay(standing)
        finally:
            await self._errands.stop()

    async def _first_look(self) -> Standing:
        standing = await self._look()
        require_our_own(standing, self.memory.started_here)
        stop_if_over(standing)
        require_begun_or_selected(standing)
        if not standing.is_complete:
            await self._ask_for_instances(standing, list(standing.members))
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
            verdicts=memory.verdicts if self._options.after_wave is not None else None,
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
        if standing.closed is not None:
            return standing
        self._take_answers()
        self._ask(standing)
        ready = [wave for wave in standing.waves.values() if self._is_ready(wave)]
        todo = [m for wave in ready for m in self._todo(wave)]
        if not todo:
            return self._stand(standing.survey)
        await self._ask_for_instances(standing, todo)
        require_nothing_in_the_way(self._run, todo, standing, self._replaceable)
        by_place: dict[Target, list[Member]] = {}
        for member in todo:
            holder = running_holder(self._run, standing, member)
            if holder is not None:
                member.reason = f"waits for job {holder}"
                self.memory.waits.append(f"{member.server_id} waits for job {holder}")
                continue
            by_place.setdefault(member.target, []).append(member)
        if by_place:
            await self._start(standing, by_place)
        return self._stand(standing.survey)

    async def _start(self, standing: Standing, by_place: dict[Target, list[Member]]) -> None:
        if self.memory.began is None:
            self.memory.began = min(look.at for look in standing.survey.looks.values())
        is_first = not standing.jobs

        async def start(drs: DRSClient, target: Target) -> Started:
            return await self._start_in(drs, target, standing, by_place[target])

        outcomes = await self._run.places.run(start, list(by_place))
        for target, error in outcomes.failures.items():
            self.memory.waits.append(f"{target}: {error}")
        if is_first:
            await self._look_for_rivals(standing)

    async def _start_in(
        self, drs: DRSClient, target: Target, standing: Standing, members: Sequence[Member]
    ) -> Started:
        look = standing.survey.looks[target]
        room = Room.beside(self._run.limits_of(target), look.jobs.values())
        batches: list[Batch] = []
        for group in _groups(members):
            chosen = await self._chosen_points(drs, group)
            for ids in room.pack(list(chosen)):
                wave, attempt = group[0].wave.name, group[0].attempt + 1
                record = self._run.record(wave, attempt, self.memory.began or look.at)
                batches.append(Batch(wave, attempt, {n: chosen[n] for n in ids}, record))
        if sum(len(batch.servers) for batch in batches) < len(members):
            self.memory.waits.append(f"{target} takes no more servers at a time")

        async def look_again(ids: Collection[str]) -> PlaceLook:
            scope = Scope(
                started=self.memory.began,
                not_launched=self._options.not_launched,
                known_jobs={t: known.keys() for t, known in self.memory.jobs.items()},
                lists_jobs=True,
            )
            question = question_for(self._run, target, scope, ids)
            found = await look_at(drs, question, clock=self._clock)
            found.instances = await instances_of(drs, ids)
            return found

        def may_launch(ids: Collection[str], seen: PlaceLook) -> None:
            wanted = [member for member in members if member.server_id in ids]
            require_nothing_in_the_way(self._run, wanted, standing, self._replaceable, seen)

        starter = Starter(drs, self._run.launch_as, look_again, may_launch)
        try:
            return await starter.start(batches, look)
        finally:
            self._take_in(target, look, starter.started)

    def _take_in(self, target: Target, look: PlaceLook, started: Started) -> None:
        memory = self.memory
        for job in [*started.jobs, *started.joined]:
            if job.job_id is not None:
                look.jobs[job.job_id] = job
                memory.jobs.setdefault(target, {})[job.job_id] = job
        memory.started_here += [job.job_id for job in started.jobs if job.job_id]
        memory.refused.update(started.refused)
        memory.waits += started.waits
        now = self._clock.now()
        for server_id, why in started.held.items():
            since = memory.conflicts_since.setdefault(server_id, now)
            if now - since > ARRIVAL and look.holder(server_id) is None:
                memory.refused[server_id] = why
            memory.waits.append(f"{server_id} is held: {why}")

    async def _chosen_points(
        self, drs: DRSClient, group: Sequence[Member]
    ) -> dict[str, str | None]:
        """Find the point in time that each server is launched from; None for the latest."""
        moment = group[0].wave.point_in_time
        if moment == "latest":
            return {member.server_id: None for member in group}
        chosen: dict[str, str | None] = {}
        for member in group:
            found = await self._snapshots.find(drs, member.server_id, moment)
            if found is None:
                self.memory.refused[member.server_id] = (
                    f"has no point in time at or before {moment.isoformat()}"
                )
            else:
                chosen[member.server_id] = found
        return chosen

    async def _look_for_rivals(self, standing: Standing) -> None:
        """After the first jobs of the run: see whether another one began under its name."""
        began = self.memory.began

        async def look(drs: DRSClient, _: Target) -> dict[str, Job]:
            since = (began or self._clock.now()) - ARRIVAL
            pager = drs.describe_jobs(filters={"from_date": since})
            return {job.job_id: job async for job in pager if job.job_id is not None}

        outcomes = await self._run.places.run(look, list(standing.survey.looks))
        for target, jobs in outcomes.results.items():
            seen = standing.survey.looks[target].jobs
            for job_id, job in jobs.items():
                seen.setdefault(job_id, job)
        require_our_own(self._stand(standing.survey), self.memory.started_here)

    def _replaceable(self, server_id: str) -> bool:
        return server_id in self._options.replace_instances_of

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
                or (member.state == "failed" and member.part is not None and member.attempt < limit)
            )
        ]

    def _is_ready(self, wave: WaveStanding) -> bool:
        if wave.state == "waiting for approval" or not wave.can_start:
            return False
        name = wave.wave.name
        return wave.has_begun or self._options.before_wave is None or name in self.memory.cleared

    async def _ask_for_instances(self, standing: Standing, members: Sequence[Member]) -> None:
        """Ask for the instances of servers that may be launched: something may be in the way."""
        wanted: dict[Target, set[str]] = {}
        for member in members:
            look = standing.survey.looks[member.target]
            if look.instances is None or member.server_id not in look.instances:
                wanted.setdefault(member.target, set()).add(member.server_id)

        async def ask(drs: DRSClient, target: Target) -> None:
            look = standing.survey.looks[target]
            found = await instances_of(drs, wanted[target])
            look.instances = {**(look.instances or {}), **found}

        if wanted:
            outcomes = await self._run.places.run(ask, list(wanted))
            for error in outcomes.failures.values():
                raise error

    # -- the caller's part -------------------------------------------------------------------

    def _ask(self, standing: Standing) -> None:
        """Begin the gates and hooks that are due."""
        options = self._options
        for wave in standing.waves.values():
            name = wave.wave.name
            if wave.state == "waiting for approval" and options.approve is not None:
                gate = WaveGate(
                    run=self._run.name,
                    wave=wave.wave,
                    source_server_ids=tuple(m.server_id for m in wave.members),
                    status=standing.status(),
                )
                self._errands.begin("gate", name, options.approve, gate)
            elif (
                wave.state == "waiting"
                and wave.can_start
                and not wave.has_begun
                and options.before_wave is not None
            ):
                before = self._run.predecessors(wave.wave)
                context = self._context(standing, wave, before)
                self._errands.begin("before", name, options.before_wave, context)
            elif wave.awaits_verdict and options.after_wave is not None:
                context = self._context(standing, wave, (name,))
                self._errands.begin("after", name, options.after_wave, context)

    def _context(
        self, standing: Standing, wave: WaveStanding, waves: Collection[str]
    ) -> HookContext:
        return HookContext(
            run=self._run.name,
            wave=wave.wave,
            instances=launched_instances(standing, waves),
            deadline=self._deadline,
        )

    def _take_answers(self) -> None:
        """Take in what gates and hooks have answered."""
        memory = self.memory
        for name, task in self._errands.finished("gate").items():
            if name not in memory.approved | memory.denied:
                approves = task.exception() is None and bool(task.result())
                (memory.approved if approves else memory.denied).add(name)
                self._take_result(name, "approve", task)
        for when in ("before", "after"):
            for name, task in self._errands.finished(when).items():
                self._take_result(name, when, task)

    def _take_result(self, wave: str, when: str, task: asyncio.Task[object]) -> None:
        memory = self.memory
        known = {(result.wave, result.when) for result in memory.hook_results}
        if (wave, when) in known:
            return
        error = task.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        told = None if error is None else f"{type(error).__name__}: {error}"
        returned = None if error is not None or task.result() is None else str(task.result())
        memory.hook_results.append(HookResult(wave=wave, when=when, returned=returned, error=told))
        if when == "after":
            memory.verdicts[wave] = None if told is None else f"the check after it failed: {told}"
        elif told is None:
            memory.cleared.add(wave)
        else:
            logger.warning("%s: before_wave of %s failed: %s", self._run.name, wave, told)

    async def _tell(self, standing: Standing) -> None:
        if self._options.on_update is None:
            return
        status = standing.status(next_look_in=self._delay(standing).total_seconds())
        told = status.model_dump(exclude={"at", "next_look_in"})
        if told != self._told:
            self._told = told
            await called(self._options.on_update, status)

    # -- waiting -----------------------------------------------------------------------------

    async def _wait(self, standing: Standing) -> Standing:
        """Wait until there is something to do; poll just the jobs that run."""
        while True:
            await self._sleep(self._delay(standing))
            if self._has_answers() or self._is_late():
                return await self._look()
            if self.memory.waits or not (standing.goes_on or self._awaits_approval(standing)):
                return await self._look()
            before = _what_calls_for_a_look(standing)
            await self._poll(standing)
            standing = self._stand(standing.survey)
            await self._tell(standing)
            if _what_calls_for_a_look(standing) != before:
                return await self._look()

    async def _sleep(self, delay: timedelta) -> None:
        """Sleep, or until the caller's gate or hook answers."""
        if self._deadline is not None:
            delay = max(min(delay, self._deadline - self._clock.now()), timedelta())
        sleeping = asyncio.create_task(self._clock.sleep(delay.total_seconds()))
        try:
            await asyncio.wait(
                {sleeping, *self._errands.under_way}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            sleeping.cancel()
            await asyncio.wait({sleeping})

    def _has_answers(self) -> bool:
        known = {(result.wave, result.when) for result in self.memory.hook_results}
        gates = self._errands.finished("gate").keys() - self.memory.approved - self.memory.denied
        return bool(gates) or any(
            (wave, when) not in known
            for when in ("before", "after")
            for wave in self._errands.finished(when)
        )

    async def _poll(self, standing: Standing) -> None:
        """Ask for the jobs that run; for all of the run's, where one may be marked as approved."""
        marks = self._awaits_approval(standing)
        wanted: dict[Target, set[str]] = {}
        for target, job, _ in standing.jobs:
            if job.job_id is not None and (marks or not _has_ended(job)):
                wanted.setdefault(target, set()).add(job.job_id)

        async def ask(drs: DRSClient, target: Target) -> None:
            look = standing.survey.looks[target]
            look.at = await refresh(drs, wanted[target], look.jobs, clock=self._clock) or look.at

        await self._run.places.run(ask, list(wanted))

    def _awaits_approval(self, standing: Standing) -> bool:
        return any(wave.state == "waiting for approval" for wave in standing.waves.values())

    def _delay(self, standing: Standing) -> timedelta:
        options = self._options
        delays: list[timedelta] = []
        for target, look in standing.survey.looks.items():
            running = [
                job for place, job, _ in standing.jobs if place == target and not _has_ended(job)
            ]
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

    def _is_late(self) -> bool:
        return self._deadline is not None and self._clock.now() >= self._deadline

    def _is_over(self, standing: Standing) -> bool:
        """Whether nothing more can happen."""
        if standing.goes_on or self._errands.under_way or self._has_answers():
            return False
        if standing.closed is not None:
            return True
        if self.memory.waits or any(passes(e) for e in standing.survey.failures.values()):
            return False
        for wave in standing.waves.values():
            name = wave.wave.name
            if wave.state == "waiting for approval":
                asked = self._options.approve is not None
                if name not in self.memory.denied and (asked or standing.jobs):
                    return False
            elif wave.can_start and self._todo(wave) and not self._is_held_back(name):
                return False
        return True

    def _is_held_back(self, wave: str) -> bool:
        """Whether a hook before a wave has failed."""
        return any(
            result.wave == wave and result.when == "before" and result.error is not None
            for result in self.memory.hook_results
        )


def _has_ended(job: Job) -> bool:
    return job.is_completed and not job.pending_servers


def _what_calls_for_a_look(standing: Standing) -> object:
    """What, when it changes, may let something start or end."""
    return (
        [member.server_id for member in standing.members if member.state == "launching"],
        standing.approved,
        standing.closed,
    )


def _groups(members: Sequence[Member]) -> list[list[Member]]:
    """Part servers by what may not share a job; those that may well be refused come apart."""
    groups: dict[tuple[str, int, bool], list[Member]] = {}
    for member in members:
        healthy = member.server is not None and member.server.is_launchable
        groups.setdefault((member.wave.name, member.attempt, not healthy), []).append(member)
    return list(groups.values())
