"""Coming home: launch there, protect the machine at home, and retire what is needed no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.run_errors import WrongOrderError
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
from drs_sdk.recovery.way_back.waves_home import explain, launch_home

if TYPE_CHECKING:
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.way_back.homecoming import Homecoming
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.report import WayBackReport


async def fail_back(run: Run, looking: Looking, how: Homecoming) -> WayBackReport:
    """Bring every server of a recovery home."""
    if run.is_drill:
        raise WrongOrderError(
            "a drill has nothing live to bring home",
            letter="A2",
            first="rehearse_way_back() practises it in a drill",
        )
    both = await looking.look()
    is_over = all(one.stage == "done" and not one.is_b2_going for one in both.journeys)
    if both.journeys and is_over:
        return report_of(run, both.journeys, "done")
    require_launched(both)
    require_ready(both, how.leaving)
    both, reasons = await launch_home(run, both, looking, how)
    seen = remember(both)
    both = await _protect(run, looking, how)
    seen = remember(both, seen)
    both, left = await retire(run, looking, how.deadline, how.teller)
    explain(both, reasons)
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
