"""The way back, practised in a drill: both ways, B1 untouched, everything removed after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery import marking
from drs_sdk.recovery.clean_up import clean_up
from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.run_errors import WrongOrderError
from drs_sdk.recovery.way_back.reprotecting import replicate_home, require_launched
from drs_sdk.recovery.way_back.retiring import retire
from drs_sdk.recovery.way_back.steps import concerned, reached, remember, report_of
from drs_sdk.recovery.way_back.waves_home import launch_home

if TYPE_CHECKING:
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.way_back.homecoming import Homecoming
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.report import WayBackReport


async def rehearse(run: Run, looking: Looking, how: Homecoming) -> WayBackReport:
    """Practise the way back of a drill, and remove all that it made."""
    if not run.is_drill:
        raise WrongOrderError(
            "a recovery's way back is not practised: it is gone",
            letter="B2",
            first="reprotect() and fail_back() are for recoveries",
        )
    both = await looking.look()
    seen = remember(both)
    if both.standing.closed is None:
        require_launched(both)
        _require_elsewhere(both)
        both, reasons = await _there_and_back(run, both, looking, how)
        seen = remember(both, seen)
        if not _is_through(both):
            note = "What it has made still stands: call it again, or close() it and call it then."
            return report_of(run, both.journeys, "done", failed=reasons, notes=(note,))
        # Closed before anything is removed: nothing more is launched under its key.
        await marking.close(run, both.standing, "its way back was rehearsed")
    failed = {
        one.member.server_id: one.reason or "its job tells why"
        for one in both.journeys
        if one.part_standing == "failed" or one.stage == "ready"
    }
    both, left = await retire(run, looking, how.deadline, how.teller)
    if not left:
        cleaned = await clean_up(run, how.deadline.limit)
        left = dict(cleaned.left)
        both = await looking.look()
    return report_of(run, both.journeys, "done", seen=seen, left=left, failed=failed)


def _is_through(both: BothSides) -> bool:
    """Whether nothing goes on: all are at home, or a launch home has failed for good."""
    stages = {one.stage for one in concerned(both)}
    if not all(reached(one, "failed home") for one in concerned(both)):
        return False
    return "launching home" not in stages and ("ready" not in stages or "failed home" in stages)


async def _there_and_back(
    run: Run, both: BothSides, looking: Looking, how: Homecoming
) -> tuple[BothSides, dict[str, str]]:
    if not all(reached(one, "ready") for one in concerned(both)):
        both = await replicate_home(run, looking, how.deadline, how.teller)
        refused = [one for one in both.journeys if one.stage == "launched" and one.reason]
        if refused and "refuses" in (refused[0].reason or ""):
            raise RecoveryError(
                f"{refused[0].member.server_id}: {refused[0].reason}. That the service reverses a "
                "drill's instance is a guess of this package's authors. Practise with a recovery "
                "of a test server, and clean_up() this drill"
            )
    if not all(reached(one, "failed home") for one in concerned(both)):
        return both, {}
    return await launch_home(run, both, looking, how)


def _require_elsewhere(both: BothSides) -> None:
    """Refuse where a reversal would turn B1 itself round.

    Raises:
        RecoveryError: A machine came from the place that it is recovered in.
    """
    same = [one.member.server_id for one in both.journeys if one.is_same_place]
    if same:
        raise RecoveryError(
            f"the way back of {', '.join(same)} cannot be practised: they are recovered within one "
            "Region, where a reversal turns the source server itself round. Nothing was changed."
        )
