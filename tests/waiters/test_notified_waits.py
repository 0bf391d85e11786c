"""An event of EventBridge wakes the waits and watches it concerns, and only those."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from scripted import (
    ScriptedService,
    instance,
    instance_id,
    is_idle,
    job,
    job_id,
    network,
    network_id,
    server,
    server_id,
    throttled,
)

from drs_sdk.errors import RequestValidationError
from drs_sdk.eventbridge import Event, parse_event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def event(detail_type: str, *resources: str, **detail: Any) -> Event:  # noqa: ANN401 - JSON
    arns = [f"arn:aws:drs:us-east-1:111122223333:{resource}" for resource in resources]
    return parse_event(
        {
            "source": "aws.drs",
            "detail-type": detail_type,
            "resources": arns,
            "detail": detail,
        }
    )


def stalled(number: int = 1) -> Event:
    resource = f"source-server/{server_id(number)}"
    return event("DRS Source Server Data Replication Stalled Change", resource, state="STALLED")


LAUNCHED = event(
    "DRS Source Server Launch Result",
    f"source-server/{server_id()}",
    f"job/{job_id()}",
    state="RECOVERY_LAUNCH_SUCCEEDED",
    **{"job-id": job_id(), "is-drill": "false"},
)

WAITS: dict[str, tuple[Callable[[ScriptedService], Awaitable[object]], Event]] = {
    "a job": (
        lambda service: service.wait_until_job_completed(job_id(), min_delay=600),
        LAUNCHED,
    ),
    "servers": (
        lambda service: service.wait_until_source_servers_replicating(server_id(), min_delay=600),
        stalled(),
    ),
    "instances": (
        lambda service: service.wait_until_failback_ready(instance_id(), min_delay=600),
        event(
            "DRS Recovery Instance Failback State Change",
            "recovery-instance/ri-0123456789abcdef0",  # as AWS's samples have them
            state="FAILBACK_READY_FOR_LAUNCH",
        ),
    ),
    "networks": (
        lambda service: service.wait_until_source_network_protected(network_id(), min_delay=600),
        event("DRS Source Network Protection Status Change", f"source-network/{network_id()}"),
    ),
}


def write(service: ScriptedService) -> None:
    """Everything is under way for ten seconds, and well from then on."""
    service.put(job_id(), (0, job()), (10, job("COMPLETED", ["LAUNCHED"])))
    service.put(server_id(), (0, server("STALLED")), (10, server("CONTINUOUS")))
    ready = instance(failback="FAILBACK_READY_FOR_LAUNCH")
    service.put(instance_id(), (0, instance(failback="FAILBACK_IN_PROGRESS")), (10, ready))
    service.put(network_id(), (0, network("IN_PROGRESS")), (10, network("PROTECTED")))


@pytest.mark.parametrize("what", WAITS)
async def test_a_wait_that_an_event_concerns_asks_now(what: str, service: ScriptedService) -> None:
    write(service)
    wait, told = WAITS[what]
    waiting = asyncio.ensure_future(wait(service))
    await service.clock.sleep(20)
    service.notify(told)
    await waiting
    assert service.elapsed == 20
    assert service.polled_at == [0, 20]
    assert is_idle(service)


@pytest.mark.parametrize("what", WAITS)
async def test_an_event_that_is_lost_only_delays(what: str, service: ScriptedService) -> None:
    write(service)
    await WAITS[what][0](service)
    assert service.elapsed == 600


async def test_a_watch_of_all_is_woken_by_an_event_of_any_server(
    service: ScriptedService,
) -> None:
    write(service)
    async with service.watch_source_servers(min_delay=600) as watch:
        assert (await anext(watch)).kind == "appeared"
        await service.clock.sleep(20)
        service.put(server_id(7), (0, server("STALLED", number=7)))
        service.notify(stalled(7))
        await anext(watch)
        assert service.elapsed == 20


async def test_others_sleep_on(service: ScriptedService) -> None:
    write(service)
    waiting = [asyncio.ensure_future(wait(service)) for wait, _ in WAITS.values()]
    await service.clock.sleep(20)
    before = len(service.calls)
    service.notify(event("DRS Something New", f"source-server/{server_id(9)}"))
    service.notify(event("DRS Something New"))
    service.notify(stalled(9))
    service.notify(parse_event({"source": "aws.drs", "detail-type": "x", "detail": {}}))
    await service.clock.sleep(100)
    assert len(service.calls) == before
    await asyncio.gather(*waiting)


async def test_an_event_that_comes_while_a_call_is_under_way_asks_again(
    service: ScriptedService,
) -> None:
    """The call may have been answered before it happened."""
    service.put(server_id(), (0, server("STALLED")), (10, server("CONTINUOUS")))
    waiting = asyncio.ensure_future(
        service.wait_until_source_servers_replicating(server_id(), min_delay=600)
    )
    service.latency = 12.0
    await service.clock.sleep(1)
    service.states[server_id()] = [(0, server("STALLED")), (12.2, server("CONTINUOUS"))]
    service.notify(stalled())
    await waiting
    assert service.polled_at == [0, 12.5]


async def test_many_events_bring_few_polls(service: ScriptedService) -> None:
    service.put(server_id(), (0, server("STALLED")))
    waiting = asyncio.ensure_future(
        service.wait_until_source_servers_replicating(server_id(), min_delay=600)
    )
    await service.clock.sleep(10)
    for _ in range(1000):
        service.notify(stalled())
        await service.clock.sleep(0.01)
    assert len(service.calls) <= 1 + 10 / 0.5 + 1
    waiting.cancel()
    await asyncio.wait({waiting})


async def test_an_event_does_not_break_what_the_service_asked_for(
    service: ScriptedService,
) -> None:
    service.put(server_id(), (0, server("CONTINUOUS")))
    service.failures = [throttled(retry_after=60.0)]
    waiting = asyncio.ensure_future(
        service.wait_until_source_servers_replicating(server_id(), min_delay=600)
    )
    await service.clock.sleep(5)
    service.notify(stalled())
    await waiting
    assert service.polled_at == pytest.approx([0, 60.5])


@pytest.mark.parametrize("given", [{"source": "aws.drs"}, "{}", None, 5], ids=repr)
async def test_what_is_no_event_is_refused(given: Any, service: ScriptedService) -> None:  # noqa: ANN401
    with pytest.raises(RequestValidationError, match="parse_event"):
        service.notify(given)


async def test_a_client_that_waits_for_nothing_takes_events(service: ScriptedService) -> None:
    service.notify(LAUNCHED)
    assert service.calls == []
