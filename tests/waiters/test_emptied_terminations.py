"""The service empties a termination that has ended: the instances tell how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripted import ScriptedService, instance, instance_id, is_idle, job_id, throttled

from drs_sdk.errors import WaiterFailedError, WaiterTimeoutError
from drs_sdk.models import Job, TerminateRecoveryInstancesResponse

if TYPE_CHECKING:
    from drs_sdk._core.base import Shape

GONE: list[list[tuple[float, Shape | None]]] = [
    [],
    [(0, None)],
    [(0, instance("TERMINATED"))],
    [(0, instance()), (70, instance("SHUTTING-DOWN")), (500, None)],
    [(0, instance()), (100, instance("TERMINATED"))],
]


def termination(status: str, *numbers: int) -> Job:
    servers = [
        {"recoveryInstanceID": instance_id(number), "launchStatus": "PENDING"} for number in numbers
    ]
    return Job.model_validate(
        {
            "jobID": job_id(),
            "type": "TERMINATE",
            "status": status,
            "participatingServers": servers,
        }
    )


EMPTIED = termination("COMPLETED")
RESPONSE = TerminateRecoveryInstancesResponse(job=termination("PENDING", 1, 2))


@pytest.fixture(params=["the response", "a poll"])
def given(request: pytest.FixtureRequest, service: ScriptedService) -> object:
    """Where the wait learns what the job is about."""
    if request.param == "a poll":
        service.put(job_id(), (0, termination("STARTED", 1, 2)), (60, EMPTIED))
        return job_id()
    service.put(job_id(), (0, EMPTIED))
    return RESPONSE


@pytest.mark.parametrize("states", GONE)
async def test_it_succeeded_when_the_instances_are_gone(
    states: list[tuple[float, Shape | None]],
    given: TerminateRecoveryInstancesResponse,
    service: ScriptedService,
) -> None:
    service.put(instance_id(1), *states)
    assert await service.wait_until_job_completed(given) == EMPTIED
    asked = [call for call in service.calls if call.operation == "DescribeRecoveryInstances"]
    assert asked
    assert asked[0].ids == (instance_id(1), instance_id(2))
    assert is_idle(service)


async def test_it_failed_when_one_stays(
    given: TerminateRecoveryInstancesResponse, service: ScriptedService
) -> None:
    service.put(instance_id(1), (0, instance(number=1)))
    with pytest.raises(WaiterFailedError, match="still there") as raised:
        await service.wait_until_job_completed(given)
    assert list(raised.value.reasons) == [instance_id(1)]
    assert raised.value.last == EMPTIED
    assert await service.wait_until_job_completed(given, raise_on_failure=False) == EMPTIED


async def test_the_deadline_holds_for_both(service: ScriptedService) -> None:
    service.put(job_id(), (0, EMPTIED))
    service.put(instance_id(1), (0, instance(number=1)))
    with pytest.raises(WaiterTimeoutError) as raised:
        await service.wait_until_job_completed(RESPONSE, timeout=60)
    assert service.elapsed == 60
    assert raised.value.last == EMPTIED


async def test_weather_is_waited_out(
    given: TerminateRecoveryInstancesResponse, service: ScriptedService
) -> None:
    service.fails = lambda _: throttled() if 60 <= service.elapsed < 300 else None
    assert await service.wait_until_job_completed(given) == EMPTIED


async def test_a_watch_ends_with_the_job(
    given: TerminateRecoveryInstancesResponse, service: ScriptedService
) -> None:
    seen = [each async for each in service.watch_job(given)]
    assert len(seen) == 2
    assert seen[-1] == EMPTIED
    assert service.elapsed < 120


async def test_one_of_which_nobody_knows_what_it_was_about_has_not_succeeded(
    service: ScriptedService,
) -> None:
    service.put(job_id(), (0, EMPTIED))
    with pytest.raises(WaiterFailedError, match="the job names no server"):
        await service.wait_until_job_completed(job_id())
