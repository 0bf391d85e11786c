"""Rules 1, 2 and 15: what stands or runs where a run wants to launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runs import (
    Freeze,
    a_run,
    client_with,
    jobs,
    launched,
    left_by,
    operations,
    standing,
    states,
)

from drs_sdk.errors import InstanceInTheWayError, ServerHeldError
from drs_sdk.recovery import ensure_recovery
from drs_sdk.testing import Quirks

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.recovery.record import Mode
    from drs_sdk.testing import DRSEmulator


@pytest.mark.parametrize(
    ("mode", "leftover", "named", "goes"),
    [
        ("drill", "drill", False, False),
        ("drill", "recovery", False, False),
        ("drill", "drill", True, True),
        ("drill", "recovery", True, False),  # live: a drill never replaces it
        ("recovery", "drill", False, True),  # by itself: the real thing is not held up by a drill
        ("recovery", "recovery", False, False),
        ("recovery", "recovery", True, True),
    ],
)
@pytest.mark.parametrize("by", ["launch", "advance"])
async def test_1_an_instance_in_the_way(
    drs: DRSClient,
    drs_emulator: DRSEmulator,
    mode: Mode,
    leftover: str,
    *,
    named: bool,
    goes: bool,
    by: str,
) -> None:
    ids = drs_emulator.add_source_servers(3)
    instance = await left_by(drs_emulator, drs, ids[2], is_drill=leftover == "drill")
    run = a_run(drs, ids[:2], ids[2:], mode=mode)
    names = [ids[2]] if named else []
    carry_out = run.launch if by == "launch" else run.advance
    if goes:
        report = await carry_out(replace_instances_of=names)
        assert by == "advance" or set(states(report).values()) == {"launched"}
        assert by == "advance" or instance not in await standing(drs)
        return
    with pytest.raises(InstanceInTheWayError) as caught:
        await carry_out(replace_instances_of=names)
    assert caught.value.instances == {ids[2]: instance}
    assert caught.value.live == ({ids[2]} if mode == "drill" and leftover == "recovery" else set())
    # The second wave's trouble is told before the first is launched.
    assert operations(drs_emulator, "StartRecovery") == []
    assert await standing(drs) == {instance}


async def test_1_the_report_says_which_leftovers_of_drills_were_replaced(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    instance = await left_by(drs_emulator, drs, ids[0], is_drill=True)
    report = await a_run(drs, ids, mode="recovery").launch()
    assert report.replaced == {ids[0]: instance}


async def test_1_an_instance_that_comes_between_two_waves(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    first, second = drs_emulator.add_source_servers(2)
    run = a_run(drs, [first], [second])
    await run.advance()
    drs_emulator.start_foreign_launch([second])
    await drs_emulator.clock.advance(900)
    with pytest.raises(InstanceInTheWayError):
        await run.launch()
    assert len(operations(drs_emulator, "StartRecovery")) == 1


async def test_1_its_own_instance_may_go_with_the_next_attempt(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.fail_launch(server, stage="LAUNCH")
    report = await a_run(drs, [server]).launch(attempts=2)
    assert report.succeeded
    assert report.servers[0].attempt == 2


@pytest.mark.parametrize(
    ("mode", "is_drill"), [("drill", True), ("drill", False), ("recovery", False)]
)
async def test_2_a_launch_that_is_not_waited_out(
    drs: DRSClient, drs_emulator: DRSEmulator, mode: Mode, *, is_drill: bool
) -> None:
    ids = drs_emulator.add_source_servers(2)
    job_id = drs_emulator.start_foreign_launch(ids[:1], is_drill=is_drill)
    before = drs_emulator.clock.now()
    with pytest.raises(ServerHeldError) as caught:
        await a_run(drs, ids, mode=mode).launch()
    assert caught.value.holders == {ids[0]: job_id}
    with pytest.raises(ServerHeldError):
        await ensure_recovery(drs, "k", ids, is_drill=mode == "drill")
    assert operations(drs_emulator, "StartRecovery") == []
    assert (drs_emulator.clock.now() - before).total_seconds() < 60


async def test_2_a_real_recovery_waits_for_somebodys_drill(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    theirs = drs_emulator.start_foreign_launch(ids[:1])
    report = await a_run(drs, ids, mode="recovery").launch()
    assert report.succeeded
    (held,) = [job for job in await jobs(drs) if job.job_id == theirs]
    assert max(s.asked_at for s in report.servers if s.asked_at) >= held.end_date_time


@pytest.mark.parametrize("mode", ["drill", "recovery"])
async def test_2_a_termination_is_waited_for(
    drs: DRSClient, drs_emulator: DRSEmulator, mode: Mode
) -> None:
    (server,) = drs_emulator.add_source_servers(1)
    instance = await left_by(drs_emulator, drs, server, is_drill=mode == "drill")
    drs_emulator.start_foreign_termination([instance])
    await drs_emulator.clock.advance(3)
    ensured = await ensure_recovery(drs, "k", [server], is_drill=mode == "drill")
    assert ensured.started_here
    (ended,) = await jobs(drs, "TERMINATE")
    assert ensured.job.creation_date_time is not None
    assert ensured.job.creation_date_time >= ended.end_date_time


async def test_15_who_is_held_is_taken_out_of_a_refused_batch(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(4)

    async def rival() -> None:
        drs_emulator.start_foreign_launch([ids[1]], is_drill=True)

    freeze = Freeze(drs_emulator.clock, 1, rival)  # too short to make the look old
    async with client_with(drs_emulator, freeze) as slow:
        status = await a_run(slow, ids, mode="recovery").advance()
    found = states(status)
    assert {name for name, state in found.items() if state == "launching"} == set(ids) - {ids[1]}
    report = await a_run(drs, ids, mode="recovery").launch()
    assert report.succeeded  # it was somebody's drill, and this is the real thing
    assert set((await launched(drs)).values()) == {1}


async def test_15_who_was_held_is_launched_once_it_is_free(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(4)

    async def rival() -> None:
        drs_emulator.start_foreign_launch([ids[1]], is_drill=True)

    async with client_with(drs_emulator, Freeze(drs_emulator.clock, 1, rival)) as slow:
        report = await a_run(slow, ids, mode="recovery").launch()
    assert report.succeeded
    assert set((await launched(drs)).values()) == {1}


async def test_15_a_holder_that_does_not_show_yet_is_looked_for_again(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.quirks = Quirks(empty_last_launch=True, job_listing_delay=5)
    ids = drs_emulator.add_source_servers(8)

    async def rival() -> None:
        drs_emulator.start_foreign_launch([ids[1]], is_drill=True)

    async with client_with(drs_emulator, Freeze(drs_emulator.clock, 1, rival)) as slow:
        await a_run(slow, ids, mode="recovery").advance()
    refused, rest = operations(drs_emulator, "StartRecovery")  # no halving of what is free
    assert (refused.status, rest.status) == (409, 202)
    await drs_emulator.clock.advance(60)
    (job,) = [job for job in await jobs(drs) if job.tags]
    assert {s.source_server_id for s in job.participating_servers} == set(ids) - {ids[1]}


async def test_15_where_nobody_is_held_the_culprit_is_found_and_named(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = [*drs_emulator.add_source_servers(9)]
    (target,) = drs_emulator.add_source_servers(1)
    instance = await left_by(drs_emulator, drs, target, is_drill=False)
    culprit = ids[4]
    await drs.update_launch_configuration(
        culprit, launch_into_instance_properties={"launch_into_ec2_instance_id": instance}
    )
    report = await a_run(drs, ids).launch()
    assert states(report) == {n: "launched" if n != culprit else "failed" for n in ids}
    (failed,) = report.failed_servers
    assert "not stopped" in (failed.reason or "")
    assert set((await launched(drs)).values()) == {1}
