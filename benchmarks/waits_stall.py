"""A fresh process that joins 10,000 waits and cancels them at once.

    python benchmarks/waits_stall.py

Prints the longest step of the event loop, in seconds. What is polled is answered on the spot. Runs
of Python's collector are left out: what they take is due to 10,000 tasks of any kind.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar, cast

from sizes import WAITS
from stalls import watched

from drs_sdk import DRSClient, Request, Response, preload_sync
from drs_sdk.errors import DRSError
from drs_sdk.models import DescribeJobsRequest, DescribeJobsResponse, Job, JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk import JSON

ResponseT = TypeVar("ResponseT", bound=Response)


class Client(DRSClient):
    """Every job that is asked for has started."""

    asked = 0

    async def send(
        self, request: Request[ResponseT], *, extra_members: Mapping[str, JSON] | None = None
    ) -> ResponseT:
        """Answer without a service."""
        del extra_members
        assert isinstance(request, DescribeJobsRequest)
        assert request.filters is not None
        ids = request.filters.job_ids or []
        Client.asked += len(ids)
        jobs = [Job(job_id=each, status=JobStatus.STARTED) for each in ids]
        return cast("ResponseT", DescribeJobsResponse(items=jobs))


async def main() -> None:
    """Join, wait until all have been polled, cancel."""
    preload_sync()  # what the first of them would load is no matter of how many there are
    drs = Client(region_name="eu-west-1")
    with watched(collector=False) as stalls:
        waits: list[asyncio.Task[Job]] = []
        for number in range(WAITS):
            wait = drs.wait_until_job_completed(f"drsjob-{number:017x}")
            waits.append(asyncio.create_task(wait))
            if not number % 100:
                await asyncio.sleep(0)
        while Client.asked < WAITS:  # noqa: ASYNC110 - polls, not a signal
            await asyncio.sleep(0.01)
        for wait in waits:
            wait.cancel()
        ended = await asyncio.gather(*waits, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended[0]
    with contextlib.suppress(DRSError):
        await drs.aclose()
    print(stalls.longest)


if __name__ == "__main__":
    asyncio.run(main())
