"""The wall clock of a machine is set while a run goes on: its timeout is as long as it was."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from runs import a_run, standing
from ways import KEY, machines

from drs_sdk import DRSClient
from drs_sdk.errors import NotStartedInTimeError, RunClosedError, ServerHeldError
from drs_sdk.recovery import Recovery, Runbook, ensure_recovery
from drs_sdk.testing import Fault
from drs_sdk.testing.front.sdk_session import build_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk.testing import DRSEmulator, EmulatorClock

TIMEOUT = 1800
BY = [timedelta(days=-1), timedelta(days=1)]
BACK_AND_AHEAD = pytest.mark.parametrize("by", BY, ids=["set back", "set ahead"])


@dataclass
class WallClock:
    """A wall clock that is set while the time of the event loop goes on."""

    clock: EmulatorClock
    off: timedelta = timedelta()

    def now(self) -> datetime:
        return self.clock.now() + self.off

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


class Case:
    """A client whose clock is set after some time, and what a call on it took."""

    def __init__(self, emulator: DRSEmulator, drs: DRSClient, wall: WallClock) -> None:
        self.emulator = emulator
        self.drs = drs
        self._wall = wall

    def set(self, off: timedelta) -> None:
        """Set the clock."""
        self._wall.off = off

    async def took(self, working: Any, by: timedelta, after: float = 300) -> tuple[Any, float]:  # noqa: ANN401 - whatever it gives
        """Have something done, with the clock set meanwhile; say what came of it, and how long."""
        began = self.emulator.clock.now()
        task = asyncio.ensure_future(working)
        await self.emulator.clock.sleep(after)
        assert not task.done()
        self.set(by)
        (result,) = await asyncio.gather(task, return_exceptions=True)
        return result, (self.emulator.clock.now() - began).total_seconds()


@pytest.fixture
async def case(drs_emulator: DRSEmulator) -> AsyncIterator[Case]:
    """A client on such a clock."""
    wall = WallClock(drs_emulator.clock)
    async with DRSClient(
        region_name="us-east-1",
        endpoint_url=drs_emulator.url,
        aws_access_key_id=drs_emulator.access_key_id,
        aws_secret_access_key=drs_emulator.secret_access_key,
        session=build_session(drs_emulator.clock, lambda: drs_emulator.url),
        clock=wall,
    ) as drs:
        yield Case(drs_emulator, drs, wall)


@BACK_AND_AHEAD
@pytest.mark.parametrize("name", ["approve", "before_wave", "after_wave"])
async def test_a_launch_that_waits_for_an_answer(case: Case, by: timedelta, name: str) -> None:
    ids = case.emulator.add_source_servers(1)
    run = a_run(case.drs, ids, w0={"pause_before": name == "approve"})

    async def hang(_: object) -> bool:
        return await asyncio.Event().wait()

    report, took = await case.took(run.launch(**{name: hang}, timeout=TIMEOUT), by, after=900)
    assert not report.succeeded
    assert TIMEOUT <= took <= TIMEOUT + 60


@BACK_AND_AHEAD
async def test_a_launch_that_waits_for_jobs(case: Case, by: timedelta) -> None:
    ids = case.emulator.add_source_servers(1)
    report, took = await case.took(a_run(case.drs, ids).launch(timeout=TIMEOUT), by)
    assert report.succeeded
    assert took <= 1200


@BACK_AND_AHEAD
async def test_a_clean_up_that_is_refused(case: Case, by: timedelta) -> None:
    ids = case.emulator.add_source_servers(1)
    (await a_run(case.drs, ids).launch()).raise_if_failed()
    fault = Fault.error("ConflictException", "not yet")
    case.emulator.inject("TerminateRecoveryInstances", fault, times=10_000)
    cleaned, took = await case.took(a_run(case.drs, ids).clean_up(timeout=TIMEOUT), by)
    assert cleaned.left
    assert TIMEOUT - 60 <= took <= TIMEOUT + 60


@BACK_AND_AHEAD
async def test_ensure_recovery_that_waits_for_a_quota(case: Case, by: timedelta) -> None:
    ids = case.emulator.add_source_servers(1)
    fault = Fault.error("ServiceQuotaExceededException", "enough")
    case.emulator.inject("StartRecovery", fault, times=10_000)
    working = ensure_recovery(case.drs, "k", ids, is_drill=True, timeout=TIMEOUT)
    error, took = await case.took(working, by)
    assert isinstance(error, NotStartedInTimeError)
    assert TIMEOUT - 60 <= took <= TIMEOUT + 60


@BACK_AND_AHEAD
async def test_a_conflict_with_nobody_is_given_up_when_no_launch_can_arrive_any_more(
    case: Case, by: timedelta
) -> None:
    ids = case.emulator.add_source_servers(1)
    case.emulator.inject("StartRecovery", Fault.error("ConflictException", "no"), times=10_000)
    error, took = await case.took(ensure_recovery(case.drs, "k", ids, is_drill=True), by, after=60)
    assert isinstance(error, ServerHeldError)
    assert 360 <= took <= 600
    case.set(timedelta())
    report, took = await case.took(a_run(case.drs, ids).launch(), by, after=60)
    assert not report.succeeded
    assert 360 <= took <= 900


@pytest.mark.parametrize("off", BY, ids=["behind", "ahead"])
async def test_instances_that_are_gone_are_gone_by_the_time_of_the_service(
    case: Case, off: timedelta
) -> None:
    ids = case.emulator.add_source_servers(1)
    case.set(off)
    ensured = await ensure_recovery(case.drs, "k", ids, is_drill=True)
    await case.emulator.clock.advance(900)
    case.emulator.start_foreign_termination(sorted(await standing(case.drs)))
    await case.emulator.clock.advance(900)
    assert await standing(case.drs) == set()
    with pytest.raises(RunClosedError):
        await ensure_recovery(case.drs, "k", ids, is_drill=True)
    assert ensured.started_here


@BACK_AND_AHEAD
async def test_a_way_back_whose_launch_is_refused(case: Case, by: timedelta) -> None:
    ids = case.emulator.add_source_servers(1, origin="ON_PREMISES")
    runbook = Runbook(name="plant", waves=[{"name": "db", "servers": {"source_server_ids": ids}}])
    recovery = Recovery(case.drs, runbook, key=KEY, mode="recovery")
    (await recovery.launch()).raise_if_failed()
    await recovery.reprotect(timeout=60)
    async for b2 in case.drs.describe_recovery_instances():
        case.emulator.pair_failback_client(b2.recovery_instance_id)
    (await recovery.reprotect()).raise_if_failed()

    fault = Fault.error("ConflictException", "not yet")
    case.emulator.inject("StartFailbackLaunch", fault, times=10_000)
    report, took = await case.took(recovery.fail_back(timeout=TIMEOUT), by)
    assert report.behind
    assert TIMEOUT - 120 <= took <= TIMEOUT + 60


@BACK_AND_AHEAD
async def test_what_is_refused_on_the_way_back_is_tried_for_an_hour_of_the_service(
    case: Case, by: timedelta
) -> None:
    account = case.emulator.account_id
    ids = await machines(case.emulator, case.drs, 1, "us-east-1", account)
    runbook = Runbook(name="erp", waves=[{"name": "db", "servers": {"source_server_ids": ids}}])
    recovery = Recovery(case.drs, runbook, key=KEY, mode="recovery")
    (await recovery.launch()).raise_if_failed()
    busy = Fault.error("ConflictException", "initialising")
    case.emulator.inject("ReverseReplication", busy, times=20)
    report, took = await case.took(recovery.reprotect(), by, after=60)
    report.raise_if_failed()
    assert took < 3600
