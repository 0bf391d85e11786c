# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Recovery plans and their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from plan_runner import Plan

from drs_sdk.testing import DRSEmulator, Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "arn:aws:drs:us-east-1:111122223333"
NOWHERE = f"{PREFIX}:recovery-plan/plan-" + "9" * 17
NOBODY = f"{PREFIX}:source-server/s-" + "9" * 17


def wait(minutes: int = 5) -> dict[str, Any]:
    return {"waitStepConfiguration": {"waitDurationMinutes": minutes}}


def servers(*ids: str, **members: str) -> dict[str, Any]:
    listed = [{"serverArn": f"{PREFIX}:source-server/{i}", **members} for i in ids]
    return {"serverStepConfiguration": {"servers": listed}}


async def refusal(call: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response


async def code(call: Any) -> str:
    return (await refusal(call))["Error"]["Code"]


async def plan_arn(raw: Any) -> str:
    return (await raw.create_recovery_plan(name="web shop"))["recoveryPlan"]["recoveryPlanArn"]


async def add(raw: Any, plan: str, name: str, configuration: Any, **more: Any) -> Any:
    answer = await raw.create_recovery_plan_step(
        recoveryPlanArn=plan, stepName=name, configuration=configuration, **more
    )
    return answer["recoveryPlanStep"]


async def names(raw: Any, plan: str) -> list[str]:
    steps = (await raw.list_recovery_plan_steps(recoveryPlanArn=plan))["recoveryPlanSteps"]
    assert [step["stepOrder"] for step in steps] == list(range(1, len(steps) + 1))
    return [step["stepName"] for step in steps]


async def test_a_plan_from_making_to_deleting(emulator: DRSEmulator, raw: Any) -> None:
    made = await raw.create_recovery_plan(name="web shop", description="all", tags={"team": "dr"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    plan = made["recoveryPlan"]
    arn = plan["recoveryPlanArn"]
    assert arn.startswith(f"{PREFIX}:recovery-plan/plan-")
    assert (plan["status"], plan["description"], plan["tags"]) == ("INVALID", "all", {"team": "dr"})
    await emulator.clock.advance(60)
    changed = (await raw.update_recovery_plan(recoveryPlanArn=arn, name="shop"))["recoveryPlan"]
    assert changed == {**plan, "name": "shop", "updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > plan["updatedAt"]
    await raw.tag_resource(resourceArn=arn, tags={"tier": "1"})
    shown = (await raw.get_recovery_plan(recoveryPlanArn=arn))["recoveryPlan"]
    assert shown == {**changed, "tags": {"team": "dr", "tier": "1"}}
    (listed,) = (await raw.list_recovery_plans())["recoveryPlans"]
    assert listed == {k: v for k, v in shown.items() if k not in {"description", "tags"}}
    step = await add(raw, arn, "web", servers(*emulator.add_source_servers(1)))
    assert (await raw.delete_recovery_plan(recoveryPlanArn=arn))["recoveryPlanArn"] == arn
    for call in (
        raw.get_recovery_plan(recoveryPlanArn=arn),
        raw.get_recovery_plan_step(recoveryPlanStepArn=step["recoveryPlanStepArn"]),
        raw.list_tags_for_resource(resourceArn=arn),
    ):
        assert await code(call) == "ResourceNotFoundException"


async def test_what_is_not_there(raw: Any) -> None:
    plan, step = {"recoveryPlanArn": NOWHERE}, {"recoveryPlanStepArn": NOWHERE}
    for call in (
        raw.get_recovery_plan(**plan),
        raw.update_recovery_plan(**plan, name="x"),
        raw.delete_recovery_plan(**plan),
        raw.create_recovery_plan_step(**plan, stepName="x", configuration=wait()),
        raw.list_recovery_plan_steps(**plan),
        raw.reorder_recovery_plan_steps(**plan, orderedStepArns=[NOWHERE]),
        raw.start_recovery_plan_execution(**plan, mode="DRILL"),
        raw.get_recovery_plan_step(**step),
        raw.update_recovery_plan_step(**step, stepName="x"),
        raw.delete_recovery_plan_step(**step),
    ):
        assert await code(call) == "ResourceNotFoundException"
    found = await raw.list_recovery_plan_executions(**plan)
    assert found["recoveryPlanExecutions"] == []


async def test_a_client_token_makes_one_plan(raw: Any) -> None:
    request = {"name": "web shop", "tags": {"a": "b"}, "clientToken": "t-1"}
    plan = (await raw.create_recovery_plan(**request))["recoveryPlan"]
    arn = plan["recoveryPlanArn"]
    assert (await raw.create_recovery_plan(**request))["recoveryPlan"] == plan
    renamed = (await raw.update_recovery_plan(recoveryPlanArn=arn, name="n"))["recoveryPlan"]
    assert (await raw.create_recovery_plan(**request))["recoveryPlan"] == renamed
    error = await refusal(raw.create_recovery_plan(**{**request, "name": "other"}))
    assert error["Error"]["Code"] == "ConflictException"
    assert error["resourceId"] == arn
    other = (await raw.create_recovery_plan(**{**request, "clientToken": "t-2"}))["recoveryPlan"]
    assert other["recoveryPlanArn"] != arn
    await raw.delete_recovery_plan(recoveryPlanArn=arn)
    again = (await raw.create_recovery_plan(**{**request, "name": "new"}))["recoveryPlan"]
    assert again["recoveryPlanArn"] != arn
    assert len((await raw.list_recovery_plans())["recoveryPlans"]) == 2


async def test_a_client_token_makes_one_step(emulator: DRSEmulator, raw: Any) -> None:
    plan = await plan_arn(raw)
    await add(raw, plan, "web", servers(*emulator.add_source_servers(1)))
    step = await add(raw, plan, "pause", wait(), clientToken="t")
    assert await add(raw, plan, "pause", wait(), clientToken="t") == step
    call = add(raw, plan, "pause", wait(7), clientToken="t")
    assert await code(call) == "ConflictException"
    assert await names(raw, plan) == ["web", "pause"]


async def test_plans_are_listed_by_the_page(raw: Any) -> None:
    made = [
        (await raw.create_recovery_plan(name=f"plan {i}"))["recoveryPlan"]["name"] for i in range(5)
    ]
    pages = raw.get_paginator("list_recovery_plans").paginate(PaginationConfig={"PageSize": 2})
    listed = [[plan["name"] for plan in page["recoveryPlans"]] async for page in pages]
    assert listed == [made[:2], made[2:4], made[4:]]


async def test_steps_keep_their_order(emulator: DRSEmulator, raw: Any) -> None:
    plan = await plan_arn(raw)
    web = servers(*emulator.add_source_servers(1))
    first = await add(raw, plan, "b", web)
    last = await add(raw, plan, "d", web)
    assert (first["stepOrder"], last["stepOrder"]) == (1, 2)
    await emulator.clock.advance(60)
    assert (await add(raw, plan, "a", web, stepOrder=1))["stepOrder"] == 1
    assert (await add(raw, plan, "c", wait(), stepOrder=3))["stepOrder"] == 3
    assert await names(raw, plan) == ["a", "b", "c", "d"]
    moved = await raw.get_recovery_plan_step(recoveryPlanStepArn=last["recoveryPlanStepArn"])
    assert moved["recoveryPlanStep"]["stepOrder"] == 4
    assert moved["recoveryPlanStep"]["updatedAt"] > last["updatedAt"]
    error = await refusal(add(raw, plan, "far", wait(), stepOrder=6))
    assert error["fieldList"] == [{"name": "stepOrder", "message": "must be at most 5"}]

    pages = raw.get_paginator("list_recovery_plan_steps").paginate(
        recoveryPlanArn=plan, PaginationConfig={"PageSize": 3}
    )
    steps = [step async for page in pages for step in page["recoveryPlanSteps"]]
    arns = [step["recoveryPlanStepArn"] for step in steps]
    order = [arns[3], arns[0], arns[2], arns[1]]
    answer = await raw.reorder_recovery_plan_steps(recoveryPlanArn=plan, orderedStepArns=order)
    assert [step["recoveryPlanStepArn"] for step in answer["recoveryPlanSteps"]] == order
    assert await names(raw, plan) == ["d", "a", "c", "b"]
    for wrong in (order[:3], [*order[:3], order[0]], [*order, order[0]], [*order[:3], NOWHERE]):
        call = raw.reorder_recovery_plan_steps(recoveryPlanArn=plan, orderedStepArns=wrong)
        assert await code(call) == "ValidationException"

    deleted = await raw.delete_recovery_plan_step(recoveryPlanStepArn=order[1])
    assert deleted["recoveryPlanStepArn"] == order[1]
    assert await names(raw, plan) == ["d", "c", "b"]


async def test_a_plan_without_a_server_step_is_invalid(emulator: DRSEmulator, raw: Any) -> None:
    (server,) = emulator.add_source_servers(1)
    plan = await plan_arn(raw)

    async def status() -> str:
        return (await raw.get_recovery_plan(recoveryPlanArn=plan))["recoveryPlan"]["status"]

    assert await status() == "INVALID"
    call = raw.start_recovery_plan_execution(recoveryPlanArn=plan, mode="DRILL")
    assert await code(call) == "ValidationException"
    step = await add(raw, plan, "web", servers(server))
    assert await status() == "ACTIVE"
    await raw.delete_recovery_plan_step(recoveryPlanStepArn=step["recoveryPlanStepArn"])
    assert await status() == "INVALID"
    loaded = (await raw.get_recovery_plan(recoveryPlanArn=plan))["recoveryPlan"]
    emulator.load([loaded, {"recoveryPlanArn": plan, "recoveryPlanSteps": [{**step}]}, loaded])
    call = raw.start_recovery_plan_execution(recoveryPlanArn=plan, mode="DRILL")
    assert await code(call) == "ConflictException"


async def test_the_first_step_cannot_be_a_wait(emulator: DRSEmulator, raw: Any) -> None:
    plan = await plan_arn(raw)
    web = servers(*emulator.add_source_servers(1))
    error = await refusal(add(raw, plan, "pause", wait()))
    assert error["Error"]["Code"] == "ValidationException"
    first = (await add(raw, plan, "first", web))["recoveryPlanStepArn"]
    pause = (await add(raw, plan, "pause", wait()))["recoveryPlanStepArn"]
    assert await code(add(raw, plan, "early", wait(), stepOrder=1)) == "ValidationException"
    call = raw.reorder_recovery_plan_steps(recoveryPlanArn=plan, orderedStepArns=[pause, first])
    assert await code(call) == "ValidationException"
    call = raw.delete_recovery_plan_step(recoveryPlanStepArn=first)
    assert await code(call) == "ConflictException"
    assert await names(raw, plan) == ["first", "pause"]
    last = (await add(raw, plan, "last", web))["recoveryPlanStepArn"]
    order = [last, pause, first]
    await raw.reorder_recovery_plan_steps(recoveryPlanArn=plan, orderedStepArns=order)
    await raw.delete_recovery_plan_step(recoveryPlanStepArn=first)
    assert await names(raw, plan) == ["last", "pause"]


async def test_a_plan_has_a_hundred_servers_over_all_its_steps(
    emulator: DRSEmulator, raw: Any
) -> None:
    ids = emulator.add_source_servers(102)
    plan = await plan_arn(raw)
    first = (await add(raw, plan, "first", servers(*ids[:60])))["recoveryPlanStepArn"]
    error = await refusal(add(raw, plan, "second", servers(*ids[60:101])))
    assert error["Error"]["Code"] == "ServiceQuotaExceededException"
    await add(raw, plan, "second", servers(*ids[60:100]))
    await add(raw, plan, "pause", wait())
    call = raw.update_recovery_plan_step(
        recoveryPlanStepArn=first, configuration=servers(*ids[:60], ids[101])
    )
    assert await code(call) == "ValidationException"
    await raw.update_recovery_plan_step(
        recoveryPlanStepArn=first, configuration=servers(*ids[1:60], ids[101])
    )
    run = Plan(raw)
    run.arn = plan
    await run.start()
    many = [{"serverArn": f"{PREFIX}:source-server/{i}"} for i in ids[40:101]]
    assert await code(run.update(0, servers=many)) == "ValidationException"
    await run.update(0, servers=many[:60])


async def test_a_step_changes_but_not_its_kind(emulator: DRSEmulator, raw: Any) -> None:
    ids = emulator.add_source_servers(2)
    plan = await plan_arn(raw)
    step = await add(raw, plan, "web", servers(ids[0]))
    (server,) = step["configuration"]["serverStepConfiguration"]["servers"]
    assert server["impactLevel"] == "CRITICAL"
    arn = step["recoveryPlanStepArn"]

    async def change(**members: Any) -> Any:
        answer = await raw.update_recovery_plan_step(recoveryPlanStepArn=arn, **members)
        return answer["recoveryPlanStep"]

    assert (await change(stepName="front"))["configuration"] == step["configuration"]
    both = servers(*ids, impactLevel="OPTIONAL")
    changed = await change(configuration=both)
    assert (changed["stepName"], changed["configuration"]) == ("front", both)
    assert await code(change(configuration=wait())) == "ValidationException"
    shown = (await raw.get_recovery_plan_step(recoveryPlanStepArn=arn))["recoveryPlanStep"]
    assert shown == changed
    assert await code(raw.list_tags_for_resource(resourceArn=arn)) == "ResourceNotFoundException"


async def test_servers_of_a_step_are_checked(emulator: DRSEmulator, raw: Any) -> None:
    (server,) = emulator.add_source_servers(1)
    plan = await plan_arn(raw)
    error = await refusal(add(raw, plan, "web", servers(server, server)))
    path = "configuration.serverStepConfiguration.servers[1].serverArn"
    assert error["fieldList"] == [{"name": path, "message": "is there twice"}]
    missing = {"serverStepConfiguration": {"servers": [{"serverArn": NOBODY}]}}
    error = await refusal(add(raw, plan, "web", missing))
    assert (error["Error"]["Code"], error["resourceId"]) == ("ResourceNotFoundException", NOBODY)
    for wrong in ({}, {**wait(), **servers(server)}, wait(0), wait(121), servers()):
        assert await code(add(raw, plan, "web", wrong)) == "ValidationException"
    assert await names(raw, plan) == []


async def test_quotas(raw_of: Callable[..., Any]) -> None:
    quotas = Quotas(recovery_plans=1, steps_per_recovery_plan=2, servers_per_recovery_plan_step=1)
    async with DRSEmulator(quotas=quotas, check_answers=True) as emulator, raw_of(emulator) as raw:
        ids = emulator.add_source_servers(2)
        plan = await plan_arn(raw)
        error = await refusal(raw.create_recovery_plan(name="more"))
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 402
        assert error["resourceType"] == "recovery-plan"
        assert await code(add(raw, plan, "web", servers(*ids))) == "ServiceQuotaExceededException"
        step = await add(raw, plan, "web", servers(ids[0]))
        call = raw.update_recovery_plan_step(
            recoveryPlanStepArn=step["recoveryPlanStepArn"], configuration=servers(*ids)
        )
        assert await code(call) == "ValidationException"
        await add(raw, plan, "pause", wait())
        assert await code(add(raw, plan, "more", wait())) == "ServiceQuotaExceededException"
        assert emulator.defects == []


async def test_a_page_of_steps_stays_good_while_they_are_moved(
    emulator: DRSEmulator, raw: Any
) -> None:
    plan = await Plan(raw).make(*([server] for server in emulator.add_source_servers(5)))
    named = {"recoveryPlanArn": plan.arn}
    listed = (await raw.list_recovery_plan_steps(**named))["recoveryPlanSteps"]
    one, two, three, four, five = [step["recoveryPlanStepArn"] for step in listed]

    async def go_on(token: str) -> list[str]:
        page = await raw.list_recovery_plan_steps(**named, maxResults=1, nextToken=token)
        arns = [step["recoveryPlanStepArn"] for step in page["recoveryPlanSteps"]]
        return arns + (await go_on(page["nextToken"]) if "nextToken" in page else [])

    first = await raw.list_recovery_plan_steps(**named, maxResults=2)
    assert await go_on(first["nextToken"]) == [three, four, five]
    await raw.delete_recovery_plan_step(recoveryPlanStepArn=one)
    assert await go_on(first["nextToken"]) == [three, four, five]
    await raw.reorder_recovery_plan_steps(**named, orderedStepArns=[five, four, two, three])
    assert await go_on(first["nextToken"]) == [three]
    first = await raw.list_recovery_plan_steps(**named, maxResults=2)
    await raw.delete_recovery_plan_step(recoveryPlanStepArn=four)
    assert await go_on(first["nextToken"]) == [two, three]
