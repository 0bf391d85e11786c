"""The way back, practised in a drill: both ways, B1 untouched, everything removed after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk._transport.api_errors import ValidationException
from drs_sdk.recovery.clean_up import clean_up
from drs_sdk.recovery.errors import RecoveryError
from drs_sdk.recovery.run_errors import WrongOrderError
from drs_sdk.recovery.way_back.reprotecting import replicate_home, require_launched
from drs_sdk.recovery.way_back.retiring import retire
from drs_sdk.recovery.way_back.returning import launch_home
from drs_sdk.recovery.way_back.steps import concerned, reached, remember, report_of

if TYPE_CHECKING:
    from drs_sdk.recovery.memory import LaunchOptions
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.way_back.looking import BothSides, Looking
    from drs_sdk.recovery.way_back.report import WayBackReport
    from drs_sdk.recovery.way_back.steps import Deadline, Teller


async def rehearse(
    run: Run,
    looking: Looking,
    options: LaunchOptions,
    deadline: Deadline,
    teller: Teller,
) -> WayBackReport:
    """Practise the way back of a drill, and remove all that it made."""
    if not run.is_drill:
        raise WrongOrderError(
            "a recovery's way back is not practised: it is gone",
            letter="B2",
            first="reprotect() and fail_back() are for recoveries",
        )
    both = await looking.look()
    if all(one.stage == "done" for one in both.journeys):
        return report_of(run, both.journeys, "done")
    seen = remember(both)
    if both.standing.closed is None:
        require_launched(both)
        _require_elsewhere(both)
        both = await _there_and_back(run, both, looking, options, deadline, teller)
        seen = remember(both, seen)
        if not all(reached(one, "home") for one in concerned(both)):
            return report_of(
                run,
                both.journeys,
                "done",
                notes=("What it has made still stands: call it again, or clean_up().",),
            )
    both, left = await retire(run, looking, deadline, teller)
    if not left:
        cleaned = await clean_up(run, timeout=deadline.left)
        left = dict(cleaned.left)
    return report_of(run, both.journeys, "done", seen=seen, left=left)


async def _there_and_back(
    run: Run,
    both: BothSides,
    looking: Looking,
    options: LaunchOptions,
    deadline: Deadline,
    teller: Teller,
) -> BothSides:
    if not all(reached(one, "ready") for one in concerned(both)):
        try:
            both = await replicate_home(run, looking, deadline, teller)
        except ValidationException as error:
            raise RecoveryError(
                f"the service refuses to reverse a drill's instance ({error}). That it does is a "
                "guess of this package's authors: practise with a recovery of a test server"
            ) from error
    if not all(reached(one, "ready") for one in concerned(both)):
        return both
    return await launch_home(run, both, looking, options, deadline)


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
