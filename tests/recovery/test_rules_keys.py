"""Rules 3, 4, 7 to 10 and 17 to 19: whose run it is, and what its record says."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from runs import (
    KEY,
    Freeze,
    a_run,
    client_with,
    jobs,
    launched,
    lost_record_of,
    operations,
    standing,
    states,
)

from drs_sdk.errors import (
    RecordLostError,
    RecoveryError,
    RequestValidationError,
    RunbookError,
    RunClosedError,
    RunMismatchError,
)
from drs_sdk.recovery import Limits, Recovery, Runbook, ensure_recovery
from drs_sdk.testing import DRSEmulator, Quirks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk import DRSClient


def by_tags(drs: DRSClient, *waves: str, **options: str) -> Recovery:
    """A run whose waves select by the tag ``tier``."""
    plan = Runbook(name="erp", waves=[{"name": w, "servers": {"tags": {"tier": w}}} for w in waves])
    return Recovery(drs, plan, **{"key": KEY, "mode": "drill", **options})  # type: ignore[arg-type]


# -- 3: a key used again -------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["launch", "advance"])
async def test_3_complete_and_gone(drs: DRSClient, drs_emulator: DRSEmulator, verb: str) -> None:
    ids = drs_emulator.add_source_servers(2)
    await a_run(drs, ids, mode="recovery").launch()
    drs_emulator.start_foreign_termination(sorted(await standing(drs)))
    await drs_emulator.clock.advance(timedelta(days=3))
    with pytest.raises(RunClosedError, match="new key"):
        await getattr(a_run(drs, ids, mode="recovery"), verb)()


async def test_3_complete_and_gone_for_ensure_recovery(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    await ensure_recovery(drs, "k", ids, is_drill=True)
    await drs_emulator.clock.advance(900)
    drs_emulator.start_foreign_termination(sorted(await standing(drs)))
    await drs_emulator.clock.advance(timedelta(days=3))
    with pytest.raises(RunClosedError, match="new key"):
        await ensure_recovery(drs, "k", ids, is_drill=True)


@pytest.mark.parametrize("verb", ["launch", "advance"])
async def test_3_closed(drs: DRSClient, drs_emulator: DRSEmulator, verb: str) -> None:
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids[:1], ids[1:])
    await run.advance()
    await run.close(reason="false alarm")
    with pytest.raises(RunClosedError, match="false alarm"):
        await getattr(a_run(drs, ids[:1], ids[1:]), verb)()
    assert len(operations(drs_emulator, "StartRecovery")) == 1


async def test_3_closed_for_ensure_recovery(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(2)
    ensured = await ensure_recovery(drs, "k", ids, is_drill=True)
    mark = {"drs-sdk:closed": "false alarm"}  # put on by hand: no run has such a key
    await drs.tag_resource(resource_arn=ensured.job.arn or "", tags=mark)
    for attempt in (1, 2):
        with pytest.raises(RunClosedError, match="false alarm"):
            await ensure_recovery(drs, "k", ids, is_drill=True, attempt=attempt)


@pytest.mark.parametrize("verb", ["launch", "advance"])
async def test_3_past_the_horizon(drs: DRSClient, drs_emulator: DRSEmulator, verb: str) -> None:
    ids = drs_emulator.add_source_servers(2)
    await a_run(drs, ids[:1], ids[1:]).advance()
    await drs_emulator.clock.advance(timedelta(days=15))
    with pytest.raises(RunClosedError, match="horizon"):
        await getattr(a_run(drs, ids[:1], ids[1:]), verb)()
    assert len(operations(drs_emulator, "StartRecovery")) == 1


async def test_3_complete_and_standing(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(2)
    first = await a_run(drs, ids).launch()
    again = await a_run(drs, ids).launch()
    assert (first.already_complete, again.already_complete) == (False, True)
    assert again.succeeded
    assert len(operations(drs_emulator, "StartRecovery")) == 1


# -- 4: two runbooks -----------------------------------------------------------------------------


async def test_4_two_runbooks_under_one_key(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(4)
    first, second = a_run(drs, ids[:2]), a_run(drs, ids[2:], name="crm")
    await first.launch()
    await second.launch()
    theirs = drs_emulator.add_source_servers(1)
    drs_emulator.start_foreign_launch(theirs)
    await drs_emulator.clock.advance(900)
    before = await standing(drs)
    done = await second.clean_up()
    assert before - await standing(drs) == set(done.terminated)
    assert {s.outcome for s in (await first.status()).servers} == {"launched"}
    assert {s.outcome for s in (await second.status()).servers} == {"gone"}


async def test_4_clean_up_leaves_an_instance_that_somebody_launched_since(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    run = a_run(drs, ids)
    await run.launch()
    drs_emulator.start_foreign_launch(ids[:1])
    await drs_emulator.clock.advance(900)
    before = await standing(drs)
    done = await run.clean_up()
    (left,) = await standing(drs)
    assert {left, *done.terminated} == before
    assert len(done.terminated) == 1


async def test_4_clean_up_is_for_drills(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    run = a_run(drs, drs_emulator.add_source_servers(1), mode="recovery")
    await run.launch()
    with pytest.raises(RecoveryError, match="live"):
        await run.clean_up()
    assert len(await standing(drs)) == 1


# -- 7: membership -------------------------------------------------------------------------------


async def test_7_membership_changes_between_two_processes(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    stays, leaves = drs_emulator.add_source_servers(2, tags={"tier": "db"})
    later, drops = drs_emulator.add_source_servers(2, tags={"tier": "app"})
    await by_tags(drs, "db", "app").advance()
    await drs_emulator.clock.advance(900)
    arn = {s.source_server_id: s.arn async for s in drs.describe_source_servers()}
    await drs.untag_resource(resource_arn=arn[leaves] or "", tag_keys=["tier"])
    await drs.untag_resource(resource_arn=arn[drops] or "", tag_keys=["tier"])
    (comes,) = drs_emulator.add_source_servers(1, tags={"tier": "db"})
    report = await by_tags(drs, "db", "app").launch()
    assert report.succeeded
    assert states(report) == dict.fromkeys([stays, leaves, comes, later], "launched")
    wave = {server.source_server_id: server.wave for server in report.servers}
    assert wave[comes] == wave[leaves] == "db"
    assert report.kept == (leaves,)
    assert report.newcomers == (comes,)
    assert set((await launched(drs)).values()) == {1}
    first = min(s.asked_at for s in report.servers if s.wave == "app" and s.asked_at)
    assert first >= max(s.ended_at for s in report.servers if s.wave == "db" and s.ended_at)


async def test_7_who_leaves_while_a_process_looks_on_is_dropped(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.add_source_servers(1, tags={"tier": "db"})
    _, drops = drs_emulator.add_source_servers(2, tags={"tier": "app"})
    arn = {s.source_server_id: s.arn async for s in drs.describe_source_servers()}

    async def retag(status: object) -> None:
        if "launching" in str(status):
            await drs.untag_resource(resource_arn=arn[drops] or "", tag_keys=["tier"])

    report = await by_tags(drs, "db", "app").launch(on_update=retag)
    assert report.succeeded
    assert report.dropped == (drops,)
    assert drops not in states(report)


async def test_7_who_waits_for_a_quota_is_no_newcomer(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    run = a_run(drs, ids, limits=Limits(servers_in_all_jobs=2))
    await run.advance()
    assert (await run.status()).newcomers == ()
    report = await a_run(drs, ids).launch()  # another process, which sees the third one wait
    assert report.succeeded
    assert report.newcomers == ()


# -- 8: another run under the key ----------------------------------------------------------------


@pytest.mark.parametrize("verb", ["launch", "advance", "status", "clean_up"])
@pytest.mark.parametrize("other", ["mode", "plan"])
async def test_8_another_run_stands_under_the_key(
    drs: DRSClient, drs_emulator: DRSEmulator, verb: str, other: str
) -> None:
    ids = drs_emulator.add_source_servers(2)
    mode = "drill" if other == "plan" or verb == "clean_up" else "recovery"
    theirs = "recovery" if mode == "drill" and other == "mode" else "drill"
    await a_run(drs, ids, mode=theirs).launch()
    drs_emulator.requests.clear()
    mine = a_run(drs, ids, mode=mode) if other == "mode" else a_run(drs, ids[:1], ids[1:])
    with pytest.raises(RunMismatchError) as caught:
        await getattr(mine, verb)()
    (job,) = await jobs(drs)
    assert caught.value.owner_job_id == job.job_id
    assert (
        operations(drs_emulator, "StartRecovery", "TagResource", "TerminateRecoveryInstances") == []
    )


@pytest.mark.parametrize("delay", [0, 30])
async def test_8_two_that_differ_begin_at_once(
    drs: DRSClient, drs_emulator: DRSEmulator, delay: float
) -> None:
    drs_emulator.quirks = Quirks(job_listing_delay=delay)
    first, second, third = drs_emulator.add_source_servers(3)
    winner: list[object] = []

    async def another_begins() -> None:
        winner.append(await a_run(drs, [first], [third]).advance())

    freeze = Freeze(drs_emulator.clock, 0, another_begins)
    async with client_with(drs_emulator, freeze) as other:
        with pytest.raises(RunMismatchError) as caught:
            await a_run(other, [second], [third]).launch()
    owner, loser = await jobs(drs)
    assert caught.value.owner_job_id == owner.job_id
    assert caught.value.launched == (loser.job_id,)
    report = await a_run(drs, [first], [third]).launch()  # the owner goes on
    assert report.succeeded
    assert {s.source_server_id for s in report.servers} == {first, third}


async def test_8_the_later_one_is_told_as_soon_as_it_has_launched(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    first, second, third = drs_emulator.add_source_servers(3)

    async def another_begins() -> None:
        await a_run(drs, [first], [third]).advance()

    async with client_with(drs_emulator, Freeze(drs_emulator.clock, 0, another_begins)) as other:
        with pytest.raises(RunMismatchError) as caught:
            await a_run(other, [second], [third]).advance()
    owner, loser = await jobs(drs)
    assert (caught.value.owner_job_id, caught.value.launched) == (owner.job_id, (loser.job_id,))


@pytest.mark.parametrize("seed", range(4))  # ids are drawn: they do not tell who came first
async def test_8_the_earlier_job_owns_the_run(seed: int) -> None:
    async with DRSEmulator(seed=seed) as world, world.client() as drs:
        first, second, third = world.add_source_servers(3)

        async def another_begins() -> None:
            await a_run(drs, [first], [third]).advance()
            await world.clock.sleep(5)

        async with client_with(world, Freeze(world.clock, 0, another_begins)) as other:
            with pytest.raises(RunMismatchError) as caught:
                await a_run(other, [second], [third]).advance()
        owner, _ = await jobs(drs)
        assert caught.value.owner_job_id == owner.job_id
        assert (await a_run(drs, [first], [third]).launch()).succeeded


async def test_8_equal_runners_join(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(6)
    reports = await asyncio.gather(*(a_run(drs, ids[:3], ids[3:]).launch() for _ in range(4)))
    assert all(report.succeeded for report in reports)
    assert set((await launched(drs)).values()) == {1}


@pytest.mark.parametrize("is_drill", [True, False])
async def test_8_ensure_recovery_of_another_mode_or_other_servers(
    drs: DRSClient, drs_emulator: DRSEmulator, *, is_drill: bool
) -> None:
    ids = drs_emulator.add_source_servers(2)
    await ensure_recovery(drs, "k", ids[:1], is_drill=True)
    wanted = ids if is_drill else ids[:1]
    with pytest.raises(RunMismatchError):
        await ensure_recovery(drs, "k", wanted, is_drill=is_drill)
    assert len(operations(drs_emulator, "StartRecovery")) == 1


# -- 9, 10: the record in the way of others ------------------------------------------------------


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(empty_last_launch=True)])
async def test_9_launched_again_by_somebody(
    drs: DRSClient, drs_emulator: DRSEmulator, quirks: Quirks
) -> None:
    drs_emulator.quirks = quirks
    ids = drs_emulator.add_source_servers(2)
    await a_run(drs, ids[:1], ids[1:]).advance()
    await drs_emulator.clock.advance(900)
    theirs = drs_emulator.start_foreign_launch(ids[:1])
    await drs_emulator.clock.advance(60)
    report = await a_run(drs, ids[:1], ids[1:]).status()
    assert states(report)[ids[0]] == "gone"  # found: it was launched, and is not launched again
    if not quirks.empty_last_launch:
        assert report.servers[0].launched_again_by == theirs
        assert theirs in (report.servers[0].reason or "")
    await a_run(drs, ids[:1], ids[1:]).launch()
    assert (await launched(drs)).get((ids[0], "w0", "1")) == 1
    await drs_emulator.clock.advance(900)
    assert len(await standing(drs)) == 1  # theirs


async def test_9_launched_again_by_somebody_after_it_has_left_the_run(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    """What was launched stays a member, although nothing that names it is left."""
    (kept,) = drs_emulator.add_source_servers(1, tags={"tier": "db"})
    (leaves,) = drs_emulator.add_source_servers(1, tags={"tier": "app"})
    arn = {s.source_server_id: s.arn async for s in drs.describe_source_servers()}
    await by_tags(drs, "db", "app").launch()
    await drs.untag_resource(resource_arn=arn[leaves] or "", tag_keys=["tier"])
    theirs = drs_emulator.start_foreign_launch([leaves])
    await drs_emulator.clock.advance(900)
    report = await by_tags(drs, "db", "app").status()
    assert states(report) == {kept: "launched", leaves: "gone"}
    (left,) = (one for one in report.servers if one.source_server_id == leaves)
    assert left.launched_again_by == theirs


async def test_9_a_single_server_launched_again_by_somebody(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    """Nothing but the launch of somebody else calls for the listing."""
    (server,) = drs_emulator.add_source_servers(1)
    await a_run(drs, [server]).launch()
    theirs = drs_emulator.start_foreign_launch([server])
    await drs_emulator.clock.advance(900)
    report = await a_run(drs, [server]).status()
    assert states(report) == {server: "gone"}
    assert report.servers[0].launched_again_by == theirs


@pytest.mark.parametrize("verb", ["launch", "advance", "status"])
async def test_10_the_job_is_gone(drs: DRSClient, drs_emulator: DRSEmulator, verb: str) -> None:
    ids = drs_emulator.add_source_servers(2)
    await a_run(drs, ids[:1], ids[1:]).advance()
    await drs_emulator.clock.advance(900)
    (job,) = await jobs(drs)
    drs_emulator.forget_job(job.job_id)
    with pytest.raises(RecordLostError) as caught:
        await getattr(a_run(drs, ids[:1], ids[1:]), verb)()
    assert caught.value.servers == {ids[0]: job.job_id}
    assert len(operations(drs_emulator, "StartRecovery")) == 1


async def test_10_a_person_overrides(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(2)
    await lost_record_of(drs_emulator, drs, ids[0])
    with pytest.raises(RecordLostError):
        await a_run(drs, ids).launch()
    assert (await a_run(drs, ids).launch(not_launched=ids[:1])).succeeded


async def test_10_what_is_older_than_the_run_is_not_ours(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    first, second = drs_emulator.add_source_servers(2)
    await lost_record_of(drs_emulator, drs, second)
    await a_run(drs, [first], [second]).advance(not_launched=[second])
    report = await a_run(drs, [first], [second]).launch()  # nobody has to say it again
    assert report.succeeded


async def test_10_a_lost_job_of_somebody_leaves_what_the_run_has_launched(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    first, second = drs_emulator.add_source_servers(2)
    await a_run(drs, [first], [second]).advance()
    await drs_emulator.clock.advance(900)
    theirs = drs_emulator.start_foreign_launch([first])
    await drs_emulator.clock.advance(900)
    drs_emulator.forget_job(theirs)
    report = await a_run(drs, [first], [second]).status()
    assert states(report) == {first: "gone", second: "not launched"}
    assert report.servers[0].launched_again_by == theirs


async def test_10_what_is_older_than_the_horizon_is_not_ours(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    await lost_record_of(drs_emulator, drs, ids[0], after=timedelta(days=15))
    assert (await a_run(drs, ids).launch()).succeeded


# -- 17, 18: batches and attempts ----------------------------------------------------------------


async def test_17_half_launched_batches_are_packed_anew(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(5)
    await a_run(drs, ids, limits=Limits(servers_in_one_job=2, concurrent_jobs=1)).advance()
    report = await a_run(drs, ids).launch()
    assert report.succeeded
    sizes = [len(job.participating_servers) for job in await jobs(drs)]
    assert sorted(sizes) == [2, 3]


async def test_17_ensure_recovery_names_both_lists(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    first, second = drs_emulator.add_source_servers(2)
    await ensure_recovery(drs, "k", [first], is_drill=True)
    with pytest.raises(RunMismatchError) as caught:
        await ensure_recovery(drs, "k", [second], is_drill=True)
    assert first in str(caught.value)
    assert second in str(caught.value)


async def test_17_ensure_recovery_takes_one_job(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(101)
    with pytest.raises(RequestValidationError, match="100"):
        await ensure_recovery(drs, "k", ids, is_drill=True)


async def test_18_attempts_are_absolute_and_counted_by_server(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    drs_emulator.fail_launch(ids[0], stage="LAUNCH", times=9)
    drs_emulator.fail_launch(ids[1], stage="LAUNCH")
    for _ in range(2):  # a second process has no more attempts than the first
        report = await a_run(drs, ids).launch(attempts=2)
        assert states(report) == {ids[0]: "failed", ids[1]: "launched", ids[2]: "launched"}
    assert await launched(drs) == {
        (ids[0], "w0", "1"): 1,
        (ids[1], "w0", "1"): 1,
        (ids[2], "w0", "1"): 1,
        (ids[0], "w0", "2"): 1,
        (ids[1], "w0", "2"): 1,
    }
    report = await a_run(drs, ids).launch(attempts=3)
    assert report.servers[[s.source_server_id for s in report.servers].index(ids[0])].attempt == 3


async def test_18_a_wave_says_its_attempts(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(2)
    for server in ids:
        drs_emulator.fail_launch(server, stage="LAUNCH")
    report = await a_run(drs, ids[:1], ids[1:], w0={"attempts": 2}).launch()
    assert states(report) == {ids[0]: "launched", ids[1]: "failed"}


async def test_18_a_job_never_mixes_waves_and_attempts(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(4)
    drs_emulator.fail_launch(ids[0], stage="SNAPSHOT")
    run = a_run(drs, ids[:2], ids[2:], w1={"after": []}, w0={"attempts": 2})
    assert (await run.launch()).succeeded
    for job in await jobs(drs):
        of = {s.source_server_id for s in job.participating_servers}
        assert of <= set(ids[:2]) or of <= set(ids[2:])
        if job.tags["drs-sdk:attempt"] == "2":
            assert of == {ids[0]}


async def test_18_attempts_are_not_mixed_in_a_half_launched_wave(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    first, second = sorted(drs_emulator.add_source_servers(2))  # as they are packed
    drs_emulator.fail_launch(first, stage="LAUNCH")
    await a_run(drs, [first, second], limits=Limits(servers_in_all_jobs=1)).advance()
    await drs_emulator.clock.advance(900)
    assert (await a_run(drs, [first, second]).launch(attempts=2)).succeeded
    once = [(first, "w0", "1"), (first, "w0", "2"), (second, "w0", "1")]
    assert await launched(drs) == dict.fromkeys(once, 1)


async def test_18_an_attempt_of_ensure_recovery_follows_one_that_failed_for_all(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(2)
    drs_emulator.fail_launch(ids[0], stage="LAUNCH")
    await ensure_recovery(drs, "half", ids, is_drill=True)
    await drs_emulator.clock.advance(900)
    with pytest.raises(RecoveryError, match="refused"):
        await ensure_recovery(drs, "half", ids, is_drill=True, attempt=2)
    (server,) = drs_emulator.add_source_servers(1)
    drs_emulator.fail_launch(server, stage="LAUNCH")
    await ensure_recovery(drs, "whole", [server], is_drill=True)
    await drs_emulator.clock.advance(900)
    with pytest.raises(RecoveryError, match="attempt 2 has not failed"):
        await ensure_recovery(drs, "whole", [server], is_drill=True, attempt=3)
    assert len(operations(drs_emulator, "StartRecovery")) == 2


async def test_18_the_next_attempt_of_ensure_recovery(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    (server,) = drs_emulator.add_source_servers(1)

    async def ensure(attempt: int) -> object:
        return await ensure_recovery(drs, "k", [server], is_drill=True, attempt=attempt)

    with pytest.raises(RecoveryError, match="refused"):
        await ensure(2)
    drs_emulator.fail_launch(server, stage="LAUNCH")
    await ensure(1)
    with pytest.raises(RecoveryError, match="refused"):
        await ensure(2)  # it still runs
    await drs_emulator.clock.advance(900)
    await ensure(2)
    await drs_emulator.clock.advance(900)
    with pytest.raises(RecoveryError, match="refused"):
        await ensure(3)  # the second has come up
    assert len(operations(drs_emulator, "StartRecovery")) == 2


# -- 19: a server in two waves -------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["launch", "advance", "status", "clean_up", "close", "approve"])
async def test_19_a_server_in_two_waves(
    drs: DRSClient, drs_emulator: DRSEmulator, verb: str
) -> None:
    drs_emulator.add_source_servers(1, tags={"tier": "db", "app": "erp"})
    plan = Runbook(
        name="erp",
        waves=[
            {"name": "db", "servers": {"tags": {"tier": "db"}}},
            {"name": "all", "servers": {"tags": {"app": "erp"}}},
        ],
    )
    run = Recovery(drs, plan, key=KEY, mode="drill")
    arguments: dict[str, Sequence[str]] = {"close": [], "approve": ["db"]}
    named = {"close": {"reason": "x"}, "approve": {"by": "me"}}.get(verb, {})
    with pytest.raises(RunbookError, match="db and all"):
        await getattr(run, verb)(*arguments.get(verb, []), **named)
    found = await run.preflight()
    assert not found.is_clear
