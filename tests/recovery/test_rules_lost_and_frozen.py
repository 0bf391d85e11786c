"""Rules 6, 11, 12, 14, 16 and 23: lost answers, frozen processes, refusals, and clean-up."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from runs import KEY, Freeze, a_run, client_with, jobs, launched, operations, standing, states

from drs_sdk.errors import RecordNotKeptError, RunClosedError, RunMismatchError, ServerHeldError
from drs_sdk.recovery import Limits, ensure_recovery
from drs_sdk.testing import DRSEmulator, Fault, JobDurations, Quirks, Quotas

if TYPE_CHECKING:
    from drs_sdk import DRSClient

NAME = f"erp/{KEY}"


# -- 6: clean-up ---------------------------------------------------------------------------------


async def test_6_clean_up_closes_first_and_nothing_is_launched_again(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    run = a_run(drs, ids[:2], ids[2:])
    assert (await run.launch()).succeeded
    drs_emulator.requests.clear()
    done = await run.clean_up()
    assert done.is_clean
    assert len(done.terminated) == 3
    changes = operations(drs_emulator, "TagResource", "TerminateRecoveryInstances")
    assert changes[0].operation == "TagResource"
    assert await standing(drs) == set()
    with pytest.raises(RunClosedError):
        await a_run(drs, ids[:2], ids[2:]).launch()
    with pytest.raises(RunClosedError):
        await a_run(drs, ids[:2], ids[2:]).advance()
    assert operations(drs_emulator, "StartRecovery") == []


async def test_6_a_launch_under_way_is_waited_for_and_removed(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids)
    await run.advance()
    done = await run.clean_up()
    assert done.is_clean
    assert len(done.terminated) == 2
    assert await standing(drs) == set()


async def test_6_it_looks_until_six_minutes_after_the_last_launch(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.job_durations = JobDurations(until_conversion=5, conversion=5, launch=20)
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids[:1], ids[1:])
    await run.advance()
    await drs_emulator.clock.advance(60)
    (first,) = await jobs(drs)
    await run.clean_up()
    assert (drs_emulator.clock.now() - first.creation_date_time).total_seconds() >= 360


@pytest.mark.parametrize("meanwhile", ["closed", "cleaned up"])
@pytest.mark.parametrize("seconds", [1, 30, 3600])
async def test_6_12_frozen_before_its_second_wave_while_the_run_ends(
    drs: DRSClient, drs_emulator: DRSEmulator, meanwhile: str, seconds: float
) -> None:
    ids = drs_emulator.add_source_servers(2)
    await a_run(drs, ids[:1], ids[1:]).advance()
    await drs_emulator.clock.advance(900)

    async def ends() -> None:
        run = a_run(drs, ids[:1], ids[1:])
        if meanwhile == "closed":
            await run.close(reason="enough")
        else:
            await run.clean_up()

    freeze = Freeze(drs_emulator.clock, seconds, ends)
    async with client_with(drs_emulator, freeze) as frozen:
        if meanwhile == "closed" and seconds < 60:
            await a_run(frozen, ids[:1], ids[1:]).launch()  # within the minute that a look holds
            return
        with pytest.raises(RunClosedError):
            await _carried_out(a_run(frozen, ids[:1], ids[1:]))
    assert freeze.has_happened
    assert len(await jobs(drs)) == 1
    assert meanwhile == "closed" or await standing(drs) == set()


async def _carried_out(run: object) -> None:
    """Launch; a run that is over may also say so by its report."""
    report = await run.launch()  # type: ignore[attr-defined]
    if report.state == "closed":
        raise RunClosedError(report.run, report.closed)


async def test_6_12_frozen_while_the_run_is_closed_in_another_place() -> None:
    async with DRSEmulator(regions=["us-east-1", "us-west-2"]) as world:
        west = world.at(region="us-west-2")
        here, there = world.add_source_servers(1), west.add_source_servers(1)
        async with world.fleet() as fleet:
            await a_run(fleet, here, there).advance()
        await world.clock.advance(900)

        async def ends() -> None:
            async with world.fleet() as other:
                await a_run(other, here, there).close(reason="enough")

        from runs import session_with

        from drs_sdk.fleet import Fleet, Target

        freeze = Freeze(world.clock, 120, ends)
        keys = {
            "endpoint_url": world.url,
            "sts_endpoint_url": world.url,
            "aws_access_key_id": world.access_key_id,
            "aws_secret_access_key": world.secret_access_key,
        }
        session = session_with(world.clock, world.url, freeze)
        targets = [Target("us-east-1"), Target("us-west-2")]
        async with Fleet(targets, **keys, session=session, clock=world.clock) as frozen:
            report = await a_run(frozen, here, there).launch()
        assert report.state == "closed"
        assert freeze.has_happened
        assert operations(west, "StartRecovery") == []


# -- 11: the record ------------------------------------------------------------------------------


async def test_11_tags_that_do_not_show_are_put_on_at_once(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.quirks = Quirks(recovery_tags="LOST")
    ids = drs_emulator.add_source_servers(2)
    assert (await a_run(drs, ids).launch()).succeeded
    assert set((await launched(drs)).values()) == {1}
    names = [request.operation for request in drs_emulator.requests]
    assert names[names.index("StartRecovery") + 1] == "TagResource"


async def test_11_tags_that_show_are_not_put_on_again(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    await a_run(drs, drs_emulator.add_source_servers(1)).launch()
    assert operations(drs_emulator, "TagResource") == []


@pytest.mark.parametrize("by", ["launch", "ensure_recovery"])
async def test_11_a_job_that_cannot_be_tagged_stops_the_run_and_is_named(
    drs: DRSClient, drs_emulator: DRSEmulator, by: str
) -> None:
    drs_emulator.quirks = Quirks(recovery_tags="LOST")
    drs_emulator.inject("TagResource", Fault.error("AccessDeniedException", "no"), times=9)
    first, second = drs_emulator.add_source_servers(2)
    work = (
        a_run(drs, [first], [second]).launch()
        if by == "launch"
        else ensure_recovery(drs, "k", [first], is_drill=True)
    )
    with pytest.raises(RecordNotKeptError) as caught:
        await work
    (job,) = await jobs(drs)
    assert caught.value.job_id == job.job_id
    assert caught.value.tags["drs-sdk:run"] == (NAME if by == "launch" else "k")


# -- 12, 14: lost answers ------------------------------------------------------------------------


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(empty_last_launch=True, job_listing_delay=30)])
@pytest.mark.parametrize(
    "fault",
    [Fault.drop_before(), Fault.drop_after(), Fault.truncate(), Fault.server_error(after=True)],
)
@pytest.mark.parametrize("by", ["launch", "ensure_recovery"])
async def test_14_a_lost_answer(
    drs: DRSClient, drs_emulator: DRSEmulator, quirks: Quirks, fault: Fault, by: str
) -> None:
    drs_emulator.quirks = quirks
    ids = drs_emulator.add_source_servers(3)
    drs_emulator.inject("StartRecovery", fault)
    if by == "launch":
        assert (await a_run(drs, ids).launch()).succeeded
        assert set((await launched(drs)).values()) == {1}
    else:
        await ensure_recovery(drs, "k", ids, is_drill=True)
    await drs_emulator.clock.advance(60)  # until the listing shows it
    assert len(await jobs(drs)) == 1


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(empty_last_launch=True, job_listing_delay=1)])
@pytest.mark.parametrize("by", ["launch", "ensure_recovery"])
async def test_14_after_a_lost_answer_it_looks_before_it_sends_again(
    drs: DRSClient, drs_emulator: DRSEmulator, by: str, quirks: Quirks
) -> None:
    drs_emulator.quirks = quirks
    ids = drs_emulator.add_source_servers(1)
    drs_emulator.inject("StartRecovery", Fault.drop_after())
    if by == "launch":
        await a_run(drs, ids).launch()
    else:
        await ensure_recovery(drs, "k", ids, is_drill=True)
    assert len(operations(drs_emulator, "StartRecovery")) == 1


async def test_14_a_holder_that_never_shows_is_looked_for_six_minutes(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    drs_emulator.inject("StartRecovery", Fault.error("ConflictException", "busy"), times=10_000)
    began = drs_emulator.clock.now()
    with pytest.raises(ServerHeldError, match="busy"):
        await ensure_recovery(drs, "k", ids, is_drill=True)
    assert timedelta(minutes=6) < drs_emulator.clock.now() - began < timedelta(minutes=7)
    began = drs_emulator.clock.now()
    report = await a_run(drs, ids).launch(timeout=3600)
    assert states(report) == dict.fromkeys(ids, "failed")
    assert all("busy" in (server.reason or "") for server in report.servers)
    assert timedelta(minutes=6) < drs_emulator.clock.now() - began < timedelta(minutes=8)


async def test_14_every_answer_may_be_lost_once(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(6)
    drs_emulator.inject("*", Fault.drop_after(), probability=0.3)
    run = a_run(drs, ids[:2], ids[2:4], ids[4:])
    assert (await run.launch()).succeeded
    assert (await run.clean_up()).is_clean
    drs_emulator.clear_faults()
    assert set((await launched(drs)).values()) == {1}
    assert await standing(drs) == set()


async def test_12_a_process_that_was_frozen_looks_again(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)

    async def another_runs_it() -> None:
        report = await a_run(drs, ids).launch()
        assert report.succeeded

    freeze = Freeze(drs_emulator.clock, 0, another_runs_it)  # a whole launch of nine minutes
    async with client_with(drs_emulator, freeze) as frozen:
        report = await a_run(frozen, ids).launch()
    assert report.succeeded
    assert freeze.has_happened
    assert set((await launched(drs)).values()) == {1}


async def test_12_frozen_by_the_monotonic_clock_alone(
    drs_emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wall clock may be set back while a process is frozen."""
    ids = drs_emulator.add_source_servers(1)
    frozen_for = [0.0]

    async def wakes_up() -> None:
        frozen_for[0] = 61.0

    stamps = SimpleNamespace(monotonic=lambda: time.monotonic() + frozen_for[0])
    monkeypatch.setattr("drs_sdk.recovery.look.time", stamps)
    async with client_with(drs_emulator, Freeze(drs_emulator.clock, 0, wakes_up)) as frozen:
        status = await a_run(frozen, ids).advance()
        assert states(status) == {ids[0]: "not launched"}
        assert operations(drs_emulator, "StartRecovery") == []
        assert (await a_run(frozen, ids).launch()).succeeded


