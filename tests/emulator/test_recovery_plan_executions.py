# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Executions of recovery plans: their life over time, and listing them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from plan_runner import A_LAUNCH, PREFIX, Plan, arn_of, code

from drs_sdk.testing import DRSEmulator, Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = f"{PREFIX}:recovery-plan-execution/exec-" + "9" * 17


async def test_a_drill_from_start_to_end(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(3)
    plan = await Plan(raw).make(ids[:2], 10, ids[2:])
    begun = await plan.start(tags={"team": "dr"})
    assert begun == await plan.shown()
    assert (begun["status"], begun["mode"], begun["tags"]) == ("CREATED", "DRILL", {"team": "dr"})
    assert begun["recoveryPlanExecutionArn"].startswith(f"{PREFIX}:recovery-plan-execution/exec-")
    assert await plan.statuses() == ["NOT_STARTED"] * 3
    assert all("jobID" not in server for server in await plan.servers(0))

    seen: list[tuple[str, ...]] = []
    while "completedAt" not in await plan.shown():
        statuses = (await plan.status(), *await plan.statuses())
        if not seen or seen[-1] != statuses:
            seen.append(statuses)
        await emulator.clock.advance(5)
    assert seen == [
        ("CREATED", "NOT_STARTED", "NOT_STARTED", "NOT_STARTED"),
        ("IN_PROGRESS", "EXECUTING", "NOT_STARTED", "NOT_STARTED"),
        ("IN_PROGRESS", "COMPLETED", "WAITING", "NOT_STARTED"),
        ("IN_PROGRESS", "COMPLETED", "COMPLETED", "EXECUTING"),
    ]
    ended = await plan.shown()
    assert (ended["status"], await plan.statuses()) == ("COMPLETED", ["COMPLETED"] * 3)
    assert "errorDetail" not in ended
    first, last = await plan.servers(0), await plan.servers(2)
    jobs = {job["jobID"]: job for job in (await raw.describe_jobs())["items"]}
    # Each server has a job of its own.
    named = [server["jobID"] for server in (*first, *last)]
    assert len(named) == 3
    assert set(jobs) == set(named)
    assert {job["initiatedBy"] for job in jobs.values()} == {"START_DRILL"}
    launched = [s for name in named[:2] for s in jobs[name]["participatingServers"]]
    assert [(s["sourceServerID"], s["launchStatus"]) for s in launched] == [
        (server_id, "LAUNCHED") for server_id in ids[:2]
    ]
    wait = await plan.step(1)
    assert wait["configuration"] == {"waitStepConfiguration": {"waitDurationMinutes": 10}}
    assert (wait["attempt"], wait["stepIndex"], wait["stepName"]) == (1, 2, "step 2")


async def test_a_recovery_is_no_drill(emulator: DRSEmulator, raw: Any) -> None:
    plan = await Plan(raw).make(emulator.add_source_servers(1))
    await plan.start("RECOVERY")
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.status() == "COMPLETED"
    (job,) = (await raw.describe_jobs())["items"]
    assert job["initiatedBy"] == "START_RECOVERY"


async def test_one_execution_at_a_time(emulator: DRSEmulator, raw: Any) -> None:
    (server,) = emulator.add_source_servers(1)
    plan = await Plan(raw).make([server], 60)
    begun = await plan.start(clientToken="t")
    assert await plan.start(clientToken="t") == begun
    (step,) = (await raw.list_recovery_plan_steps(recoveryPlanArn=plan.arn, maxResults=1))[
        "recoveryPlanSteps"
    ]
    named, of_plan = (
        {"recoveryPlanStepArn": step["recoveryPlanStepArn"]},
        {"recoveryPlanArn": plan.arn},
    )
    for call in (
        plan.start(),
        plan.start("RECOVERY", clientToken="t"),
        plan.delete(),
        raw.delete_recovery_plan(**of_plan),
        raw.update_recovery_plan(**of_plan, name="new"),
        raw.create_recovery_plan_step(**of_plan, stepName="x", configuration=step["configuration"]),
        raw.update_recovery_plan_step(**named, stepName="new"),
        raw.delete_recovery_plan_step(**named),
    ):
        assert await code(call) == "ConflictException"
    await emulator.clock.advance(A_LAUNCH + timedelta(hours=1))
    assert (await plan.start(clientToken="t"))["status"] == "COMPLETED"
    old = plan.execution
    assert (await plan.start())["recoveryPlanExecutionArn"] != old
    await plan.cancel()
    await emulator.clock.advance(A_LAUNCH)
    assert (await plan.delete())["recoveryPlanExecutionArn"] == plan.execution
    assert await code(plan.shown()) == "ResourceNotFoundException"
    await raw.delete_recovery_plan(**of_plan)
    plan.execution = old
    assert await plan.status() == "COMPLETED"
    assert await plan.statuses() == ["COMPLETED"] * 2


async def test_an_optional_server_does_not(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(2)
    plan = await Plan(raw).make(ids, optional=(ids[1],))
    emulator.fail_launch(ids[1])
    await plan.start()
    await emulator.clock.advance(A_LAUNCH)
    assert (await plan.status(), await plan.statuses()) == ("COMPLETED", ["COMPLETED"])
    assert [s["impactLevel"] for s in await plan.servers(0)] == ["CRITICAL", "OPTIONAL"]
    assert "errorDetail" not in await plan.step(0)


async def test_a_server_that_cannot_be_launched(emulator: DRSEmulator, raw: Any) -> None:
    ready, stopped, busy = emulator.add_source_servers(3)
    plan = await Plan(raw).make([ready], [stopped, busy], optional=(stopped,))
    await plan.start()
    await emulator.clock.advance(60)
    await raw.stop_replication(sourceServerID=stopped)
    assert ["jobID" in s for s in await plan.servers(0)] == [True]
    await emulator.clock.advance(timedelta(minutes=7))
    await raw.start_recovery(sourceServers=[{"sourceServerID": busy}], isDrill=True)
    await emulator.clock.advance(timedelta(minutes=5))
    assert await plan.statuses() == ["COMPLETED", "FAILED"]
    assert all("jobID" not in s for s in await plan.servers(1))
    error = (await plan.step(1))["errorDetail"]
    assert arn_of(busy) in error["message"]
    await emulator.clock.advance(A_LAUNCH)
    await plan.retry(1)
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.status() == "COMPLETED"
    assert ["jobID" in s for s in await plan.servers(1)] == [False, True]


@pytest.mark.parametrize("impact", ["CRITICAL", "OPTIONAL"])
async def test_nothing_is_launched_where_one_server_cannot_be(
    emulator: DRSEmulator, raw: Any, impact: str
) -> None:
    (ready,) = emulator.add_source_servers(1)
    (stopped,) = emulator.add_source_servers(1, state="STOPPED")
    plan = await Plan(raw).make(
        [ready], 1, [stopped], optional=(stopped,) if impact == "OPTIONAL" else ()
    )
    await plan.start()
    await emulator.clock.advance(60)
    ended = await plan.shown()
    assert (ended["status"], ended["errorDetail"]["code"]) == ("FAILED", "ServerCheckFailed")
    assert arn_of(stopped) in ended["errorDetail"]["message"]
    assert await plan.statuses() == ["NOT_STARTED"] * 3
    assert (await raw.describe_jobs())["items"] == []


async def test_an_execution_lasts_a_day_at_most(emulator: DRSEmulator, raw: Any) -> None:
    waits = [120] * 13
    (server,) = emulator.add_source_servers(1)
    plan = await Plan(raw).make([server], *waits)
    await plan.start()
    await emulator.clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert await plan.status() == "IN_PROGRESS"
    await emulator.clock.advance(1)
    assert await plan.status() == "TIMED_OUT"
    statuses = await plan.statuses()
    assert statuses[0] == "COMPLETED"
    assert statuses.count("TIMED_OUT") == 1
    assert statuses[-1] == "NOT_STARTED"
    assert [j["status"] for j in (await raw.describe_jobs())["items"]] == ["COMPLETED"]
    assert (await plan.start())["status"] == "CREATED"


async def test_a_day_that_is_over_does_not_touch_an_execution_that_has_ended(
    emulator: DRSEmulator, raw: Any
) -> None:
    good, bad = emulator.add_source_servers(2)
    for server, expected in ((good, "COMPLETED"), (bad, "FAILED")):
        plan = await Plan(raw).make([server])
        emulator.fail_launch(bad)
        await plan.start()
        await emulator.clock.advance(timedelta(hours=30))
        assert await plan.status() == expected
    # Taken up again, it has a day from there.
    await plan.retry(0)
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.status() == "COMPLETED"


async def test_a_server_of_another_plans_run_is_a_conflict(emulator: DRSEmulator, raw: Any) -> None:
    shared, own = emulator.add_source_servers(2)
    first = await Plan(raw).make([shared], 60)
    second = await Plan(raw).make([own], [shared])
    emulator.fail_launch(own)
    await second.start()
    await emulator.clock.advance(A_LAUNCH)
    assert await second.status() == "FAILED"
    await first.start()
    for call in (second.start(), second.retry(0), second.update(0, status="SKIPPED")):
        assert await code(call) == "ConflictException"
    await emulator.clock.advance(A_LAUNCH + timedelta(hours=1))
    assert await first.status() == "COMPLETED"
    await second.retry(0)
    await emulator.clock.advance(2 * A_LAUNCH)
    assert await second.status() == "COMPLETED"


async def test_servers_are_launched_from_snapshots(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(3)
    plan = await Plan(raw).make(ids[:2])
    await emulator.clock.advance(timedelta(hours=3))
    answer = await raw.describe_recovery_snapshots(sourceServerID=ids[0])
    oldest = min(answer["items"], key=lambda snapshot: snapshot["timestamp"])
    pinned = {"sourceServerID": ids[0], "recoverySnapshotID": oldest["snapshotID"]}
    foreign = {**pinned, "sourceServerID": ids[2]}
    gone = {**pinned, "recoverySnapshotID": "pit-" + "0" * 17}
    for wrong, expected in (
        ([foreign], "ValidationException"),
        ([pinned, pinned], "ValidationException"),
        ([gone], "ResourceNotFoundException"),
    ):
        assert await code(plan.start(sourceServers=wrong)) == expected
    started = (await plan.start(sourceServers=[pinned]))["startedAt"]
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.status() == "COMPLETED"
    instances = [i.doc for i in emulator._account.collection("recovery_instances")]
    taken = {i["sourceServerID"]: i["pointInTimeSnapshotDateTime"] for i in instances}
    assert taken[ids[0]] == oldest["timestamp"]
    assert oldest["timestamp"] < taken[ids[1]] < started
    for job in (await raw.describe_jobs())["items"]:
        log = (await raw.describe_job_log_items(jobID=job["jobID"]))["items"]
        assert "SNAPSHOT_START" not in [item["event"] for item in log]


async def test_a_step_awaits_late_statuses(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(2)
    emulator._account.source_servers.require(ids[1]).state["status_delay"] = 120.0
    plan = await Plan(raw).make(ids)
    await plan.start()
    jobs: list[Any] = []
    while not jobs or any(job["status"] != "COMPLETED" for job in jobs):
        await emulator.clock.advance(5)
        jobs = (await raw.describe_jobs())["items"]
    servers = [server for job in jobs for server in job["participatingServers"]]
    (late,) = [server for server in servers if server["sourceServerID"] == ids[1]]
    assert late["launchStatus"] == "PENDING"
    assert await plan.statuses() == ["EXECUTING"]
    await emulator.clock.advance(180)
    assert await plan.statuses() == ["COMPLETED"]


async def test_a_quota_of_jobs_fails_the_step(raw_of: Callable[..., Any]) -> None:
    quotas = Quotas(concurrent_jobs=1)
    async with DRSEmulator(quotas=quotas, check_answers=True) as emulator, raw_of(emulator) as raw:
        plan = await Plan(raw).make(emulator.add_source_servers(2))
        await plan.start()
        await emulator.clock.advance(A_LAUNCH)
        assert (await plan.status(), await plan.statuses()) == ("FAILED", ["FAILED"])
        error = (await plan.step(0))["errorDetail"]
        assert "The quota concurrent jobs (1) is used up" in error["message"]
        assert len((await raw.describe_jobs())["items"]) == 1
        await plan.retry(0)
        await emulator.clock.advance(A_LAUNCH)
        assert await plan.status() == "COMPLETED"
        assert emulator.defects == []


async def test_listing_and_filters(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(2)
    plans = [await Plan(raw).make([server_id], 1) for server_id in ids]
    made: list[str] = []
    for plan in (plans[0], plans[1], plans[0]):
        await plan.start()
        made.append(plan.execution)
        await emulator.clock.advance(A_LAUNCH)
    await plans[1].start()
    made.append(plans[1].execution)
    made.reverse()

    async def listed(**params: Any) -> list[str]:
        pages = raw.get_paginator("list_recovery_plan_executions").paginate(
            **params, PaginationConfig={"PageSize": 2}
        )
        return [
            execution["recoveryPlanExecutionArn"]
            async for page in pages
            for execution in page["recoveryPlanExecutions"]
        ]

    assert await listed() == made
    assert await listed(status="COMPLETED") == made[1:]
    assert await listed(recoveryPlanArn=plans[1].arn) == [made[0], made[2]]
    assert await listed(recoveryPlanArn=plans[1].arn, status="CREATED") == made[:1]
    answer = await raw.list_recovery_plan_executions(maxResults=1)
    assert answer["recoveryPlanExecutions"][0].keys() == {
        "recoveryPlanExecutionArn",
        "recoveryPlanArn",
        "mode",
        "status",
        "startedAt",
    }
    await emulator.clock.advance(10)
    plan = plans[1]
    assert [s["stepIndex"] for s in await plan.steps(filter={"status": "EXECUTING"})] == [1]
    assert [s["stepIndex"] for s in await plan.steps(filter={"status": "NOT_STARTED"})] == [2]
    assert await plan.steps(filter={"status": "FAILED"}) == []
    pages = raw.get_paginator("list_recovery_plan_execution_steps").paginate(
        recoveryPlanExecutionArn=plan.execution, PaginationConfig={"PageSize": 1}
    )
    steps = [step async for page in pages for step in page["recoveryPlanExecutionSteps"]]
    assert [step["stepIndex"] for step in steps] == [1, 2]
    assert not {"attempt", "createdAt", "updatedAt"} & steps[0].keys()


async def test_what_is_not_there(raw: Any) -> None:
    execution = {"recoveryPlanExecutionArn": NOWHERE}
    step = {"recoveryPlanExecutionStepArn": NOWHERE}
    for call in (
        raw.get_recovery_plan_execution(**execution),
        raw.cancel_recovery_plan_execution(**execution),
        raw.delete_recovery_plan_execution(**execution),
        raw.list_recovery_plan_execution_steps(**execution),
        raw.get_recovery_plan_execution_step(**step),
        raw.retry_recovery_plan_execution_step(**step),
        raw.update_recovery_plan_execution_step(**step, status="SKIPPED"),
    ):
        assert await code(call) == "ResourceNotFoundException"


async def test_a_deleted_server_fails_its_step(emulator: DRSEmulator, raw: Any) -> None:
    first, server = emulator.add_source_servers(2)
    plan = await Plan(raw).make([first], [server])
    await plan.start()
    await emulator.clock.advance(60)
    await raw.disconnect_source_server(sourceServerID=server)
    await raw.delete_source_server(sourceServerID=server)
    await emulator.clock.advance(A_LAUNCH)
    assert (await plan.status(), await plan.statuses()) == ("FAILED", ["COMPLETED", "FAILED"])
    assert arn_of(server) in (await plan.step(1))["errorDetail"]["message"]
    # From then on the plan cannot be started.
    assert await code(plan.start()) == "ValidationException"


async def test_a_job_goes_on_without_its_step(emulator: DRSEmulator, raw: Any) -> None:
    plan = await Plan(raw).make(emulator.add_source_servers(1))
    await plan.start()
    await emulator.clock.advance(60)
    emulator.time_out_recovery_plan_execution(plan.execution)
    await plan.delete()
    await emulator.clock.advance(A_LAUNCH)
    (job,) = (await raw.describe_jobs())["items"]
    assert job["participatingServers"][0]["launchStatus"] == "LAUNCHED"


async def test_an_execution_survives_saving(
    emulator: DRSEmulator, raw: Any, raw_of: Callable[..., Any]
) -> None:
    plan = await Plan(raw).make(emulator.add_source_servers(1), 5)
    await plan.start(clientToken="t")
    await emulator.clock.advance(60)
    async with DRSEmulator(check_answers=True) as other, raw_of(other) as other_raw:
        other.restore(json.loads(json.dumps(emulator.snapshot())))
        again = Plan(other_raw)
        again.arn = plan.arn
        assert (await again.start(clientToken="t"))["status"] == "IN_PROGRESS"
        await other.clock.advance(A_LAUNCH)
        assert (await again.status(), await again.statuses()) == ("COMPLETED", ["COMPLETED"] * 2)
        assert other.defects == []
    assert await plan.status() == "IN_PROGRESS"
