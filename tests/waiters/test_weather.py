"""Throttles, outages and expired credentials in mid-wait: waited out, told of, or final."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from scripted import (
    ScriptedService,
    api_error,
    at,
    broken,
    denied,
    is_idle,
    job,
    job_id,
    reset,
    server,
    server_id,
    throttled,
    timed_out,
)

from drs_sdk.errors import (
    APIError,
    ConfigurationError,
    CredentialsError,
    DRSError,
    PaginationError,
    ResponseDecodeError,
    UninitializedAccountException,
    ValidationException,
    WaiterTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.models import Job
    from drs_sdk.waiters import WaitUpdate

PENDING, DONE = job("PENDING"), job("COMPLETED", ["LAUNCHED"])

PASSING: dict[str, Callable[[], DRSError]] = {
    "throttle": throttled,
    "throttle by code": lambda: APIError({"Error": {"Code": "SlowDown"}}, "DescribeJobs"),
    "408": lambda: APIError(
        {"Error": {"Code": "Any"}, "ResponseMetadata": {"HTTPStatusCode": 408}}, "DescribeJobs"
    ),
    "request timeout by code": lambda: APIError(
        {"Error": {"Code": "RequestTimeout"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
        "DescribeJobs",
    ),
    "500": lambda: broken(500),
    "502": lambda: broken(502),
    "503": lambda: broken(503),
    "reset": reset,
    "timeout": timed_out,
    "garbled answer": lambda: ResponseDecodeError("not JSON"),
    "repeated page": lambda: PaginationError(
        "twice", operation="DescribeJobs", request_id=None, next_token="t"
    ),
    "credential provider": lambda: CredentialsError("the metadata service is silent"),
}
FINAL: dict[str, Callable[[], DRSError]] = {
    "denied": denied,
    "uninitialized": lambda: api_error(UninitializedAccountException, 400),
    "refused": lambda: api_error(ValidationException, 400),
    "misconfigured": lambda: ConfigurationError("no such endpoint"),
}


def outage(
    service: ScriptedService, since: float, until: float, error: Callable[[], DRSError]
) -> None:
    """Let every call fail from one moment to the other."""
    service.fails = lambda call: error() if at(since) <= call.at < at(until) else None


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
async def test_two_minutes_of_bad_weather_are_waited_out(
    error: Callable[[], DRSError], service: ScriptedService
) -> None:
    service.put(job_id(), (0, PENDING), (100, DONE))
    outage(service, 60, 180, error)
    errors: list[DRSError | None] = []
    ended = await service.wait_until_job_completed(
        job_id(), on_update=lambda update: errors.append(update.last_error)
    )
    assert ended == DONE
    assert 180 <= service.elapsed <= 210
    assert errors[0] is errors[-1] is None
    assert {type(each) for each in errors[1:-1]} == {type(error())}


@pytest.mark.parametrize("error", FINAL.values(), ids=FINAL)
async def test_what_cannot_heal_ends_the_wait_at_once(
    error: Callable[[], DRSError], service: ScriptedService
) -> None:
    service.put(job_id(), (0, PENDING))
    outage(service, 60, 1e9, error)
    with pytest.raises(type(error())):
        await service.wait_until_job_completed(job_id())
    assert 60 <= service.elapsed <= 90
    assert is_idle(service)


async def test_credentials_that_never_worked_end_the_wait(service: ScriptedService) -> None:
    service.failures = [CredentialsError("there are none")]
    with pytest.raises(CredentialsError):
        await service.wait_until_job_completed(job_id())


async def test_a_retry_after_is_honoured(service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING), (300, DONE))
    service.failures = [None, throttled(retry_after=100)]
    updates: list[WaitUpdate[Job]] = []
    await service.wait_until_job_completed(job_id(), on_update=updates.append)
    _, throttle, after = service.polled_at[:3]
    assert 100 <= after - throttle <= 130
    assert updates[1].next_poll_at is not None
    assert updates[1].next_poll_at >= at(throttle + 100)


async def test_a_retry_after_of_hours_is_cut_to_five_minutes(service: ScriptedService) -> None:
    service.put(job_id(), (0, DONE))
    service.failures = [throttled(retry_after=36000)]
    await service.wait_until_job_completed(job_id())
    assert service.polled_at == [0, 300]


async def test_a_retry_after_does_not_reach_past_the_deadline(service: ScriptedService) -> None:
    service.put(job_id(), (0, DONE))
    service.failures = [throttled(retry_after=200)]
    await service.wait_until_job_completed(job_id(), timeout=60)
    assert service.polled_at == [0, 60]


async def test_polls_slow_down_in_bad_weather_as_in_good(service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING), (2000, DONE))
    outage(service, 0, 1500, broken)
    await service.wait_until_job_completed(job_id(), min_delay=2, max_delay=64)
    delays = [later - sooner for sooner, later in pairwise(service.polled_at)]
    assert max(delays[:3]) <= 16
    assert sum(delays[6:]) / len(delays[6:]) > 16


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
async def test_an_outage_past_the_deadline_tells_the_last_state_and_the_cause(
    error: Callable[[], DRSError], service: ScriptedService
) -> None:
    service.put(job_id(), (0, PENDING))
    outage(service, 60, 1e9, error)
    with pytest.raises(WaiterTimeoutError) as raised:
        await service.wait_until_job_completed(job_id(), timeout=600)
    assert service.elapsed == 600
    assert raised.value.last == PENDING
    assert raised.value.elapsed == timedelta(minutes=10)
    assert type(raised.value.__cause__) is type(error())
    assert f"The last poll failed: {raised.value.__cause__}" in str(raised.value)
    assert is_idle(service)


@pytest.mark.parametrize("timeout", [600, None])
async def test_a_poll_whose_means_are_cancelled_is_tried_again(
    service: ScriptedService, timeout: float | None
) -> None:
    """A session's hook, say, that waits for something which somebody cancels."""
    service.put(job_id(), (0, PENDING), (100, DONE))
    service.failures += [None, asyncio.CancelledError("a pool was closed"), None]
    errors: list[DRSError | None] = []
    async with asyncio.timeout(5):
        ended = await service.wait_until_job_completed(
            job_id(), timeout=timeout, on_update=lambda update: errors.append(update.last_error)
        )
    assert ended == DONE
    (told,) = (each for each in errors if each is not None)
    assert isinstance(told.__cause__, asyncio.CancelledError)
    assert is_idle(service)


