"""The waves home: machines in EC2 and on premises, in the order that the runbook has for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drs_sdk.recovery.side_by_side import side_by_side
from drs_sdk.recovery.way_back.asking_home import AskingHome
from drs_sdk.recovery.way_back.in_ec2 import launch_in_ec2
from drs_sdk.recovery.way_back.on_premises import launch_on_premises
from drs_sdk.recovery.way_back.steps import TO_LAUNCH, reached, servers_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.wave import Wave
    from drs_sdk.recovery.way_back.homecoming import Homecoming
    from drs_sdk.recovery.way_back.journey import Journey
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
        both = await _wave_by_wave(run, looking, how, reasons)
    else:
        await launch_in_ec2(run, both, looking, how, reasons)
        both = await looking.look()
    explain(both, reasons)
    return both, reasons


async def _wave_by_wave(
    run: Run, looking: Looking, how: Homecoming, reasons: dict[str, str]
) -> BothSides:
    """Launch one wave after the other: the jobs of the two kinds know nothing of each other."""
    home = run.homewards(run.places, {})
    asking = AskingHome(home, looking, how, reasons)
    quiet = replace(how.launching, approve=None, before_wave=None, after_wave=None)
    both = await looking.look()
    for wave in home.order:
        mine = _taking_part(both, wave.name, how)
        if not mine or _held_up(home, wave, both, how, asking.failed, reasons):
            continue
        if any(one.stage in TO_LAUNCH for one in mine):
            has_begun = any(one.part is not None for one in mine)
            if not has_begun and not await asking.may_begin(wave, both):
                continue
            approved = replace(quiet, approved=frozenset({wave.name}))
            asked = replace(how, launching=approved)
            await side_by_side(
                [
                    launch_on_premises(run, wave, looking, asked, reasons),
                    launch_in_ec2(run, both, looking, asked, reasons, only=wave.name),
                ]
            )
            both = await looking.look()
            mine = _taking_part(both, wave.name, how)
        if not any(one.stage in _UNSETTLED for one in mine) and not _is_passed(home, wave, both):
            await asking.after(wave, both)
    return both


_UNSETTLED = frozenset({"ready", "launching home"})


def _taking_part(both: BothSides, wave: str, how: Homecoming) -> list[Journey]:
    return [
        one
        for one in servers_of(both, wave)
        if one.stage != "not launched" and one.member.server_id not in how.leaving
    ]


def _held_up(
    home: Run,
    wave: Wave,
    both: BothSides,
    how: Homecoming,
    failed: Collection[str],
    reasons: dict[str, str],
) -> bool:
    """Whether a wave may not start, as one that it comes after is not home."""
    behind = [
        name
        for name in home.predecessors(wave)
        if home.runbook.wave(name).on_failure == "stop"
        and (
            name in failed or not all(reached(one, "home") for one in _taking_part(both, name, how))
        )
    ]
    if behind:
        why = f"comes after {', '.join(behind)}"
        reasons.update({one.member.server_id: why for one in servers_of(both, wave.name)})
    return bool(behind)


def _is_passed(home: Run, wave: Wave, both: BothSides) -> bool:
    """Whether a wave that comes after this one has begun, so that this one was checked before."""
    return any(
        one.part is not None and wave.name in home.predecessors(one.member.wave)
        for one in both.journeys
    )


def explain(both: BothSides, reasons: dict[str, str]) -> None:
    """Say of servers that have not come home why."""
    for one in both.journeys:
        why = reasons.get(one.member.server_id)
        if why is not None and not reached(one, "home") and one.part_standing != "launched":
            one.reason = why
