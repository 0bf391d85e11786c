"""Times are compared only with times of the service: the caller's clock may be wrong by days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from runs import a_run, launched, left_by, lost_record_of, standing

from drs_sdk import DRSClient
from drs_sdk.errors import RecordLostError, RunClosedError
from drs_sdk.recovery import ensure_recovery
from drs_sdk.testing.front.sdk_session import build_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from drs_sdk.testing import DRSEmulator, EmulatorClock


class WrongClock:
    """Goes as the world's does, and is wrong."""

    def __init__(self, clock: EmulatorClock, by: timedelta) -> None:
        self._clock = clock
        self._by = by

    def now(self) -> datetime:
        return self._clock.now() + self._by

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


@pytest.fixture(params=[-30, -1, 1, 30], ids=lambda days: f"{days:+} days")
async def wrong(
    drs_emulator: DRSEmulator, request: pytest.FixtureRequest
) -> AsyncIterator[DRSClient]:
    world = drs_emulator
    async with DRSClient(
        region_name=world.region,
        endpoint_url=world.url,
        aws_access_key_id=world.access_key_id,
        aws_secret_access_key=world.secret_access_key,
        session=build_session(world.clock, lambda: world.url),
        clock=WrongClock(world.clock, timedelta(days=request.param)),
    ) as client:
        yield client


async def test_a_whole_drill(wrong: DRSClient, drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(3)
    began = drs_emulator.clock.now()
    run = a_run(wrong, ids[:2], ids[2:])
    await run.advance()
    report = await run.launch()
    assert report.succeeded
    assert report.started is not None
    assert abs(report.started - began) < timedelta(minutes=1)
    assert report.time_taken is not None
    assert timedelta(minutes=15) < report.time_taken < timedelta(minutes=25)
    for figure in (report, await a_run(drs, ids[:2], ids[2:]).status()):
        assert [s.time_taken for s in figure.servers] == [s.time_taken for s in report.servers]
    assert (await run.launch()).already_complete
    assert (await run.clean_up()).is_clean
    assert (drs_emulator.clock.now() - began) < timedelta(minutes=35)
    assert set((await launched(drs)).values()) == {1}
    assert await standing(drs) == set()
    with pytest.raises(RunClosedError):
        await run.launch()


async def test_3_ensure_recovery_gives_an_instance_its_minutes_to_show(
    wrong: DRSClient, drs_emulator: DRSEmulator, drs: DRSClient
) -> None:
    ids = drs_emulator.add_source_servers(2)
    first = await ensure_recovery(wrong, "k", ids, is_drill=True)
    await drs.wait_until_job_completed(first.job)
    drs_emulator.start_foreign_termination(sorted(await standing(drs)))
    await drs_emulator.clock.advance(120)
    again = await ensure_recovery(wrong, "k", ids, is_drill=True)
    assert again.job.job_id == first.job.job_id
    await drs_emulator.clock.advance(600)
    with pytest.raises(RunClosedError, match="gone"):
        await ensure_recovery(wrong, "k", ids, is_drill=True)


async def test_3_the_horizon_is_the_services(
    wrong: DRSClient, drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    await a_run(drs, ids[:1], ids[1:]).advance()
    await drs_emulator.clock.advance(timedelta(days=13))
    await a_run(wrong, ids[:1], ids[1:]).advance()
    await drs_emulator.clock.advance(timedelta(days=2))
    with pytest.raises(RunClosedError, match="horizon"):
        await a_run(wrong, ids[:1], ids[1:]).advance()


@pytest.mark.parametrize("by", ["launch", "ensure_recovery"])
async def test_10_whether_a_record_is_too_old_to_matter_is_the_services_word(
    wrong: DRSClient, drs: DRSClient, drs_emulator: DRSEmulator, by: str
) -> None:
    ids = drs_emulator.add_source_servers(2)
    await lost_record_of(drs_emulator, drs, ids[0], after=timedelta(days=13))

    async def carry_out() -> None:
        if by == "launch":
            await a_run(wrong, ids).launch()
        else:
            await ensure_recovery(wrong, "k", ids, is_drill=True)

    with pytest.raises(RecordLostError):
        await carry_out()
    await drs_emulator.clock.advance(timedelta(days=2))
    await carry_out()


async def test_9_what_somebody_launched_before_the_run_is_not_taken_for_later(
    wrong: DRSClient, drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    instance = await left_by(drs_emulator, drs, ids[0], is_drill=True)
    report = await a_run(wrong, ids).launch(replace_instances_of=ids)
    assert report.succeeded
    assert report.replaced == {ids[0]: instance}
    assert {server.launched_again_by for server in report.servers} == {None}
