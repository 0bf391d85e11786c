"""Jobs: starting a recovery, listing jobs, reading their logs, deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing import job_records, launching, refusals, snapshots
from drs_sdk.testing.handlers import handles
from drs_sdk.testing.isotime import microseconds, parse_datetime
from drs_sdk.testing.paging import page_in_order, page_of_list, paged
from drs_sdk.testing.periods import Period, period_of

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
    period = period_of(filters, "fromDate", "toDate")
    jobs = job_records.jobs_of(account)
    ids: list[str] = filters.get("jobIDs", [])
    chosen = jobs.select(ids) if ids else list(jobs)
    if not period.is_open:
        chosen = [job for job in chosen if _was_made_in(job, period)]
    page, token = page_in_order(
        account, "DescribeJobs", params, sorted(chosen, key=_place_of), place=_place_of
    )
    return paged("items", [job.doc for job in page], token)


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


def _was_made_in(job: Resource, period: Period) -> bool:
    created: str | None = job.doc.get("creationDateTime")
    return created is not None and period.includes(parse_datetime(created))


def _place_of(job: Resource) -> int:
    """Return where a job stands, latest first: loaded ones may be older than those before them."""
    created: str | None = job.doc.get("creationDateTime")
    made = microseconds(parse_datetime(created)) if created is not None else 0
    return -((made << 40) + job.seq)
