"""Re-protection: every instance is replicated home, until it can be launched there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.run_errors import OriginNotReadyError, WrongOrderError
from drs_sdk.recovery.way_back.reversing import Reversals
from drs_sdk.recovery.way_back.steps import (
    concerned,
    go_on_until,
    reached,
    report_of,
    together,
)
from drs_sdk.recovery.way_back.tagging import Tagger

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
    """Refuse a way back before there was a way there, or where it cannot arrive.

    Raises:
        WrongOrderError: Nothing was launched, or the launch goes on.
        OriginNotReadyError: DRS was never initialised at an origin.
    """
    if both.standing.goes_on:
        raise WrongOrderError(
            "its launch goes on", letter="B2", first="wait until launch() has come to its end"
        )
    if not concerned(both):
        raise WrongOrderError(
            "no instance of this run stands",
            letter="B2",
            first="launch() the servers, unless they are home already",
        )
    absent = {str(one.origin) for one in concerned(both) if one.origin in both.absent}
    if absent:
        raise OriginNotReadyError(", ".join(sorted(absent)))


async def replicate_home(
    run: Run, looking: Looking, deadline: Deadline, teller: Teller
) -> BothSides:
    """Reverse what is not reversed, and wait until all of it can be launched at home.

    What the service refuses for good, and what stands until a person acts, is not waited for
    once all the others are there.
    """
    reversals = Reversals(run.clock)
    tagger = Tagger(run)

    async def act(both: BothSides) -> bool:
        await tagger.tag(both)
        wanted = [one for one in both.journeys if one.stage == "launched"]
        await together(_reverse(reversals, run.places, both, one) for one in wanted)
        return bool(wanted)

    def done(both: BothSides) -> bool:
        for one in both.journeys:
            if one.b2 is not None and one.stage in {"launched", "syncing"}:
                one.reason = reversals.reasons.get(one.b2.recovery_instance_id or "")
        return all(reached(one, "ready") or _stands(reversals, one) for one in concerned(both))

    return await go_on_until(looking, deadline, act=act, done=done, tell=teller.tell_of("ready"))


def _stands(reversals: Reversals, journey: Journey) -> bool:
    if journey.stage == "launched" and journey.b2 is not None:
        return reversals.is_given_up(journey.b2)
    return journey.stage == "failed home" or (journey.stage == "syncing" and journey.is_a2_stopped)


async def _reverse(reversals: Reversals, side: Places, both: BothSides, journey: Journey) -> None:
    if journey.b2 is None:
        return
    look = both.standing.survey.looks[journey.member.target]
    await reversals.reverse(side, journey.member.target, journey.b2, look)
