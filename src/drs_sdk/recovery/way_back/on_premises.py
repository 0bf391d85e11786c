"""Machines that are no EC2 instances: a failback client boots there, by a person's hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConnectionFailedError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import APIError, ConflictException
from drs_sdk.recovery.blame import is_about_some
from drs_sdk.recovery.limits import Room
from drs_sdk.recovery.reasons import failure_reasons
from drs_sdk.recovery.singling_out import Refused, SinglingOut
from drs_sdk.recovery.starting import passes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.look import PlaceLook
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.runbook import Wave
    from drs_sdk.recovery.way_back.homecoming import Homecoming
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking

_READY = "FAILBACK_READY_FOR_LAUNCH"


async def launch_on_premises(
    run: Run, wave: Wave, looking: Looking, how: Homecoming, reasons: dict[str, str]
) -> None:
    """Launch the original machines of a wave, until they are home or have failed.

    Args:
        run: The run.
        wave: The wave.
        looking: Reads both sides.
        how: How they come home.
        reasons: Takes why servers are not home.

    Raises:
        APIError: The service refuses for good.
    """
    launching = _Launching(run, how, reasons)
    tell = how.teller.tell_of("home")
    both = await looking.look()
    while launching.goes_on(wave, both):
        await launching.start(wave, both)
        if not await how.deadline.sleep():
            return
        both = await looking.look()
        tell(both)
    await launching.explain(wave, both)


def _of(both: BothSides, wave: str) -> list[Journey]:
    return [one for one in both.journeys if one.is_on_premises and one.member.wave.name == wave]


class _Launching:
    def __init__(self, run: Run, how: Homecoming, reasons: dict[str, str]) -> None:
        self._run = run
        self._options = how.launching
        self._reasons = reasons
        self._refused: set[str] = set()

    def goes_on(self, wave: Wave, both: BothSides) -> bool:
        """Whether something is to be launched, or is on its way."""
        under_way = any(one.stage == "launching home" for one in _of(both, wave.name))
        return under_way or bool(self._todo(wave, both))

    def _todo(self, wave: Wave, both: BothSides) -> list[Journey]:
        limit = self._options.attempts or wave.attempts
        return [
            one
            for one in _of(both, wave.name)
            if one.stage in {"ready", "failed home"}
            and one.b2 is not None
            and one.b2.failback is not None
            and str(one.b2.failback.state) == _READY
            and one.member.server_id not in self._refused
            and (one.part.record.attempt if one.part is not None else 0) < limit
        ]

    async def start(self, wave: Wave, both: BothSides) -> None:
        """Ask for what may be launched now."""
        groups: dict[tuple[Target, int], list[Journey]] = {}
        for one in self._todo(wave, both):
            attempt = one.part.record.attempt if one.part is not None else 0
            groups.setdefault((one.member.target, attempt + 1), []).append(one)
        home = self._run.homewards(self._run.places, {})
        for (target, attempt), journeys in groups.items():
            look = both.standing.survey.looks[target]
            servers = {
                one.b2.recovery_instance_id: one.member.server_id
                for one in journeys
                if one.b2 is not None and one.b2.recovery_instance_id is not None
            }
            began = both.standing.started or look.at
            tags = {**self._run.tags, **home.record(wave.name, attempt, began).tags()}
            batches = Room.beside(self._run.limits_of(target), look.jobs.values()).pack(
                sorted(servers)
            )

            def refuse(
                ids: Sequence[str], error: APIError, servers: dict[str, str] = servers
            ) -> None:
                names = [servers[name] for name in ids]
                why = f"the service refuses its launch home: {error}"
                self._refused.update(names)
                self._reasons.update(dict.fromkeys(names, why))

            start = _starter(batches, tags, look, self._run.clock, refuse)
            outcomes = await self._run.places.run(start, [target])
            for error in outcomes.failures.values():
                if not passes(error):
                    raise error

    async def explain(self, wave: Wave, both: BothSides) -> None:
        """Tell why launches have failed."""
        for one in _of(both, wave.name):
            job_id = one.part.job.job_id if one.part is not None else None
            if one.stage != "failed home" or job_id is None:
                continue
            name = one.member.server_id

            async def read(
                drs: DRSClient, _: Target, job_id: str = job_id, name: str = name
            ) -> str | None:
                return (await failure_reasons(drs, job_id, [name])).get(name)

            outcomes = await self._run.places.run(read, [one.member.target])
            for why in outcomes.results.values():
                self._reasons[name] = f"its launch home failed: {why}"


def _starter(
    batches: Sequence[Sequence[str]],
    tags: dict[str, str],
    look: PlaceLook,
    clock: Clock,
    refuse: Callable[[Sequence[str], APIError], None],
) -> Callable[[DRSClient, Target], Awaitable[None]]:
    async def start(drs: DRSClient, _: Target) -> None:
        fresh = drs.with_options(still_valid=lambda: look.stamp.is_fresh(clock))
        for batch in batches:
            await _send(fresh, batch, tags, refuse)

    return start


async def _send(
    drs: DRSClient,
    instances: Sequence[str],
    tags: dict[str, str],
    refuse: Callable[[Sequence[str], APIError], None],
) -> None:
    """Launch them. A lost answer is looked for: the job tells, and holds its servers.

    Raises:
        APIError: It is refused for good, and not for the sake of some of them.
    """

    async def attempt(some: Sequence[str]) -> Refused[Sequence[str]] | None:
        try:
            await drs.start_failback_launch(some, tags=tags)
        except (AmbiguousOutcomeError, ConnectionFailedError, ConflictException):
            return None
        except APIError as error:
            if passes(error):
                return None
            if not is_about_some(error):
                raise
            return Refused(some, error)
        return None

    refused = await attempt(instances)
    if refused is not None:
        search: SinglingOut[Sequence[str]] = SinglingOut(
            ids=lambda some: some, part=lambda _, some: some, attempt=attempt, refuse=refuse
        )
        await search.single_out(refused)
