"""Jobs: starting a recovery, listing jobs, reading their logs, deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing import job_records, launching, refusals, snapshots
from drs_sdk.testing.handlers import handles
from drs_sdk.testing.isotime import parse_datetime
from drs_sdk.testing.paging import page_of, page_of_list, paged

if TYPE_CHECKING:
    from drs_sdk.testing.account import Account, Resource
    from drs_sdk.testing.documents import Doc


@handles("StartRecovery")
def start_recovery(account: Account, params: Doc) -> Doc:
    """Begin a job that launches recovery instances, of a drill or for good."""
    servers: dict[str, Resource] = {}
    chosen: dict[str, Doc] = {}
    for entry in params["sourceServers"]:
        server = account.source_servers.require(entry["sourceServerID"])
        if server.id in servers:
            raise refusals.invalid(
                f"{server.id} is named twice.", fields=[("sourceServers", "names a server twice")]
            )
        servers[server.id] = server
        if "recoverySnapshotID" in entry:
            chosen[server.id] = snapshots.require(account, server, entry["recoverySnapshotID"])
    job = launching.start_launch(
        account,
        list(servers.values()),
        is_drill=params.get("isDrill", False),
        tags=params.get("tags"),
        snapshots=chosen,
    )
    return {"job": job.doc}


@handles("DescribeJobs")
def describe_jobs(account: Account, params: Doc) -> Doc:
    """List jobs, newest first; identifiers that do not exist are passed over."""
    filters: Doc = params.get("filters", {})
    earliest = parse_datetime(filters["fromDate"]) if "fromDate" in filters else None
    latest = parse_datetime(filters["toDate"]) if "toDate" in filters else None

    def matches(job: Resource) -> bool:
        created = job.doc.get("creationDateTime")
        if created is None:
            return False
        at = parse_datetime(created)
        return (earliest is None or at >= earliest) and (latest is None or at <= latest)

    jobs, token = page_of(
        account,
        "DescribeJobs",
        params,
        job_records.jobs_of(account),
        ids=filters.get("jobIDs") or None,
        matches=matches if earliest is not None or latest is not None else None,
        newest_first=True,
    )
    return paged("items", [job.doc for job in jobs], token)


@handles("DescribeJobLogItems")
def describe_job_log_items(account: Account, params: Doc) -> Doc:
    """List what happened in a job, oldest first."""
    job = job_records.jobs_of(account).require(params["jobID"])
    items: list[Doc] = job.state.get("log", [])
    page, token = page_of_list(account, "DescribeJobLogItems", params, items)
    return paged("items", page, token)


@handles("DeleteJob")
def delete_job(account: Account, params: Doc) -> None:
    """Delete a job that has ended, and its log."""
    jobs = job_records.jobs_of(account)
    job = jobs.require(params["jobID"])
    if job_records.is_running(job):
        raise refusals.conflict(f"Job {job.id} is running.", "job", job.id)
    jobs.remove(job.id)
