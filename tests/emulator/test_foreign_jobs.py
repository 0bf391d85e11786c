# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Jobs that somebody else starts, jobs that are forgotten, and how long jobs take."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest
from launch_runner import A_LAUNCH, Launches, code

from drs_sdk.testing import JobDurations, Quotas
from drs_sdk.testing.service.refusals import ServiceError

EXACT = JobDurations(jitter=0)


@pytest.fixture
def launches(emulator: Any, raw: Any) -> Launches:
    return Launches(emulator, raw)


async def test_somebody_else_launches_and_terminates(launches: Launches) -> None:
    emulator = launches.emulator
    ids = emulator.add_source_servers(2)
    launch_id = emulator.start_foreign_launch([*ids, ids[0]], is_drill=False, tags={"by": "them"})
    assert emulator.requests == []
    job = await launches.job(launch_id)
    assert (job["initiatedBy"], job["tags"]) == ("START_RECOVERY", {"by": "them"})
    assert await code(launches.start(ids)) == "ConflictException"
    await emulator.clock.advance(A_LAUNCH)
    assert await launches.statuses(launch_id) == ["LAUNCHED"] * 2
    names = [i["recoveryInstanceID"] for i in await launches.instances(*ids)]
    job_id = emulator.start_foreign_termination(names)
    assert (await launches.job(job_id))["initiatedBy"] == "TERMINATE_RECOVERY_INSTANCES"
    await emulator.clock.advance(A_LAUNCH)
    assert await launches.instances(*ids) == []
    operations = {request.operation for request in emulator.requests}
    assert "TerminateRecoveryInstances" not in operations


async def test_others_are_bound_by_the_services_rules(launches: Launches) -> None:
    emulator = launches.emulator
    emulator.quotas = Quotas(servers_in_one_job=1)
    ids = emulator.add_source_servers(2)
    await launches.start(ids[:1])
    for call, refusal in (
        (lambda: emulator.start_foreign_launch(ids[:1]), "ConflictException"),
        (lambda: emulator.start_foreign_launch(ids), "ConflictException"),
        (lambda: emulator.start_foreign_launch(["s-none"]), "ResourceNotFoundException"),
        (lambda: emulator.start_foreign_termination(["i-none"]), "ResourceNotFoundException"),
    ):
        with pytest.raises(ServiceError) as caught:
            call()
        assert caught.value.code == refusal
    await emulator.clock.advance(A_LAUNCH)
    with pytest.raises(ServiceError) as caught:
        emulator.start_foreign_launch(ids)
    assert caught.value.code == "ServiceQuotaExceededException"


async def test_a_job_is_forgotten_once_it_has_ended(launches: Launches) -> None:
    ids = launches.emulator.add_source_servers(1)
    job_id = await launches.start(ids)
    with pytest.raises(ValueError, match="is running"):
        launches.emulator.forget_job(job_id)
    await launches.emulator.clock.advance(A_LAUNCH)
    launches.emulator.forget_job(job_id)
    assert (await launches.raw.describe_jobs(filters={"jobIDs": [job_id]}))["items"] == []
    with pytest.raises(ServiceError):
        launches.emulator.forget_job(job_id)


async def test_a_launch_takes_as_long_as_a_real_one(launches: Launches) -> None:
    launches.emulator.job_durations = EXACT
    (server_id,) = launches.emulator.add_source_servers(1)
    job_id = await launches.run([server_id])
    seconds = await launches.seconds(job_id)
    of_server = seconds[server_id]
    assert of_server["SNAPSHOT_END"] - of_server["SNAPSHOT_START"] < 1
    assert of_server["CONVERSION_START"] == pytest.approx(52, abs=1)
    assert of_server["CONVERSION_END"] - of_server["CONVERSION_START"] == pytest.approx(195)
    assert of_server["LAUNCH_END"] - of_server["LAUNCH_START"] == pytest.approx(280)
    assert seconds[""]["JOB_END"] == pytest.approx(540, abs=15)


async def test_a_server_has_durations_of_its_own(launches: Launches) -> None:
    emulator = launches.emulator
    emulator.job_durations = JobDurations(
        snapshot=1, until_conversion=2, conversion=3, launch=14, jitter=0
    )
    quick, slow = emulator.add_source_servers(2)
    emulator.set_job_durations(slow, JobDurations(launch=140, termination=300, jitter=0))
    job_id = await launches.run([quick, slow])
    seconds = await launches.seconds(job_id)
    assert seconds[quick]["LAUNCH_END"] - seconds[quick]["LAUNCH_START"] == pytest.approx(14)
    assert seconds[quick]["CONVERSION_END"] - seconds[quick]["SNAPSHOT_START"] == pytest.approx(6)
    assert seconds[slow]["LAUNCH_END"] - seconds[slow]["LAUNCH_START"] == pytest.approx(140)

    names = [i["recoveryInstanceID"] for i in await launches.instances(quick, slow)]
    job_id = emulator.start_foreign_termination(names)
    await emulator.clock.advance(290)
    assert await launches.statuses(job_id) == ["IN_PROGRESS"] * 2
    await emulator.clock.advance(20)
    assert await launches.statuses(job_id) == ["TERMINATED"] * 2

    emulator.set_job_durations(slow, None)
    seconds = await launches.seconds(await launches.run([slow]))
    assert seconds[slow]["LAUNCH_END"] - seconds[slow]["LAUNCH_START"] == pytest.approx(14)


@pytest.mark.parametrize("name", [field.name for field in fields(JobDurations)])
@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan])
def test_a_length_that_cannot_be_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        JobDurations(**{name: value})


def test_a_step_varies_by_less_than_itself() -> None:
    with pytest.raises(ValueError, match="jitter"):
        JobDurations(jitter=1)
