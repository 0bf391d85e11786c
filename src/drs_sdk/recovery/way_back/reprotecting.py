"""Re-protection: every instance is replicated home, until it can be launched there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from drs_sdk.recovery.run_errors import WrongOrderError
from drs_sdk.recovery.way_back.reversing import Reversals
from drs_sdk.recovery.way_back.steps import (
    concerned,
    go_on_until,
    reached,
    report_of,
)

if TYPE_CHECKING:
    from drs_sdk.recovery.places import Places
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.report import WayBackReport
    from drs_sdk.recovery.way_back.steps import Deadline, Teller


async def reprotect(
    run: Run, looking: Looking, deadline: Deadline, teller: Teller
) -> WayBackReport:
    """Reverse every instance of a recovery, and wait until the way back can be launched."""
    if run.is_drill:
        raise WrongOrderError(
            "a drill's instance is not the live one, and re-protecting is for recoveries",
            letter="B2",
            first="rehearse_way_back() practises it in a drill",
        )
    require_launched(await looking.look())
    both = await replicate_home(run, looking, deadline, teller)
    return report_of(run, both.journeys, "ready")


def require_launched(both: BothSides) -> None:
    """Refuse a way back before there was a way there.

    Raises:
        WrongOrderError: Nothing was launched, or the launch goes on.
    """
    if not concerned(both):
        raise WrongOrderError(
            "no instance of this run stands", letter="B2", first="launch() the servers"
        )
    if both.standing.goes_on:
        raise WrongOrderError(
            "its launch goes on", letter="B2", first="wait until launch() has come to its end"
        )


async def replicate_home(
    run: Run, looking: Looking, deadline: Deadline, teller: Teller
) -> BothSides:
    """Reverse what is not reversed, and wait until all of it can be launched at home."""
    reversals = Reversals(run.clock)

    async def act(both: BothSides) -> bool:
        wanted = [one for one in both.journeys if one.stage == "launched"]
        await asyncio.gather(*(_reverse(reversals, run.places, both, one) for one in wanted))
        return bool(wanted)

    def done(both: BothSides) -> bool:
        for one in both.journeys:
            if one.b2 is not None and one.stage in {"launched", "syncing"}:
                one.reason = reversals.reasons.get(one.b2.recovery_instance_id or "")
        return all(reached(one, "ready") for one in concerned(both))

    return await go_on_until(looking, deadline, act=act, done=done, tell=teller.tell_of("ready"))


async def _reverse(reversals: Reversals, side: Places, both: BothSides, journey: Journey) -> None:
    if journey.b2 is None:
        return
    at = both.standing.survey.looks[journey.member.target].at
    await reversals.reverse(side, journey.member.target, journey.b2, at)
