# ruff: noqa: TC001, TC003 - checked, never run
"""What type checkers make of every wait and watch; checked by `test_typing_of_waits`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_type

from drs_sdk import DRSClient
from drs_sdk.errors import DRSError
from drs_sdk.models import (
    Job,
    JobLog,
    RecoveryInstance,
    RecoveryPlanExecution,
    SourceNetwork,
    SourceServer,
    StartRecoveryPlanExecutionResponse,
    StartRecoveryResponse,
)
from drs_sdk.reports import JobReport, PhaseReport, ServerReport
from drs_sdk.waiters import Change, WaitUpdate


def on_job(update: WaitUpdate[Job]) -> None:
    assert_type(update.changes, tuple[Job, ...])
    assert_type(update.elapsed, timedelta)
    assert_type(update.polls, int)
    assert_type(update.subjects.get("drsjob-1"), Job | None)
    assert_type(update.done, frozenset[str])
    assert_type(update.last_error, DRSError | None)
    assert_type(update.next_poll_at, datetime | None)


async def on_server(update: WaitUpdate[SourceServer]) -> None:
    assert_type(update.changes, tuple[SourceServer, ...])


async def waits_on_jobs(drs: DRSClient, response: StartRecoveryResponse, job: Job) -> None:
    assert_type(await drs.wait_until_job_completed("drsjob-1"), Job)
    assert_type(await drs.wait_until_job_completed(job, timeout=None), Job)
    assert_type(await drs.wait_until_job_completed(response, on_update=on_job), Job)
    assert_type(await drs.wait_until_job_completed(job, raise_on_failure=False), Job)
    assert_type(await drs.wait_until_launch_actions_completed(response), Job)
    async for each in drs.watch_job(response, min_delay=1, max_delay=timedelta(minutes=1)):
        assert_type(each, Job)
    async for change in drs.watch_source_servers(["s-1"], min_delay=5):
        assert_type(change, Change[SourceServer])
        assert_type(change.subject, SourceServer)
        assert_type(change.previous, SourceServer | None)
    async for each in drs.watch_launch_actions(job, timeout=60.5):
        assert_type(each, Job)


async def waits_on_servers(
    drs: DRSClient, server: SourceServer, several: Iterator[SourceServer]
) -> None:
    assert_type(await drs.wait_until_source_servers_replicating("s-1"), list[SourceServer])
    assert_type(
        await drs.wait_until_source_servers_replicating([server, "s-1"], max_lag=60),
        list[SourceServer],
    )
    assert_type(
        await drs.wait_until_source_servers_launchable(several, on_update=on_server),
        list[SourceServer],
    )
    assert_type(await drs.wait_until_source_servers_disconnected(server), list[SourceServer])
    async for each in drs.watch_source_servers_replicating({"s-1"}, max_lag=timedelta()):
        assert_type(each, SourceServer)
    async for each in drs.watch_source_servers_launchable(server):
        assert_type(each, SourceServer)
    async with drs.watch_source_servers_disconnected((server,)) as watch:
        assert_type(await anext(watch), SourceServer)


async def waits_on_instances(drs: DRSClient, instance: RecoveryInstance) -> None:
    assert_type(await drs.wait_until_recovery_instances_running([instance]), list[RecoveryInstance])
    assert_type(await drs.wait_until_failback_ready("i-1"), list[RecoveryInstance])
    async for each in drs.watch_recovery_instances_running(instance):
        assert_type(each, RecoveryInstance)
    async for each in drs.watch_failback_ready(["i-1", instance]):
        assert_type(each, RecoveryInstance)


async def waits_on_networks_and_plans(
    drs: DRSClient,
    network: SourceNetwork,
    response: StartRecoveryPlanExecutionResponse,
    execution: RecoveryPlanExecution,
) -> None:
    assert_type(await drs.wait_until_source_network_protected(network), list[SourceNetwork])
    async for each in drs.watch_source_network_protected(["sn-1", network]):
        assert_type(each, SourceNetwork)
    assert_type(
        await drs.wait_until_recovery_plan_execution_completed(response), RecoveryPlanExecution
    )
    async for run in drs.watch_recovery_plan_execution(execution):
        assert_type(run, RecoveryPlanExecution)


async def explanations(drs: DRSClient, job: Job) -> None:
    report = await drs.explain_job(job)
    assert_type(report, JobReport)
    assert_type(report.job, Job)
    assert_type(report.servers, tuple[ServerReport, ...])
    assert_type(report.failed_servers[0].phases, tuple[PhaseReport, ...])
    assert_type(report.servers[0].phases[0].duration, timedelta | None)
    assert_type(report.servers[0].failing_event, JobLog | None)
    assert_type(report.servers[0].raw_error, str | None)


async def mistakes(drs: DRSClient, server: SourceServer, job: Job) -> None:
    await drs.wait_until_job_completed(server)  # pyright: ignore[reportArgumentType]
    await drs.wait_until_source_servers_launchable(job)  # pyright: ignore[reportArgumentType]
    await drs.wait_until_job_completed(job, timeout="1h")  # pyright: ignore[reportArgumentType]
    await drs.wait_until_job_completed(job, on_update=on_server)  # pyright: ignore[reportArgumentType]
    await drs.wait_until_job_completed(job, 60)  # pyright: ignore[reportCallIssue]
    drs.watch_job(job, on_update=on_job)  # pyright: ignore[reportCallIssue]
    drs.watch_source_servers(timeout=5)  # pyright: ignore[reportCallIssue]
    drs.notify({"source": "aws.drs"})  # pyright: ignore[reportArgumentType]
