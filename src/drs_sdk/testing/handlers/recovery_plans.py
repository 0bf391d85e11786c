"""Recovery plans as such; their steps and their executions have modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_of, paged
from drs_sdk.testing.service import refusals
from drs_sdk.testing.state import client_tokens, recovery_plans

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account

_SUMMARY = ("recoveryPlanArn", "name", "status", "createdAt", "updatedAt")


@handles("CreateRecoveryPlan")
def create_recovery_plan(account: Account, params: Doc) -> Doc:
    """Create a plan without steps, which cannot be executed yet."""
    all_plans = recovery_plans.all_plans(account)
    plan = client_tokens.replayed(account, "CreateRecoveryPlan", params, all_plans)
    if plan is None:
        limit = account.quotas.recovery_plans
        if len(all_plans) >= limit:
            raise refusals.quota_exceeded("recovery_plans", limit, all_plans.resource_type)
        arn = account.settings.arn("recovery-plan", account.new_id("plan"))
        doc: Doc = {
            "recoveryPlanArn": arn,
            "name": params["name"],
            "status": "INVALID",
            "createdAt": account.stamp(),
            "updatedAt": account.stamp(),
            "tags": dict(params.get("tags", {})),
        }
        if "description" in params:
            doc["description"] = params["description"]
        plan = all_plans.add(arn, doc, arn=arn, state={"steps": []})
        client_tokens.remember(account, "CreateRecoveryPlan", params, plan)
    return {"recoveryPlan": plan.shown()}


@handles("GetRecoveryPlan")
def get_recovery_plan(account: Account, params: Doc) -> Doc:
    """Show a plan, without its steps."""
    return {
        "recoveryPlan": recovery_plans.all_plans(account).require(params["recoveryPlanArn"]).shown()
    }


@handles("ListRecoveryPlans")
def list_recovery_plans(account: Account, params: Doc) -> Doc:
    """List plans in short form, oldest first."""
    found, token = page_of(account, "ListRecoveryPlans", params, recovery_plans.all_plans(account))
    docs = [plan.shown() for plan in found]
    shown = [{name: doc[name] for name in _SUMMARY if name in doc} for doc in docs]
    return paged("recoveryPlans", shown, token)


@handles("UpdateRecoveryPlan")
def update_recovery_plan(account: Account, params: Doc) -> Doc:
    """Change the name or the description."""
    plan = recovery_plans.all_plans(account).require(params["recoveryPlanArn"])
    recovery_plans.require_idle(account, plan, "it cannot be changed")
    plan.doc.update({**params, "updatedAt": account.stamp()})
    return {"recoveryPlan": plan.shown()}


@handles("DeleteRecoveryPlan")
def delete_recovery_plan(account: Account, params: Doc) -> Doc:
    """Delete a plan and its steps; the records of its executions stay."""
    all_plans = recovery_plans.all_plans(account)
    plan = all_plans.require(params["recoveryPlanArn"])
    recovery_plans.require_idle(account, plan, "it cannot be deleted")
    for arn in plan.state["steps"]:
        recovery_plans.all_steps(account).remove(arn)
    all_plans.remove(plan.id)
    return {"recoveryPlanArn": plan.id}
