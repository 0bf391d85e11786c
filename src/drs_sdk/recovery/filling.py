"""Filling places with the jobs that they take: servers that may start, packed under quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.guards import (
    instances_of_others,
    require_nothing_in_the_way,
    require_open,
)
from drs_sdk.recovery.limits import Room
from drs_sdk.recovery.look import ARRIVAL, look_at
from drs_sdk.recovery.points_in_time import SnapshotFinder
from drs_sdk.recovery.reads import instances_of, jobs_since, reads_of
from drs_sdk.recovery.starting import Batch, Started, Starter
from drs_sdk.recovery.survey import Scope, question_for

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job
    from drs_sdk.recovery.look import PlaceLook
    from drs_sdk.recovery.memory import LaunchOptions, Memory
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Member, Standing


class Filling:
    """Starts jobs for servers, as many as their places take now."""

    def __init__(self, run: Run, options: LaunchOptions, memory: Memory) -> None:
        """Start nothing yet."""
        self._run = run
        self._options = options
        self._memory = memory
        self._snapshots = SnapshotFinder()

    async def start(self, standing: Standing, by_place: dict[Target, list[Member]]) -> None:
        """Start what fits; the jobs stand in the survey's looks afterwards.

        Raises:
            RecoveryError: The run must not go on.
        """
        if self._memory.began is None:
            self._memory.began = min(look.at for look in standing.survey.looks.values())
        is_first = not standing.jobs

        async def start(drs: DRSClient, target: Target) -> Started:
            return await self._start_in(drs, target, standing, by_place[target])

        outcomes = await self._run.places.run(start, list(by_place))
        for target, error in outcomes.failures.items():
            self._memory.waits.append(f"{target}: {error}")
        if is_first:
            await self._list_rivals(standing)

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
                record = self._run.record(wave, attempt, self._memory.began or look.at)
                batches.append(Batch(wave, attempt, {n: chosen[n] for n in ids}, record))
        if sum(len(batch.servers) for batch in batches) < len(members):
            if any(not job.is_completed for job in look.jobs.values()) or batches:
                self._memory.crowded.add(target)  # until one of its jobs ends
            else:
                self._memory.waits.append(f"{target} takes no servers")

        async def look_again(ids: Collection[str]) -> PlaceLook:
            scope = Scope(
                started=self._memory.began,
                not_launched=self._options.not_launched,
                known_jobs={t: known.keys() for t, known in self._memory.jobs.items()},
                lists_jobs=True,
            )
            question = question_for(self._run, target, scope, ids)
            found = await look_at(drs, question, clock=self._run.clock)
            found.instances = await instances_of(drs, ids)
            return found

        others: dict[str, str] = {}

        def may_launch(ids: Collection[str], seen: PlaceLook) -> None:
            require_open(self._run.identity, seen)
            wanted = [member for member in members if member.server_id in ids]
            require_nothing_in_the_way(self._run, wanted, standing, self._replaceable, seen)
            others.update(instances_of_others(self._run.identity, ids, seen))

        starter = Starter(drs, self._run.launch_as, look_again, may_launch)
        try:
            return await starter.start(batches, look)
        finally:
            self._take_in(target, look, starter.started)
            self._memory.replaced.update(
                (server.source_server_id, others[server.source_server_id])
                for job in starter.started.jobs
                for server in job.participating_servers
                if server.source_server_id in others
            )

    def _take_in(self, target: Target, look: PlaceLook, started: Started) -> None:
        memory = self._memory
        for job in [*started.jobs, *started.joined]:
            if job.job_id is not None:
                look.jobs[job.job_id] = job
                memory.jobs.setdefault(target, {})[job.job_id] = job
        memory.started_here += [job.job_id for job in started.jobs if job.job_id]
        memory.refused.update(started.refused)
        memory.waits += started.waits
        for server_id, why in started.held.items():
            since = memory.conflicts_since.setdefault(server_id, look.at)
            if look.at - since > ARRIVAL and look.holder(server_id) is None:
                memory.refused[server_id] = why
            memory.waits.append(f"{server_id} is held: {why}")

    async def _chosen_points(
        self, drs: DRSClient, group: Sequence[Member]
    ) -> dict[str, str | None]:
        """Find the point in time that each server is launched from; None for the latest."""
        moment = group[0].wave.point_in_time
        if moment == "latest" or self._run.step == "launch-back":  # home goes what is newest
            return {member.server_id: None for member in group}
        chosen: dict[str, str | None] = {}
        for member in group:
            found = await self._snapshots.find(drs, member.server_id, moment)
            if found is None:
                self._memory.refused[member.server_id] = (
                    f"has no point in time at or before {moment.isoformat()}"
                )
            else:
                chosen[member.server_id] = found.snapshot_id
        return chosen

    async def _list_rivals(self, standing: Standing) -> None:
        """After the first jobs of the run: see whether another one began under its name."""
        began = self._memory.began

        async def look(drs: DRSClient, _: Target) -> dict[str, Job]:
            since = (began or self._run.clock.now()) - ARRIVAL
            await reads_of(drs).gathered()
            return await jobs_since(drs, since)

        outcomes = await self._run.places.run(look, list(standing.survey.looks))
        for target, jobs in outcomes.results.items():
            seen = standing.survey.looks[target].jobs
            for job_id, job in jobs.items():
                seen.setdefault(job_id, job)

    def _replaceable(self, server_id: str) -> bool:
        return server_id in self._options.replace_instances_of


def _groups(members: Sequence[Member]) -> list[list[Member]]:
    """Part servers by what may not share a job; those that may well be refused come apart."""
    groups: dict[tuple[str, int, bool], list[Member]] = {}
    for member in members:
        healthy = member.server is not None and member.server.is_launchable
        groups.setdefault((member.wave.name, member.attempt, not healthy), []).append(member)
    return list(groups.values())
