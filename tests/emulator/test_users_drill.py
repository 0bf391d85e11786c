"""A user's own tests of a user's own failover code, written with the plugin's fixtures.

A whole drill takes about nine minutes of the emulator's time. How long it takes in real time
is shown by ``pytest --durations=0 tests/emulator/test_users_drill.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk.errors import AmbiguousOutcomeError
from drs_sdk.models import Job
from drs_sdk.testing import Fault

if TYPE_CHECKING:
    from drs_sdk import DRSClient
    from drs_sdk.testing import DRSEmulator


@dataclass
class Report:
    """What a drill has come to."""

    launched: list[str] = field(default_factory=list)
    failed: dict[str, str | None] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


async def run_drill(drs: DRSClient, most_lag: timedelta = timedelta(minutes=15)) -> Report:
    """The code under test: launch all that is fit for it, look at each server, clean up."""
    report = Report()
    fit: list[str] = []
    async for server in drs.describe_source_servers():
        assert server.source_server_id is not None
        late = server.lag is None or server.lag > most_lag
        (report.left_out if late or not server.is_launchable else fit).append(
            server.source_server_id
        )
    job = await _start(drs, fit)
    job = await drs.wait_until_job_completed(job, raise_on_failure=False)
    for done in (await drs.explain_job(job)).servers:
        assert done.source_server_id is not None
        if done.outcome == "launched":
            report.launched.append(done.source_server_id)
        else:
            report.failed[done.source_server_id] = done.raw_error
    instances = [
        instance.recovery_instance_id
        async for instance in drs.describe_recovery_instances()
        if instance.is_drill and instance.job_id == job.job_id and instance.recovery_instance_id
    ]
    if instances:
        cleanup = await drs.terminate_recovery_instances(instances)
        await drs.wait_until_job_completed(cleanup)
    return report


async def _start(drs: DRSClient, server_ids: list[str]) -> Job:
    try:
        response = await drs.start_recovery(
            [{"source_server_id": server_id} for server_id in server_ids], is_drill=True
        )
    except AmbiguousOutcomeError as error:
        found = await error.find_outcome(drs)
        assert isinstance(found, Job)
        return found
    assert response.job is not None
    return response.job


async def test_a_whole_drill(drs: DRSClient, drs_emulator: DRSEmulator) -> None:
    ids = drs_emulator.add_source_servers(12)
    (cut_off,) = drs_emulator.add_source_servers(1, state="DISCONNECTED")
    drs_emulator.set_lag(ids[0], timedelta(minutes=14), growth=1.0, state="BACKLOG")
    drs_emulator.fail_launch(ids[3], error="InsufficientInstanceCapacity")
    began = drs_emulator.clock.now()

    report = await run_drill(drs)

    assert report.launched == [i for i in ids if i != ids[3]]
    assert report.failed == {ids[3]: "InsufficientInstanceCapacity"}
    assert report.left_out == [cut_off]
    assert await drs.describe_recovery_instances().collect() == []
    launch, terminate = reversed(await drs.describe_jobs().collect())
    assert launch.end_date_time is not None
    assert launch.creation_date_time is not None
    took = launch.end_date_time - launch.creation_date_time
    assert timedelta(minutes=8) < took < timedelta(minutes=10)
    assert terminate.succeeded
    assert drs_emulator.clock.now() - began > took
    sent = [request.operation for request in drs_emulator.requests]
    assert sent.count("StartRecovery") == 1
    (start,) = (r for r in drs_emulator.requests if r.operation == "StartRecovery")
    assert start.params["isDrill"] is True


async def test_a_server_that_lags_more_and_more_is_left_out(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    late, prompt = drs_emulator.add_source_servers(2)
    drs_emulator.set_lag(late, timedelta(minutes=14), growth=1.0)
    await drs_emulator.clock.advance(timedelta(minutes=2))
    report = await run_drill(drs)
    assert (report.launched, report.left_out) == ([prompt], [late])


async def test_a_drill_whose_answers_get_lost_starts_once(
    drs: DRSClient, drs_emulator: DRSEmulator
) -> None:
    ids = drs_emulator.add_source_servers(3)
    drs_emulator.inject("StartRecovery", Fault.drop_after())
    drs_emulator.inject("DescribeJobs", Fault.throttle(retry_after=30), times=2)
    drs_emulator.inject("DescribeJobs", Fault.server_error(503), probability=0.3)
    drs_emulator.delay_launch_status(ids[1], timedelta(minutes=2))
    report = await run_drill(drs)
    assert report.launched == ids
    assert [r.operation for r in drs_emulator.requests].count("StartRecovery") == 1
