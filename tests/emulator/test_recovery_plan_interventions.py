# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Stepping into the executions of recovery plans: retry, skip, change, cancel, time out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from plan_runner import A_LAUNCH, Plan, arn_of, code

from drs_sdk.testing import DRSEmulator

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_a_critical_server_fails_its_step(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(2)
    plan = await Plan(raw).make(ids, 1)
    emulator.fail_launch(ids[0])
    await plan.start()
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.statuses() == ["FAILED", "NOT_STARTED"]
    failed, execution = await plan.step(0), await plan.shown()
    assert failed["errorDetail"]["code"] == "ServerLaunchFailed"
    assert arn_of(ids[0]) in failed["errorDetail"]["message"]
    assert arn_of(ids[1]) not in failed["errorDetail"]["message"]
    assert (execution["status"], execution["errorDetail"]["code"]) == ("FAILED", "StepFailed")
    before = {s["serverArn"]: s["jobID"] for s in await plan.servers(0)}

    again = await plan.retry(0)
    assert (again["status"], again["attempt"]) == ("EXECUTING", 2)
    assert "errorDetail" not in again
    resumed = await plan.shown()
    assert resumed["status"] == "IN_PROGRESS"
    assert not {"completedAt", "errorDetail"} & resumed.keys()
    assert await code(plan.retry(0)) == "ConflictException"
    await emulator.clock.advance(A_LAUNCH)
    assert (await plan.status(), await plan.statuses()) == ("COMPLETED", ["COMPLETED"] * 2)
    after = {s["serverArn"]: s["jobID"] for s in await plan.servers(0)}
    assert after[arn_of(ids[0])] != before[arn_of(ids[0])]
    assert after[arn_of(ids[1])] == before[arn_of(ids[1])]


async def test_a_skip_passes_over_a_failed_step(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(2)
    plan = await Plan(raw).make(ids[:1], 5, ids[1:])
    emulator.fail_launch(ids[0], times=None)
    await plan.start()
    assert (await plan.update(1, status="SKIPPED"))["status"] == "SKIPPED"
    await emulator.clock.advance(60)
    assert await code(plan.update(0, status="SKIPPED")) == "ConflictException"
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.statuses() == ["FAILED", "SKIPPED", "NOT_STARTED"]
    skipped = await plan.update(0, status="SKIPPED")
    assert skipped["status"] == "SKIPPED"
    assert "errorDetail" not in skipped
    assert (await plan.status(), await plan.statuses()) == (
        "IN_PROGRESS",
        ["SKIPPED", "SKIPPED", "EXECUTING"],
    )
    await emulator.clock.advance(A_LAUNCH)
    assert (await plan.status(), (await plan.statuses())[2]) == ("COMPLETED", "COMPLETED")
    assert await code(plan.update(2, status="SKIPPED")) == "ConflictException"


async def test_a_failed_execution_waits_for_its_turn(emulator: DRSEmulator, raw: Any) -> None:
    (server,) = emulator.add_source_servers(1)
    plan = await Plan(raw).make([server])
    emulator.fail_launch(server)
    await plan.start()
    await emulator.clock.advance(A_LAUNCH)
    failed = plan.execution
    await plan.start()
    running, plan.execution = plan.execution, failed
    assert await code(plan.retry(0)) == "ConflictException"
    assert await code(plan.update(0, status="SKIPPED")) == "ConflictException"
    assert (await plan.status(), (await plan.step(0))["attempt"]) == ("FAILED", 1)
    plan.execution = running
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.status() == "COMPLETED"


async def test_what_has_not_begun_can_be_changed(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(3)
    plan = await Plan(raw).make(ids[:1], 5, ids[1:2])
    await plan.start()
    await emulator.clock.advance(60)
    waits = await plan.update(1, waitDurationMinutes=90)
    assert waits["configuration"] == {"waitStepConfiguration": {"waitDurationMinutes": 90}}
    other = [{"serverArn": arn_of(ids[2]), "impactLevel": "OPTIONAL"}]
    changed = await plan.update(2, servers=other)
    assert changed["configuration"] == {"executionServerStepConfiguration": {"servers": other}}
    for index, members, expected in (
        (0, {"servers": other}, "ConflictException"),
        (1, {"servers": other}, "ValidationException"),
        (2, {"waitDurationMinutes": 5}, "ValidationException"),
        (1, {"waitDurationMinutes": 121}, "ValidationException"),
        (1, {"status": "COMPLETED"}, "ValidationException"),
        (1, {}, "ValidationException"),
        (1, {"status": "SKIPPED", "waitDurationMinutes": 5}, "ValidationException"),
        (2, {"servers": [{"serverArn": arn_of("s-" + "9" * 17)}]}, "ResourceNotFoundException"),
        (2, {"servers": other * 2}, "ValidationException"),
    ):
        assert await code(plan.update(index, **members)) == expected
    await emulator.clock.advance(A_LAUNCH)
    assert await code(plan.update(1, waitDurationMinutes=5)) == "ConflictException"
    assert await code(plan.retry(1)) == "ConflictException"
    await emulator.clock.advance(timedelta(minutes=60))
    assert await plan.statuses() == ["COMPLETED", "WAITING", "NOT_STARTED"]
    await emulator.clock.advance(timedelta(minutes=30) + A_LAUNCH)
    assert await plan.status() == "COMPLETED"
    (job, _) = (await raw.describe_jobs())["items"]
    assert [s["sourceServerID"] for s in job["participatingServers"]] == [ids[2]]
    answer = await raw.list_recovery_plan_steps(recoveryPlanArn=plan.arn)
    wait = answer["recoveryPlanSteps"][1]["configuration"]["waitStepConfiguration"]
    assert wait == {"waitDurationMinutes": 5}


async def test_cancelling_awaits_launches(emulator: DRSEmulator, raw: Any) -> None:
    plan = await Plan(raw).make(emulator.add_source_servers(1), 5)
    await plan.start()
    await emulator.clock.advance(60)
    assert (await plan.cancel())["status"] == "CANCELLING"
    assert await plan.statuses() == ["EXECUTING", "SKIPPED"]
    for call in (plan.cancel(), plan.delete(), plan.start(), plan.update(1, status="SKIPPED")):
        assert await code(call) == "ConflictException"
    await emulator.clock.advance(A_LAUNCH)
    ended = await plan.shown()
    assert (ended["status"], await plan.statuses()) == ("CANCELLED", ["COMPLETED", "SKIPPED"])
    assert "completedAt" in ended
    assert await code(plan.cancel()) == "ConflictException"
    assert await code(plan.update(1, status="SKIPPED")) == "ConflictException"


@pytest.mark.parametrize("seconds", [0, 60])
async def test_cancelling_ends_waits(emulator: DRSEmulator, raw: Any, seconds: int) -> None:
    plan = await Plan(raw).make(emulator.add_source_servers(1), 5)
    await plan.start()
    await plan.update(0, status="SKIPPED")
    await emulator.clock.advance(seconds)
    assert (await plan.cancel())["status"] == "CANCELLING"
    await emulator.clock.advance(60)
    assert (await plan.status(), await plan.statuses()) == ("CANCELLED", ["SKIPPED"] * 2)
    await emulator.clock.advance(timedelta(hours=1))
    assert (await raw.describe_jobs())["items"] == []


async def test_a_cancelled_execution_is_not_resumed_by_a_retry(
    emulator: DRSEmulator, raw: Any
) -> None:
    (server,) = emulator.add_source_servers(1)
    plan = await Plan(raw).make([server])
    emulator.fail_launch(server)
    await plan.start()
    await emulator.clock.advance(60)
    await plan.cancel()
    await emulator.clock.advance(A_LAUNCH)
    assert (await plan.status(), await plan.statuses()) == ("CANCELLED", ["FAILED"])
    assert await code(plan.retry(0)) == "ConflictException"
    assert await plan.status() == "CANCELLED"


async def test_an_execution_times_out(emulator: DRSEmulator, raw: Any) -> None:
    plan = await Plan(raw).make(emulator.add_source_servers(1), 5)
    await plan.start()
    with pytest.raises(ValueError, match="no step"):
        emulator.time_out_recovery_plan_execution(plan.execution, step_only=True)
    await emulator.clock.advance(60)
    emulator.time_out_recovery_plan_execution(plan.execution)
    execution, step = await plan.shown(), await plan.step(0)
    assert (execution["status"], await plan.statuses()) == (
        "TIMED_OUT",
        ["TIMED_OUT", "NOT_STARTED"],
    )
    assert execution["errorDetail"]["code"] == "ExecutionTimedOut"
    assert step["errorDetail"]["code"] == "StepTimedOut"
    assert await code(plan.update(0, status="SKIPPED")) == "ConflictException"
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.statuses() == ["TIMED_OUT", "NOT_STARTED"]
    with pytest.raises(ValueError, match="no step"):
        emulator.time_out_recovery_plan_execution(plan.execution)
    await plan.delete()


async def test_a_step_times_out_and_is_skipped(emulator: DRSEmulator, raw: Any) -> None:
    first, last = emulator.add_source_servers(2)
    plan = await Plan(raw).make([first], 5, [last])
    await plan.start()
    await plan.update(0, status="SKIPPED")
    await emulator.clock.advance(60)
    emulator.time_out_recovery_plan_execution(plan.execution, step_only=True)
    assert await plan.status() == "FAILED"
    assert await plan.statuses() == ["SKIPPED", "TIMED_OUT", "NOT_STARTED"]
    assert await code(plan.retry(1)) == "ConflictException"
    await plan.update(1, status="SKIPPED")
    await emulator.clock.advance(A_LAUNCH)
    assert await plan.status() == "COMPLETED"
    assert await plan.statuses() == ["SKIPPED", "SKIPPED", "COMPLETED"]


async def test_a_cancelled_execution_awaits_a_launch_no_longer(
    emulator: DRSEmulator, raw: Any
) -> None:
    plan = await Plan(raw).make(emulator.add_source_servers(1), 5)
    await plan.start()
    await emulator.clock.advance(60)
    await plan.cancel()
    emulator.time_out_recovery_plan_execution(plan.execution, step_only=True)
    assert (await plan.status(), await plan.statuses()) == ("CANCELLED", ["TIMED_OUT", "SKIPPED"])


async def test_a_loaded_execution_can_be_cancelled(
    emulator: DRSEmulator, raw: Any, raw_of: Callable[..., Any]
) -> None:
    ids = emulator.add_source_servers(2)
    plan = await Plan(raw).make(ids[:1], 5, ids[1:])
    await plan.start()
    await emulator.clock.advance(60)
    named = {"recoveryPlanExecutionArn": plan.execution}
    answers = [
        await raw.describe_jobs(),
        await raw.get_recovery_plan_execution(**named),
        await raw.list_recovery_plan_execution_steps(**named),
    ]
    async with DRSEmulator(check_answers=True) as copy, raw_of(copy) as other:
        copy.load(answers)
        loaded = Plan(other)
        loaded.execution = plan.execution
        assert (await loaded.statuses())[0] == "EXECUTING"
        assert (await loaded.cancel())["status"] == "CANCELLING"
        await copy.clock.advance(60)
        assert (await loaded.status(), await loaded.statuses()) == ("CANCELLED", ["SKIPPED"] * 3)
        await loaded.delete()
        assert copy.defects == []
