"""Reads that a worker's runs share: few calls, none older than its asker, and nobody's trouble."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypothesis import given, settings, strategies as st
from runs import operations

from drs_sdk.errors import APIError, ValidationException
from drs_sdk.recovery import ensure_recovery, look_at_job
from drs_sdk.recovery.joint_reads import LONGEST, QUIET, JoinedReads
from drs_sdk.recovery.limits import Limits
from drs_sdk.testing import DRSEmulator, Fault, Quotas

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from drs_sdk import DRSClient
    from drs_sdk.models import SourceServer

ROOM = Limits(concurrent_jobs=1000, servers_in_all_jobs=1000)


async def test_a_hundred_launches_at_once_share_their_looks() -> None:
    quotas = Quotas(concurrent_jobs=1000, servers_in_all_jobs=1000)
    joined = JoinedReads()
    async with DRSEmulator(quotas=quotas) as emulator, emulator.client() as drs:
        ids = emulator.add_source_servers(100)
        with joined.joining():
            started = await asyncio.gather(
                *(
                    ensure_recovery(drs, f"k/{name}", [name], is_drill=True, limits=ROOM)
                    for name in ids
                )
            )
        assert all(one.started_here for one in started)
        assert len({one.job.job_id for one in started}) == 100
        # A look before the launches, and one after.
        assert len(operations(emulator, "DescribeSourceServers")) == 2
        assert len(operations(emulator, "DescribeJobs")) == 2
        assert len(operations(emulator, "DescribeRecoveryInstances")) == 1
        emulator.requests.clear()
        with joined.joining():
            looks = await asyncio.gather(
                *(look_at_job(drs, one.job.job_id or "") for one in started)
            )
        assert {look.job_id for look in looks} == {one.job.job_id for one in started}
        assert len(operations(emulator, "DescribeJobs")) == 1


async def test_two_under_one_key_launch_once(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(2)
    with JoinedReads().joining():
        both = await asyncio.gather(
            *(ensure_recovery(drs, "k", ids, is_drill=True) for _ in range(2))
        )
    assert both[0].job.job_id == both[1].job.job_id
    assert len(await drs.describe_jobs().collect()) == 1


async def test_alone_nothing_is_waited_for(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(1)
    began = drs.clock.now()
    await ensure_recovery(drs, "k", ids, is_drill=True)
    assert drs.clock.now() == began


@given(st.lists(st.floats(0, 20), min_size=1, max_size=25), st.sampled_from([0.0, 0.3, 3.0]))
@settings(max_examples=25)
def test_what_is_told_is_not_older_than_the_question(pauses: list[float], takes: float) -> None:
    """Whoever joins, whenever, however long answers take: the request was sent after it asked."""

    async def go() -> None:
        async with DRSEmulator() as emulator, emulator.client() as drs:
            ids = emulator.add_source_servers(len(pauses))
            reads = JoinedReads().of(drs)
            if takes:
                emulator.inject("DescribeSourceServers", Fault.late(takes))

            async def ask(name: str, pause: float) -> tuple[str, datetime, dict[str, SourceServer]]:
                await drs.clock.sleep(pause)
                asked = drs.clock.now()
                await reads.gathered()
                assert drs.clock.now() - asked <= LONGEST
                return name, asked, (await reads.servers(frozenset([name]))).servers

            told = await asyncio.gather(*map(ask, ids, pauses))
            for name, asked, found in told:
                assert found.keys() == {name}
                (request,) = (
                    one
                    for one in operations(emulator, "DescribeSourceServers")
                    if name in one.params["filters"]["sourceServerIDs"]
                )
                assert request.received_at >= asked

    asyncio.run(go())


async def test_where_they_keep_coming_nobody_waits_for_long(drs: DRSClient) -> None:
    reads = JoinedReads().of(drs)

    async def ask(pause: float) -> timedelta:
        await drs.clock.sleep(pause)
        asked = drs.clock.now()
        await reads.gathered()
        return drs.clock.now() - asked

    waited = await asyncio.gather(*(ask(n * 0.9) for n in range(40)))
    assert QUIET < max(waited) <= LONGEST


async def test_what_one_asks_wrongly_is_nobody_elses_trouble(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    wrong = "s-wrong"
    reads = JoinedReads().of(drs)
    told = await asyncio.gather(
        *(reads.servers(frozenset([name])) for name in [*ids, wrong]), return_exceptions=True
    )
    assert [one if isinstance(one, BaseException) else [*one.servers] for one in told[:3]] == [
        [name] for name in ids
    ]
    assert isinstance(told[3], Exception)


async def test_a_refusal_of_a_call_is_asked_again_by_each(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    refusal = Fault.error("ValidationException", reason="fieldValidationFailed")
    drs_emulator.inject("DescribeSourceServers", refusal, times=2)
    reads = JoinedReads().of(drs)
    told = await asyncio.gather(
        *(reads.servers(frozenset([name])) for name in ids), return_exceptions=True
    )
    assert sum(isinstance(one, ValidationException) for one in told) == 1
    assert len(operations(drs_emulator, "DescribeSourceServers")) == 4


async def test_trouble_is_told_to_each_with_an_error_of_its_own(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    drs_emulator.inject("DescribeJobs", Fault.error("AccessDeniedException"))
    reads = JoinedReads().of(drs)
    since = drs.clock.now()
    told = await asyncio.gather(
        *(reads.jobs_since(since) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(one, APIError) for one in told)
    assert len({id(one) for one in told}) == 3
    assert len(operations(drs_emulator, "DescribeJobs")) == 1


async def test_who_leaves_takes_nothing_from_the_others_and_leaves_nothing_behind(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    first, second = drs_emulator.add_source_servers(2)
    drs_emulator.inject("DescribeSourceServers", Fault.late(30, after=False))
    reads = JoinedReads().of(drs)

    async def ask(name: str) -> list[str]:
        await reads.gathered()
        return [*(await reads.servers(frozenset([name]))).servers]

    leaves, stays = asyncio.create_task(ask(first)), asyncio.create_task(ask(second))
    await drs.clock.sleep(3)  # both are in the call
    leaves.cancel()
    assert await stays == [second]
    for turns in range(6):  # gathering, about to ask, asking
        alone = asyncio.create_task(ask(first))
        for _ in range(turns):
            await asyncio.sleep(0)
        alone.cancel()
        after = asyncio.create_task(ask(second))
        await asyncio.wait([alone])
        assert alone.cancelled()
        assert await after == [second]
    await asyncio.wait([leaves])
    assert not [one for one in asyncio.all_tasks() if "joined read" in one.get_name()]


async def test_a_launch_whose_answer_is_late_is_told_all_the_same(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    """It stands: "could not be started in time" would be wrong."""
    ids = drs_emulator.add_source_servers(1)
    drs_emulator.inject("StartRecovery", Fault.late(60), times=1)
    ensured = await ensure_recovery(drs, "k", ids, is_drill=True, timeout=30)
    assert ensured.started_here
    assert len(operations(drs_emulator, "StartRecovery")) == 1
