"""Cleaning up after a drill: its own instances, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from drs_sdk._core.errors import DRSError
from drs_sdk._transport.api_errors import APIError, ConflictException, ResourceNotFoundException
from drs_sdk.recovery import marking
from drs_sdk.recovery.guards import require_our_own
from drs_sdk.recovery.instances import is_replicated_home
from drs_sdk.recovery.judging import stand
from drs_sdk.recovery.limits import Room
from drs_sdk.recovery.look import ARRIVAL
from drs_sdk.recovery.reads import instances_of
from drs_sdk.recovery.run_errors import WrongOrderError
from drs_sdk.recovery.side_by_side import side_by_side
from drs_sdk.recovery.singling_out import Refused, SinglingOut
from drs_sdk.recovery.standing import is_standing
from drs_sdk.recovery.starting import passes
from drs_sdk.recovery.status import Plain
from drs_sdk.recovery.survey import Scope, survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.models import Job, RecoveryInstance
    from drs_sdk.recovery.look import PlaceLook
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing
    from drs_sdk.recovery.time_limit import TimeLimit

_LOOK_AGAIN = timedelta(seconds=15)


class CleanUp(Plain):
    """What a clean-up has done.

    Attributes:
        run: The run's name.
        terminated: The instances that it saw go.
        left: The instances of the run that still stand, with the reason.
        arriving: The jobs of the run whose instances can still arrive.
        unreadable: Places that could not be read, with the reason.
    """

    run: str
    terminated: tuple[str, ...] = ()
    left: dict[str, str] = Field(default_factory=dict[str, str])
    arriving: tuple[str, ...] = ()
    unreadable: dict[str, str] = Field(default_factory=dict[str, str])

    @property
    def is_clean(self) -> bool:
        """Whether nothing of the run is left or can arrive, and every place could be read."""
        return not self.left and not self.arriving and not self.unreadable


@dataclass(slots=True)
class _Seen:
    """What of the run stands in a place, and what is still on its way."""

    standing: dict[str, RecoveryInstance]
    arriving: list[str]
    look: PlaceLook


async def clean_up(run: Run, limit: TimeLimit) -> CleanUp:
    """Close a drill, terminate its instances, and look until nothing of it can still arrive.

    Args:
        run: The drill.
        limit: The time for it, which runs.

    Raises:
        WrongOrderError: It is no drill, or its way back is being practised.
        RunMismatchError: The key stands for another run.
    """
    if not run.is_drill:
        raise WrongOrderError(
            f"{run.name} is a recovery: its instances are live, and clean_up is for drills",
            letter="B2",
            first="reprotect() and fail_back(), which lets it go once B1 protects the machine home",
        )
    return await _CleaningUp(run).clean(limit)


class _CleaningUp:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: dict[str, Target] = {}
        self._why: dict[str, str] = {}
        self._denied: set[str] = set()

    async def clean(self, limit: TimeLimit) -> CleanUp:
        standing = await self._look()
        _require_no_way_back(run_name=self._run.name, seen=await self._see(standing))
        if standing.jobs and standing.closed is None:
            await marking.close(self._run, standing, "cleaned up")
            standing = await self._look()  # what came between the look and the mark
        # Whoever looked before the mark may still launch what was not launched by then.
        closed_at = standing.at
        while True:
            seen = await self._see(standing)
            await self._terminate(seen)
            arrives = _may_be_launched(standing, closed_at)
            hoped_for = {n for one in seen.values() for n in one.standing} - self._denied
            if not arrives and not hoped_for and not any(one.arriving for one in seen.values()):
                break
            if not await limit.pause(_LOOK_AGAIN):
                break
            standing = await self._look()
        left = {name for one in seen.values() for name in one.standing}
        unread = {name for name, target in self._known.items() if target not in seen}
        reasons = dict.fromkeys(left, "its termination is under way")
        reasons |= {name: f"{self._known[name]} cannot be read now" for name in unread}
        return CleanUp(
            run=self._run.name,
            terminated=tuple(sorted(self._known.keys() - left - unread)),
            left={name: self._why.get(name, reason) for name, reason in reasons.items()},
            arriving=tuple(sorted(job for one in seen.values() for job in one.arriving)),
            unreadable={str(t): str(error) for t, error in standing.survey.failures.items()},
        )

    async def _look(self) -> Standing:
        found = await survey(self._run, Scope(lists_jobs=True))
        if not found.looks and found.failures:
            raise next(iter(found.failures.values()))
        standing = stand(self._run, found, attempts=lambda wave: wave.attempts)
        require_our_own(standing, ())
        return standing

    async def _see(self, standing: Standing) -> dict[Target, _Seen]:
        """Find what of the run stands where; a place that cannot tell is one that is not read."""
        looks = standing.survey.looks
        jobs = {
            target: {job.job_id: job for place, job, _ in standing.jobs if place == target}
            for target in looks
        }

        async def ask(drs: DRSClient, target: Target) -> _Seen:
            servers = {
                server.source_server_id
                for job in jobs[target].values()
                for server in job.participating_servers
                if server.source_server_id is not None
            }
            found = await instances_of(drs, servers)
            own = {
                one.recovery_instance_id: one
                for instances in found.values()
                for one in instances
                if one.recovery_instance_id is not None
                and one.job_id in jobs[target]
                and one.is_drill is not False
                and is_standing(str(one.ec2_instance_state))
            }
            self._known.update(dict.fromkeys(own, target))
            return _Seen(own, _arriving(jobs[target].values(), looks[target].at), looks[target])

        outcomes = await self._run.places.run(ask, list(looks))
        standing.survey.failures.update(outcomes.failures)
        return dict(outcomes.results)

    async def _terminate(self, seen: dict[Target, _Seen]) -> None:
        async def terminate(drs: DRSClient, target: Target) -> None:
            one = seen[target]
            held = _being_terminated(one.look)
            free = sorted(
                name
                for name, instance in one.standing.items()
                if instance.source_server_id not in held
            )
            room = Room.beside(self._run.limits_of(target), one.look.jobs.values())
            packed = room.pack([name for name in free if name not in self._denied])
            await side_by_side(self._send(drs, ids) for ids in packed)

        await self._run.places.run(terminate, list(seen))

    async def _send(self, drs: DRSClient, ids: Sequence[str]) -> None:
        """Ask for a termination. A lost answer is no matter: ids are unique, and we look again."""

        async def ask(some: Sequence[str]) -> Refused[Sequence[str]] | None:
            try:
                await drs.terminate_recovery_instances(some)
            except DRSError as error:
                if isinstance(error, APIError) and not passes(error):
                    return Refused(some, error)
                self._note(some, error)
            return None

        refused = await ask(ids)
        if refused is not None:
            singling_out: SinglingOut[Sequence[str]] = SinglingOut(
                ids=lambda some: some,
                part=lambda _, some: some,
                attempt=ask,
                refuse=self._refuse,
            )
            await singling_out.single_out(refused)

    def _refuse(self, ids: Sequence[str], error: APIError) -> None:
        self._note(ids, error)
        if not isinstance(error, (ConflictException, ResourceNotFoundException)):
            self._denied.update(ids)  # it will be the next time, too

    def _note(self, ids: Sequence[str], error: DRSError) -> None:
        self._why.update(dict.fromkeys(ids, str(error)))


def _require_no_way_back(*, run_name: str, seen: dict[Target, _Seen]) -> None:
    """Refuse while the way back is practised: the service refuses it, too, and for as long.

    Raises:
        WrongOrderError: An instance is replicated home.
    """
    found = sorted(
        name
        for one in seen.values()
        for name, instance in one.standing.items()
        if is_replicated_home(instance)
    )
    if found:
        raise WrongOrderError(
            f"{', '.join(found)} of {run_name} are replicated home",
            letter="A2",
            first="rehearse_way_back(), which removes what both ways have made; after close() it "
            "launches nothing more",
        )


def _may_be_launched(standing: Standing, closed_at: datetime | None) -> bool:
    """Whether a runner that has not seen the run closed can still start something of it."""
    if not standing.jobs or standing.at is None or closed_at is None:
        return False
    left = any(member.state not in {"launched", "gone"} for member in standing.members)
    return left and standing.at - closed_at < ARRIVAL


def _arriving(jobs: Iterable[Job], at: datetime) -> list[str]:
    """Find the jobs that can still bring something, or after which one can still come."""
    return [
        job.job_id or ""
        for job in jobs
        if not job.is_completed
        or (job.creation_date_time is not None and at - job.creation_date_time < ARRIVAL)
    ]


def _being_terminated(look: PlaceLook) -> set[str]:
    return {
        server.source_server_id
        for job in look.jobs.values()
        if not job.is_completed
        for server in job.participating_servers
        if server.source_server_id is not None
    }
