# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Post-launch actions: their runs in the job, over time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from launch_runner import A_LAUNCH, Launches

FIRST = "11111111-1111-4111-8111-111111111111"
SECOND = "22222222-2222-4222-8222-222222222222"
THIRD = "33333333-3333-4333-8333-333333333333"
STEP = 10


@pytest.fixture
def launches(emulator: Any, raw: Any) -> Launches:
    return Launches(emulator, raw)


async def _server(launches: Launches, *, enabled: bool = True, optional: bool = False) -> str:
    """Add a server with two active actions, in the order SECOND, FIRST, and one that is not."""
    (server_id,) = launches.emulator.add_source_servers(1)
    for action_id, order, active in ((FIRST, 20, True), (SECOND, 10, True), (THIRD, 15, False)):
        await launches.raw.put_launch_action(
            resourceId=server_id,
            actionId=action_id,
            actionCode="AWS-RunShellScript",
            actionVersion="1",
            name=f"action {order}",
            order=order,
            active=active,
            optional=optional,
            category="VALIDATION",
            description="",
            parameters={},
        )
    await launches.raw.update_launch_configuration(
        sourceServerID=server_id, postLaunchEnabled=enabled
    )
    return server_id


async def _runs(launches: Launches, job_id: str) -> list[tuple[str, str]]:
    (entry,) = (await launches.job(job_id))["participatingServers"]
    runs = entry["launchActionsStatus"]["runs"]
    assert len({run["runId"] for run in runs}) == len(runs)
    return [(run["action"]["actionId"], run["status"]) for run in runs]


async def test_actions_run_one_after_the_other(launches: Launches) -> None:
    server_id = await _server(launches)
    job_id = await launches.start([server_id])
    seen: list[Any] = []
    for _ in range(90):
        (entry,) = (await launches.job(job_id))["participatingServers"]
        if "launchActionsStatus" in entry:
            assert entry["launchStatus"] == "LAUNCHED"
            runs = await _runs(launches, job_id)
            assert bool(runs) == ("ssmAgentDiscoveryDatetime" in entry["launchActionsStatus"])
            if not seen or seen[-1] != runs:
                seen.append(runs)
        await launches.emulator.clock.advance(STEP)
    assert seen == [
        [],
        [(SECOND, "IN_PROGRESS")],
        [(SECOND, "SUCCEEDED"), (FIRST, "IN_PROGRESS")],
        [(SECOND, "SUCCEEDED"), (FIRST, "SUCCEEDED")],
    ]


async def test_a_failed_action_holds_the_others_up(launches: Launches) -> None:
    server_id = await _server(launches)
    launches.emulator.fail_launch_action(server_id, reason="exit status 1")
    job_id = await launches.run([server_id])
    await launches.emulator.clock.advance(A_LAUNCH)
    assert await _runs(launches, job_id) == [(SECOND, "FAILED")]
    (entry,) = (await launches.job(job_id))["participatingServers"]
    assert entry["launchStatus"] == "LAUNCHED"
    assert entry["launchActionsStatus"]["runs"][0]["failureReason"] == "exit status 1"
    job_id = await launches.run([server_id])
    await launches.emulator.clock.advance(A_LAUNCH)
    assert await _runs(launches, job_id) == [(SECOND, "SUCCEEDED"), (FIRST, "SUCCEEDED")]


async def test_a_failed_optional_action_does_not(launches: Launches) -> None:
    server_id = await _server(launches, optional=True)
    launches.emulator.fail_launch_action(server_id, action_id=FIRST, times=None)
    launches.emulator.fail_launch_action(server_id, action_id=SECOND, times=2)
    for expected in ("FAILED", "FAILED", "SUCCEEDED"):
        job_id = await launches.run([server_id])
        await launches.emulator.clock.advance(A_LAUNCH)
        assert await _runs(launches, job_id) == [(SECOND, expected), (FIRST, "FAILED")]


async def test_no_runs_without_leave_or_actions(launches: Launches) -> None:
    without = await _server(launches, enabled=False)
    (empty,) = launches.emulator.add_source_servers(1)
    await launches.raw.update_launch_configuration(sourceServerID=empty, postLaunchEnabled=True)
    job = await launches.job(await launches.run([without, empty]))
    assert all("launchActionsStatus" not in entry for entry in job["participatingServers"])


async def test_the_job_may_be_deleted_meanwhile(launches: Launches) -> None:
    job_id = await launches.run([await _server(launches)])
    await launches.raw.delete_job(jobID=job_id)
    await launches.emulator.clock.advance(timedelta(minutes=10))
    assert (await launches.raw.describe_jobs())["items"] == []
