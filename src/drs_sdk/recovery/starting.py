"""Starting jobs in one place: each server once, whatever is lost, refused or frozen on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConnectionFailedError, DRSError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import (
    APIError,
    ConflictException,
    ServiceQuotaExceededException,
)
from drs_sdk._transport.freshness import RequestExpiredError
from drs_sdk.recovery.limits import SERVERS_IN_ONE_JOB
from drs_sdk.recovery.run_errors import RecordNotKeptError
from drs_sdk.recovery.side_by_side import side_by_side
from drs_sdk.recovery.singling_out import Refused, SinglingOut
from drs_sdk.waiters.weather import may_heal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.models import Job
    from drs_sdk.recovery.look import Identity, PlaceLook, Stamp
    from drs_sdk.recovery.record import Record

ANSWER_TIMEOUT = timedelta(seconds=150)
"""How long to wait for the answer of a launch: that of a large batch can take over a minute."""

_AFTER_A_LOST_ANSWER = (2.0, 5.0, 10.0, 20.0, 30.0)
_UNTIL_A_HOLDER_SHOWS = (0.0, 2.0, 5.0, 10.0)


@dataclass(slots=True)
class Batch:
    """Servers that one job is to launch.

    Attributes:
        wave: The name of their wave.
        attempt: Which attempt it is for each of them.
        servers: The servers, with the point in time to launch from; None for the latest.
        record: What their job is to say of itself.
    """

    wave: str
    attempt: int
    servers: Mapping[str, str | None]
    record: Record


@dataclass(frozen=True, slots=True)
class _Asked:
    """A batch, and the look that its launch stands on."""

    batch: Batch
    look: PlaceLook


@dataclass(slots=True)
class Started:
    """What became of batches.

    Attributes:
        jobs: The jobs that were started here.
        joined: Jobs of the run that another process had started meanwhile.
        refused: Why servers cannot be launched, by id.
        held: Jobs of somebody else that hold servers, by server.
        waits: Why something has to wait: a quota, the weather.
    """

    jobs: list[Job] = field(default_factory=list["Job"])
    joined: list[Job] = field(default_factory=list["Job"])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    held: dict[str, str] = field(default_factory=dict[str, str])
    waits: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchAs:
    """Whose launches they are, and how they are sent.

    Attributes:
        identity: What makes a job one of theirs.
        tags: The caller's own tags.
        clock: Where time comes from.
    """

    identity: Identity
    tags: Mapping[str, str]
    clock: Clock

    @property
    def is_drill(self) -> bool:
        """Whether they are drills."""
        return self.identity.mode == "drill"


class Sender:
    """Sends launches: each once, in time, and with its record."""

    def __init__(self, drs: DRSClient, launch_as: LaunchAs) -> None:
        """Send nothing yet."""
        self._drs = drs
        self._as = launch_as

    async def send(
        self, batch: Batch, look: PlaceLook, *, since: Stamp | None = None
    ) -> Job | None:
        """Send a launch, once; None where the answer names no job.

        Args:
            batch: What to launch.
            look: What it stands on.
            since: When the look at all places was begun that it stands on, too.

        Raises:
            RequestExpiredError: The look has grown old; nothing was sent.
            AmbiguousOutcomeError: The answer was lost.
            RecordNotKeptError: The job could not be tagged.
            DRSError: It was refused.
        """
        clock = self._as.clock
        view = self._drs.with_options(
            read_timeout=ANSWER_TIMEOUT.total_seconds(),
            still_valid=lambda: (
                look.stamp.is_fresh(clock) and (since is None or since.is_fresh(clock))
            ),
        )
        response = await view.start_recovery(
            [
                {"source_server_id": name, "recovery_snapshot_id": snapshot}
                for name, snapshot in batch.servers.items()
            ],
            is_drill=self._as.is_drill,
            tags={**self._as.tags, **batch.record.tags()},
        )
        job = response.job
        if job is None or job.job_id is None:
            return None
        return await self._keep_record(job, batch)

    async def _keep_record(self, job: Job, batch: Batch) -> Job:
        """See to it that the job says whose it is."""
        wanted = batch.record.tags()
        if wanted.items() <= job.tags.items():
            return job
        try:
            await self._drs.tag_resource(resource_arn=job.arn or "", tags=wanted)
        except DRSError as error:
            raise RecordNotKeptError(job.job_id or "unknown", wanted, str(error)) from error
        return job.model_copy(update={"tags": {**job.tags, **wanted}})


class Starter:
    """Starts the jobs of a run in a place."""

    def __init__(
        self,
        drs: DRSClient,
        launch_as: LaunchAs,
        look_again: Callable[[Collection[str]], Awaitable[PlaceLook]],
        may_launch: Callable[[Collection[str], PlaceLook], None],
    ) -> None:
        """Start nothing yet.

        Args:
            drs: The client of the place.
            launch_as: Whose launches they are.
            look_again: Takes a new look at some servers, their instances included.
            may_launch: Raises where a launch of servers would do harm.
        """
        self._sender = Sender(drs, launch_as)
        self._as = launch_as
        self._look_again = look_again
        self._may_launch = may_launch
        self._began: Stamp | None = None
        self.started: Started = Started()
        self._singling_out: SinglingOut[_Asked] = SinglingOut(
            ids=lambda asked: list(asked.batch.servers),
            part=lambda asked, ids: _Asked(_part(asked.batch, ids), asked.look),
            attempt=self._try,
            refuse=lambda asked, error: self._refuse(asked.batch, error),
        )

    async def start(self, batches: Sequence[Batch], look: PlaceLook) -> Started:
        """Start a job for every batch, side by side.

        Raises:
            RecoveryError: The run must not go on.
        """
        self._began = look.stamp
        await side_by_side(self._start(batch, look) for batch in batches)
        return self.started

    async def _start(self, batch: Batch, look: PlaceLook, *, patient: bool = True) -> None:
        """Start a batch; where it is refused, find whom it is refused for, and start the rest."""
        refused = await self._try(_Asked(batch, look), patient=patient)
        if refused is not None:
            await self._singling_out.single_out(refused)

    async def _try(self, asked: _Asked, *, patient: bool = True) -> Refused[_Asked] | None:
        """Start a batch; the refusal, where it is one that may be about some of its servers."""
        batch, look = asked.batch, asked.look
        for pause in _AFTER_A_LOST_ANSWER:
            if not batch.servers or not self._is_fresh(look):
                break
            try:
                self._may_launch(batch.servers.keys(), look)
                job = await self._sender.send(batch, look, since=self._began)
            except RequestExpiredError:
                break
            except AmbiguousOutcomeError:
                job = None
            except ConflictException as error:
                await self._untangle(batch, error, patient=patient)
                return None
            except (APIError, ConnectionFailedError) as error:
                return await self._refused(_Asked(batch, look), error)
            if job is not None:
                self.started.jobs.append(job)
                return None
            await self._as.clock.sleep(pause)
            # Not there after a look: sent again. The service's one job a server is the lock.
            look, batch = await self._renewed(batch)
        if batch.servers:
            self.started.waits.append("the service does not answer launches, or its looks are slow")
        return None

    async def _refused(
        self, asked: _Asked, error: APIError | ConnectionFailedError
    ) -> Refused[_Asked] | None:
        """Wait for what passes, and part what is too large; give what is left: a refusal."""
        if isinstance(error, APIError) and not passes(error):
            return Refused(asked, error)
        if _is_too_large(asked.batch, error):
            for half in _halves(asked.batch):
                await self._start(half, asked.look)
        else:
            self.started.waits.append(str(error))
        return None

    def _is_fresh(self, look: PlaceLook) -> bool:
        """Whether a launch may stand on a look, and on the one at all places before it.

        A newer look at this place does not show that the run was closed in another.
        """
        clock = self._as.clock
        began = self._began
        return look.stamp.is_fresh(clock) and (began is None or began.is_fresh(clock))

    async def _renewed(self, batch: Batch) -> tuple[PlaceLook, Batch]:
        """Look again, and leave out what need not, or cannot, be launched any more."""
        look = await self._look_again(batch.servers.keys())
        return look, self._free(batch, look)

    def _free(self, batch: Batch, look: PlaceLook) -> Batch:
        parts = look.parts(self._as.identity)
        free: dict[str, str | None] = {}
        for name, snapshot in batch.servers.items():
            part = parts.get(name)
            if part is not None and part.record.attempt >= batch.attempt:
                self._join(part.job)
                continue
            holder = look.holder(name)
            if holder is not None:
                self.started.held[name] = holder.job_id or "unknown"
                continue
            free[name] = snapshot
        return Batch(batch.wave, batch.attempt, free, batch.record)

    def _join(self, job: Job) -> None:
        if all(known.job_id != job.job_id for known in self.started.joined):
            self.started.joined.append(job)

    async def _untangle(self, batch: Batch, error: ConflictException, *, patient: bool) -> None:
        """Find who is held and by whom; launch the others."""
        look = None
        for pause in _UNTIL_A_HOLDER_SHOWS if patient else _UNTIL_A_HOLDER_SHOWS[:1]:
            await self._as.clock.sleep(pause)
            look, free = await self._renewed(batch)
            if len(free.servers) < len(batch.servers):
                await self._start(free, look)
                return
        if look is None or len(batch.servers) == 1:
            self.started.held.update(dict.fromkeys(batch.servers, f"an unknown job ({error})"))
            return
        # Nobody is held, and still it is refused: one of them is the reason, so the others go.
        for half in _halves(batch):
            await self._start(half, look, patient=False)

    def _refuse(self, batch: Batch, error: APIError) -> None:
        self.started.refused.update(dict.fromkeys(batch.servers, str(error)))


def _part(batch: Batch, ids: Sequence[str]) -> Batch:
    servers = {name: batch.servers[name] for name in ids}
    return Batch(batch.wave, batch.attempt, servers, batch.record)


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    names = list(batch.servers)
    middle = len(names) // 2
    return _part(batch, names[:middle]), _part(batch, names[middle:])


def _is_too_large(batch: Batch, error: DRSError) -> bool:
    """Whether the account takes fewer servers in a job: no wait would mend that."""
    too_many = isinstance(error, ServiceQuotaExceededException)
    return too_many and error.quota_code == SERVERS_IN_ONE_JOB and len(batch.servers) > 1


def passes(error: DRSError) -> bool:
    """Whether an error passes by itself: a quota, a throttle, trouble of the service or network."""
    return isinstance(error, ServiceQuotaExceededException) or may_heal(error)
