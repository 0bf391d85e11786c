"""All waits of a client on one kind of subject ask together, and do not disturb each other."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import pytest
from scripted import (
    ScriptedService,
    api_error,
    calls_per_moment,
    denied,
    execution,
    execution_arn,
    instance,
    instance_id,
    is_idle,
    job,
    job_id,
    network,
    network_id,
    server,
    server_id,
    settle,
    throttled,
)

from drs_sdk.errors import (
    AccessDeniedException,
    ClientClosedError,
    DRSError,
    RequestValidationError,
    ResourceNotFoundException,
    ValidationException,
    WaiterTimeoutError,
)
from drs_sdk.waiters.subscription import Subscription

if TYPE_CHECKING:
    from datetime import datetime

    from scripted import Call

    from drs_sdk.errors import APIError
    from drs_sdk.models import Job


def launch_jobs(service: ScriptedService, count: int, *, seconds: float = 540) -> list[str]:
    """Script so many jobs, each with a minute more to run than the one before at most."""
    ids = [job_id(number) for number in range(1, count + 1)]
    for number, name in enumerate(ids, start=1):
        ends = seconds + number % 60
        service.put(
            name,
            (0, job("STARTED", number=number)),
            (ends, job("COMPLETED", ["LAUNCHED"], number=number)),
        )
    return ids


async def test_500_job_waits_cost_one_call_a_tick(service: ScriptedService) -> None:
    ids = launch_jobs(service, 500)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(service.wait_until_job_completed(name)) for name in ids]
    assert [task.result().job_id for task in tasks] == ids
    assert set(calls_per_moment(service, "DescribeJobs")) == {1}
    assert len(service.calls[0].ids) == 500
    assert len(service.calls) < 60


async def test_450_server_waits_cost_three_calls_a_tick(service: ScriptedService) -> None:
    ids = [server_id(number) for number in range(450)]
    for number, name in enumerate(ids):
        service.put(
            name,
            (0, server("INITIAL_SYNC", number=number)),
            (1200, server("CONTINUOUS", number=number)),
        )
    async with asyncio.TaskGroup() as group:
        for name in ids:
            group.create_task(service.wait_until_source_servers_launchable(name))
    assert set(calls_per_moment(service, "DescribeSourceServers")) == {3}
    assert {len(call.ids) for call in service.calls} == {200, 50}


@pytest.mark.parametrize(
    ("wait", "operation", "count", "calls"),
    [
        ("wait_until_job_completed", "DescribeJobs", 1001, 2),
        ("wait_until_source_servers_disconnected", "DescribeSourceServers", 401, 3),
        ("wait_until_recovery_instances_running", "DescribeRecoveryInstances", 201, 2),
        ("wait_until_source_network_protected", "DescribeSourceNetworks", 101, 2),
        ("wait_until_recovery_plan_execution_completed", "GetRecoveryPlanExecution", 7, 7),
    ],
)
async def test_calls_a_tick_follow_the_bound_of_the_filter(
    wait: str, operation: str, count: int, calls: int, service: ScriptedService
) -> None:
    for number in range(count):
        service.put(job_id(number), (0, job("COMPLETED", ["LAUNCHED"], number=number)))
        service.put(server_id(number), (0, server("DISCONNECTED", number=number)))
        service.put(instance_id(number), (0, instance(number=number)))
        service.put(network_id(number), (0, network("PROTECTED", number=number)))
        service.put(execution_arn(number), (0, execution("COMPLETED", number=number)))
    id_of = {
        "DescribeJobs": job_id,
        "DescribeSourceServers": server_id,
        "DescribeRecoveryInstances": instance_id,
        "DescribeSourceNetworks": network_id,
        "GetRecoveryPlanExecution": execution_arn,
    }[operation]
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(getattr(service, wait)(id_of(number)))
    assert calls_per_moment(service, operation) == [calls]


async def test_waits_on_the_same_subject_ask_for_it_once(service: ScriptedService) -> None:
    (name,) = launch_jobs(service, 1)
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(service.wait_until_job_completed(name))
        group.create_task(service.wait_until_launch_actions_completed(name))
    assert {call.ids for call in service.calls} == {(name,)}
    assert set(calls_per_moment(service, "DescribeJobs")) == {1}


async def test_a_joiner_is_asked_for_at_once_and_falls_into_step(service: ScriptedService) -> None:
    first, second = launch_jobs(service, 2)
    waiting = asyncio.create_task(
        service.wait_until_job_completed(first, min_delay=100, max_delay=100)
    )
    await service.clock.sleep(130)
    assert service.polled_at == [0, 100]
    joining = asyncio.create_task(
        service.wait_until_job_completed(second, min_delay=100, max_delay=100)
    )
    await service.clock.sleep(1)
    assert service.polled_at == [0, 100, 130]
    await asyncio.gather(waiting, joining)
    # The joiner's tick came too early for the first; at the next one they met.
    assert service.calls[2].ids == (second,)
    assert service.polled_at[3:5] == [200, 300]
    assert all(set(call.ids) == {first, second} for call in service.calls[3:])


@pytest.mark.parametrize(("between", "polls"), [(0.0, 2), (0.01, 2), (0.02, 2), (0.1, 5)])
async def test_waits_that_join_one_after_another_share_their_first_polls(
    between: float, polls: int, service: ScriptedService
) -> None:
    ids = launch_jobs(service, 20)
    tasks: list[asyncio.Task[Job]] = []
    for name in ids:
        tasks.append(
            asyncio.create_task(service.wait_until_job_completed(name, min_delay=60, max_delay=60))
        )
        await service.clock.sleep(between)
    await service.clock.sleep(3)
    assert len(service.calls) == polls
    assert {name for call in service.calls for name in call.ids} == set(ids)
    assert [(await task).job_id for task in tasks] == ids


async def test_a_wait_put_off_is_asked_for_by_its_deadline(service: ScriptedService) -> None:
    service.put(job_id(1), (0, job(number=1)))
    done = job("COMPLETED", ["LAUNCHED"], number=2)
    service.put(job_id(2), (0, done))
    staying = asyncio.create_task(service.wait_until_job_completed(job_id(1)))
    for timeout in (0, 0.1, 60):
        await service.clock.sleep(0.1)
        began = service.elapsed
        assert await service.wait_until_job_completed(job_id(2), timeout=timeout) == done
        assert service.elapsed - began <= min(timeout, 0.5)
    staying.cancel()
    await asyncio.wait([staying])
    began = service.elapsed
    for _ in range(3):  # alone, each is asked for at once
        await service.wait_until_job_completed(job_id(2))
    assert service.elapsed == began


async def test_different_delays_converge(service: ScriptedService) -> None:
    ids = launch_jobs(service, 3, seconds=3600)
    delays = [(5, 30), (10, 60), (7, 45)]
    async with asyncio.TaskGroup() as group:
        for name, (low, high) in zip(ids, delays, strict=True):
            group.create_task(
                service.wait_until_job_completed(
                    name, min_delay=low, max_delay=high, timeout=timedelta(hours=2)
                )
            )
    alone = 3600 / 17 + 3600 / 35 + 3600 / 26  # each at its mean delay
    assert len(service.calls) < 0.75 * alone


async def test_leaving_takes_the_subject_out_of_the_poll(service: ScriptedService) -> None:
    first, second = launch_jobs(service, 2)
    staying = asyncio.create_task(service.wait_until_job_completed(first))
    leaving = asyncio.create_task(service.wait_until_job_completed(second))
    await service.clock.sleep(200)
    assert set(service.calls[-1].ids) == {first, second}
    leaving.cancel()
    await asyncio.wait([leaving])
    asked = len(service.calls)
    await staying
    assert {call.ids for call in service.calls[asked:]} == {(first,)}


async def test_a_wait_cancelled_in_the_middle_of_a_poll_takes_nothing_from_the_others(
    service: ScriptedService,
) -> None:
    ids = launch_jobs(service, 20)
    service.latency = 2.0
    tasks = [asyncio.create_task(service.wait_until_job_completed(name)) for name in ids]
    await service.clock.sleep(1)  # the first poll is on its way
    assert service.under_way == 1
    for task in tasks[::2]:
        task.cancel()
    await asyncio.wait(tasks[::2])
    assert service.under_way == 1
    assert [(await task).job_id for task in tasks[1::2]] == ids[1::2]
    assert set(calls_per_moment(service, "DescribeJobs")) == {1}


async def test_the_last_to_leave_cancels_the_poll(service: ScriptedService) -> None:
    (name,) = launch_jobs(service, 1)
    service.latency = 2.0
    task = asyncio.create_task(service.wait_until_job_completed(name))
    await service.clock.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_idle(service)


async def test_a_wait_cancelled_twice_leaves_nothing_behind(service: ScriptedService) -> None:
    """The second cancellation comes while the wait still cleans up after the first."""
    (name,) = launch_jobs(service, 1)
    for passes in range(8):
        task = asyncio.create_task(service.wait_until_job_completed(name))
        await service.clock.sleep(20)
        task.cancel()
        for _ in range(passes):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await settle(service)
        assert is_idle(service)


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
async def test_what_leaving_costs_does_not_grow_with_those_that_stay(
    at_once: bool,  # noqa: FBT001 - a parameter of the test
    service: ScriptedService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (name,) = launch_jobs(service, 1)
    tasks = [asyncio.create_task(service.wait_until_job_completed(name)) for _ in range(200)]
    await service.clock.sleep(1)
    looked_at: list[Subscription[object]] = []
    keep_up_with = Subscription[object].keep_up_with

    def look_at(subscription: Subscription[object], now: datetime) -> None:
        looked_at.append(subscription)
        keep_up_with(subscription, now)

    monkeypatch.setattr(Subscription, "keep_up_with", look_at)
    with service.clock.busy():  # no poll is made meanwhile
        for task in tasks:
            task.cancel()
            if not at_once:
                await asyncio.wait([task])
        await asyncio.wait(tasks)
    assert len(looked_at) <= len(tasks)
    assert is_idle(service)


async def test_a_new_wait_starts_the_polls_again(service: ScriptedService) -> None:
    (name,) = launch_jobs(service, 1)
    for _ in range(3):
        with pytest.raises(WaiterTimeoutError):
            await service.wait_until_job_completed(name, timeout=30)
    assert (await service.wait_until_job_completed(name)).succeeded


async def test_a_malformed_id_among_500_fails_its_own_wait_only(service: ScriptedService) -> None:
    ids = launch_jobs(service, 499)
    ids.insert(250, "no-job-at-all")
    waits = [service.wait_until_job_completed(name) for name in ids]
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    failed = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(failed) == 1
    assert isinstance(outcomes[250], RequestValidationError)
    first, *later = calls_per_moment(service, "DescribeJobs")
    assert first <= 10  # halving what was refused, once
    assert set(later) == {1}


@pytest.mark.parametrize("kind", [ValidationException, ResourceNotFoundException])
async def test_an_id_that_the_service_refuses_fails_its_own_wait_only(
    kind: type[APIError], service: ScriptedService
) -> None:
    ids = [server_id(number) for number in range(300)]
    for number, name in enumerate(ids):
        service.put(name, (0, server("DISCONNECTED", number=number)))
    bad = ids[77]

    def fails(call: Call) -> Exception | None:
        return api_error(kind, 400) if bad in call.ids else None

    service.fails = fails
    waits = [service.wait_until_source_servers_disconnected(name) for name in ids]
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    failed = [each for each in outcomes if isinstance(each, BaseException)]
    assert [type(each) for each in failed] == [kind]
    assert isinstance(outcomes[77], kind)
    assert len(service.calls) < 25


async def test_malformed_ids_take_nothing_from_waits_on_what_stood_beside_them() -> None:
    """Waits share a server, and some of them have a malformed id, too; in every order."""
    for order in permutations([[2], [0], [0, 2], [3], [0, 3]]):
        service = ScriptedService()
        for number in (2, 3):
            service.put(server_id(number), (0, server("DISCONNECTED", number=number)))
        outcomes = await asyncio.gather(
            *(
                service.wait_until_source_servers_disconnected(
                    [server_id(number) if number else "no-server-at-all" for number in numbers]
                )
                for numbers in order
            ),
            return_exceptions=True,
        )
        for numbers, outcome in zip(order, outcomes, strict=True):
            assert isinstance(outcome, RequestValidationError if 0 in numbers else list)


async def test_a_refusal_that_is_nobodys_fault_ends_all_after_one_call(
    service: ScriptedService,
) -> None:
    ids = launch_jobs(service, 100)
    service.fails = lambda _: denied()
    waits = [service.wait_until_job_completed(name) for name in ids]
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes} == {AccessDeniedException}
    assert len(service.calls) == 1


async def test_a_call_that_fails_concerns_those_it_asked_for_only(service: ScriptedService) -> None:
    ids = [server_id(number) for number in range(400)]
    for number, name in enumerate(ids):
        service.put(name, (0, server("DISCONNECTED", number=number)))
    service.fails = lambda call: denied() if ids[0] in call.ids else None
    waits = [service.wait_until_source_servers_disconnected(name) for name in ids]
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes[:200]} == {AccessDeniedException}
    assert {type(each) for each in outcomes[200:]} == {list}


async def test_of_two_failed_calls_the_one_that_cannot_heal_counts(
    service: ScriptedService,
) -> None:
    ids = [server_id(number) for number in range(250)]
    for bad in (ids[0], ids[-1]):
        service.fails = lambda call, bad=bad: denied() if bad in call.ids else throttled()
        with pytest.raises(AccessDeniedException):
            await service.wait_until_source_servers_disconnected(ids)
    assert len(service.calls) == 4


@pytest.mark.parametrize("timeout", [3600, None])
async def test_an_error_that_is_not_ours_ends_every_wait(
    timeout: float | None, service: ScriptedService
) -> None:
    """Nobody waits for ever because of a hook, a clock or a session that is broken."""
    ids = launch_jobs(service, 3)
    service.failures = [None, None, RuntimeError("a broken session")]
    waits = [service.wait_until_job_completed(name, timeout=timeout) for name in ids]
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes} == {DRSError}
    assert all("a broken session" in repr(getattr(each, "__cause__", None)) for each in outcomes)
    assert (await service.wait_until_job_completed(ids[0])).succeeded


async def test_a_clock_that_fails_ends_every_wait(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = launch_jobs(service, 1)

    async def fail(seconds: float) -> None:
        await asyncio.sleep(0)
        if seconds:
            raise OSError("no time")

    monkeypatch.setattr(service.clock, "sleep", fail)
    with pytest.raises(DRSError, match="no time"):
        await service.wait_until_job_completed(name, timeout=None)


async def test_closing_ends_every_wait_and_every_watch(service: ScriptedService) -> None:
    ids = launch_jobs(service, 10)
    service.put(server_id(), (0, server("STALLED")))
    waits: list[asyncio.Task[object]] = [
        *(asyncio.create_task(service.wait_until_job_completed(name)) for name in ids),
        asyncio.create_task(service.wait_until_source_servers_replicating(server_id())),
    ]
    watch = service.watch_job(ids[0])
    await anext(watch)
    await service.clock.sleep(100)
    await service.hub.close()
    outcomes = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(each) for each in outcomes} == {ClientClosedError}
    with pytest.raises(ClientClosedError):
        await anext(watch)
    await settle(service)
    assert is_idle(service)


async def test_closing_from_within_an_update_ends_the_wait(service: ScriptedService) -> None:
    (name,) = launch_jobs(service, 1)
    with pytest.raises(ClientClosedError):
        await service.wait_until_job_completed(name, on_update=lambda _: service.hub.close())


async def test_a_wait_of_twelve_hours_takes_no_time(service: ScriptedService) -> None:
    service.put(server_id(), (0, server("INITIAL_SYNC")), (12 * 3600, server("CONTINUOUS")))
    await service.wait_until_source_servers_launchable(server_id())
    assert 12 * 3600 <= service.elapsed <= 12 * 3600 + 120
    assert 300 < len(service.calls) < 1500


async def test_delays_grow_from_the_least_to_the_most(service: ScriptedService) -> None:
    service.put(job_id(), (0, job()))
    with pytest.raises(WaiterTimeoutError):
        await service.wait_until_job_completed(job_id(), min_delay=4, max_delay=60, timeout=3600)
    times = service.polled_at
    delays = [later - sooner for sooner, later in pairwise(times)]
    assert all(
        4 <= delay <= min(60, 4 * 2 ** (index + 1)) for index, delay in enumerate(delays[:-1])
    )
    assert max(delays) > 40
    assert len({round(delay, 3) for delay in delays}) > 10  # jitter


async def test_many_waits_add_no_tasks_and_no_sleepers_of_their_own(
    service: ScriptedService,
) -> None:
    count = 500
    for number in range(count):
        service.put(job_id(number), (0, job(number=number)))
    begun = len(asyncio.all_tasks())
    waits = [
        asyncio.create_task(service.wait_until_job_completed(job_id(number), timeout=3600))
        for number in range(count)
    ]
    with service.clock.busy():
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) - begun - count < 10
        assert service.clock.sleepers < 10
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
    assert is_idle(service)


@pytest.mark.parametrize("gap", [0.0, 0.01, 0.3, 0.7])
async def test_those_that_share_an_alarm_end_soon_after_their_deadlines(
    gap: float, service: ScriptedService
) -> None:
    """Whatever hangs, and whoever of those that joined close together has left."""
    service.hangs = lambda _: True

    async def wait(number: int) -> float:
        await service.clock.sleep(gap * number)
        began = service.elapsed
        with pytest.raises(WaiterTimeoutError):
            await service.wait_until_job_completed(job_id(number), timeout=60)
        return service.elapsed - began

    waits = [asyncio.create_task(wait(number)) for number in range(6)]
    await service.clock.sleep(20)
    waits[0].cancel()
    took = await asyncio.gather(*waits[1:])
    assert all(69 <= each <= 70 for each in took), took
    await asyncio.wait(waits)
    assert is_idle(service)
