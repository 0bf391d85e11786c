# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Launches that go wrong: failing stages, statuses that lag behind, what a new launch replaces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from launch_runner import A_LAUNCH, Launches, code


@pytest.fixture
def launches(emulator: Any, raw: Any) -> Launches:
    return Launches(emulator, raw)


@pytest.mark.parametrize(
    ("stage", "event", "before"),
    [
        ("SNAPSHOT", "SNAPSHOT_FAIL", ["SNAPSHOT_START"]),
        ("CONVERSION", "CONVERSION_FAIL", ["SNAPSHOT_START", "SNAPSHOT_END", "CONVERSION_START"]),
        (
            "LAUNCH",
            "LAUNCH_FAILED",
            [
                "SNAPSHOT_START",
                "SNAPSHOT_END",
                "CONVERSION_START",
                "CONVERSION_END",
                "LAUNCH_START",
            ],
        ),
    ],
)
async def test_a_stage_fails(launches: Launches, stage: str, event: str, before: list[str]) -> None:
    good, bad = launches.emulator.add_source_servers(2)
    launches.emulator.fail_launch(bad, stage=stage, error="out of capacity")
    job_id = await launches.run([good, bad])
    job = await launches.job(job_id)
    assert job["status"] == "COMPLETED"
    assert await launches.statuses(job_id) == ["LAUNCHED", "FAILED"]
    items = [i for i in await launches.log(job_id) if i["eventData"].get("sourceServerID") == bad]
    assert [item["event"] for item in items] == [*before, event]
    assert items[-1]["eventData"]["rawError"] == "out of capacity"
    server = await launches.server(bad)
    assert server["lastLaunchResult"] == "FAILED"
    assert server["lifeCycle"]["lastLaunch"]["status"] == "FAILED"
    assert "recoveryInstanceId" not in server
    assert await launches.instances(bad) == []
    assert (await launches.server(good))["lastLaunchResult"] == "SUCCEEDED"

    again = await launches.run([bad])
    assert await launches.statuses(again) == ["LAUNCHED"]
    assert (await launches.server(bad))["lastLaunchResult"] == "SUCCEEDED"


