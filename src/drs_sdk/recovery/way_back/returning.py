"""Coming home: launch there, protect the machine at home, and retire what is needed no more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from drs_sdk.recovery.launching import Launching
from drs_sdk.recovery.look import last_job_id
from drs_sdk.recovery.places import JointPlaces
from drs_sdk.recovery.reasons import failure_reasons
from drs_sdk.recovery.run_errors import WrongOrderError
from drs_sdk.recovery.way_back.on_premises import launch_on_premises
from drs_sdk.recovery.way_back.reprotecting import require_launched
from drs_sdk.recovery.way_back.retiring import retire
from drs_sdk.recovery.way_back.reversing import Reversals
from drs_sdk.recovery.way_back.steps import (
    concerned,
    go_on_until,
    reached,
    remember,
    report_of,
    together,
)
from drs_sdk.recovery.way_back.tagging import Tagger

if TYPE_CHECKING:
    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.memory import LaunchOptions
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing
    from drs_sdk.recovery.status import RunStatus
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.report import WayBackReport
    from drs_sdk.recovery.way_back.steps import Deadline, Teller

_TO_LAUNCH = frozenset({"ready", "launching home", "failed home"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Homecoming:
    """How servers come home.

    Attributes:
        launching: How they are launched.
        launch_again: Source servers whose instance at home is gone, as a person has found.
        leaving: Source servers that stay where they are.
        deadline: When to give up waiting.
        teller: Who is told.
    """

    launching: LaunchOptions
    launch_again: frozenset[str] = field(default_factory=frozenset[str])
    leaving: frozenset[str] = field(default_factory=frozenset[str])
    deadline: Deadline
    teller: Teller


async def fail_back(run: Run, looking: Looking, how: Homecoming) -> WayBackReport:
    """Bring every server of a recovery home."""
    if run.is_drill:
        raise WrongOrderError(
            "a drill has nothing live to bring home",
            letter="A2",
            first="rehearse_way_back() practises it in a drill",
        )
    both = await looking.look()
    if both.journeys and all(one.stage == "done" for one in both.journeys):
        return report_of(run, both.journeys, "done")
    require_launched(both)
    require_ready(both, how.leaving)
    both, reasons = await launch_home(run, both, looking, how)
    seen = remember(both)
    both = await _protect(run, looking, how)
    seen = remember(both, seen)
    both, left = await retire(run, looking, how.deadline, how.teller)
    _explain(both, reasons)
    return report_of(run, both.journeys, "done", seen=seen, left=left)


def require_ready(both: BothSides, leaving: frozenset[str] = frozenset()) -> None:
    """Refuse a launch home of what is not replicated home.

    Raises:
        WrongOrderError: A server is not ready.
    """
    behind = [
        one
        for one in concerned(both)
        if not reached(one, "failed home") and one.member.server_id not in leaving
    ]
    if not behind:
        return
    people = [one for one in behind if one.stage == "waiting for a person"]
    names = ", ".join(one.member.server_id for one in (people or behind))
    if people:
        raise WrongOrderError(
            f"the original machines of {names} are not connected",
            letter="A1",
            first="boot the failback client on them, then reprotect()",
        )
    raise WrongOrderError(
        f"{names} are not replicated home in full",
        letter="A2",
        first="reprotect(), which waits until they are",
    )


async def launch_home(
    run: Run, both: BothSides, looking: Looking, how: Homecoming
) -> tuple[BothSides, dict[str, str]]:
    """Launch what is ready, in waves, in the places where the machines came from.

    Returns:
        Both sides after it, and why servers are not home, by source server.
    """
    waiting = [one for one in both.journeys if one.stage in _TO_LAUNCH]
    if not waiting:
        return both, {}
    reasons: dict[str, str] = {}
    if any(one.is_on_premises for one in waiting):
        both = await launch_on_premises(
            run, looking, how.launching, how.deadline, how.teller, reasons
        )
    waves = {
        one.a2.source_server_id: one
        for one in both.journeys
        if one.a2 is not None
        and one.a2.source_server_id is not None
        and (one.stage in _TO_LAUNCH or one.part is not None)
    }
    if any(one.stage in _TO_LAUNCH for one in waves.values()):
        home = run.homewards(
            JointPlaces(both.sides),
            {name: one.member.wave.name for name, one in waves.items()},
            _turned_round(both.journeys),
            _void(waves, how.launch_again),
        )

        async def tell(_: RunStatus) -> None:
            how.teller.tell_of("home")(await looking.look())

        told = tell if how.teller.is_heard else None
        options = replace(
            how.launching,
            on_update=told,
            not_launched=how.launching.not_launched | _last_launched_there(waves),
        )
        launching = Launching(home, options, how.deadline.limit)
        launching.memory.began = both.standing.started  # one run, there and back
        standing = await launching.launch()
        found = await _reasons(home, standing)
        reasons.update({waves[name].member.server_id: why for name, why in found.items()})
        both = await looking.look()
    _explain(both, reasons)
    return both, reasons


def _void(waves: dict[str, Journey], again: frozenset[str]) -> frozenset[tuple[str, str]]:
    """The launches home that a person says came to nothing."""
    return frozenset(
        (name, one.part.job.job_id)
        for name, one in waves.items()
        if one.member.server_id in again
        and one.stage == "failed home"
        and one.part is not None
        and one.part.job.job_id is not None
    )


def _last_launched_there(waves: dict[str, Journey]) -> frozenset[str]:
    """Servers whose last launch made B2, within one Region: that was not the launch home."""
    return frozenset(
        name
        for name, one in waves.items()
        if one.is_same_place
        and one.a2 is not None
        and one.b2 is not None
        and one.b2.job_id is not None
        and last_job_id(one.a2) == one.b2.job_id
    )


def _turned_round(journeys: list[Journey]) -> frozenset[str]:
    """The instances that a launch home replaces by design: within one place, B1 is launched."""
    return frozenset(
        one.b2.recovery_instance_id
        for one in journeys
        if one.is_same_place and one.b2 is not None and one.b2.recovery_instance_id is not None
    )


async def _reasons(home: Run, standing: Standing) -> dict[str, str]:
    """Tell why servers have not come home."""
    found: dict[str, str] = {}
    failed: dict[Target, dict[str, list[str]]] = {}
    for wave in standing.waves.values():
        for member in wave.members:
            if member.state in {"launched", "launching"}:
                continue
            if wave.state == "waiting for approval":
                why = "its wave waits for an approval: give approve= or approved="
            else:
                why = wave.reason
            found[member.server_id] = member.reason or why or "it has not been launched home"
            if member.state == "failed" and member.part is not None and member.part.job.job_id:
                jobs = failed.setdefault(member.target, {})
                jobs.setdefault(member.part.job.job_id, []).append(member.server_id)

    async def read(drs: DRSClient, target: Target) -> dict[str, str]:
        told: dict[str, str] = {}
        for job_id, servers in failed[target].items():
            told.update(await failure_reasons(drs, job_id, servers))
        return told

    outcomes = await home.places.run(read, list(failed))
    for told in outcomes.results.values():
        found.update({name: f"its launch home failed: {why}" for name, why in told.items()})
    return found


def _explain(both: BothSides, reasons: dict[str, str]) -> None:
    for one in both.journeys:
        why = reasons.get(one.member.server_id)
        if why is not None and not reached(one, "home") and one.part_standing != "launched":
            one.reason = why


async def _protect(run: Run, looking: Looking, how: Homecoming) -> BothSides:
    """Reverse the instances at home, so that B1 goes on with them, and wait until it does."""
    reversals = Reversals(run.clock)
    tagger = Tagger(run)

    async def act(both: BothSides) -> bool:
        await tagger.tag(both)
        wanted = [one for one in both.journeys if one.stage == "home"]
        await together(_reverse(reversals, both, one) for one in wanted)
        return bool(wanted)

    def done(both: BothSides) -> bool:
        for one in both.journeys:
            if one.a3 is not None and one.stage == "home":
                one.reason = reversals.reasons.get(one.a3.recovery_instance_id or "")
        at_home = [one for one in both.journeys if reached(one, "home")]
        return all(
            reached(one, "protected")
            or (one.stage == "home" and one.a3 is not None and reversals.is_given_up(one.a3))
            for one in at_home
        )

    return await go_on_until(
        looking, how.deadline, act=act, done=done, tell=how.teller.tell_of("protected")
    )


async def _reverse(reversals: Reversals, both: BothSides, journey: Journey) -> None:
    if journey.a3 is None or journey.origin is None:
        return
    side = both.sides[journey.origin]
    await reversals.reverse(side, journey.origin, journey.a3, both.origins[journey.origin])
