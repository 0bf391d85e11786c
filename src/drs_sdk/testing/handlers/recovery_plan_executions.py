"""Executions of recovery plans, and their steps: started, watched, retried, skipped, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of, paged
from drs_sdk.testing.life import plan_executions, plan_server_steps
from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import client_tokens, recovery_plans, recovery_snapshots

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource

_SUMMARY = (
    "recoveryPlanExecutionArn",
    "recoveryPlanArn",
    "mode",
    "status",
    "startedAt",
    "errorDetail",
)
_STEP_SUMMARY = (
    "recoveryPlanExecutionStepArn",
    "stepName",
    "stepIndex",
    "status",
    "configuration",
    "errorDetail",
)
_SKIPPABLE = frozenset({"NOT_STARTED", "FAILED", "TIMED_OUT"})
# A failed execution can be resumed, so its steps can still be changed.
_CHANGEABLE = frozenset({"CREATED", "IN_PROGRESS", "FAILED"})
_STEP = "recovery-plan-execution-step"


@handles("StartRecoveryPlanExecution")
def start_recovery_plan_execution(account: Account, params: Doc) -> Doc:
    """Execute a plan, which must not be executing."""
    plan = recovery_plans.all_plans(account).require(params["recoveryPlanArn"])
    executions = recovery_plans.all_executions(account)
    execution = client_tokens.replayed(account, "StartRecoveryPlanExecution", params, executions)
    if execution is None:
        if not plan.state["steps"]:
            raise refusals.invalid(f"Recovery plan {plan.id} has no steps.", reason="other")
        if plan.doc["status"] != "ACTIVE":
            raise refusals.conflict(
                f"Recovery plan {plan.id} has no server step.", "recovery-plan", plan.id
            )
        recovery_plans.require_turn(account, plan.id)
        _require_servers(account, plan)
        snapshot_ids = _snapshot_ids(account, plan, params.get("sourceServers", []))
        tags: Doc = params.get("tags", {})
        execution = plan_executions.begin(account, plan, params["mode"], snapshot_ids, tags)
        client_tokens.remember(account, "StartRecoveryPlanExecution", params, execution)
    return {"recoveryPlanExecution": execution.shown()}


@handles("GetRecoveryPlanExecution")
def get_recovery_plan_execution(account: Account, params: Doc) -> Doc:
    """Show an execution, without its steps."""
    return {"recoveryPlanExecution": _execution(account, params).shown()}


@handles("ListRecoveryPlanExecutions")
def list_recovery_plan_executions(account: Account, params: Doc) -> Doc:
    """List executions in short form, newest first."""
    plan_arn: str | None = params.get("recoveryPlanArn")
    status: str | None = params.get("status")

    def matches(execution: Resource) -> bool:
        doc = execution.doc
        return plan_arn in {None, doc["recoveryPlanArn"]} and status in {None, doc["status"]}

    found, token = page_of(
        account,
        "ListRecoveryPlanExecutions",
        params,
        recovery_plans.all_executions(account),
        matches=matches,
        newest_first=True,
    )
    return paged("recoveryPlanExecutions", [_short(e, _SUMMARY) for e in found], token)


@handles("CancelRecoveryPlanExecution")
def cancel_recovery_plan_execution(account: Account, params: Doc) -> Doc:
    """Cancel an execution: what has not begun is skipped, launches that run are awaited."""
    execution = _execution(account, params)
    if execution.doc["status"] not in {"CREATED", "IN_PROGRESS"}:
        raise _wrong_status(execution, "recovery-plan-execution", "it cannot be cancelled")
    plan_executions.cancel(account, execution)
    return {"recoveryPlanExecution": execution.shown()}


@handles("DeleteRecoveryPlanExecution")
def delete_recovery_plan_execution(account: Account, params: Doc) -> Doc:
    """Delete the record of an execution that has ended."""
    execution = _execution(account, params)
    if execution.doc["status"] in recovery_plans.RUNNING:
        raise _wrong_status(execution, "recovery-plan-execution", "it cannot be deleted")
    for arn in execution.state["steps"]:
        plan_executions.all_steps(account).remove(arn)
    recovery_plans.all_executions(account).remove(execution.id)
    return {"recoveryPlanExecutionArn": execution.id}


@handles("GetRecoveryPlanExecutionStep")
def get_recovery_plan_execution_step(account: Account, params: Doc) -> Doc:
    """Show a step of an execution."""
    return {"recoveryPlanExecutionStep": _step(account, params).shown()}


@handles("ListRecoveryPlanExecutionSteps")
def list_recovery_plan_execution_steps(account: Account, params: Doc) -> Doc:
    """List the steps of an execution in short form, in order."""
    execution = _execution(account, params)
    status: str | None = params.get("filter", {}).get("status")
    found, token = page_of(
        account,
        "ListRecoveryPlanExecutionSteps",
        params,
        plan_executions.all_steps(account),
        ids=execution.state["steps"],
        matches=lambda step: status in {None, step.doc["status"]},
    )
    return paged("recoveryPlanExecutionSteps", [_short(s, _STEP_SUMMARY) for s in found], token)


@handles("RetryRecoveryPlanExecutionStep")
def retry_recovery_plan_execution_step(account: Account, params: Doc) -> Doc:
    """Run a failed server step again, and with it the execution."""
    step = _step(account, params)
    if plan_server_steps.SERVERS not in step.doc["configuration"] or step.doc["status"] != "FAILED":
        raise _wrong_status(step, _STEP, "only a failed server step can be retried")
    _require_changeable(account, step)
    plan_executions.retry(account, step)
    return {"recoveryPlanExecutionStep": step.shown()}


@handles("UpdateRecoveryPlanExecutionStep")
def update_recovery_plan_execution_step(account: Account, params: Doc) -> Doc:
    """Skip a step, or change one that has not begun."""
    step = _step(account, params)
    changes = [name for name in ("status", "servers", "waitDurationMinutes") if name in params]
    if len(changes) != 1:
        raise refusals.invalid("Give one of status, servers and waitDurationMinutes.")
    _require_changeable(account, step)
    if "status" in params:
        _skip(account, step, params["status"])
    else:
        _change(account, step, params)
        step.doc["updatedAt"] = account.stamp()
    return {"recoveryPlanExecutionStep": step.shown()}


def _require_changeable(account: Account, step: Resource) -> None:
    """Refuse to touch the steps of an execution that is over for good, or about to be."""
    execution = plan_executions.execution_of(account, step)
    if execution.doc["status"] not in _CHANGEABLE:
        raise _wrong_status(execution, "recovery-plan-execution", "its steps cannot be changed")


def _skip(account: Account, step: Resource, status: str) -> None:
    if status != "SKIPPED":
        raise refusals.invalid(
            "A step can only be skipped.", fields=[("status", "must be SKIPPED")]
        )
    if step.doc["status"] not in _SKIPPABLE:
        raise _wrong_status(step, _STEP, "it cannot be skipped")
    plan_executions.skip(account, step)


def _change(account: Account, step: Resource, params: Doc) -> None:
    configuration: Doc = step.doc["configuration"]
    member = "servers" if "servers" in params else "waitDurationMinutes"
    kind = plan_server_steps.SERVERS if "servers" in params else recovery_plans.WAIT
    if kind not in configuration:
        raise refusals.invalid(
            f"The step has no {member}.", fields=[(member, "is of another kind of step")]
        )
    if step.doc["status"] != "NOT_STARTED":
        raise _wrong_status(step, _STEP, "it cannot be changed")
    value: object = params[member]
    if kind == plan_server_steps.SERVERS:
        _require_few(account, step, len(params["servers"]))
        value = recovery_plans.checked_servers(account, params["servers"], "servers")
    configuration[kind] = {member: value}


def _require_few(account: Account, step: Resource, servers: int) -> None:
    """Refuse more servers than a step may have, or an execution over all of its steps."""
    execution = plan_executions.execution_of(account, step)
    others = sum(
        len(recovery_plans.servers_in(other.doc["configuration"]))
        for other in plan_executions.steps_of(account, execution)
        if other is not step
    )
    quotas = account.quotas
    limit = min(quotas.servers_per_recovery_plan_step, quotas.servers_per_recovery_plan - others)
    if servers > limit:
        raise refusals.invalid(
            f"The step may have {limit} servers.",
            fields=[("servers", f"has more than {limit} items")],
        )


def _require_servers(account: Account, plan: Resource) -> None:
    """Refuse a plan with servers that are gone, or that the run of another plan has."""
    arns: list[str] = [
        server["serverArn"]
        for step in recovery_plans.steps_of(account, plan)
        for server in recovery_plans.servers_in(step.doc["configuration"])
    ]
    gone = [arn for arn in arns if recovery_plans.server_of(account, arn) is None]
    if gone:
        raise refusals.invalid(f"There is no source server {gone[0]}.", reason="other")
    recovery_plans.require_free(account, plan.id, arns)


def _snapshot_ids(account: Account, plan: Resource, named: list[Doc]) -> Doc:
    """Read which snapshot each server is to be launched from."""
    in_plan = {
        server["serverArn"].rpartition("/")[2]
        for step in recovery_plans.steps_of(account, plan)
        for server in step.doc["configuration"].get(recovery_plans.SERVERS, {}).get("servers", [])
    }
    chosen: Doc = {}
    for index, item in enumerate(named):
        server_id: str = item["sourceServerID"]
        if server_id not in in_plan or server_id in chosen:
            wrong = "is named twice" if server_id in chosen else "is not in the plan"
            raise refusals.invalid(
                f"{server_id} {wrong}.", fields=[(f"sourceServers[{index}].sourceServerID", wrong)]
            )
        server = account.source_servers.require(server_id)
        snapshot = recovery_snapshots.require(account, server, item["recoverySnapshotID"])
        chosen[server_id] = snapshot["snapshotID"]
    return chosen


def _execution(account: Account, params: Doc) -> Resource:
    return recovery_plans.all_executions(account).require(params["recoveryPlanExecutionArn"])


def _step(account: Account, params: Doc) -> Resource:
    return plan_executions.all_steps(account).require(params["recoveryPlanExecutionStepArn"])


def _short(resource: Resource, members: tuple[str, ...]) -> Doc:
    doc = resource.shown()
    return {name: doc[name] for name in members if name in doc}


def _wrong_status(resource: Resource, resource_type: str, what: str) -> refusals.ServiceError:
    status: str = resource.doc["status"]
    return refusals.conflict(f"{resource.id} is {status}: {what}.", resource_type, resource.id)
