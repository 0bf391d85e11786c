"""Start a drill for some source servers, follow its job, and say how each server went.

Usage: python examples/start_drill.py --region eu-west-1 s-1111111111111111a s-2222222222222222b

Exit status: 0 all servers launched, 1 some did not, 2 the outcome is not known, 3 nothing was
started.
"""

import argparse
import asyncio
import sys
from datetime import timedelta
from uuid import uuid4

from drs_sdk import DRSClient
from drs_sdk.errors import AmbiguousOutcomeError, DRSError, WaiterTimeoutError
from drs_sdk.models import Job
from drs_sdk.waiters import WaitUpdate

SEARCHES = 4


async def start(drs: DRSClient, server_ids: list[str], search_every: float) -> Job | None:
    """Start one drill for all servers. If the answer gets lost, find the job; do not start twice.

    A launch takes no idempotency token, so a request whose answer got lost is looked up, not sent
    again.
    """
    try:
        response = await drs.start_recovery(
            [{"source_server_id": server_id} for server_id in server_ids],
            is_drill=True,
            tags={"drill": uuid4().hex},  # unmistakable, should its answer get lost
        )
    except AmbiguousOutcomeError as error:
        print(f"no clear answer, looking for the job: {error}")
        return await find(drs, error, search_every)
    return response.job


async def find(drs: DRSClient, lost: AmbiguousOutcomeError, search_every: float) -> Job | None:
    """Look for the job of a request whose answer got lost, some times over."""
    for _ in range(SEARCHES):
        try:
            found = await lost.find_outcome(drs)
        except DRSError as error:
            print(f"could not look: {error}")
        else:
            if isinstance(found, Job):
                return found
        await asyncio.sleep(search_every)  # a new job may take a moment to be listed
    return None


def show(update: WaitUpdate[Job]) -> None:
    """Print what is new; a poll that failed is tried again until the deadline."""
    elapsed = timedelta(seconds=round(update.elapsed.total_seconds()))
    if update.last_error is not None:
        print(f"{elapsed}  {update.last_error}")
    for job in update.changes:
        servers = ", ".join(
            f"{server.source_server_id} {server.launch_status or 'PENDING'}"
            for server in job.participating_servers
        )
        print(f"{elapsed}  {job.status}: {servers}")


async def main(options: argparse.Namespace) -> int:
    async with DRSClient(region_name=options.region) as drs:
        try:
            job = await start(drs, options.server_ids, options.poll_seconds)
        except DRSError as error:
            print(f"nothing was started: {error}")
            return 3
        if job is None:
            print("no job is found; look again before you start another drill")
            return 2
        print(f"job {job.job_id}")
        try:
            job = await drs.wait_until_job_completed(
                job,
                raise_on_failure=False,
                timeout=timedelta(minutes=options.timeout),
                min_delay=options.poll_seconds,
                max_delay=options.poll_seconds * 4,
                on_update=show,
            )
        except WaiterTimeoutError as error:
            print(f"no outcome yet, and the job goes on: {error}")
            return 2
        # The job reads COMPLETED either way. Only its servers tell how it went.
        print(await drs.explain_job(job))
        return 0 if job.succeeded else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Start a drill and follow it to the end.")
    parser.add_argument("server_ids", nargs="+", metavar="source_server_id")
    parser.add_argument("--region", help="default: AWS_REGION or the profile's")
    parser.add_argument("--timeout", type=float, default=60, metavar="MINUTES")
    parser.add_argument("--poll-seconds", type=float, default=10, metavar="N")
    sys.exit(asyncio.run(main(parser.parse_args())))
