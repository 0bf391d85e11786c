"""The waves home: machines in EC2 and on premises, in the order that the runbook has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.way_back.in_ec2 import launch_in_ec2
from drs_sdk.recovery.way_back.on_premises import launch_on_premises
from drs_sdk.recovery.way_back.steps import TO_LAUNCH, reached

if TYPE_CHECKING:
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.way_back.homecoming import Homecoming
    from drs_sdk.recovery.way_back.looking import BothSides, Looking


async def launch_home(
    run: Run, both: BothSides, looking: Looking, how: Homecoming
) -> tuple[BothSides, dict[str, str]]:
    """Launch what is ready, in waves, in the places where the machines came from.

    Returns:
        Both sides after it, and why servers are not home, by source server.
    """
    waiting = [one for one in both.journeys if one.stage in TO_LAUNCH]
    if not waiting:
        return both, {}
    reasons: dict[str, str] = {}
    if any(one.is_on_premises for one in waiting):
        both = await launch_on_premises(
            run, looking, how.launching, how.deadline, how.teller, reasons
        )
    both = await launch_in_ec2(run, both, looking, how, reasons)
    explain(both, reasons)
    return both, reasons


def explain(both: BothSides, reasons: dict[str, str]) -> None:
    """Say of servers that have not come home why."""
    for one in both.journeys:
        why = reasons.get(one.member.server_id)
        if why is not None and not reached(one, "home") and one.part_standing != "launched":
            one.reason = why