async def test_12_ensure_recovery_frozen(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(2)

    async def another_runs_it() -> None:
        await ensure_recovery(drs, "k", ids, is_drill=True)
        await drs_emulator.clock.advance(1200)

    freeze = Freeze(drs_emulator.clock, 0, another_runs_it)
    async with client_with(drs_emulator, freeze) as frozen:
        ensured = await ensure_recovery(frozen, "k", ids, is_drill=True)
    assert not ensured.started_here
    assert len(await jobs(drs)) == 1


async def test_8_12_frozen_while_another_plan_takes_the_key(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    first, second = drs_emulator.add_source_servers(2)

    async def another_takes_it() -> None:
        await a_run(drs, [second]).advance()

    freeze = Freeze(drs_emulator.clock, 120, another_takes_it)
    async with client_with(drs_emulator, freeze) as frozen:
        with pytest.raises(RunMismatchError):
            await a_run(frozen, [first]).launch()
    (job,) = await jobs(drs)
    assert [s.source_server_id for s in job.participating_servers] == [second]


# -- 16: quotas ----------------------------------------------------------------------------------


async def test_16_a_quota_is_a_wait_also_when_it_is_not_known(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.quotas = Quotas(servers_in_all_jobs=3, concurrent_jobs=2, servers_in_one_job=2)
    ids = drs_emulator.add_source_servers(7)
    limits = Limits(servers_in_one_job=2)  # and else the defaults: too much
    run = a_run(drs, ids, limits=limits)
    assert (await run.launch()).succeeded
    assert set((await launched(drs)).values()) == {1}
    assert (await run.clean_up()).is_clean
    assert await standing(drs) == set()


async def test_16_known_quotas_and_others_jobs_are_never_run_into(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.quotas = Quotas(servers_in_all_jobs=4, concurrent_jobs=2, servers_in_one_job=3)
    limits = Limits(servers_in_all_jobs=4, concurrent_jobs=2, servers_in_one_job=3)
    ids = drs_emulator.add_source_servers(9)
    drs_emulator.start_foreign_launch(drs_emulator.add_source_servers(2))
    run = a_run(drs, ids, limits=limits)
    assert (await run.launch()).succeeded
    assert (await run.clean_up()).is_clean
    sent = operations(drs_emulator, "StartRecovery", "TerminateRecoveryInstances")
    assert [request.status for request in sent if request.status >= 400] == []
    assert set((await launched(drs)).values()) == {1}


async def test_16_a_known_number_of_jobs_at_a_time_is_kept(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.quotas = Quotas(concurrent_jobs=3, servers_in_one_job=2)
    limits = Limits(concurrent_jobs=3, servers_in_one_job=2)
    ids = drs_emulator.add_source_servers(7)
    drs_emulator.start_foreign_launch(drs_emulator.add_source_servers(1))
    run = a_run(drs, ids, limits=limits)
    assert (await run.launch()).succeeded
    assert (await run.clean_up()).is_clean
    sent = operations(drs_emulator, "StartRecovery", "TerminateRecoveryInstances")
    assert [request.status for request in sent if request.status >= 400] == []


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("quota", ["servers_in_all_jobs", "concurrent_jobs"])
async def test_16_ensure_recovery_waits_a_quota_out(
    drs: DRSClient, drs_emulator: DRSEmulator, quota: str, *, is_known: bool
) -> None:
    ids, others = drs_emulator.add_source_servers(2), drs_emulator.add_source_servers(2)
    amount = 3 if quota == "servers_in_all_jobs" else 1
    drs_emulator.quotas = Quotas(**{quota: amount})
    drs_emulator.start_foreign_launch(others)
    limits = Limits(**{quota: amount}) if is_known else None
    ensured = await ensure_recovery(drs, "k", ids, is_drill=True, limits=limits)
    assert ensured.started_here
    refused = [r for r in operations(drs_emulator, "StartRecovery") if r.status >= 400]
    assert (refused == []) == is_known


# -- 23: terminations ----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.drop_before(), Fault.drop_after()])
@pytest.mark.parametrize("quirks", [Quirks(), Quirks(empty_terminate_jobs=True)])
async def test_23_a_terminations_lost_answer(
    drs: DRSClient, drs_emulator: DRSEmulator, fault: Fault, quirks: Quirks
) -> None:
    drs_emulator.quirks = quirks
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids)
    await run.launch()
    drs_emulator.inject("TerminateRecoveryInstances", fault, times=2)
    done = await run.clean_up()
    assert done.is_clean
    assert len(done.terminated) == 2
    assert await standing(drs) == set()


async def test_23_a_server_that_somebody_holds_for_a_while(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    run = a_run(drs, drs_emulator.add_source_servers(3))
    await run.launch()
    fault = Fault.error("ConflictException", "held by another job")
    drs_emulator.inject("TerminateRecoveryInstances", fault, times=5)
    done = await run.clean_up()
    assert done.is_clean
    assert len(done.terminated) == 3
    assert await standing(drs) == set()


async def test_6_14_closed_while_an_answer_was_lost(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    await a_run(drs, ids[:1], ids[1:]).advance()
    await drs_emulator.clock.advance(900)
    drs_emulator.inject("StartRecovery", Fault.drop_before())

    async def close() -> None:
        await a_run(drs, ids[:1], ids[1:]).close(reason="enough")

    async with client_with(drs_emulator, Freeze(drs_emulator.clock, 1, close)) as slow:
        with pytest.raises(RunClosedError):
            await a_run(slow, ids[:1], ids[1:]).launch()
    assert len(await jobs(drs)) == 1


@pytest.mark.parametrize("by", ["launch", "ensure_recovery"])
async def test_8_14_another_takes_the_key_while_an_answer_was_lost(
    drs: DRSClient, drs_emulator: DRSEmulator, by: str
) -> None:
    first, second = drs_emulator.add_source_servers(2)

    async def another_takes_it() -> None:
        if by == "launch":
            await a_run(drs, [second]).advance()
        else:
            await ensure_recovery(drs, "k", [second], is_drill=False)
        drs_emulator.inject("StartRecovery", Fault.drop_before())  # of the one that is slow

    freeze = Freeze(drs_emulator.clock, 1, another_takes_it)
    async with client_with(drs_emulator, freeze) as slow:
        work = (
            a_run(slow, [first]).launch()
            if by == "launch"
            else ensure_recovery(slow, "k", [first], is_drill=True)
        )
        with pytest.raises(RunMismatchError):
            await work
    (job,) = await jobs(drs)
    assert [s.source_server_id for s in job.participating_servers] == [second]
