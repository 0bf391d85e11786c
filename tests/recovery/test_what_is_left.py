"""What a run leaves behind where it is refused, held up or blind, and that it says so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from runs import a_run, jobs, operations, standing
from test_rules_waves import over

from drs_sdk.errors import ServerHeldError
from drs_sdk.recovery.side_by_side import side_by_side
from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk import DRSClient

DENIED = Fault.error("AccessDeniedException", "not authorized on resource: *")


@pytest.fixture
async def world() -> AsyncIterator[DRSEmulator]:
    """Two Regions with servers of one wave."""
    async with DRSEmulator(regions=["us-east-1", "us-west-2"]) as emulator:
        emulator.add_source_servers(2, tags={"tier": "db"})
        emulator.at(region="us-west-2").add_source_servers(2, tags={"tier": "db"})
        emulator.add_source_servers(1, tags={"tier": "app"})
        yield emulator


# -- clean-up ------------------------------------------------------------------------------------


async def test_a_termination_that_is_refused_for_good_is_asked_for_once(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    run = a_run(drs, ids)
    (await run.launch()).raise_if_failed()
    began = drs_emulator.clock.now()
    drs_emulator.inject("TerminateRecoveryInstances", DENIED, times=10_000)
    done = await run.clean_up(timeout=7200)
    assert (drs_emulator.clock.now() - began).total_seconds() < 60
    assert not done.is_clean
    assert set(done.left) == await standing(drs)
    assert all("not authorized" in why for why in done.left.values())
    assert len(operations(drs_emulator, "TerminateRecoveryInstances")) == 1


async def test_a_termination_that_is_refused_for_now_is_asked_for_again(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    run = a_run(drs, ids)
    (await run.launch()).raise_if_failed()
    busy = Fault.error("ConflictException", "initialising")
    drs_emulator.inject("TerminateRecoveryInstances", busy, times=12)
    done = await run.clean_up(timeout=7200)
    assert done.is_clean
    assert len(done.terminated) == 3


async def test_what_a_region_that_went_dark_had_is_not_told_as_terminated(
    world: DRSEmulator,
) -> None:
    west = world.at(region="us-west-2")
    async with world.fleet() as fleet, west.client() as beside:
        run = over(fleet)
        (await run.launch()).raise_if_failed()
        there = await standing(beside)

        async def go_dark() -> None:
            while not operations(west, "TerminateRecoveryInstances"):
                await world.clock.sleep(1)
            west.inject("*", Fault.server_error(503), times=100_000)

        done, _ = await asyncio.gather(run.clean_up(timeout=1800), go_dark())
    assert set(done.left) == there
    assert all("cannot be read now" in why for why in done.left.values())
    assert len(done.terminated) == 3
    assert not there & set(done.terminated)
    assert done.unreadable


async def test_a_region_that_cannot_tell_its_instances_does_not_hold_the_others_up(
    world: DRSEmulator,
) -> None:
    west = world.at(region="us-west-2")
    async with world.fleet() as fleet:
        run = over(fleet)
        (await run.launch()).raise_if_failed()
        west.inject("DescribeRecoveryInstances", DENIED, times=100_000)
        done = await run.clean_up(timeout=1800)
    assert len(done.terminated) == 3
    assert not done.is_clean
    assert any("us-west-2" in place for place in done.unreadable)


# -- launches ------------------------------------------------------------------------------------


async def test_a_second_attempt_that_is_refused_ends_the_launch_and_tells_why(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    drs_emulator.fail_launch(ids[0])
    run = a_run(drs, ids[:2], ids[2:], w0={"attempts": 3, "on_failure": "continue"})

    async def refuse() -> None:
        await drs_emulator.clock.sleep(60)
        drs_emulator.inject("StartRecovery", Fault.error("ValidationException", "no disk"))

    report, _ = await asyncio.gather(run.launch(timeout=7200), refuse())
    (failed,) = report.failed_servers
    assert failed.source_server_id == ids[0]
    assert "no disk; the attempt before it failed: EC2 has not" in (failed.reason or "")
    assert [wave.state for wave in report.waves] == ["failed", "up"]
    assert [len(job.participating_servers) for job in await jobs(drs)] == [2, 1]


async def test_all_servers_that_others_hold_are_named_together(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(4)
    held = {name: drs_emulator.start_foreign_launch([name], is_drill=False) for name in ids[:2]}
    with pytest.raises(ServerHeldError) as caught:
        await a_run(drs, ids, mode="recovery").launch()
    assert caught.value.holders == held
    assert operations(drs_emulator, "StartRecovery") == []


async def test_what_goes_on_beside_a_failure_is_cancelled_and_waited_for() -> None:
    events: list[str] = []
    reached = asyncio.Event()

    async def goes_on() -> None:
        try:
            reached.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            events.append("cleaned up")

    async def fails() -> None:
        await reached.wait()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await side_by_side([goes_on(), fails(), goes_on()])
    assert events == ["cleaned up"] * 2


async def test_a_job_that_ended_long_before_its_poll_is_no_failure_to_be_told() -> None:
    """The instances were looked at before it ended, and tell nothing of what it made."""
    told: list[str] = []
    async with DRSEmulator() as world, world.client() as drs:
        ids = world.add_source_servers(2)
        recovery = a_run(drs, ids[:1], ids[1:])
        report = await recovery.launch(
            on_update=lambda status: told.append(status.state), min_delay=1800, max_delay=1800
        )
    report.raise_if_failed()
    assert "failed" not in told
