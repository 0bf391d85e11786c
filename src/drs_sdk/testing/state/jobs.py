"""The record of a job: its document, its log, the servers it holds and who waits for its end.

Families that start jobs of their own (launches, terminations, network recovery) make them
with `open_job`, move them with `begin` and `complete`, and write their log with `log`.

Keys of a job's `state`:

* `live`: the emulator moves it (a loaded job stays as it was loaded).
* `log`: the items of its log, oldest first.
* `positions`: where each server, or recovery instance, stands in `participatingServers`.
* `late`: per server, launch statuses that the document holds back until after the end.
* `on_end`: transition to schedule at the end, as `[kind, subject, args]`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.isotime import parse_datetime
from drs_sdk.testing.world.account import transition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Collection, Resource

JobType = Literal["LAUNCH", "TERMINATE", "CREATE_CONVERTED_SNAPSHOT"]
InitiatedBy = Literal[
    "START_RECOVERY",
    "START_DRILL",
    "FAILBACK",
    "DIAGNOSTIC",
    "TERMINATE_RECOVERY_INSTANCES",
    "TARGET_ACCOUNT",
    "CREATE_NETWORK_RECOVERY",
    "UPDATE_NETWORK_RECOVERY",
    "ASSOCIATE_NETWORK_RECOVERY",
]
LaunchStatus = Literal["PENDING", "IN_PROGRESS", "LAUNCHED", "FAILED", "TERMINATED"]
OnEnd: TypeAlias = "tuple[str, str, Doc]"
"""Kind, subject and args of a transition; the job's identifier joins the args as `job`."""

_COMPLETED = "COMPLETED"


def jobs_of(account: Account) -> Collection:
    """Return the jobs of the account."""
    return account.collection("jobs")


def is_running(job: Resource) -> bool:
    """Tell whether the job still works on something."""
    return "live" in job.state and job.doc["status"] != _COMPLETED


def forget_expired(account: Account) -> None:
    """Drop the jobs that ended longer ago than jobs are kept, if the account has that quirk."""
    retention = account.quirks.job_retention
    if retention is None:
        return
    known = jobs_of(account)
    for job in list(known):
        ended = job.doc.get("endDateTime")
        if ended and (account.now - parse_datetime(ended)).total_seconds() >= retention:
            known.remove(job.id)


def is_listed(account: Account, job: Resource) -> bool:
    """Tell whether a job shows where jobs are listed without their identifiers by now."""
    delay = account.quirks.job_listing_delay
    if not delay or "live" not in job.state:
        return True
    age = account.now - parse_datetime(job.doc["creationDateTime"])
    return age.total_seconds() >= delay


def require_idle(servers: Iterable[Resource]) -> None:
    """Refuse when a job processes one of the servers; as in the service, not saying which.

    Raises:
        ServiceError: ConflictException.
    """
    for server in servers:
        if server.state.get("job"):
            raise refusals.conflict(
                "One or more of the Source Servers included in API call are currently being "
                "processed by a Job"
            )


def require_room(account: Account, servers: int = 0) -> None:
    """Refuse when one more job, of so many servers, breaks a quota.

    Raises:
        ServiceError: ServiceQuotaExceededException.
    """
    quotas = account.quotas
    if servers > quotas.servers_in_one_job:
        raise refusals.quota_exceeded(
            "servers_in_one_job", quotas.servers_in_one_job, "source-server"
        )
    running = [job for job in jobs_of(account) if is_running(job)]
    if len(running) >= quotas.concurrent_jobs:
        raise refusals.quota_exceeded("concurrent_jobs", quotas.concurrent_jobs, "job")
    busy = sum(len(job.doc.get("participatingServers", ())) for job in running)
    if servers and busy + servers > quotas.servers_in_all_jobs:
        raise refusals.quota_exceeded(
            "servers_in_all_jobs", quotas.servers_in_all_jobs, "source-server"
        )


