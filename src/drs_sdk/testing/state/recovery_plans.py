"""Recovery plans and their steps: how they hang together.

Plans, steps, executions and the steps of executions are named by ARN, so the ARN is their
identifier here. A plan's `state["steps"]` lists its steps in order; `stepOrder` follows it.
Only plans and executions carry tags, so only they are entered in `account.arns`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.service import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource

RUNNING = frozenset({"CREATED", "IN_PROGRESS", "CANCELLING"})
"""The statuses of an execution that has not ended."""

SERVERS = "serverStepConfiguration"
EXECUTED_SERVERS = "executionServerStepConfiguration"
WAIT = "waitStepConfiguration"


def all_plans(account: Account) -> Collection:
    """Return the plans of the account."""
    return account.collection("recovery_plans")


def all_steps(account: Account) -> Collection:
    """Return the steps of all plans."""
    return account.collection("recovery_plan_steps")


def all_executions(account: Account) -> Collection:
    """Return the executions of all plans."""
    return account.collection("recovery_plan_executions")


def steps_of(account: Account, plan: Resource) -> list[Resource]:
    """Return the steps of a plan, in order."""
    steps = all_steps(account)
    return [steps.require(arn) for arn in plan.state["steps"]]


def plan_of(account: Account, step: Resource) -> Resource:
    """Return the plan that a step belongs to."""
    return all_plans(account).require(step.state["plan"])


def running_executions(account: Account, plan_arn: str) -> int:
    """Count the executions of a plan that have not ended."""
    return sum(
        execution.doc["recoveryPlanArn"] == plan_arn and execution.doc["status"] in RUNNING
        for execution in all_executions(account)
    )


def require_idle(account: Account, plan: Resource, what: str) -> None:
    """Refuse while a plan is being executed.

    Raises:
        ServiceError: ConflictException.
    """
    if running_executions(account, plan.id):
        raise refusals.conflict(
            f"Recovery plan {plan.id} is being executed: {what}.", "recovery-plan", plan.id
        )


def require_turn(account: Account, plan_arn: str) -> None:
    """Refuse when a plan has as many running executions as it may have.

    Raises:
        ServiceError: ConflictException.
    """
    limit = account.quotas.concurrent_recovery_plan_executions
    if running_executions(account, plan_arn) >= limit:
        raise refusals.conflict(
            f"Recovery plan {plan_arn} is being executed already.", "recovery-plan", plan_arn
        )


def servers_in(configuration: Doc) -> list[Doc]:
    """Return the servers of a step by its configuration, of a plan or of an execution."""
    of_step: Doc = configuration.get(SERVERS) or configuration.get(EXECUTED_SERVERS) or {}
    servers: list[Doc] = of_step.get("servers", [])
    return servers


def require_servers_first(steps: Sequence[Doc], member: str) -> None:
    """Refuse an order of steps, by their configurations, that begins with a wait.

    Raises:
        ServiceError: ValidationException.
    """
    if steps and WAIT in steps[0]:
        raise refusals.invalid(
            "The first step of a recovery plan cannot be a wait.",
            fields=[(member, "would make a wait the first step")],
        )


def require_free(account: Account, plan_arn: str, server_arns: Iterable[str]) -> None:
    """Refuse servers that the execution of another plan has.

    Raises:
        ServiceError: ConflictException.
    """
    wanted = {*server_arns}
    steps = account.collection("recovery_plan_execution_steps")
    for execution in all_executions(account):
        if execution.doc["recoveryPlanArn"] == plan_arn or execution.doc["status"] not in RUNNING:
            continue
        for step in steps.select(execution.state["steps"]):
            for server in servers_in(step.doc["configuration"]):
                arn: str = server["serverArn"]
                if arn in wanted:
                    raise refusals.conflict(
                        f"{arn} is in {execution.id}, which is running.", "source-server", arn
                    )


def order_changed(account: Account, plan: Resource) -> None:
    """Number the steps anew, and tell whether the plan can be executed."""
    steps = steps_of(account, plan)
    for order, step in enumerate(steps, start=1):
        if step.doc["stepOrder"] != order:
            step.doc.update(stepOrder=order, updatedAt=account.stamp())
    active = any(SERVERS in step.doc["configuration"] for step in steps)
    plan.doc.update(status="ACTIVE" if active else "INVALID", updatedAt=account.stamp())


def checked_servers(account: Account, servers: list[Doc], path: str) -> list[Doc]:
    """Check the servers of a step, and fill in what was left out.

    Args:
        account: The account.
        servers: What the request says.
        path: Where it says so.

    Raises:
        ServiceError: A server is there twice (ValidationException), or does not exist.
    """
    seen: set[str] = set()
    for index, server in enumerate(servers):
        arn: str = server["serverArn"]
        if arn in seen:
            raise refusals.invalid(
                f"{arn} is in the step twice.",
                fields=[(f"{path}[{index}].serverArn", "is there twice")],
            )
        if server_of(account, arn) is None:
            raise refusals.not_found("source-server", arn)
        seen.add(arn)
    return [{"impactLevel": "CRITICAL", **server} for server in servers]


def server_of(account: Account, arn: str) -> Resource | None:
    """Return a source server by its ARN, or None."""
    server = account.arns.get(arn)
    return server if server is not None and server.id in account.source_servers else None
