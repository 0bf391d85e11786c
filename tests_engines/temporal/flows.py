"""Workflows as users write them, in a sandbox, with models of the SDK."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from drs_sdk.models import Job
from drs_sdk.recovery import JobLook, RunStatus
from drs_sdk.temporal import (
    DRSActivities,
    EnsureRecovery,
    RecoveryWorkflow,
    RunRequest,
    WaitForJobs,
)


@workflow.defn
class OneJobWorkflow:
    """Starts one job, and waits for it."""

    @workflow.run
    async def run(self, request: EnsureRecovery, poll_seconds: float) -> JobLook:
        started = await workflow.execute_activity_method(
            DRSActivities.ensure_recovery,
            request,
            start_to_close_timeout=timedelta(seconds=20),
        )
        return await workflow.execute_activity_method(
            DRSActivities.wait_for_jobs,
            WaitForJobs(jobs=(started.job,), poll_every=timedelta(seconds=poll_seconds)),
            start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=timedelta(seconds=20),
        )


@workflow.defn
class DrillWorkflow:
    """Looks, launches in a child, reports and cleans up."""

    @workflow.run
    async def run(self, request: RunRequest) -> dict[str, object]:
        soon = timedelta(minutes=1)
        beat = timedelta(seconds=20)
        found = await workflow.execute_activity_method(
            DRSActivities.preflight, request, start_to_close_timeout=soon, heartbeat_timeout=beat
        )
        status: RunStatus = await workflow.execute_child_workflow(RecoveryWorkflow.run, request)
        report = await workflow.execute_activity_method(
            DRSActivities.report, request, start_to_close_timeout=soon, heartbeat_timeout=beat
        )
        clean = await workflow.execute_activity_method(
            DRSActivities.clean_up,
            request,
            start_to_close_timeout=timedelta(hours=2),
            heartbeat_timeout=beat,
        )
        return {
            "is_clear": found.is_clear,
            "state": status.state,
            "time_taken": [server.time_taken for server in report.servers],
            "gone": len(clean.terminated),
            "job": Job(job_id=report.servers[0].job_id).job_id,
        }