def open_job(
    account: Account,
    job_type: JobType,
    initiated_by: InitiatedBy,
    *,
    servers: Sequence[Resource] = (),
    instances: Sequence[tuple[Resource, Resource | None]] = (),
    resources: Sequence[Doc] = (),
    tags: Mapping[str, str] | None = None,
    on_end: OnEnd | None = None,
) -> Resource:
    """Make a pending job and let it hold its servers; quotas and conflicts are the caller's.

    Args:
        account: The account.
        job_type: The type of the job.
        initiated_by: What initiated it.
        servers: Source servers that take part; their `state["job"]` names the job until its end.
        instances: Recovery instances that take part, each with the source server it belongs to,
            if there is one; both are held.
        resources: Identifiers of other resources that take part, such as
            `{"sourceNetworkID": "sn-..."}`.
        tags: The job's tags.
        on_end: A transition to schedule when the job has ended.

    Returns:
        The job.
    """
    job_id = account.new_id("drsjob")
    arn = account.settings.arn("job", job_id)
    doc: Doc = {
        "jobID": job_id,
        "arn": arn,
        "type": job_type,
        "initiatedBy": initiated_by,
        "creationDateTime": account.stamp(),
        "status": "PENDING",
        "participatingServers": [
            *({"sourceServerID": server.id, "launchStatus": "PENDING"} for server in servers),
            *(_instance_entry(instance, server) for instance, server in instances),
        ],
        "tags": dict(tags or {}),
    }
    if resources:
        doc["participatingResources"] = [
            {"participatingResourceID": dict(resource), "launchStatus": "PENDING"}
            for resource in resources
        ]
    state: Doc = {
        "live": True,
        "log": [],
        "positions": {
            resource.id: index
            for index, resource in enumerate((*servers, *(instance for instance, _ in instances)))
        },
    }
    if on_end is not None:
        state["on_end"] = list(on_end)
    for server in servers:
        server.state["job"] = job_id
        delay = server.state.pop("status_delay", None)
        if delay is not None:
            state.setdefault("late", {})[server.id] = {"seconds": delay, "status": "PENDING"}
    for held in (resource for pair in instances for resource in pair if resource is not None):
        held.state["job"] = job_id
    return jobs_of(account).add(job_id, doc, arn=arn, state=state)


def log(account: Account, job: Resource, event: str, **data: object) -> None:
    """Write a line into the job's log; `data` are members of its event data."""
    item = {"logDateTime": account.stamp(), "event": event, "eventData": data}
    job.state.setdefault("log", []).append(item)


def begin(account: Account, job: Resource) -> None:
    """Let a pending job start."""
    job.doc["status"] = "STARTED"
    log(account, job, "JOB_START")


def participant(job: Resource, resource_id: str) -> Doc:
    """Return the entry of a source server or a recovery instance in the job."""
    entry: Doc = job.doc["participatingServers"][job.state["positions"][resource_id]]
    return entry


def set_status(job: Resource, resource_id: str, status: LaunchStatus) -> None:
    """Set the launch status of a source server or a recovery instance in the job."""
    held_back = job.state.get("late", {}).get(resource_id)
    if held_back is not None:
        held_back["status"] = status
    else:
        participant(job, resource_id)["launchStatus"] = status


def complete(account: Account, job: Resource) -> None:
    """End the job: its servers are free, and who waits for it hears of it."""
    log(account, job, "JOB_END")
    job.doc.update(status=_COMPLETED, endDateTime=account.stamp())
    for entry in job.doc.get("participatingServers", []):
        for held in (
            account.source_servers.get(entry.get("sourceServerID", "")),
            account.collection("recovery_instances").get(entry.get("recoveryInstanceID", "")),
        ):
            if held is not None and held.state.get("job") == job.id:
                del held.state["job"]
    for server_id, held_back in job.state.get("late", {}).items():
        delay = timedelta(seconds=held_back["seconds"])
        account.schedule(delay, "job.late_status", job.id, {"server": server_id})
    if account.quirks.empty_terminate_jobs and job.doc["type"] == "TERMINATE":
        job.doc["participatingServers"] = []
    if "on_end" in job.state:
        kind, subject, args = job.state.pop("on_end")
        account.schedule(timedelta(0), kind, subject, {**args, "job": job.id})


def _instance_entry(instance: Resource, server: Resource | None) -> Doc:
    entry: Doc = {"recoveryInstanceID": instance.id, "launchStatus": "PENDING"}
    return entry if server is None else {"sourceServerID": server.id, **entry}


@transition("job.late_status")
def _late_status(account: Account, subject: str, args: Doc) -> None:
    job = jobs_of(account).get(subject)
    if job is not None:
        server_id: str = args["server"]
        held_back = job.state["late"].pop(server_id)
        set_status(job, server_id, held_back["status"])
