"""Machines in EC2: each is launched home from A2, the source server that its reversal made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drs_sdk.recovery.launching import Launching
from drs_sdk.recovery.look import last_job_id
from drs_sdk.recovery.places import JointPlaces
from drs_sdk.recovery.reasons import failure_reasons
from drs_sdk.recovery.way_back.steps import TO_LAUNCH, WAITS_FOR_APPROVAL

if TYPE_CHECKING:
    from drs_sdk.client import DRSClient
    from drs_sdk.fleet.target import Target
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing
    from drs_sdk.recovery.status import RunStatus
    from drs_sdk.recovery.way_back.homecoming import Homecoming
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking


async def launch_in_ec2(
    run: Run,
    both: BothSides,
    looking: Looking,
    how: Homecoming,
    reasons: dict[str, str],
    *,
    only: str | None = None,
) -> None:
    """Launch machines home that are ready, in waves, until they are home or have failed.

    Args:
        run: The run.
        both: Both sides, as seen before.
        looking: Reads them.
        how: How they come home.
        reasons: Takes why servers are not home.
        only: The wave whose turn it is; None for all.
    """
    waves = {
        one.a2.source_server_id: one
        for one in both.journeys
        if one.a2 is not None
        and one.a2.source_server_id is not None
        and (one.stage in TO_LAUNCH or one.part is not None)
        and (only is None or one.member.wave.name == only)
    }
    if not any(one.stage in TO_LAUNCH for one in waves.values()):
        return
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
            why = WAITS_FOR_APPROVAL if wave.state == "waiting for approval" else wave.reason
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