async def test_a_launch_fails_silently(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    launches.emulator.fail_launch(server_id, silently=True)
    job_id = await launches.run([server_id])
    assert (await launches.job(job_id))["status"] == "COMPLETED"
    assert await launches.statuses(job_id) == ["FAILED"]
    assert await launches.events(job_id) == [
        "JOB_START",
        "SNAPSHOT_START",
        "SNAPSHOT_END",
        "JOB_END",
    ]
    assert (await launches.server(server_id))["lastLaunchResult"] == "FAILED"
    assert await launches.statuses(await launches.run([server_id])) == ["LAUNCHED"]


async def test_a_launch_from_an_older_snapshot_fails_silently(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    snapshots = await launches.raw.describe_recovery_snapshots(sourceServerID=server_id)
    chosen = {
        "sourceServerID": server_id,
        "recoverySnapshotID": snapshots["items"][-1]["snapshotID"],
    }
    launches.emulator.fail_launch(server_id, silently=True)
    job = (await launches.raw.start_recovery(sourceServers=[chosen], isDrill=True))["job"]
    await launches.emulator.clock.advance(A_LAUNCH)
    assert await launches.statuses(job["jobID"]) == ["FAILED"]
    assert await launches.events(job["jobID"]) == ["JOB_START", "JOB_END"]


async def test_a_failure_without_a_reason_that_lasts(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    launches.emulator.fail_launch(server_id, error="", times=None)
    for _ in range(3):
        job_id = await launches.run([server_id])
        assert await launches.statuses(job_id) == ["FAILED"]
        failed = next(i for i in await launches.log(job_id) if i["event"] == "LAUNCH_FAILED")
        assert failed["eventData"] == {"sourceServerID": server_id}


async def test_a_job_of_failures_ends_early(launches: Launches) -> None:
    ids = launches.emulator.add_source_servers(2)
    for server_id in ids:
        launches.emulator.fail_launch(server_id, stage="SNAPSHOT", times=2)
    job_id = await launches.start(ids)
    await launches.emulator.clock.advance(10)
    assert (await launches.job(job_id))["status"] == "COMPLETED"
    await launches.run(ids)
    assert await launches.statuses(await launches.run(ids)) == ["LAUNCHED", "LAUNCHED"]


async def test_an_unknown_stage(launches: Launches) -> None:
    with pytest.raises(ValueError, match="no stage"):
        launches.emulator.fail_launch("s-1", stage="BOOT")


async def test_a_completed_job_whose_server_reads_pending(launches: Launches) -> None:
    late, prompt = launches.emulator.add_source_servers(2)
    launches.emulator.delay_launch_status(late, timedelta(minutes=5))
    job_id = await launches.start([late, prompt])
    seen: set[str] = set()
    while (await launches.job(job_id))["status"] != "COMPLETED":
        seen.add((await launches.statuses(job_id))[0])
        await launches.emulator.clock.advance(20)
    assert seen == {"PENDING"}
    assert await launches.statuses(job_id) == ["PENDING", "LAUNCHED"]
    await launches.emulator.clock.advance(timedelta(minutes=5))
    assert await launches.statuses(job_id) == ["LAUNCHED", "LAUNCHED"]
    assert (await launches.statuses(await launches.run([late]))) == ["LAUNCHED"]


async def test_the_late_status_of_a_deleted_job(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    launches.emulator.delay_launch_status(server_id, timedelta(minutes=5))
    job_id = await launches.run([server_id])
    await launches.raw.delete_job(jobID=job_id)
    await launches.emulator.clock.advance(A_LAUNCH)
    assert (await launches.raw.describe_jobs())["items"] == []


async def test_a_new_launch_replaces_the_instance_before(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await launches.run([server_id])
    first = await launches.instance(server_id)
    events = await launches.events(await launches.run([server_id]))
    second = await launches.instance(server_id)
    assert first["recoveryInstanceID"] != second["recoveryInstanceID"]
    assert events[:4] == ["JOB_START", "CLEANUP_START", "CLEANUP_END", "SNAPSHOT_START"]
    assert events.count("CLEANUP_START") == 1
    server = await launches.server(server_id)
    assert server["recoveryInstanceId"] == second["recoveryInstanceID"]


async def test_a_failed_launch_has_cleaned_up_the_instance_before(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await launches.run([server_id])
    for stage in ("SNAPSHOT", "CONVERSION", "LAUNCH"):
        launches.emulator.fail_launch(server_id, stage=stage)
        await launches.run([server_id])
        assert await launches.instances(server_id) == []
        assert "recoveryInstanceId" not in await launches.server(server_id)
        await launches.run([server_id])
        assert len(await launches.instances(server_id)) == 1


async def test_launching_into_an_instance(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    await launches.run([server_id])
    target = (await launches.instance(server_id))["recoveryInstanceID"]
    await launches.raw.update_launch_configuration(
        sourceServerID=server_id,
        launchIntoInstanceProperties={"launchIntoEC2InstanceID": target},
    )
    assert await code(launches.start([server_id])) == "ConflictException"
    launches.emulator.set_instance_state(target, "STOPPED")
    await launches.run([server_id])
    instance = await launches.instance(server_id)
    assert (instance["recoveryInstanceID"], instance["ec2InstanceState"]) == (target, "RUNNING")
    with pytest.raises(ValueError, match="no state of an EC2 instance"):
        launches.emulator.set_instance_state(target, "LOST")  # pyright: ignore[reportArgumentType]


async def test_an_instance_elsewhere_to_launch_into(launches: Launches) -> None:
    (server_id,) = launches.emulator.add_source_servers(1)
    target = "i-" + "7" * 17
    await launches.raw.update_launch_configuration(
        sourceServerID=server_id,
        launchIntoInstanceProperties={"launchIntoEC2InstanceID": target},
    )
    await launches.run([server_id])
    assert (await launches.instance(server_id))["ec2InstanceID"] == target
