"""Coming home: launch there, protect the machine at home, and retire what is needed no more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from drs_sdk.recovery.launching import Launching
from drs_sdk.recovery.places import JointPlaces
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
)

if TYPE_CHECKING:
    from drs_sdk.recovery.memory import LaunchOptions
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.report import WayBackReport
    from drs_sdk.recovery.way_back.steps import Deadline, Teller

_TO_LAUNCH = frozenset({"ready", "launching home", "failed home"})


async def fail_back(
    run: Run,
    looking: Looking,
    options: LaunchOptions,
    deadline: Deadline,
    teller: Teller,
) -> WayBackReport:
    """Bring every server of a recovery home."""
    if run.is_drill:
        raise WrongOrderError(
            "a drill has nothing live to bring home",
            letter="A2",
            first="rehearse_way_back() practises it in a drill",
        )
    both = await looking.look()
    if all(one.stage == "done" for one in both.journeys):
        return report_of(run, both.journeys, "done")
    require_launched(both)
    require_ready(both)
    both = await launch_home(run, both, looking, options, deadline)
    seen = remember(both)
    if not all(reached(one, "home") for one in concerned(both)):
        return report_of(run, both.journeys, "done")
    both = await _protect(run, looking, deadline, teller)
    seen = remember(both, seen)
    if not all(reached(one, "protected") for one in concerned(both)):
        return report_of(run, both.journeys, "done", seen=seen)
    both, left = await retire(run, looking, deadline, teller)
    return report_of(run, both.journeys, "done", seen=seen, left=left)


def require_ready(both: BothSides) -> None:
    """Refuse a launch home of what is not replicated home.

    Raises:
        WrongOrderError: A server is not ready.
    """
    behind = [one for one in concerned(both) if not reached(one, "failed home")]
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
    run: Run, both: BothSides, looking: Looking, options: LaunchOptions, deadline: Deadline
) -> BothSides:
    """Launch what is ready, in waves, in the places where the machines came from."""
    waiting = [one for one in both.journeys if one.stage in _TO_LAUNCH]
    if not waiting:
        return both
    if any(one.is_on_premises for one in waiting):
        await launch_on_premises(run, [one for one in waiting if one.is_on_premises], deadline)
    waves = {
        one.a2.source_server_id: one.member.wave.name
        for one in both.journeys
        if one.a2 is not None and one.a2.source_server_id is not None
    }
    if waves:
        home = run.homewards(JointPlaces(both.sides), waves, _turned_round(both.journeys))
        launching = Launching(home, replace(options, timeout=deadline.left))
        launching.memory.began = both.standing.started
        await launching.launch()
    return await looking.look()


def _turned_round(journeys: list[Journey]) -> frozenset[str]:
    """The instances that a launch home replaces by design: within one place, B1 is launched."""
    return frozenset(
        one.b2.recovery_instance_id
        for one in journeys
        if one.is_same_place and one.b2 is not None and one.b2.recovery_instance_id is not None
    )


async def _protect(run: Run, looking: Looking, deadline: Deadline, teller: Teller) -> BothSides:
    """Reverse the instances at home, so that B1 goes on with them, and wait until it does."""
    reversals = Reversals(run.clock)

    async def act(both: BothSides) -> bool:
        wanted = [one for one in both.journeys if one.stage == "home" and not one.is_on_premises]
        await asyncio.gather(*(_reverse(reversals, both, one) for one in wanted))
        return bool(wanted)

    def done(both: BothSides) -> bool:
        for one in both.journeys:
            if one.a3 is not None and one.stage == "home":
                one.reason = reversals.reasons.get(one.a3.recovery_instance_id or "")
        return all(reached(one, "protected") or one.is_on_premises for one in concerned(both))

    return await go_on_until(
        looking, deadline, act=act, done=done, tell=teller.tell_of("protected")
    )


async def _reverse(reversals: Reversals, both: BothSides, journey: Journey) -> None:
    if journey.a3 is None or journey.origin is None:
        return
    side = both.sides[journey.origin]
    await reversals.reverse(side, journey.origin, journey.a3, both.origins[journey.origin].at)
