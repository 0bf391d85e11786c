"""Takes over what belongs to a loaded resource: logs, snapshots, actions, steps of plans.

Describe answers leave out whose such things are: nothing in the log of a job names the job.
The owner is read from the thing itself, or from an object around it; `attach` functions find
it by other means where neither names it, or refuse. To load another kind, add a row to `PARTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.testing.life import plan_executions, plan_server_steps
from drs_sdk.testing.loading.foreign_json import date_of, hidden
from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.service.isotime import parse_datetime
from drs_sdk.testing.state import (
    configurations,
    jobs,
    recovery_instances,
    recovery_plans,
    recovery_snapshots,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource

    Attach = Callable[[Account, str, list[Doc]], list[str]]

_CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Part:
    """How something that belongs to a resource is known in foreign JSON.

    Attributes:
        shape: The service's name of it.
        members: They must all be there.
        owner: The member that names the resource it belongs to, here or in an object around.
        attach: Stores those of one owner (empty: not named), and returns their identifiers.
    """

    shape: str
    members: frozenset[str]
    owner: str
    attach: Attach

    def recognises(self, value: Doc) -> bool:
        """Tell whether an object is of this kind."""
        return self.members <= value.keys()


def _attach_log(account: Account, owner: str, lines: list[Doc]) -> list[str]:
    known = jobs.jobs_of(account)
    job = known.get(owner) if owner else _job_of(account, lines)
    if job is None:
        arn = account.settings.arn("job", owner)
        job = known.add(owner, {"jobID": owner, "arn": arn}, arn=arn)
    job.state["log"] = lines
    return [job.id]


def _job_of(account: Account, lines: list[Doc]) -> Resource:
    """Find the job of a log that does not name it, by its times and its servers."""
    times = sorted(date_of(line, "logDateTime") for line in lines)
    named = {line.get("eventData", {}).get("sourceServerID") for line in lines} - {None}

    def fits(job: Resource) -> bool:
        doc = job.doc
        if "creationDateTime" not in doc:
            return False
        began = parse_datetime(doc["creationDateTime"]) - _CLOCKS_DIFFER
        ended = parse_datetime(doc["endDateTime"]) if "endDateTime" in doc else times[-1]
        servers = {s.get("sourceServerID") for s in doc.get("participatingServers", [])}
        return began <= times[0] and times[-1] <= ended + _CLOCKS_DIFFER and named <= servers

    fitting = [job for job in jobs.jobs_of(account) if fits(job)]
    if len(fitting) != 1:
        raise ValueError(
            f"a job log from {lines[0]['logDateTime']} on fits {len(fitting)} of the jobs; "
            'write "jobID" beside its "items", or load it together with its job'
        )
    return fitting[0]


def _attach_snapshots(account: Account, owner: str, found: list[Doc]) -> list[str]:
    server = required(account.source_servers, owner, "recovery snapshots")
    for snapshot in found:
        date_of(snapshot, "expectedTimestamp")
        date_of(snapshot, "timestamp")
    server.state["snapshots"] = sorted(found, key=recovery_snapshots.place_of)
    return [snapshot["snapshotID"] for snapshot in found]


def _attach_actions(account: Account, owner: str, actions: list[Doc]) -> list[str]:
    if not owner:
        raise ValueError(
            'launch actions do not say whose they are; write "resourceId" beside their "items"'
        )
    templates = account.collection("launch_configuration_templates")
    collection = templates if owner.startswith("lct-") else account.source_servers
    resource = required(collection, owner, "launch actions")
    made_up: dict[str, Doc] = {}
    for order, action in enumerate(actions, start=configurations.FIRST_ORDER):
        action.pop("resourceId", None)
        made_up[action["actionId"]] = {} if "order" in action else {"order": order}
        action.update(made_up[action["actionId"]])
    configurations.set_actions(account, resource, actions)
    for action in configurations.actions_of(account, resource):
        action.state["made_up"] = made_up[action.doc["actionId"]]
    return [action["actionId"] for action in actions]


def _attach_failback(account: Account, owner: str, found: list[Doc]) -> list[str]:
    collection = recovery_instances.instances_of(account)
    instance = required(collection, owner, "a failback replication configuration")
    said = {name: value for name, value in found[-1].items() if name != "recoveryInstanceID"}
    instance.state.update(failback_configuration=said, failback_loaded=True)
    return []


def _attach_steps(account: Account, owner: str, steps: list[Doc]) -> list[str]:
    all_steps = recovery_plans.all_steps(account)
    for doc in steps:
        arn: str = doc["recoveryPlanStepArn"]
        plan = _named(recovery_plans.all_plans(account), owner, arn, "recoveryPlanArn")
        created = plan.doc["createdAt"]
        last = len(plan.state["steps"])
        defaults: Doc = {
            "stepOrder": last + 1,
            "configuration": {},
            "createdAt": created,
            "updatedAt": created,
        }
        _put(all_steps, "RecoveryPlanStep", arn, doc, defaults, {"plan": plan.id})
        _enter(plan, all_steps, arn, "stepOrder")
    return [doc["recoveryPlanStepArn"] for doc in steps]


def _attach_execution_steps(account: Account, owner: str, steps: list[Doc]) -> list[str]:
    all_steps = plan_executions.all_steps(account)
    for doc in steps:
        arn: str = doc["recoveryPlanExecutionStepArn"]
        executions = recovery_plans.all_executions(account)
        execution = _named(executions, owner, arn, "recoveryPlanExecutionArn")
        began = execution.doc["startedAt"]
        defaults: Doc = {
            "configuration": {},
            "attempt": 1,
            "createdAt": began,
            "updatedAt": began,
        }
        state: Doc = {"execution": execution.id, "jobs": {}, "refusal": ""}
        step = _put(all_steps, "RecoveryPlanExecutionStep", arn, doc, defaults, state)
        step.state["outcomes"] = _outcomes(account, step.doc)
        _enter(execution, all_steps, arn, "stepIndex")
    return [doc["recoveryPlanExecutionStepArn"] for doc in steps]


def _outcomes(account: Account, step: Doc) -> Doc:
    """Tell how the servers of a step did, by the jobs that are here."""
    found: Doc = {}
    configuration: Doc = step["configuration"].get(plan_server_steps.SERVERS, {})
    for shown in configuration.get("servers", []):
        arn: str = shown["serverArn"]
        job = jobs.jobs_of(account).get(shown.get("jobID", ""))
        servers: list[Doc] = job.doc.get("participatingServers", []) if job is not None else []
        for part in servers:
            if part.get("sourceServerID") == arn.rpartition("/")[2]:
                found[arn] = part.get("launchStatus", "FAILED")
    return found


def _named(collection: Collection, owner: str, arn: str, member: str) -> Resource:
    """Return the owner: the one named, the one whose ARN begins this one, or the only one."""
    if owner:
        return required(collection, owner, arn)
    fitting = [r for r in collection if arn.startswith(f"{r.id}/")] or list(collection)
    if len(fitting) != 1:
        raise ValueError(f'{arn} does not say whose it is; write "{member}" beside its list')
    return fitting[0]


def required(collection: Collection, resource_id: str, what: str) -> Resource:
    """Return the owner of something.

    Raises:
        ValueError: It is not there.
    """
    resource = collection.get(resource_id)
    if resource is None:
        kind = collection.resource_type
        raise ValueError(f"{what} of {kind} {resource_id!r}: load the {kind} first")
    return resource


def _put(
    collection: Collection, shape: str, resource_id: str, doc: Doc, defaults: Doc, state: Doc
) -> Resource:
    """Store a step, or what more is known of it: List answers show less than Get answers."""
    known = doc
    present = collection.get(resource_id)
    if present is not None:
        known = {**present.shown(), **doc}
        collection.remove(resource_id)
    made_up: Doc = {name: value for name, value in defaults.items() if name not in known}
    state["made_up"] = copy_doc(hidden(shape, made_up))
    return collection.add(resource_id, {**made_up, **known}, state=state)


def _enter(owner: Resource, all_steps: Collection, arn: str, order: str) -> None:
    """List a step with its owner, in order."""
    listed = {*owner.state["steps"], arn}
    owner.state["steps"] = sorted(listed, key=lambda i: int(all_steps.require(i).doc[order]))


PARTS: tuple[Part, ...] = (
    Part("JobLog", frozenset({"logDateTime", "event"}), "jobID", _attach_log),
    Part(
        "RecoverySnapshot",
        frozenset({"snapshotID", "sourceServerID", "expectedTimestamp"}),
        "sourceServerID",
        _attach_snapshots,
    ),
    Part("LaunchAction", frozenset({"actionId", "actionCode"}), "resourceId", _attach_actions),
    Part(
        "GetFailbackReplicationConfigurationResponse",
        frozenset({"recoveryInstanceID", "usePrivateIP"}),
        "recoveryInstanceID",
        _attach_failback,
    ),
    Part(
        "RecoveryPlanStep",
        frozenset({"recoveryPlanStepArn", "stepName"}),
        "recoveryPlanArn",
        _attach_steps,
    ),
    Part(
        "RecoveryPlanExecutionStep",
        frozenset({"recoveryPlanExecutionStepArn", "stepIndex"}),
        "recoveryPlanExecutionArn",
        _attach_execution_steps,
    ),
)


def part_of(value: Doc) -> Part | None:
    """Return the kind of part that an object is, if it is one."""
    return next((part for part in PARTS if part.recognises(value)), None)


def attach(account: Account, part: Part, owner: str, found: list[Doc]) -> list[str]:
    """Store parts of one owner, in the place of what the owner had.

    Raises:
        ValueError: The owner is not there, or nothing tells who it is.
    """
    return part.attach(account, owner, [copy_doc(doc) for doc in found])
