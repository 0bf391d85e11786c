"""Jobs: starting a recovery, listing jobs, reading their logs, deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.testing.handlers import handles
from drs_sdk.testing.handlers.listing.paging import page_in_order, page_of_list, paged
from drs_sdk.testing.handlers.listing.periods import Period, period_of
from drs_sdk.testing.life import launching
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.isotime import microseconds, parse_datetime
from drs_sdk.testing.state import jobs, recovery_snapshots

if TYPE_CHECKING:
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.world.account import Account
    from drs_sdk.testing.world.resources import Resource


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
            chosen[server.id] = recovery_snapshots.require(
                account, server, entry["recoverySnapshotID"]
            )
    job = launching.start_launch(
        account,
        list(servers.values()),
        is_drill=params.get("isDrill", False),
        tags=_tags(account, params),
        snapshots=chosen,
    )
    return {"job": job.doc}


@handles("DescribeJobs")
def describe_jobs(account: Account, params: Doc) -> Doc:
    """List jobs, newest first; identifiers that do not exist are passed over."""
    filters: Doc = params.get("filters", {})
    period = period_of(filters, "fromDate", "toDate")
    known = jobs.jobs_of(account)
    ids: list[str] = filters.get("jobIDs", [])
    chosen = known.select(ids) if ids else [j for j in known if jobs.is_listed(account, j)]
    if not period.is_open:
        chosen = [job for job in chosen if _was_made_in(job, period)]
    page, token = page_in_order(
        account, "DescribeJobs", params, sorted(chosen, key=_place_of), place=_place_of
    )
    return paged("items", [job.doc for job in page], token)


@handles("DescribeJobLogItems")
def describe_job_log_items(account: Account, params: Doc) -> Doc:
    """List what happened in a job, oldest first."""
    job = jobs.jobs_of(account).require(params["jobID"])
    items: list[Doc] = job.state.get("log", [])
    page, token = page_of_list(account, "DescribeJobLogItems", params, items)
    return paged("items", page, token)


@handles("DeleteJob")
def delete_job(account: Account, params: Doc) -> None:
    """Delete a job that has ended, and its log."""
    known = jobs.jobs_of(account)
    job = known.require(params["jobID"])
    if jobs.is_running(job):
        raise refusals.conflict(f"Job {job.id} is running.", "job", job.id)
    known.remove(job.id)


def _tags(account: Account, params: Doc) -> dict[str, str]:
    """Return the tags that a recovery's job gets."""
    tags: dict[str, str] = params.get("tags", {})
    fate = account.quirks.recovery_tags
    if tags and fate == "REFUSED":
        raise refusals.invalid(
            "Tags are not accepted.", fields=[("tags", "must not be given")], reason="other"
        )
    return {} if fate == "LOST" else tags


def _was_made_in(job: Resource, period: Period) -> bool:
    created: str | None = job.doc.get("creationDateTime")
    return created is not None and period.includes(parse_datetime(created))


def _place_of(job: Resource) -> int:
    """Return where a job stands, latest first: loaded ones may be older than those before them."""
    created: str | None = job.doc.get("creationDateTime")
    made = microseconds(parse_datetime(created)) if created is not None else 0
    return -((made << 40) + job.seq)
