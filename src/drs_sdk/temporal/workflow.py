"""A recovery run as a workflow: it outlives its workers, and waits for approvals as signals."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    TimeoutError as LateError,
)

with workflow.unsafe.imports_passed_through():
    from drs_sdk.recovery.jobs import JobLook
    from drs_sdk.recovery.status import RunStatus, ServerStatus
    from drs_sdk.temporal.activities import DRSActivities
    from drs_sdk.temporal.requests import (
        Advance,
        Approval,
        JobAt,
        Progress,
        RunRequest,
        WaitForJobs,
    )

_BEAT = timedelta(seconds=20)
"""A worker that has not been heard of for so long is given up."""

_LONGEST_LAUNCH = timedelta(minutes=10)
_A_FEW_TIMES = RetryPolicy(maximum_interval=timedelta(seconds=30), maximum_attempts=4)
_FOR_EVER = RetryPolicy(maximum_interval=timedelta(seconds=30))
_AFTER_TROUBLE = timedelta(seconds=30)

_LOOK_ALL_THE_SAME = timedelta(minutes=5)
"""A run whose jobs are waited for is looked at so often, for what happens beside them."""


@workflow.defn(name="drs.RecoveryWorkflow")
class RecoveryWorkflow:
    """Carries a run out, wave by wave, and returns where it stands in the end.

        handle = await client.start_workflow(
            RecoveryWorkflow.run,
            RunRequest(runbook=runbook, key="2026-q4", mode="drill"),
            id="erp/2026-q4",
            task_queue="recovery",
        )
        await handle.signal(RecoveryWorkflow.approve, Approval(wave="application", by="ann"))
        status = await handle.result()

    It returns also when servers have failed: see `RunStatus.state`. It fails with what a run
    refuses, such as ``RunClosedError``, as the ``type`` of the error's cause. The record of the run
    is DRS's own: cancelled, terminated or reset, it leaves running jobs alone, and a workflow that
    is started later with the same key goes on where the run stands.
    """

    @workflow.init
    def __init__(self, request: RunRequest) -> None:
        """Begin; what an earlier run of the workflow has heard comes along."""
        self._request = request
        self._approved = set(request.approved)
        self._approvals: list[Approval] = []
        self._status: RunStatus | None = None
        self._trouble: str | None = None
        self._heard = 0
        self._ended: set[str] = set()
        self._launch_timeout = request.launch_timeout

    @workflow.run
    async def run(self, request: RunRequest) -> RunStatus:
        """Carry the run out.

        Args:
            request: What, under which key, and how.

        Returns:
            Where the run stands in the end.
        """
        while True:
            heard = self._heard
            self._status = status = await self._advance()
            if _rests(status):
                return status
            await self._wait(status, heard)
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(
                    request.model_copy(
                        update={
                            "approved": tuple(sorted(self._approved)),
                            "launch_timeout": self._launch_timeout,
                        }
                    )
                )

    @workflow.signal
    async def approve(self, approval: Approval) -> None:
        """Approve a wave that waits, or will; a name that is no wave's is ignored, and logged."""
        if self._knows(approval.wave):
            self._take(approval)
        else:
            workflow.logger.warning("approval of a wave that is not there: %s", approval.wave)

    @workflow.update
    async def approve_wave(self, approval: Approval) -> None:
        """Approve a wave; a name that is no wave's is refused, which a signal cannot be."""
        self._take(approval)

    @approve_wave.validator
    def _require_wave(self, approval: Approval) -> None:
        if not self._knows(approval.wave):
            names = ", ".join(wave.name for wave in self._request.runbook.waves)
            raise ApplicationError(
                f"no wave is named {approval.wave!r}; there are {names}", type="RunbookError"
            )

    @workflow.query
    def status(self) -> Progress:
        """Tell where the run stood at the last look, who approved what, and what is in the way."""
        return Progress(
            status=self._status, approvals=tuple(self._approvals), trouble=self._trouble
        )

    def _knows(self, name: str) -> bool:
        return any(wave.name == name for wave in self._request.runbook.waves)

    def _take(self, approval: Approval) -> None:
        self._approvals.append(approval)
        self._approved.add(approval.wave)
        self._heard += 1

    async def _advance(self) -> RunStatus:
        """Move the run on. Trouble that passes is waited out; one that does not ends the run."""
        while True:
            advance = Advance(run=self._request, approved=tuple(sorted(self._approved)))
            try:
                status = await workflow.execute_activity_method(
                    DRSActivities.advance,
                    advance,
                    start_to_close_timeout=self._launch_timeout,
                    retry_policy=_A_FEW_TIMES,
                    summary=f"{self._request.runbook.name}/{self._request.key}",
                )
            except ActivityError as error:
                cause = error.cause
                if isinstance(cause, LateError):
                    self._launch_timeout = min(self._launch_timeout * 2, _LONGEST_LAUNCH)
                elif not isinstance(cause, ApplicationError) or cause.non_retryable:
                    raise
                self._trouble = str(cause)
            else:
                self._trouble = None
                return status
            await workflow.sleep(_AFTER_TROUBLE)

    async def _wait(self, status: RunStatus, heard: int) -> None:
        """Wait for an approval, the end of a job, or the time of the next look."""
        jobs = tuple(job for job in _running(status.servers) if job.job_id not in self._ended)
        waiting = self._wait_for(jobs) if jobs else None
        pause = _pause(status, waits=waiting is not None)
        try:
            await workflow.wait_condition(
                lambda: self._heard != heard or (waiting is not None and waiting.done()),
                timeout=pause,
                timeout_summary="next look",
            )
        except TimeoutError:
            pass  # the time of the next look
        finally:
            needless = waiting is not None and not waiting.done()
            if waiting is not None and needless:
                waiting.cancel()
        if waiting is not None:
            await self._take_end(waiting, needless=needless)

    async def _take_end(self, waiting: workflow.ActivityHandle[JobLook], *, needless: bool) -> None:
        """Note which job has ended, so that it is not waited for again."""
        try:
            ended = await waiting
        except ActivityError as error:
            if isinstance(error.cause, CancelledError):
                if not needless:  # it is the workflow that was cancelled
                    raise
                return
            self._trouble = str(error.cause)  # the next look tells; but not at once
            await workflow.sleep(_AFTER_TROUBLE)
        else:
            self._ended.add(ended.job_id)

    def _wait_for(self, jobs: tuple[JobAt, ...]) -> workflow.ActivityHandle[JobLook]:
        return workflow.start_activity_method(
            DRSActivities.wait_for_jobs,
            WaitForJobs(jobs=jobs, poll_every=self._request.poll_every),
            start_to_close_timeout=_LOOK_ALL_THE_SAME * 2,
            heartbeat_timeout=_BEAT,
            retry_policy=_FOR_EVER,
            summary=", ".join(job.job_id for job in jobs[:3]),
        )


def _rests(status: RunStatus) -> bool:
    """Whether nothing more happens, by itself or by an approval."""
    return status.next_look_in is None and status.state != "waiting for approval"


def _running(servers: tuple[ServerStatus, ...]) -> tuple[JobAt, ...]:
    found = {
        server.job_id: JobAt(
            job_id=server.job_id, region_name=server.region_name, account_id=server.account_id
        )
        for server in servers
        if server.state == "launching" and server.job_id is not None
    }
    return tuple(found.values())


def _pause(status: RunStatus, *, waits: bool) -> timedelta | None:
    """Say when to look again, whatever happens; None where only an approval can help."""
    if status.next_look_in is None:
        return None
    soon = timedelta(seconds=max(status.next_look_in, 1.0))
    if waits and not _starts_without_a_job(status):
        return _LOOK_ALL_THE_SAME
    return soon


def _starts_without_a_job(status: RunStatus) -> bool:
    """Whether something can start before a job of the run ends: an approval, or a quota's room."""
    return bool(status.unreadable) or any(
        wave.state == "waiting for approval"
        or (
            wave.state in {"launching", "unknown"}
            and any(server.state == "not launched" for server in wave.servers)
        )
        for wave in status.waves
    )
