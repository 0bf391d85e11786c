"""One job under a key, started once: the step below a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConnectionFailedError, RequestValidationError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import APIError, ConflictException
from drs_sdk._transport.freshness import RequestExpiredError
from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.guards import job_order, refuse_instances, waits_for
from drs_sdk.recovery.limits import Limits, Room
from drs_sdk.recovery.look import ARRIVAL, Identity, Question, look_at
from drs_sdk.recovery.reads import instances_of
from drs_sdk.recovery.record import Record, closed_reason, own_tags, require_fitting
from drs_sdk.recovery.run_errors import (
    NotStartedInTimeError,
    RecordLostError,
    RunClosedError,
    RunMismatchError,
    ServerHeldError,
)
from drs_sdk.recovery.standing import is_standing
from drs_sdk.recovery.starting import Batch, LaunchAs, Sender, passes
from drs_sdk.recovery.time_limit import TimeLimit
from drs_sdk.waiters.waiting import duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from drs_sdk.client import DRSClient
    from drs_sdk.models import Job
    from drs_sdk.recovery.look import PlaceLook
from drs_sdk.waiters.waiting import Duration

_PLAN = "one job"
_RETRY = 15.0
_AFTER_A_LOST_ANSWER = 2.0
_HORIZON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class EnsuredJob:
    """The job of a key.

    Attributes:
        job: The job, as it was last seen.
        started_here: Whether this call started it; else it stood already.
    """

    job: Job
    started_here: bool


async def ensure_recovery(
    drs: DRSClient,
    key: str,
    servers: Sequence[str],
    *,
    is_drill: bool,
    attempt: int = 1,
    tags: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    replace_instances_of: Collection[str] = (),
    not_launched: Collection[str] = (),
    timeout: Duration = timedelta(minutes=30),
) -> EnsuredJob:
    """See to it that one job launches servers, once, whoever asks and dies how often.

    Looks for the job of the key, and starts it where there is none. After a lost answer or a
    `ConflictException` it looks again. Waits for terminations, for quotas, for the weather, and,
    where it is no drill, for somebody's drill of the same servers.

    Sends ``StartRecovery``; reads ``DescribeSourceServers``, ``DescribeJobs`` and
    ``DescribeRecoveryInstances``.

    Args:
        drs: An open client.
        key: What tells this job from others: the same key is the same job. It stands in a tag of
            the job and may hold ``/``.
        servers: Ids of source servers, as many as fit in one job.
        is_drill: Whether it is a drill.
        attempt: Which attempt this is. One above 1 is refused unless the one before it has
            failed for these servers.
        tags: More tags for the job.
        limits: The place's quotas; the service's defaults unless given.
        replace_instances_of: Source servers whose instance, not made under the key, may be
            replaced by the launch. A live instance is never replaced by a drill.
        not_launched: Source servers that were not launched under the key, where the record of
            their last launch is lost: you have looked.
        timeout: When to give up waiting: a `timedelta` or seconds, 30 minutes unless given.

    Returns:
        The job, which may still run: see `look_at_job`, or ``drs.wait_until_job_completed``.

    Raises:
        RequestValidationError: Something given cannot be; nothing was sent.
        RunMismatchError: The key stands for other servers, or for another mode.
        RunClosedError: The job is over and its instances are gone: take a new key.
        InstanceInTheWayError: The launch would remove an instance that the key did not make.
        ServerHeldError: Somebody else's launch holds a server.
        RecordLostError: The job that tells whose a launch is, is gone.
        RecordNotKeptError: The job was started, but could not be tagged.
        NotStartedInTimeError: It could not be started in time; the same call may follow.
        RecoveryError: The attempt before has not failed.
        APIError: The service refuses it for good.
    """
    limits = limits or Limits()
    ids = _checked(key, servers, attempt, limits)
    launch_as = LaunchAs(
        identity=Identity(
            run=key, step="launch", plan=_PLAN, mode="drill" if is_drill else "recovery"
        ),
        tags=own_tags(tags),
        clock=drs.clock,
    )
    ensuring = _Ensuring(
        drs,
        launch_as,
        ids,
        attempt,
        limits,
        replace_instances_of=_among(ids, "replace_instances_of", replace_instances_of),
        not_launched=_among(ids, "not_launched", not_launched),
    )
    async with TimeLimit(drs.clock, duration(timeout, "timeout")) as limit:
        return await ensuring.ensure(limit)


class _Ensuring:
    def __init__(
        self,
        drs: DRSClient,
        launch_as: LaunchAs,
        ids: list[str],
        attempt: int,
        limits: Limits,
        *,
        replace_instances_of: frozenset[str],
        not_launched: frozenset[str],
    ) -> None:
        self._drs = drs
        self._as = launch_as
        self._ids = ids
        self._attempt = attempt
        self._limits = limits
        self._replace_instances_of = replace_instances_of
        self._not_launched = not_launched
        self._sender = Sender(drs, launch_as)
        self._started: str | None = None
        self._refused_since: datetime | None = None
        self._why = "nothing was tried"

    async def ensure(self, limit: TimeLimit) -> EnsuredJob:
        while True:
            look = await self._look()
            job = await self._find(look)
            if job is not None:
                return EnsuredJob(job, job.job_id == self._started)
            pause = self._wait_for(look)
            if pause is None:
                started = self._started
                pause = await self._start(look)
                if self._started != started:
                    continue  # however late: it must not be said that nothing was started
            if not await limit.pause(timedelta(seconds=pause)):
                raise NotStartedInTimeError(self._as.identity.run, self._why)

    async def _look(self) -> PlaceLook:
        question = Question(
            identity=self._as.identity,
            server_ids=frozenset(self._ids),
            horizon=_HORIZON,
            known_jobs=frozenset({self._started} if self._started else ()),
            lists_jobs=True,
            not_launched=self._not_launched,
        )
        look = await look_at(self._drs, question, clock=self._as.clock)
        if look.lost:
            raise RecordLostError(look.lost)
        missing = [name for name in self._ids if name not in look.servers]
        if missing:
            raise RequestValidationError.of("servers", f"not here: {', '.join(missing)}")
        return look

    async def _find(self, look: PlaceLook) -> Job | None:
        """Find the job of the key and attempt, or refuse what stands instead."""
        run = self._as.identity.run
        jobs = [(job, record) for job, record in look.run_jobs(run) if record.step == "launch"]
        if not jobs:
            self._require_no_earlier(look, [])
            return None
        jobs.sort(key=lambda found: job_order(found[0]))
        owner, owner_record = jobs[0]
        if not self._as.identity.owns(owner, owner_record):
            raise RunMismatchError(
                run,
                ["its first job is another mode's or another plan's"],
                owner_job_id=owner.job_id,
                launched=[self._started] if self._started else [],
            )
        closed = next((why for job, _ in jobs if (why := closed_reason(job)) is not None), None)
        if closed is not None:
            raise RunClosedError(run, f"closed ({closed})")
        own = [(job, record) for job, record in jobs if self._as.identity.owns(job, record)]
        tried = [job for job, record in own if record.attempt == self._attempt]
        if not tried:
            self._require_no_earlier(look, own)
            return None
        first, there = tried[0], _server_ids(tried[0])
        if there != sorted(self._ids):
            raise RunMismatchError(
                run,
                [f"servers: {', '.join(there)} there, {', '.join(sorted(self._ids))} here"],
                owner_job_id=first.job_id,
                launched=[self._started] if self._started else [],
            )
        # More than one, where one failed before a launch that was under way arrived: the last.
        job = [job for job in tried if _server_ids(job) == there][-1]
        await self._require_standing(job, look.at)
        return job

    def _require_no_earlier(self, look: PlaceLook, own: Sequence[tuple[Job, Record]]) -> None:
        if self._attempt == 1:
            return
        before = [job for job, record in own if record.attempt == self._attempt - 1]
        parts = look.parts(self._as.identity)
        failed = {name for name, part in parts.items() if part.standing(look.at) == "failed"}
        if not before or not failed.issuperset(self._ids):
            raise RecoveryError(
                f"attempt {self._attempt} of {self._as.identity.run} is refused: attempt "
                f"{self._attempt - 1} has not failed for all of {', '.join(self._ids)}"
            )

    async def _require_standing(self, job: Job, at: datetime) -> None:
        """Refuse a key whose job is over and whose instances are gone, at a time of the service."""
        if not (job.is_completed and job.launched_servers):
            return
        ended = job.end_date_time
        found = await instances_of(self._drs, self._ids)
        stands = any(
            instance.job_id == job.job_id and is_standing(str(instance.ec2_instance_state))
            for instances in found.values()
            for instance in instances
        )
        if not stands and ended is not None and at - ended > ARRIVAL:
            raise RunClosedError(self._as.identity.run, "its instances are gone")

    def _wait_for(self, look: PlaceLook) -> float | None:
        """Say how long to wait for what is in the way; None where nothing is.

        Raises:
            ServerHeldError: A launch holds a server that is not waited for.
        """
        held = {name: job for name in self._ids if (job := look.holder(name)) is not None}
        unwanted = {
            name: job.job_id or "unknown"
            for name, job in held.items()
            if not waits_for(self._as.identity, job)
        }
        if unwanted:
            raise ServerHeldError(unwanted)
        if held:
            self._why = f"held: {', '.join(sorted(held))}"
            return _RETRY
        room = Room.beside(self._limits, look.jobs.values())
        if room.jobs < 1 or room.servers < len(self._ids):
            self._why = "the place takes no more servers at a time"
            return _RETRY
        return None

    async def _start(self, look: PlaceLook) -> float:
        """Start the job; say how long to wait before looking again."""
        instances = await instances_of(self._drs, self._ids)
        refuse_instances(
            self._as.identity,
            ((name, one, look) for name, found in instances.items() for one in found),
            self._replace_instances_of.__contains__,
        )
        started = min((r.started for _, r in look.run_jobs(self._as.identity.run)), default=look.at)
        record = Record(
            run=self._as.identity.run,
            step="launch",
            wave="",
            attempt=self._attempt,
            plan=_PLAN,
            started=started,
        )
        batch = Batch("", self._attempt, dict.fromkeys(self._ids), record)
        try:
            job = await self._sender.send(batch, look)
        except RequestExpiredError as error:
            self._why = str(error)
            return 0.0
        except AmbiguousOutcomeError as error:
            self._why = str(error)
            return _AFTER_A_LOST_ANSWER
        except ConflictException as error:
            return self._held_by_nobody(error, look.at)
        except (APIError, ConnectionFailedError) as error:
            if not passes(error):
                raise
            self._why = str(error)
            return _RETRY
        if job is None:  # accepted, for all it says: as if the answer were lost
            self._why = "the answer to the launch names no job"
            return _AFTER_A_LOST_ANSWER
        self._started = job.job_id
        return 0.0

    def _held_by_nobody(self, error: ConflictException, at: datetime) -> float:
        """After a conflict: look until the holder is known, but not for ever."""
        self._refused_since = self._refused_since or at
        if at - self._refused_since > ARRIVAL:
            raise ServerHeldError(dict.fromkeys(self._ids, "an unknown job"), why=str(error))
        self._why = str(error)
        return _AFTER_A_LOST_ANSWER


def _server_ids(job: Job) -> list[str]:
    return sorted(server.source_server_id or "" for server in job.participating_servers)


def _checked(key: str, servers: Sequence[str], attempt: int, limits: Limits) -> list[str]:
    require_fitting("key", key)
    if isinstance(servers, str):
        raise RequestValidationError.of("servers", "must be a list of ids, got one text")
    ids = list(dict.fromkeys(servers))
    if not ids:
        raise RequestValidationError.of("servers", "must name at least one source server")
    if len(ids) > limits.servers_in_one_job:
        raise RequestValidationError.of(
            "servers", f"one job takes {limits.servers_in_one_job} at most, got {len(ids)}"
        )
    if isinstance(attempt, bool) or attempt < 1:
        raise RequestValidationError.of("attempt", "must be a whole number of at least 1")
    return ids


def _among(ids: Collection[str], name: str, given: Collection[str]) -> frozenset[str]:
    """Take ids of the servers that are to be launched; any other is a slip."""
    if isinstance(given, str):
        raise RequestValidationError.of(name, "must be ids, got one text")
    if strangers := sorted(set(given).difference(ids)):
        raise RequestValidationError.of(name, f"not among the servers: {', '.join(strangers)}")
    return frozenset(given)
