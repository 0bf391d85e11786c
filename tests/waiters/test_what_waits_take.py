# ruff: noqa: ANN401 - what the waits take is many things
"""Waits take what operations return: resources, responses, ids; one or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scripted import (
    ScriptedService,
    execution,
    execution_arn,
    instance,
    instance_id,
    job,
    job_id,
    network,
    network_id,
    run_of,
    server,
    server_id,
)

from drs_sdk.errors import RequestValidationError, WaiterFailedError, WaiterTimeoutError
from drs_sdk.models import (
    DisconnectSourceServerResponse,
    GetRecoveryPlanExecutionResponse,
    Job,
    SourceServer,
    StartRecoveryPlanExecutionResponse,
    StartRecoveryResponse,
    TerminateRecoveryInstancesResponse,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DONE = job("COMPLETED", ["LAUNCHED"], runs=[[run_of("SUCCEEDED")]])


@pytest.mark.parametrize(
    "given",
    [job_id(), DONE, StartRecoveryResponse(job=DONE), TerminateRecoveryInstancesResponse(job=DONE)],
    ids=["id", "job", "launch", "termination"],
)
@pytest.mark.parametrize(
    "wait", ["wait_until_job_completed", "wait_until_launch_actions_completed"]
)
async def test_job_waits_take_a_job_an_id_or_the_response_that_holds_it(
    wait: str, given: Any, service: ScriptedService
) -> None:
    service.put(job_id(), (0, DONE))
    assert await getattr(service, wait)(given) == DONE


@pytest.mark.parametrize(
    "given",
    [
        execution_arn(),
        execution("CREATED"),
        GetRecoveryPlanExecutionResponse(recovery_plan_execution=execution("CREATED")),
        StartRecoveryPlanExecutionResponse(recovery_plan_execution=execution("CREATED")),
    ],
    ids=["arn", "execution", "get", "start"],
)
async def test_plan_waits_take_an_execution_an_arn_or_the_response_that_holds_it(
    given: Any, service: ScriptedService
) -> None:
    service.put(execution_arn(), (0, execution("COMPLETED")))
    ended = await service.wait_until_recovery_plan_execution_completed(given)
    assert ended == execution("COMPLETED")


@pytest.mark.parametrize("given", [StartRecoveryResponse(), Job(), 5], ids=repr)
async def test_a_job_wait_without_an_id_is_refused(given: Any, service: ScriptedService) -> None:
    with pytest.raises(ValueError, match="a job id is wanted"):
        await service.wait_until_job_completed(given)
    with pytest.raises(ValueError, match="a job id is wanted"):
        service.watch_job(given)


async def test_a_plan_wait_without_an_arn_is_refused(service: ScriptedService) -> None:
    with pytest.raises(ValueError, match="the ARN of a recovery plan execution is wanted"):
        await service.wait_until_recovery_plan_execution_completed(
            StartRecoveryPlanExecutionResponse()
        )


async def test_a_server_without_an_id_is_refused(service: ScriptedService) -> None:
    with pytest.raises(ValueError, match="the id of a source server is wanted"):
        await service.wait_until_source_servers_replicating([server_id(), SourceServer()])
    assert service.calls == []


FIRST, SECOND = server("CONTINUOUS", number=1), server("CONTINUOUS", number=2)


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (server_id(1), [1]),
        (FIRST, [1]),
        ([server_id(2), server_id(1)], [2, 1]),
        ((FIRST, SECOND), [1, 2]),
        ([server_id(2), FIRST, SECOND, server_id(1), server_id(2)], [2, 1]),
        ({server_id(1): "a dict is its keys"}, [1]),
        (lambda: (each for each in (SECOND, server_id(1))), [2, 1]),
        (
            DisconnectSourceServerResponse.model_validate(FIRST.model_dump(by_alias=True)),
            [1],
        ),
    ],
    ids=[
        "one id",
        "one server",
        "ids",
        "servers",
        "mixed and twice",
        "a mapping",
        "a generator",
        "a response that is one",
    ],
)
async def test_server_waits_take_one_or_many_and_keep_their_order(
    given: Any, numbers: list[int], service: ScriptedService
) -> None:
    service.put(server_id(1), (0, FIRST))
    service.put(server_id(2), (0, SECOND))
    answer = await service.wait_until_source_servers_replicating(
        given() if callable(given) else given
    )
    assert [each.source_server_id for each in answer] == [server_id(n) for n in numbers]
    assert [len(call.ids) for call in service.calls] == [len(numbers)]


MANY: list[tuple[str, Callable[[int], str], Callable[[int], Any]]] = [
    (
        "wait_until_source_servers_launchable",
        server_id,
        lambda n: server("CONTINUOUS", number=n),
    ),
    (
        "wait_until_source_servers_disconnected",
        server_id,
        lambda n: server("DISCONNECTED", number=n),
    ),
    ("wait_until_recovery_instances_running", instance_id, lambda n: instance(number=n)),
    (
        "wait_until_failback_ready",
        instance_id,
        lambda n: instance(number=n, failback="FAILBACK_READY_FOR_LAUNCH"),
    ),
    (
        "wait_until_source_network_protected",
        network_id,
        lambda n: network("PROTECTED", number=n),
    ),
]


@pytest.mark.parametrize(("wait", "id_of", "shown"), MANY, ids=[each[0] for each in MANY])
async def test_a_wait_on_many_ends_when_the_last_is_there(
    wait: str, id_of: Any, shown: Any, service: ScriptedService
) -> None:
    for number in range(1, 6):
        service.put(id_of(number), (0, None), (20.0 * number, shown(number)))
    resources = [shown(number) for number in range(1, 6)]
    answer = await getattr(service, wait)(resources, min_delay=1, max_delay=1)
    assert answer == resources
    assert 100 <= service.elapsed <= 101


@pytest.mark.parametrize("wait", [each[0] for each in MANY])
async def test_an_empty_list_is_done_at_once(wait: str, service: ScriptedService) -> None:
    assert await getattr(service, wait)([]) == []
    watch = getattr(service, wait.replace("wait_until_", "watch_"))([])
    assert [each async for each in watch] == []
    assert service.calls == []


async def test_what_has_reached_its_end_is_asked_for_no_more(service: ScriptedService) -> None:
    service.put(server_id(1), (0, server("DISCONNECTED", number=1)))
    service.put(server_id(2), (0, None), (60, server("DISCONNECTED", number=2)))
    await service.wait_until_source_servers_disconnected([server_id(1), server_id(2)])
    assert service.calls[0].ids == (server_id(1), server_id(2))
    assert {call.ids for call in service.calls[1:]} == {(server_id(2),)}


async def test_one_bad_end_among_many_fails_the_wait_and_carries_all(
    service: ScriptedService,
) -> None:
    service.put(instance_id(1), (0, instance("RUNNING", number=1)))
    service.put(instance_id(2), (0, instance("TERMINATED", number=2)))
    service.put(instance_id(3), (0, instance("PENDING", number=3)))
    given = [instance_id(1), instance_id(2), instance_id(3)]
    with pytest.raises(WaiterFailedError) as raised:
        await service.wait_until_recovery_instances_running(given)
    assert list(raised.value.reasons) == [instance_id(2)]
    assert raised.value.last == [instance(s, number=n) for n, s in _STATES]


_STATES = [(1, "RUNNING"), (2, "TERMINATED"), (3, "PENDING")]


async def test_a_malformed_id_is_refused_before_it_is_sent(service: ScriptedService) -> None:
    with pytest.raises(RequestValidationError):
        await service.wait_until_job_completed("not-a-job")
    with pytest.raises(RequestValidationError):
        await service.wait_until_source_servers_replicating([server_id(), ""])
    assert service.calls == []


@pytest.mark.parametrize("max_lag", [60, 60.0], ids=["int", "float"])
async def test_max_lag_waits_for_the_lag_to_be_caught_up(
    max_lag: float, service: ScriptedService
) -> None:
    service.put(
        server_id(),
        (0, server("CONTINUOUS", lag="PT11M")),
        (100, server("BACKLOG", lag="PT30S")),
        (200, server("CONTINUOUS")),  # a lag that is not known is not known to be short
        (300, server("CONTINUOUS", lag="PT1M")),
    )
    (caught_up,) = await service.wait_until_source_servers_replicating(
        server_id(), max_lag=max_lag, min_delay=1, max_delay=1
    )
    assert caught_up.lag is not None
    assert 300 <= service.elapsed <= 301
    watch = service.watch_source_servers_replicating(server_id(), max_lag=max_lag)
    assert [each async for each in watch] == [caught_up]


async def test_a_lag_that_stays_runs_into_the_deadline(service: ScriptedService) -> None:
    service.put(server_id(), (0, server("CONTINUOUS", lag="PT1M")))
    with pytest.raises(WaiterTimeoutError, match="with a lag of at most 0:00:00"):
        await service.wait_until_source_servers_replicating(server_id(), max_lag=0, timeout=60)
    with pytest.raises(ValueError, match="max_lag must not be negative"):
        await service.wait_until_source_servers_replicating(server_id(), max_lag=-1)