async def test_an_outage_from_the_beginning_has_no_last_state(service: ScriptedService) -> None:
    service.fails = lambda _: reset()
    with pytest.raises(WaiterTimeoutError) as raised:
        await service.wait_until_job_completed(job_id(), timeout=60)
    assert raised.value.last is None
    given = [server_id(1), server_id(2)]
    with pytest.raises(WaiterTimeoutError) as raised:
        await service.wait_until_source_servers_replicating(given, timeout=60)
    assert raised.value.last == []
    assert all(name in str(raised.value) for name in given)


async def test_a_timeout_names_five_and_counts_the_rest(service: ScriptedService) -> None:
    given = [server_id(number) for number in range(9)]
    for number, name in enumerate(given):
        service.put(name, (0, server("STALLED", number=number)))
    with pytest.raises(WaiterTimeoutError, match="and 4 more: asked") as raised:
        await service.wait_until_source_servers_replicating(given, timeout=60)
    assert given[4] in str(raised.value)
    assert given[5] not in str(raised.value)


async def test_an_outage_does_not_make_a_subject_missing(service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING), (3000, DONE))
    outage(service, 10, 2000, broken)
    assert await service.wait_until_job_completed(job_id()) == DONE


async def test_a_call_that_hangs_does_not_outlast_the_deadline(service: ScriptedService) -> None:
    service.put(job_id(), (0, PENDING))
    service.latency = 1e6
    with pytest.raises(WaiterTimeoutError):
        await service.wait_until_job_completed(job_id(), timeout=60, min_delay=7)
    assert service.elapsed == 70
    assert is_idle(service)


@pytest.mark.parametrize("timeout", [0, 0.5])
async def test_a_cold_start_does_not_cost_a_short_wait_its_only_look(
    timeout: float, service: ScriptedService
) -> None:
    """The first call opens a connection and finds credentials: that takes longer than a poll."""
    service.put(job_id(), (0, DONE))
    service.latency = 3.0
    ended = await service.wait_until_job_completed(
        job_id(), timeout=timeout, min_delay=0.05, max_delay=1
    )
    assert ended == DONE


async def test_a_watch_walked_over_late_ends_by_the_deadline_of_its_making(
    service: ScriptedService,
) -> None:
    service.latency = 1e6
    watch = service.watch_job(job_id(), timeout=60)
    await service.clock.sleep(50)
    with pytest.raises(WaiterTimeoutError):
        await anext(watch)
    assert service.elapsed == 70


@pytest.mark.parametrize("closes", [False, True], ids=["refused", "closed"])
async def test_each_wait_raises_an_error_of_its_own(
    closes: bool,  # noqa: FBT001 - a parameter of the test
    service: ScriptedService,
) -> None:
    """Tracebacks and notes of one are no business of the others."""
    for number in (1, 2):
        service.put(job_id(number), (0, PENDING))
    refusal = denied()
    refusal.__cause__ = OSError("the cause")
    refusal.add_note("told by the service")
    outage(service, 60, 1e9, lambda: refusal)
    waits = [
        asyncio.create_task(service.wait_until_job_completed(job_id(number))) for number in (1, 2)
    ]
    if closes:
        await service.clock.sleep(20)
        await service.hub.close()
    one, other = await asyncio.gather(*waits, return_exceptions=True)
    assert isinstance(one, DRSError)
    assert isinstance(other, DRSError)
    assert one is not other
    assert (type(one), str(one)) == (type(other), str(other))
    one.add_note("told by a caller")
    assert "told by a caller" not in getattr(other, "__notes__", [])
    if not closes:
        assert (one.__cause__, other.__cause__) == (refusal.__cause__,) * 2
        assert isinstance(one, APIError)
        assert one.http_status == refusal.http_status
        assert refusal.__notes__ == ["told by the service"]


async def test_a_hanging_call_of_one_does_not_hold_up_the_deadline_of_another(
    service: ScriptedService,
) -> None:
    service.latency = 1e6
    patient = asyncio.create_task(service.wait_until_job_completed(job_id(), timeout=None))
    with pytest.raises(WaiterTimeoutError):
        await service.wait_until_job_completed(job_id(2), timeout=60)
    patient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await patient
    assert is_idle(service)
