# ruff: noqa: ANN401 - what users hand over is many things
"""What cannot be waited for is refused by our error, which says what to do instead."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from scripted import ScriptedService, job, job_id, server, server_id

from drs_sdk.errors import RequestValidationError
from drs_sdk.models import DescribeJobsResponse, DescribeSourceServersResponse, Job

OF_JOBS = ["job_completed", "launch_actions_completed"]
OF_EXECUTIONS = ["recovery_plan_execution_completed"]
OF_MANY = [
    "source_servers_launchable",
    "source_servers_replicating",
    "source_servers_disconnected",
    "recovery_instances_running",
    "failback_ready",
    "source_network_protected",
]
WATCH_OF = {"job_completed": "watch_job"}


async def refused(service: ScriptedService, name: str, given: Any, **options: Any) -> list[str]:
    """Try the wait and its watch; what both say."""
    told: list[str] = []
    with pytest.raises(RequestValidationError) as raised:
        await getattr(service, f"wait_until_{name}")(given, **options)
    told.append(str(raised.value))
    watch = getattr(service, WATCH_OF.get(name, f"watch_{name}"), None)
    if watch is not None:
        with pytest.raises(RequestValidationError) as raised:
            await anext(watch(given, **options))
        told.append(str(raised.value))
    assert raised.value.problems
    assert service.calls == []
    return told


@pytest.mark.parametrize("name", [*OF_JOBS, *OF_EXECUTIONS, *OF_MANY])
async def test_what_has_no_id_is_refused_with_what_to_do(
    name: str, service: ScriptedService
) -> None:
    async def unawaited() -> None: ...

    coroutine = unawaited()
    servers = DescribeSourceServersResponse(items=[server("CONTINUOUS")])
    given: list[tuple[Any, str]] = [
        (None, "None was given"),
        (service.describe_jobs(), "await its collect"),
        (service.describe_source_servers(), "await its collect"),
        (DescribeJobsResponse(items=[job()]), "give what is in its items"),
        (servers, "give what is in its items"),
        (coroutine, "was not awaited"),
        (5, "this int has none"),
        (object(), "this object has none"),
    ]
    if name in OF_MANY:
        given += [
            ([None], "None was given"),
            ([server_id(), 5], "this int has none"),
            ([servers], "give what is in its items"),
            (Job(), "this Job has none"),
            ([job()], "this Job has none"),
        ]
    else:
        given.append(([], "give one of what is in it"))
    for each, advice in given:
        for told in await refused(service, name, each):
            assert " is wanted, but " in told
            assert advice in told
    coroutine.close()


@pytest.mark.parametrize("option", ["timeout", "min_delay", "max_delay", "max_lag"])
@pytest.mark.parametrize("value", ["5m", "300", b"5", Decimal(5), [5], object(), True])
async def test_what_is_no_duration_is_refused_with_what_one_is(
    option: str, value: Any, service: ScriptedService
) -> None:
    name = "source_servers_replicating"
    for told in await refused(service, name, server_id(), **{option: value}):
        assert told.startswith(f"{option} must be a timedelta or a number of seconds")
    if option != "max_lag":
        assert await refused(service, "job_completed", job_id(), **{option: value})


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 1e300])
async def test_a_duration_out_of_range_is_refused_by_the_same_error(
    value: float, service: ScriptedService
) -> None:
    for told in await refused(service, "job_completed", job_id(), timeout=value):
        assert told.startswith("timeout must")
