# ruff: noqa: ANN401 - aiobotocore clients have no types
"""Runs recovery plans through a raw client, for the tests of their executions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

PREFIX = "arn:aws:drs:us-east-1:111122223333"
A_LAUNCH = timedelta(minutes=15)


def arn_of(server_id: str) -> str:
    return f"{PREFIX}:source-server/{server_id}"


async def code(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        await call
    return caught.value.response["Error"]["Code"]


class Plan:
    """One plan, executed through a raw client."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.arn = ""
        self.execution = ""

    async def make(self, *steps: int | list[str], optional: tuple[str, ...] = ()) -> Plan:
        """Make a plan of waits (in minutes) and of servers to launch together."""
        plan = (await self.raw.create_recovery_plan(name="plan"))["recoveryPlan"]
        self.arn = plan["recoveryPlanArn"]
        for index, step in enumerate(steps, start=1):
            configuration: dict[str, Any]
            if isinstance(step, int):
                configuration = {"waitStepConfiguration": {"waitDurationMinutes": step}}
            else:
                listed: list[dict[str, str]] = [{"serverArn": arn_of(i)} for i in step]
                for server, server_id in zip(listed, step, strict=True):
                    if server_id in optional:
                        server["impactLevel"] = "OPTIONAL"
                configuration = {"serverStepConfiguration": {"servers": listed}}
            await self.raw.create_recovery_plan_step(
                recoveryPlanArn=self.arn, stepName=f"step {index}", configuration=configuration
            )
        return self

    async def start(self, mode: str = "DRILL", **more: Any) -> Any:
        answer = await self.raw.start_recovery_plan_execution(
            recoveryPlanArn=self.arn, mode=mode, **more
        )
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
        self.execution = answer["recoveryPlanExecution"]["recoveryPlanExecutionArn"]
        return answer["recoveryPlanExecution"]

    async def shown(self) -> Any:
        answer = await self.raw.get_recovery_plan_execution(recoveryPlanExecutionArn=self.execution)
        return answer["recoveryPlanExecution"]

    async def status(self) -> str:
        return (await self.shown())["status"]

    async def steps(self, **more: Any) -> list[Any]:
        answer = await self.raw.list_recovery_plan_execution_steps(
            recoveryPlanExecutionArn=self.execution, **more
        )
        return answer["recoveryPlanExecutionSteps"]

    async def statuses(self) -> list[str]:
        return [step["status"] for step in await self.steps()]

    async def step(self, index: int) -> Any:
        arn = (await self.steps())[index]["recoveryPlanExecutionStepArn"]
        answer = await self.raw.get_recovery_plan_execution_step(recoveryPlanExecutionStepArn=arn)
        return answer["recoveryPlanExecutionStep"]

    async def servers(self, index: int) -> list[Any]:
        configuration = (await self.step(index))["configuration"]
        return configuration["executionServerStepConfiguration"]["servers"]

    async def update(self, index: int, **members: Any) -> Any:
        arn = (await self.steps())[index]["recoveryPlanExecutionStepArn"]
        answer = await self.raw.update_recovery_plan_execution_step(
            recoveryPlanExecutionStepArn=arn, **members
        )
        return answer["recoveryPlanExecutionStep"]

    async def retry(self, index: int) -> Any:
        arn = (await self.steps())[index]["recoveryPlanExecutionStepArn"]
        answer = await self.raw.retry_recovery_plan_execution_step(recoveryPlanExecutionStepArn=arn)
        return answer["recoveryPlanExecutionStep"]

    async def cancel(self) -> Any:
        answer = await self.raw.cancel_recovery_plan_execution(
            recoveryPlanExecutionArn=self.execution
        )
        return answer["recoveryPlanExecution"]

    async def delete(self) -> Any:
        return await self.raw.delete_recovery_plan_execution(
            recoveryPlanExecutionArn=self.execution
        )
