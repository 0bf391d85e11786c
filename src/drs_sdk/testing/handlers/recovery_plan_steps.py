"""The steps of recovery plans: servers to launch together, or a wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of_arranged, paged
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.state import client_tokens, recovery_plans

if TYPE_CHECKING:
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource


@handles("CreateRecoveryPlanStep")
def create_recovery_plan_step(account: Account, params: Doc) -> Doc:
    """Add a step at the end, or at a position, where those after it move on."""
    plan = recovery_plans.all_plans(account).require(params["recoveryPlanArn"])
    all_steps = recovery_plans.all_steps(account)
    step = client_tokens.replayed(account, "CreateRecoveryPlanStep", params, all_steps)
    if step is None:
        step = _add(account, plan, params)
        client_tokens.remember(account, "CreateRecoveryPlanStep", params, step)
    return {"recoveryPlanStep": step.shown()}


@handles("GetRecoveryPlanStep")
def get_recovery_plan_step(account: Account, params: Doc) -> Doc:
    """Show a step."""
    step = recovery_plans.all_steps(account).require(params["recoveryPlanStepArn"])
    return {"recoveryPlanStep": step.shown()}


@handles("ListRecoveryPlanSteps")
def list_recovery_plan_steps(account: Account, params: Doc) -> Doc:
    """List the steps of a plan, in order."""
    plan = recovery_plans.all_plans(account).require(params["recoveryPlanArn"])
    steps = recovery_plans.steps_of(account, plan)
    found, token = page_of_arranged(account, "ListRecoveryPlanSteps", params, steps)
    return paged("recoveryPlanSteps", [step.shown() for step in found], token)


@handles("UpdateRecoveryPlanStep")
def update_recovery_plan_step(account: Account, params: Doc) -> Doc:
    """Rename a step or replace its configuration, which must stay of its kind."""
    step = recovery_plans.all_steps(account).require(params["recoveryPlanStepArn"])
    plan = recovery_plans.plan_of(account, step)
    recovery_plans.require_idle(account, plan, "its steps cannot be changed")
    configuration: Doc | None = params.get("configuration")
    if configuration is not None:
        if configuration.keys() != step.doc["configuration"].keys():
            raise refusals.invalid(
                "A step cannot change its kind.",
                fields=[("configuration", "must be of the kind that the step has")],
            )
        used_up = _used_up(account, plan, configuration, instead_of=step)
        if used_up is not None:
            limit = getattr(account.quotas, used_up)
            raise refusals.invalid(
                f"The quota {used_up.replace('_', ' ')} ({limit}) is used up.",
                fields=[(f"configuration.{recovery_plans.SERVERS}.servers", "has too many items")],
            )
        step.doc["configuration"] = _checked(account, configuration)
    if "stepName" in params:
        step.doc["stepName"] = params["stepName"]
    step.doc["updatedAt"] = plan.doc["updatedAt"] = account.stamp()
    return {"recoveryPlanStep": step.shown()}


@handles("DeleteRecoveryPlanStep")
def delete_recovery_plan_step(account: Account, params: Doc) -> Doc:
    """Remove a step; those after it move up."""
    all_steps = recovery_plans.all_steps(account)
    step = all_steps.require(params["recoveryPlanStepArn"])
    plan = recovery_plans.plan_of(account, step)
    recovery_plans.require_idle(account, plan, "its steps cannot be deleted")
    left = [s for s in recovery_plans.steps_of(account, plan) if s is not step]
    if left and recovery_plans.WAIT in left[0].doc["configuration"]:
        raise refusals.conflict(
            f"{step.id} is followed by a wait, which cannot be the first step.",
            "recovery-plan-step",
            step.id,
        )
    all_steps.remove(step.id)
    plan.state["steps"].remove(step.id)
    recovery_plans.order_changed(account, plan)
    return {"recoveryPlanStepArn": step.id}


@handles("ReorderRecoveryPlanSteps")
def reorder_recovery_plan_steps(account: Account, params: Doc) -> Doc:
    """Put the steps into another order; the request names each of them once."""
    plan = recovery_plans.all_plans(account).require(params["recoveryPlanArn"])
    recovery_plans.require_idle(account, plan, "its steps cannot be reordered")
    arns: list[str] = params["orderedStepArns"]
    if sorted(arns) != sorted(plan.state["steps"]):
        raise refusals.invalid(
            "The new order must name every step of the plan once.",
            fields=[("orderedStepArns", "must name every step of the plan once")],
        )
    all_steps = recovery_plans.all_steps(account)
    recovery_plans.require_servers_first(
        [all_steps.require(arn).doc["configuration"] for arn in arns], "orderedStepArns"
    )
    plan.state["steps"] = list(arns)
    recovery_plans.order_changed(account, plan)
    return {"recoveryPlanSteps": [step.shown() for step in recovery_plans.steps_of(account, plan)]}


def _add(account: Account, plan: Resource, params: Doc) -> Resource:
    recovery_plans.require_idle(account, plan, "no step can be added")
    quotas, arns = account.quotas, plan.state["steps"]
    if len(arns) >= quotas.steps_per_recovery_plan:
        raise refusals.quota_exceeded(
            "steps_per_recovery_plan", quotas.steps_per_recovery_plan, "recovery-plan-step"
        )
    configuration: Doc = params["configuration"]
    used_up = _used_up(account, plan, configuration)
    if used_up is not None:
        raise refusals.quota_exceeded(used_up, getattr(quotas, used_up), "source-server")
    order: int = params.get("stepOrder", len(arns) + 1)
    if order > len(arns) + 1:
        raise refusals.invalid(
            f"The plan has {len(arns)} steps.",
            fields=[("stepOrder", f"must be at most {len(arns) + 1}")],
        )
    if order == 1:
        recovery_plans.require_servers_first([configuration], "configuration")
    arn = f"{plan.id}/{account.new_id('st')}"
    doc: Doc = {
        "recoveryPlanStepArn": arn,
        "stepOrder": order,
        "stepName": params["stepName"],
        "configuration": _checked(account, configuration),
        "createdAt": account.stamp(),
        "updatedAt": account.stamp(),
    }
    step = recovery_plans.all_steps(account).add(arn, doc, state={"plan": plan.id})
    arns.insert(order - 1, arn)
    recovery_plans.order_changed(account, plan)
    return step


def _used_up(
    account: Account, plan: Resource, configuration: Doc, instead_of: Resource | None = None
) -> Literal["servers_per_recovery_plan_step", "servers_per_recovery_plan"] | None:
    """Return which quota a step of so many servers breaks, if any."""
    servers = len(recovery_plans.servers_in(configuration))
    if servers > account.quotas.servers_per_recovery_plan_step:
        return "servers_per_recovery_plan_step"
    others = sum(
        len(recovery_plans.servers_in(step.doc["configuration"]))
        for step in recovery_plans.steps_of(account, plan)
        if step is not instead_of
    )
    # A wait adds none, wherever the plan stands.
    if servers and others + servers > account.quotas.servers_per_recovery_plan:
        return "servers_per_recovery_plan"
    return None


def _checked(account: Account, configuration: Doc) -> Doc:
    if recovery_plans.SERVERS not in configuration:
        return copy_doc(configuration)
    servers: list[Doc] = configuration[recovery_plans.SERVERS]["servers"]
    path = f"configuration.{recovery_plans.SERVERS}.servers"
    return {
        recovery_plans.SERVERS: {"servers": recovery_plans.checked_servers(account, servers, path)}
    }
