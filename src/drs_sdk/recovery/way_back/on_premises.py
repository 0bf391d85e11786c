"""Machines that are no EC2 instances: a failback client boots there, by a person's hand.

They are launched home one wave after the other, before the EC2 machines of the same runbook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._core.errors import ConnectionFailedError
from drs_sdk._transport.ambiguity import AmbiguousOutcomeError
from drs_sdk._transport.api_errors import APIError, ConflictException
from drs_sdk.recovery.errands import ask
from drs_sdk.recovery.hooks import HookContext, LaunchedInstance, WaveGate
from drs_sdk.recovery.limits import Room
from drs_sdk.recovery.reasons import failure_reasons
from drs_sdk.recovery.starting import passes
from drs_sdk.recovery.way_back.steps import reached

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drs_sdk.client import DRSClient
    from drs_sdk.clock import Clock
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.errands import Answer
    from drs_sdk.recovery.hooks import WaveHook
    from drs_sdk.recovery.look import PlaceLook
    from drs_sdk.recovery.memory import LaunchOptions
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.runbook import Wave
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.steps import Deadline, Teller

_READY = "FAILBACK_READY_FOR_LAUNCH"


async def launch_on_premises(
    run: Run,
    looking: Looking,
    options: LaunchOptions,
    deadline: Deadline,
    teller: Teller,
    reasons: dict[str, str],
) -> BothSides:
    """Launch original machines that are ready, wave by wave, until they are home or have failed.

    Args:
        run: The run.
        looking: Reads both sides.
        options: How they are launched.
        deadline: When to give up waiting.
        teller: Who is told.
        reasons: Takes why servers are not home.

    Raises:
        APIError: The service refuses for good.
    """
    launching = _Launching(run, looking, options, deadline, teller, reasons)
    home = run.homewards(run.places, {})
    for wave in home.order:
        both = await looking.look()
        held_up = [
            name
            for name in home.predecessors(wave)
            if run.runbook.wave(name).on_failure == "stop"
            and not all(reached(one, "home") for one in _of(both, name))
        ]
        if held_up and _of(both, wave.name):
            why = f"comes after {', '.join(held_up)}"
            reasons.update({one.member.server_id: why for one in _of(both, wave.name)})
        else:
            await launching.launch(wave, both)
    return await looking.look()


def _of(both: BothSides, wave: str) -> list[Journey]:
    return [one for one in both.journeys if one.is_on_premises and one.member.wave.name == wave]


class _Launching:
    def __init__(
        self,
        run: Run,
        looking: Looking,
        options: LaunchOptions,
        deadline: Deadline,
        teller: Teller,
        reasons: dict[str, str],
    ) -> None:
        self._run = run
        self._looking = looking
        self._options = options
        self._deadline = deadline
        self._teller = teller
        self._reasons = reasons

    async def launch(self, wave: Wave, both: BothSides) -> None:
        """Launch a wave, with the caller's gate and hooks around it."""
        if not self._todo(wave, both) and not self._under_way(wave, both):
            return
        has_begun = any(one.part is not None for one in _of(both, wave.name))
        if not has_begun and not await self._may_begin(wave, both):
            return
        tell = self._teller.tell_of("home")
        while self._todo(wave, both) or self._under_way(wave, both):
            await self._start(wave, both)
            if not await self._deadline.sleep():
                return
            both = await self._looking.look()
            tell(both)
        await self._explain(wave, both)
        await self._call("after", self._options.after_wave, wave, both)

    def _todo(self, wave: Wave, both: BothSides) -> list[Journey]:
        limit = self._options.attempts or wave.attempts
        return [
            one
            for one in _of(both, wave.name)
            if one.stage in {"ready", "failed home"}
            and one.b2 is not None
            and one.b2.failback is not None
            and str(one.b2.failback.state) == _READY
            and (one.part.record.attempt if one.part is not None else 0) < limit
        ]

    def _under_way(self, wave: Wave, both: BothSides) -> bool:
        return any(one.stage == "launching home" for one in _of(both, wave.name))

    async def _may_begin(self, wave: Wave, both: BothSides) -> bool:
        if wave.pause_before and wave.name not in self._options.approved:
            approve = self._options.approve
            ids = tuple(one.member.server_id for one in _of(both, wave.name))
            gate = WaveGate(
                run=self._run.name,
                wave=wave,
                source_server_ids=ids,
                status=both.standing.status(),
            )
            why: str | None = "its wave waits for an approval: give approve= or approved="
            if approve is not None:
                answer = await self._ask("approve", approve, wave, gate)
                if answer.returned is True:  # "no" is true, too
                    why = None
                elif answer.error is not None:
                    why = f"its approval failed: {answer.error}"
            if why is not None:
                self._reasons.update(dict.fromkeys(ids, why))
                return False
        return await self._call("before", self._options.before_wave, wave, both)

    async def _ask(
        self, when: str, function: Callable[..., object], wave: Wave, told: WaveGate | HookContext
    ) -> Answer:
        """Call a function of the caller's, as long as there is time."""
        name = f"The function {when!r} for the wave {wave.name}"
        limit = self._deadline.limit
        return await ask(name, function, told, clock=self._run.clock, limit=limit)

    async def _call(self, when: str, hook: WaveHook | None, wave: Wave, both: BothSides) -> bool:
        """Call a hook; one that fails keeps what comes after it from happening."""
        if hook is None:
            return True
        mine = _of(both, wave.name)
        context = HookContext(
            run=self._run.name,
            wave=wave,
            instances=tuple(_instance(one) for one in mine),
            deadline=self._deadline.limit.until,
        )
        answer = await self._ask(when, hook, wave, context)
        if answer.error is not None:
            why = f"the caller's hook failed: {answer.error}"
            self._reasons.update({one.member.server_id: why for one in mine})
        return answer.error is None

    async def _start(self, wave: Wave, both: BothSides) -> None:
        groups: dict[tuple[Target, int], list[Journey]] = {}
        for one in self._todo(wave, both):
            attempt = one.part.record.attempt if one.part is not None else 0
            groups.setdefault((one.member.target, attempt + 1), []).append(one)
        home = self._run.homewards(self._run.places, {})
        for (target, attempt), journeys in groups.items():
            look = both.standing.survey.looks[target]
            ids = [
                one.b2.recovery_instance_id
                for one in journeys
                if one.b2 is not None and one.b2.recovery_instance_id is not None
            ]
            began = both.standing.started or look.at
            tags = {**self._run.tags, **home.record(wave.name, attempt, began).tags()}
            batches = Room.beside(self._run.limits_of(target), look.jobs.values()).pack(sorted(ids))
            start = _starter(batches, tags, look, self._run.clock)
            outcomes = await self._run.places.run(start, [target])
            for error in outcomes.failures.values():
                if not passes(error):
                    raise error

    async def _explain(self, wave: Wave, both: BothSides) -> None:
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
    batches: Sequence[Sequence[str]], tags: dict[str, str], look: PlaceLook, clock: Clock
) -> Callable[[DRSClient, Target], Awaitable[None]]:
    async def start(drs: DRSClient, _: Target) -> None:
        fresh = drs.with_options(still_valid=lambda: look.stamp.is_fresh(clock))
        for batch in batches:
            await _send(fresh, batch, tags)

    return start


async def _send(drs: DRSClient, instances: Sequence[str], tags: dict[str, str]) -> None:
    """Launch them. A lost answer is looked for: the job tells, and holds its servers."""
    try:
        await drs.start_failback_launch(instances, tags=tags)
    except (AmbiguousOutcomeError, ConnectionFailedError, ConflictException):
        return
    except APIError as error:
        if not passes(error):
            raise


def _instance(journey: Journey) -> LaunchedInstance:
    b2 = journey.b2.recovery_instance_id if journey.b2 is not None else None
    return LaunchedInstance(
        source_server_id=journey.member.server_id,
        name=journey.b1.name if journey.b1 is not None else None,
        wave=journey.member.wave.name,
        recovery_instance_id=b2,
        ec2_instance_id=None,
        addresses=(),
    )
