"""Waves home that wait for somebody, and who may let them go."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from test_way_back_mixed import a_mixed_run, launches
from ways import KEY, WAYS, Sides, a_world

from drs_sdk.errors import OriginNeededError, RecoveryError, RunbookError
from drs_sdk.recovery import Recovery


async def until_it_waits(sides: Sides) -> None:
    """Give it time to come so far that only the wave with the pause is left."""
    await sides.emulator.clock.advance(timedelta(minutes=40))


@pytest.mark.parametrize("way", WAYS)
async def test_somebody_elsewhere_approves_a_wave_home(way: str) -> None:
    async with a_world(way) as sides:
        recovery = sides.recovery(db={"pause_before": True})
        (await recovery.launch(approved=["db"])).raise_if_failed()
        await recovery.approve("db", by="anna, on the way out")
        (await recovery.reprotect()).raise_if_failed()
        coming = asyncio.create_task(recovery.fail_back(min_delay=60, max_delay=120))
        await until_it_waits(sides)
        assert launches(sides) == ["app"]

        await sides.recovery(db={"pause_before": True}).approve("db", by="ben")

        (await coming).raise_if_failed()
        assert launches(sides) == ["app", "db"]


async def test_an_approval_before_the_first_launch_home_has_nowhere_to_stand() -> None:
    async with a_world() as sides:
        recovery = sides.recovery(db={"pause_before": True})
        await recovery.launch(approved=["db"])
        await recovery.reprotect()
        with pytest.raises(RecoveryError, match=r"approved= or approve= of fail_back"):
            await recovery.approve("db", by="anna")
        with pytest.raises(RunbookError, match="web"):
            await recovery.approve("web", by="anna")
        blind = Recovery(sides.drs, sides.runbook(), key=KEY, mode="recovery")
        with pytest.raises(OriginNeededError):
            await blind.approve("db", by="anna")


async def test_nobody_approves_a_wave_home() -> None:
    async with a_world() as sides:
        recovery = sides.recovery(db={"pause_before": True})
        await recovery.launch(approved=["db"])
        await recovery.reprotect()
        report = await recovery.fail_back(timeout=timedelta(hours=3), min_delay=60, max_delay=120)
        waiting = [one for one in report.servers if one.stage == "ready"]
        assert {one.wave for one in waiting} == {"db"}
        assert all("approve() elsewhere" in (one.reason or "") for one in waiting)


async def test_a_wave_of_both_kinds_is_approved_elsewhere() -> None:
    async with a_mixed_run(pause_before=True) as (sides, recovery):
        coming = asyncio.create_task(recovery.fail_back(min_delay=60, max_delay=120))
        await until_it_waits(sides)
        assert launches(sides) == ["web"]
        await recovery.approve("app", by="ben")
        (await coming).raise_if_failed()
        assert launches(sides) == ["web", "app", "app", "db"]


async def test_a_wave_of_both_kinds_that_nobody_approves() -> None:
    async with a_mixed_run(pause_before=True) as (sides, recovery):
        report = await recovery.fail_back(timeout=timedelta(hours=3), min_delay=60, max_delay=120)
        assert launches(sides) == ["web"]
        reasons = {one.wave: one.reason or "" for one in report.behind}
        assert "approve() elsewhere" in reasons["app"]
        assert reasons["db"] == "comes after app"
