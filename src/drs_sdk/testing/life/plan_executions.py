"""The life of a recovery plan's execution over time.

An execution works on a copy of the plan's steps, one after the other. A wait step waits; a
server step launches its servers in one job, and fails when a critical server failed. A failed
step ends the execution, until the step is retried or skipped. What was launched stays,
however the execution ends.

Keys of `state`:

* execution: `steps`, the ARNs of its steps in order; `snapshots`, the identifiers
  of those that were asked for, by source server.
* step of an execution: `execution`; what `plan_server_steps` keeps there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.life import plan_server_steps
from drs_sdk.testing.service.documents import copy_doc
from drs_sdk.testing.service.refusals import ServiceError
from drs_sdk.testing.state import recovery_plans
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource

START_DELAY = timedelta(seconds=5)
"""From CREATED to IN_PROGRESS."""
CHECK_INTERVAL = timedelta(seconds=5)
"""How long a server step waits when its job has ended before its servers have."""
CANCEL_DELAY = timedelta(seconds=5)
"""From CANCELLING to CANCELLED, when no launch has to be awaited."""

LONGEST = timedelta(hours=24)
"""How long an execution may take."""

UNDER_WAY = frozenset({"EXECUTING", "WAITING"})
_EVENTS = "plan."
_LIMIT = "plan_limit.reached"


def all_steps(account: Account) -> Collection:
    """Return the steps of all executions."""
    return account.collection("recovery_plan_execution_steps")


def steps_of(account: Account, execution: Resource) -> list[Resource]:
    """Return the steps of an execution, in order."""
    steps = all_steps(account)
    return [steps.require(arn) for arn in execution.state["steps"]]


def execution_of(account: Account, step: Resource) -> Resource:
    """Return the execution that a step belongs to."""
    return recovery_plans.all_executions(account).require(step.state["execution"])


def begin(account: Account, plan: Resource, mode: str, snapshot_ids: Doc, tags: Doc) -> Resource:
    """Make an execution of a plan, which starts in a moment."""
    arn = account.settings.arn("recovery-plan-execution", account.new_id("exec"))
    doc: Doc = {
        "recoveryPlanExecutionArn": arn,
        "recoveryPlanArn": plan.id,
        "mode": mode,
        "status": "CREATED",
        "startedAt": account.stamp(),
        "tags": dict(tags),
    }
    state: Doc = {"steps": [], "snapshots": dict(snapshot_ids)}
    execution = recovery_plans.all_executions(account).add(arn, doc, arn=arn, state=state)
    for step in recovery_plans.steps_of(account, plan):
        state["steps"].append(_copy_step(account, execution, step).id)
    account.schedule(START_DELAY, "plan.begun", arn)
    account.schedule(LONGEST, _LIMIT, arn)
    return execution


def retry(account: Account, step: Resource) -> None:
    """Run a failed server step again: the servers that failed are launched anew."""
    _resume(account, execution_of(account, step))
    step.doc["attempt"] += 1
    _start_servers(account, step)


def skip(account: Account, step: Resource) -> None:
    """Pass over a step; an execution that it held up goes on."""
    execution = execution_of(account, step)
    held_up = step.doc["status"] != "NOT_STARTED"
    if held_up:
        _resume(account, execution)
    step.doc.pop("errorDetail", None)
    _set_status(account, step, "SKIPPED")
    if held_up:
        _go_on(account, execution)


def cancel(account: Account, execution: Resource) -> None:
    """Skip what is left; launches that run are awaited first."""
    execution.doc["status"] = "CANCELLING"
    account.timeline.cancel(execution.id, "plan.begun", "plan.wait_over")
    steps = steps_of(account, execution)
    for step in steps:
        idle = step.doc["status"] == "EXECUTING" and not _is_awaited(account, step)
        if idle or step.doc["status"] in {"NOT_STARTED", "WAITING"}:
            _set_status(account, step, "SKIPPED")
    if all(step.doc["status"] != "EXECUTING" for step in steps):
        account.schedule(CANCEL_DELAY, "plan.cancelled", execution.id)


def time_out(account: Account, execution: Resource, *, step_only: bool) -> None:
    """Let the step under way take too long, and with it the whole execution or not.

    Raises:
        ValueError: Nothing is under way.
    """
    steps = [s for s in steps_of(account, execution) if s.doc["status"] in UNDER_WAY]
    if not (steps if step_only else execution.doc["status"] in recovery_plans.RUNNING):
        raise ValueError(f"no step of {execution.id} is under way")
    account.timeline.cancel(execution.id, _EVENTS)
    for step in steps:
        _fail_step(account, step, "TIMED_OUT", "StepTimedOut", "The step took too long.")
    if step_only:
        _step_ended(account, steps[0])
    else:
        error: Doc = {"code": "ExecutionTimedOut", "message": "The execution took too long."}
        _end(account, execution, "TIMED_OUT", error)


@transition("plan.begun")
def _begun(account: Account, subject: str, _args: Doc) -> None:
    execution = recovery_plans.all_executions(account).get(subject)
    if execution is not None:
        execution.doc["status"] = "IN_PROGRESS"
        unfit = _unfit(account, execution)
        if unfit:
            _end(account, execution, "FAILED", {"code": "ServerCheckFailed", "message": unfit})
        else:
            _go_on(account, execution)


@transition(_LIMIT)
def _limit_reached(account: Account, subject: str, _args: Doc) -> None:
    execution = recovery_plans.all_executions(account).get(subject)
    if execution is not None and execution.doc["status"] in recovery_plans.RUNNING:
        time_out(account, execution, step_only=False)


@transition("plan.wait_over")
def _wait_over(account: Account, _subject: str, args: Doc) -> None:
    step = all_steps(account).get(args["step"])
    if step is not None:
        _set_status(account, step, "COMPLETED")
        _go_on(account, execution_of(account, step))


@transition("plan.servers_checked")
def _servers_checked(account: Account, subject: str, args: Doc) -> None:
    step = all_steps(account).get(args["step"])
    # The step may be gone, given up or at work on other jobs by now.
    if step is None or step.doc["status"] != "EXECUTING":
        return
    if args["job"] not in (step.state["jobs"].values() or {""}):
        return
    if plan_server_steps.still_runs(account, step):
        # Else the end of the last job leads here.
        if not plan_server_steps.jobs_run(account, step):
            account.schedule(CHECK_INTERVAL, "plan.servers_checked", subject, args)
        return
    failed = plan_server_steps.failed_critical_servers(step)
    if failed:
        text = f"Critical servers failed to launch: {', '.join(failed)}. {step.state['refusal']}"
        _fail_step(account, step, "FAILED", "ServerLaunchFailed", text.rstrip())
    else:
        _set_status(account, step, "COMPLETED")
    _step_ended(account, step)


@transition("plan.cancelled")
def _cancelled(account: Account, subject: str, _args: Doc) -> None:
    execution = recovery_plans.all_executions(account).get(subject)
    if execution is not None:
        _end(account, execution, "CANCELLED")


def _is_awaited(account: Account, step: Resource) -> bool:
    """Tell whether an executing step will come to an end: a loaded one does not."""
    coming = account.timeline.coming(step.state["execution"], "plan.servers_checked")
    return plan_server_steps.jobs_run(account, step) or any(
        event.args["step"] == step.id for event in coming
    )


def _copy_step(account: Account, execution: Resource, step: Resource) -> Resource:
    configuration = copy_doc(step.doc["configuration"])
    if recovery_plans.SERVERS in configuration:
        configuration = {plan_server_steps.SERVERS: configuration[recovery_plans.SERVERS]}
    arn = f"{execution.id}/{account.new_id('step')}"
    doc: Doc = {
        "recoveryPlanExecutionStepArn": arn,
        "stepIndex": step.doc["stepOrder"],
        "status": "NOT_STARTED",
        "stepName": step.doc["stepName"],
        "configuration": configuration,
        "attempt": 1,
        "createdAt": account.stamp(),
        "updatedAt": account.stamp(),
    }
    state: Doc = {"execution": execution.id, "jobs": {}, "refusal": "", "outcomes": {}}
    return all_steps(account).add(arn, doc, state=state)


def _unfit(account: Account, execution: Resource) -> str:
    """Look at all servers, whatever their impact; return why one cannot be launched, or empty."""
    for step in steps_of(account, execution):
        if step.doc["status"] != "SKIPPED":
            for server in recovery_plans.servers_in(step.doc["configuration"]):
                try:
                    plan_server_steps.require_fit(account, server["serverArn"])
                except ServiceError as refusal:
                    return f"{server['serverArn']}: {refusal.message}"
    return ""


def _go_on(account: Account, execution: Resource) -> None:
    """Start the next step, or end the execution when none is left."""
    for step in steps_of(account, execution):
        if step.doc["status"] != "NOT_STARTED":
            continue
        if plan_server_steps.SERVERS in step.doc["configuration"]:
            _start_servers(account, step)
        else:
            minutes: int = step.doc["configuration"][recovery_plans.WAIT]["waitDurationMinutes"]
            _set_status(account, step, "WAITING")
            wait = timedelta(minutes=minutes)
            account.schedule(wait, "plan.wait_over", execution.id, {"step": step.id})
        return
    _end(account, execution, "COMPLETED")


def _start_servers(account: Account, step: Resource) -> None:
    step.doc.pop("errorDetail", None)
    _set_status(account, step, "EXECUTING")
    execution = execution_of(account, step)
    if not plan_server_steps.begin(account, execution, step, "plan.servers_checked"):
        args: Doc = {"step": step.id, "job": ""}
        account.schedule(CHECK_INTERVAL, "plan.servers_checked", execution.id, args)


def _step_ended(account: Account, step: Resource) -> None:
    execution = execution_of(account, step)
    if execution.doc["status"] == "CANCELLING":
        _end(account, execution, "CANCELLED")
    elif step.doc["status"] in {"FAILED", "TIMED_OUT"}:
        name, index = step.doc["stepName"], step.doc["stepIndex"]
        text = f"Step {index} ({name}) did not succeed."
        _end(account, execution, "FAILED", {"code": "StepFailed", "message": text})
    else:
        _go_on(account, execution)


def _resume(account: Account, execution: Resource) -> None:
    """Take up an execution that a step has held up.

    Raises:
        ServiceError: The plan is being executed already, or the run of another one has a server
            (ConflictException).
    """
    plan_arn: str = execution.doc["recoveryPlanArn"]
    recovery_plans.require_turn(account, plan_arn)
    recovery_plans.require_free(
        account,
        plan_arn,
        [
            server["serverArn"]
            for step in steps_of(account, execution)
            for server in recovery_plans.servers_in(step.doc["configuration"])
        ],
    )
    if not account.timeline.coming(execution.id, _LIMIT):
        account.schedule(LONGEST, _LIMIT, execution.id)
    for gone in ("completedAt", "errorDetail"):
        execution.doc.pop(gone, None)
    execution.doc["status"] = "IN_PROGRESS"


def _fail_step(account: Account, step: Resource, status: str, code: str, message: str) -> None:
    step.doc["errorDetail"] = {"code": code, "message": message}
    _set_status(account, step, status)


def _set_status(account: Account, step: Resource, status: str) -> None:
    step.doc.update(status=status, updatedAt=account.stamp())


def _end(account: Account, execution: Resource, status: str, error: Doc | None = None) -> None:
    execution.doc.update(status=status, completedAt=account.stamp())
    if status != "FAILED":  # that can be resumed
        account.timeline.cancel(execution.id, _LIMIT)
    if error is not None:
        execution.doc["errorDetail"] = error
