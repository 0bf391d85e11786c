"""Rules 20 to 22, 26 and 27: places out of reach, approvals, hooks, failures, waves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from runs import KEY, a_run, jobs, left_by, operations, standing, states

from drs_sdk.errors import AccessDeniedException, RecoveryError, RecoveryFailedError, RunClosedError
from drs_sdk.recovery import Recovery, Runbook
from drs_sdk.testing import DRSEmulator, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drs_sdk import DRSClient
    from drs_sdk.recovery import HookContext, RunStatus, WaveGate

DENIED = Fault.error("AccessDeniedException", "not yours")


# -- 20: a place that cannot be read -------------------------------------------------------------


@pytest.fixture
async def world() -> AsyncIterator[DRSEmulator]:
    async with DRSEmulator(regions=["us-east-1", "us-west-2"]) as emulator:
        emulator.add_source_servers(2, tags={"tier": "db"})
        emulator.at(region="us-west-2").add_source_servers(2, tags={"tier": "db"})
        emulator.add_source_servers(2, tags={"tier": "app"})
        yield emulator


def over(service: Any, **db: Any) -> Recovery:  # noqa: ANN401 - fields of a wave
    plan = Runbook(
        name="erp",
        waves=[
            {"name": "db", "servers": {"tags": {"tier": "db"}}} | db,
            {"name": "app", "servers": {"tags": {"tier": "app"}}},
        ],
    )
    return Recovery(service, plan, key=KEY, mode="drill")


async def test_20_what_stands_on_a_dark_region_waits(world: DRSEmulator) -> None:
    west = world.at(region="us-west-2")
    west.inject("*", DENIED, times=10_000)
    async with world.fleet() as fleet:
        report = await over(fleet).launch()
        assert [w.state for w in report.waves] == ["unknown", "waiting"]
        assert list(report.unreadable) != []
        with pytest.raises(RecoveryFailedError, match="cannot be read"):
            report.raise_if_failed()
        assert len(operations(world, "StartRecovery")) == 1  # db, as far as it can be seen
        west.clear_faults()
        assert (await over(fleet).launch()).succeeded


async def test_20_unless_its_wave_says_continue(world: DRSEmulator) -> None:
    world.at(region="us-west-2").inject("*", DENIED, times=10_000)
    async with world.fleet() as fleet:
        report = await over(fleet, on_failure="continue").launch()
        assert len(operations(world, "StartRecovery")) == 2
        # What could not be seen is never called a success.
        assert not report.succeeded
        assert report.waves[0].state == "unknown"
        with pytest.raises(RecoveryFailedError):
            report.raise_if_failed()


async def test_20_a_region_that_goes_dark_while_its_jobs_run(world: DRSEmulator) -> None:
    west = world.at(region="us-west-2")
    dark: list[bool] = []
    unreadable: list[int] = []

    def update(status: RunStatus) -> None:
        unreadable.append(len(status.unreadable))
        if not dark and any(s.state == "launching" for s in status.servers):
            dark.append(True)
            west.inject("*", Fault.server_error(503), times=200)

    async with world.fleet() as fleet:
        report = await over(fleet).launch(on_update=update)
    assert 1 in unreadable  # it was told
    assert report.succeeded  # the weather passed


async def test_20_a_region_that_cannot_tell_its_instances_for_a_while(world: DRSEmulator) -> None:
    west = world.at(region="us-west-2")
    west.inject("DescribeRecoveryInstances", Fault.server_error(503), times=40)
    async with world.fleet() as fleet:
        report = await over(fleet).launch()
    assert report.succeeded
    assert len(operations(west, "StartRecovery")) > 0


async def test_20_what_may_be_in_the_way_where_nobody_can_look(world: DRSEmulator) -> None:
    west = world.at(region="us-west-2")
    async with west.client() as drs:
        server, _ = [one async for one in drs.describe_source_servers()]
        instance = await left_by(west, drs, server.source_server_id or "", is_drill=True)
        west.inject("DescribeRecoveryInstances", DENIED, times=10_000)
        async with world.fleet() as fleet:
            report = await over(fleet).launch()
        assert [w.state for w in report.waves] == ["unknown", "waiting"]
        assert len(report.unreadable) == 1
        assert operations(west, "StartRecovery") == []
        west.clear_faults()
        assert await standing(drs) == {instance}


async def test_20_a_dark_region_holds_no_wave_that_does_not_reach_it(world: DRSEmulator) -> None:
    world.at(region="us-west-2").inject("*", DENIED, times=10_000)
    here = [{"region_name": "us-east-1"}]
    async with world.fleet() as fleet:
        report = await over(fleet, servers={"tags": {"tier": "db"}, "targets": here}).launch()
    # The second wave may have servers there: what it sees it launches, and it is not up.
    assert [w.state for w in report.waves] == ["up", "unknown"]
    assert len(operations(world, "StartRecovery")) == 2


async def test_20_nothing_can_be_read_anywhere(world: DRSEmulator) -> None:
    for place in (world, world.at(region="us-west-2")):
        place.inject("*", DENIED, times=10_000)
    async with world.fleet() as fleet:
        with pytest.raises(AccessDeniedException):
            await over(fleet).launch()


# -- 21: approvals -------------------------------------------------------------------------------


async def test_21_an_approval_from_elsewhere(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids[:1], ids[1:], w1={"pause_before": True})

    async def approve_later() -> None:
        await drs_emulator.clock.sleep(3600)
        await a_run(drs, ids[:1], ids[1:], w1={"pause_before": True}).approve("w1", by="Ada")

    report, _ = await asyncio.gather(run.launch(), approve_later())
    assert report.succeeded
    second = report.servers[1].asked_at
    assert second is not None
    assert 3600 <= (second - drs_emulator.requests[0].received_at).total_seconds() < 3700
    assert {job.tags.get("drs-sdk:approved-1") for job in await jobs(drs)} == {"Ada", None}


async def test_21_without_an_approval_it_returns_at_its_timeout(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids[:1], ids[1:], w1={"pause_before": True})
    report = await run.launch(timeout=7200)
    assert (report.state, report.waves[1].state) == ("waiting for approval",) * 2
    assert len(operations(drs_emulator, "StartRecovery")) == 1


@pytest.mark.parametrize("answer", [True, False])
async def test_21_a_gate(drs: DRSClient, drs_emulator: DRSEmulator, *, answer: bool) -> None:
    ids = drs_emulator.add_source_servers(2)
    asked: list[WaveGate] = []

    def gate(wave: WaveGate) -> bool:
        asked.append(wave)
        return answer

    before = drs_emulator.clock.now()
    run = a_run(drs, ids[:1], ids[1:], w1={"pause_before": True})
    report = await run.launch(approve=gate)
    assert report.succeeded == answer
    assert [(g.wave.name, g.source_server_ids) for g in asked] == [("w1", (ids[1],))]
    assert asked[0].status.waves[0].state == "up"
    if not answer:
        assert (drs_emulator.clock.now() - before).total_seconds() < 1200
        assert report.state == "waiting for approval"


@pytest.mark.parametrize("answer", ["no", "yes", 1, None], ids=repr)
async def test_21_a_gate_that_says_neither_true_nor_false_approves_nothing(
    drs: DRSClient, drs_emulator: DRSEmulator, answer: object
) -> None:
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids[:1], ids[1:], w1={"pause_before": True})
    report = await run.launch(approve=lambda _: answer)  # type: ignore[arg-type,return-value]
    assert report.state == "waiting for approval"
    assert len(operations(drs_emulator, "StartRecovery")) == 1
    assert "only True approves" in (report.hooks[0].error or "")


async def test_21_before_the_first_job_only_launch_can_approve(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(1)
    run = a_run(drs, ids, w0={"pause_before": True})
    with pytest.raises(RecoveryError, match="no job yet"):
        await run.approve("w0", by="Ada")
    report = await run.launch(timeout=600)
    assert report.waves[0].state == "waiting for approval"
    assert operations(drs_emulator, "StartRecovery") == []
    assert (await run.launch(approved=["w0"])).succeeded


async def test_21_a_wave_with_a_job_is_approved(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(3)
    drs_emulator.fail_launch(ids[0], stage="LAUNCH")
    run = a_run(drs, ids, w0={"pause_before": True, "attempts": 2})
    await run.advance(approved=["w0"])
    assert (await run.launch()).succeeded  # nobody has to approve the second attempt


async def test_21_closed_while_another_waits(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids[:1], ids[1:])

    async def close() -> None:
        await drs_emulator.clock.sleep(300)
        await a_run(drs, ids[:1], ids[1:]).close(reason="false alarm")

    report, _ = await asyncio.gather(run.launch(), close())
    assert (report.state, report.closed) == ("closed", "false alarm")
    assert len(operations(drs_emulator, "StartRecovery")) == 1
    with pytest.raises(RunClosedError):
        await run.approve("w1", by="Ada")


# -- 22: hooks -----------------------------------------------------------------------------------


async def test_22_hooks_get_the_wave_its_instances_and_a_deadline(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    told: list[tuple[str, HookContext]] = []

    async def before(context: HookContext) -> str:
        told.append(("before", context))
        await drs_emulator.clock.sleep(30)
        return "ready"

    def after(context: HookContext) -> None:
        told.append(("after", context))

    report = await a_run(drs, ids[:1], ids[1:]).launch(
        before_wave=before, after_wave=after, timeout=7200
    )
    assert report.succeeded
    assert [(when, c.wave.name) for when, c in told] == [
        ("before", "w0"),
        ("after", "w0"),
        ("before", "w1"),
        ("after", "w1"),
    ]
    (instance,) = told[1][1].instances
    assert instance.source_server_id == ids[0]
    assert {instance.recovery_instance_id} < await standing(drs)
    assert instance.addresses
    assert told[2][1].instances == (instance,)
    assert all(c.deadline is not None for _, c in told)
    assert [(h.wave, h.when, h.returned, h.error) for h in report.hooks][:2] == [
        ("w0", "before", "ready", None),
        ("w0", "after", None, None),
    ]


@pytest.mark.parametrize("when", ["before_wave", "after_wave"])
async def test_22_a_hook_that_raises_stops_what_comes_after(
    drs: DRSClient, drs_emulator: DRSEmulator, when: str
) -> None:
    ids = drs_emulator.add_source_servers(2)

    def check(context: HookContext) -> None:
        raise ValueError(f"{context.wave.name} does not answer")

    report = await a_run(drs, ids[:1], ids[1:]).launch(
        before_wave=check if when == "before_wave" else None,
        after_wave=check if when == "after_wave" else None,
    )
    assert not report.succeeded
    assert report.waves[0].state == "failed"
    assert "does not answer" in (report.waves[0].reason or "")
    assert "ValueError" in (report.hooks[0].error or "")
    assert len(operations(drs_emulator, "StartRecovery")) == (when == "after_wave")


# -- 26: silent failures -------------------------------------------------------------------------


async def test_26_a_silent_failure_names_the_rights(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    drs_emulator.fail_launch(ids[0], silently=True)
    drs_emulator.fail_launch(ids[1], stage="LAUNCH", error="InsufficientInstanceCapacity")
    report = await a_run(drs, ids).launch()
    reasons = {s.source_server_id: s.reason or "" for s in report.servers}
    assert "drs:CreateRecoveryInstanceForDrs" in reasons[ids[0]]
    assert "ec2:RunInstances" in reasons[ids[0]]
    assert "InsufficientInstanceCapacity" in reasons[ids[1]]
    assert "ec2:RunInstances" not in reasons[ids[1]]


# -- 27: waves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [None, [], ["w0"]])
async def test_27_after(drs: DRSClient, drs_emulator: DRSEmulator, after: list[str] | None) -> None:
    ids = drs_emulator.add_source_servers(3)
    report = await a_run(drs, ids[:1], ids[1:2], ids[2:], w2={"after": after}).launch()
    assert report.succeeded
    w0, w1, w2 = report.waves
    assert w0.asked_at and w0.ended_at  # noqa: PT018
    assert w1.asked_at and w1.ended_at and w2.asked_at  # noqa: PT018
    assert w1.asked_at >= w0.ended_at
    begins = {"None": w1.ended_at, "[]": w0.asked_at, "['w0']": w0.ended_at}[str(after)]
    assert 0 <= (w2.asked_at - begins).total_seconds() <= 30


@pytest.mark.parametrize("on_failure", ["stop", "continue"])
async def test_27_launch_returns_also_when_servers_failed(
    drs: DRSClient, drs_emulator: DRSEmulator, on_failure: str
) -> None:
    ids = drs_emulator.add_source_servers(3)
    drs_emulator.fail_launch(ids[0], stage="LAUNCH")
    report = await a_run(drs, ids[:2], ids[2:], w0={"on_failure": on_failure}).launch()
    found = states(report)
    assert found[ids[0]] == "failed"
    assert found[ids[2]] == ("launched" if on_failure == "continue" else "not launched")
    assert report.state == "failed"
    with pytest.raises(RecoveryFailedError) as caught:
        report.raise_if_failed()
    assert caught.value.report is report
