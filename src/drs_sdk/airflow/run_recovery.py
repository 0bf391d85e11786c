"""`DrsRecoveryOperator`: a runbook, wave by wave, with Airflow's own approvals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, cast

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk.exceptions import AirflowFailException

from drs_sdk.airflow.approvals import answer_in, ask
from drs_sdk.airflow.failing import failing_for_good
from drs_sdk.airflow.hook import DrsHook
from drs_sdk.airflow.keys import run_key
from drs_sdk.airflow.link import DrsJobLink
from drs_sdk.airflow.standing import awaited_waves, may_start_more, running_jobs, told
from drs_sdk.airflow.triggers import DrsRecoveryTrigger
from drs_sdk.recovery.recovery import Recovery
from drs_sdk.recovery.report import RecoveryFailedError
from drs_sdk.recovery.runbook import Runbook

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from airflow.sdk import BaseOperatorLink, Context
    from airflow.sdk.execution_time.hitl import HITLUser

    from drs_sdk.client import DRSClient
    from drs_sdk.recovery.record import Mode
    from drs_sdk.recovery.report import RecoveryReport
    from drs_sdk.recovery.status import RunStatus


class DrsRecoveryOperator(AwsBaseOperator[DrsHook]):
    """Carries a runbook out, wave by wave, and waits in the triggerer in between.

    Its run is found again by its key, which is made of DAG, run, task and map index. So give the
    task ``retries``: one that is killed goes on where the run stands, and nothing is launched
    twice. Before a wave with ``pause_before`` it asks in Airflow (Required Actions); an approval
    from elsewhere, by `Recovery.approve`, counts, too.

    The task's XCom is the run's report, a `RecoveryReport` in JSON; while it runs, the XCom
    ``run_status`` tells where it stands.
    """

    aws_hook_class = DrsHook
    template_fields: Sequence[str] = aws_template_fields(
        "mode", "key", "approved", "replace_instances_of", "not_launched", "job_tags"
    )
    operator_extra_links: Collection[BaseOperatorLink] = (DrsJobLink(),)
    ui_color = "#ffd1a3"

    def __init__(
        self,
        *,
        runbook: Runbook | str,
        mode: Mode,
        key: str | None = None,
        approved: Sequence[str] = (),
        attempts: int | None = None,
        replace_instances_of: Sequence[str] = (),
        not_launched: Sequence[str] = (),
        job_tags: Mapping[str, str] | None = None,
        ask_in_airflow: bool = True,
        assigned_users: Sequence[HITLUser] = (),
        run_timeout: timedelta | None = timedelta(hours=24),
        waiter_delay: float = 30,
        **kwargs: Any,
    ) -> None:
        """Say what to launch.

        Args:
            runbook: The runbook, or the path of its file, which workers read.
            mode: ``drill``, or ``recovery`` for the real thing. Templated.
            key: What tells this run from others of the runbook; made of DAG, run, task and map
                index unless given. Templated.
            approved: Names of waves that are approved already. Templated.
            attempts: How often a server is launched in all; the wave's own unless given.
            replace_instances_of: Source servers whose instance, not made by this run, may be
                removed by their launch. Templated.
            not_launched: Source servers that this run has not launched, where the record of
                their last job is gone and somebody has looked. Templated.
            job_tags: Tags for the jobs, besides those of their record. Templated.
            ask_in_airflow: Whether pauses ask people in Airflow.
            assigned_users: Who may answer: ``{"id": ..., "name": ...}`` each; unless given all
                who may.
            run_timeout: When the task fails in any case, counted from its try's beginning; None
                for never. Jobs under way go on.
            waiter_delay: Seconds between polls.
            **kwargs: What every operator of the Amazon provider takes: ``task_id``,
                ``aws_conn_id``, ``region_name``, ``verify``, ``botocore_config``, ``retries``.
        """
        super().__init__(**kwargs)
        self.runbook = runbook
        self.mode: Mode = mode
        self.key = key
        self.approved = approved
        self.attempts = attempts
        self.replace_instances_of = replace_instances_of
        self.not_launched = not_launched
        self.job_tags = job_tags
        self.ask_in_airflow = ask_in_airflow
        self.assigned_users = assigned_users
        self.run_timeout = run_timeout
        self.waiter_delay = waiter_delay

    def execute(self, context: Context) -> dict[str, object]:
        """Begin the run, or go on with it."""
        ends = datetime.now(UTC) + self.run_timeout if self.run_timeout is not None else None
        return self._go_on(
            context, deadline=ends.isoformat() if ends else None, approvals={}, asked=False
        )

    def resume(
        self,
        context: Context,
        event: dict[str, object],
        *,
        deadline: str | None,
        approvals: dict[str, str],
        asked: bool,
    ) -> dict[str, object]:
        """Go on after the triggerer has seen something, or somebody has answered."""
        if event.get("status") in {"error", "timeout"}:
            raise AirflowException(str(event["message"]))
        answer = answer_in(event)
        if answer is None:
            return self._go_on(context, deadline=deadline, approvals=approvals, asked=asked)
        if answer.rejected:
            raise AirflowFailException(
                f"{answer.by or 'Somebody'} has rejected the next wave: nothing more is launched. "
                "What was launched stays; clear the task to be asked again."
            )
        by = answer.by or "Somebody in Airflow"
        self.log.info("%s has approved %s", by, ", ".join(answer.approved))
        approvals = {**approvals, **dict.fromkeys(answer.approved, by)}
        return self._go_on(context, deadline=deadline, approvals=approvals, asked=False)

    def on_kill(self) -> None:
        """Say that jobs go on: the service has no way to cancel one."""
        self.log.warning(
            "Jobs of the run that are under way go on: a job of Elastic Disaster Recovery cannot "
            "be cancelled. Another try of the task, or clearing it, goes on with the same run."
        )

    def _go_on(
        self,
        context: Context,
        *,
        deadline: str | None,
        approvals: dict[str, str],
        asked: bool,
    ) -> dict[str, object]:
        with failing_for_good():
            runbook = Runbook.load(self.runbook) if isinstance(self.runbook, str) else self.runbook
            own_key = run_key(context["ti"], longest=256 - len(runbook.name) - 1)

            async def look(drs: DRSClient) -> tuple[RunStatus, RecoveryReport | None, str]:
                recovery = Recovery(
                    drs, runbook, key=self.key or own_key, mode=self.mode, tags=self.job_tags
                )
                status = await self._advance(recovery, approvals)
                report = await recovery.status() if status.next_look_in is None else None
                return status, report, drs.region_name or ""

            status, report, region_name = self.hook.run(look)
        self.log.info("%s", told(status))
        context["ti"].xcom_push(key="run_status", value=status.model_dump(mode="json"))
        jobs = [server.job_id for server in status.servers if server.job_id is not None]
        if jobs:
            DrsJobLink.keep(context, self, region_name=region_name, job_id=jobs[-1])
        waves = awaited_waves(runbook, status)
        if report is not None and not waves:
            return self._ended(status, report)
        if deadline is not None and datetime.now(UTC) >= datetime.fromisoformat(deadline):
            raise AirflowException(f"{status.run} is {status.state} when its time is up")
        if waves:
            asked = self._ask(context, runbook, status, asked=asked, has_jobs=bool(jobs))
        return self._wait(context, runbook, status, region_name, deadline, approvals, asked=asked)

    async def _advance(self, recovery: Recovery, approvals: Mapping[str, str]) -> RunStatus:
        status = await recovery.advance(
            approved=[*self.approved, *approvals],
            attempts=self.attempts,
            replace_instances_of=self.replace_instances_of,
            not_launched=self.not_launched,
        )
        begun = {
            wave.name for wave in status.waves if any(server.job_id for server in wave.servers)
        }
        if begun:
            for wave, by in approvals.items():  # on record, for whoever comes after this try
                if wave not in begun:
                    await recovery.approve(wave, by=by)
        return status

    def _ask(
        self, context: Context, runbook: Runbook, status: RunStatus, *, asked: bool, has_jobs: bool
    ) -> bool:
        """Ask people, unless they are asked already; whether they are."""
        if self.ask_in_airflow:
            if not asked:
                ask(context["ti"].id, runbook, status, assigned_users=self.assigned_users)
            return True
        if not has_jobs:
            raise AirflowFailException(
                f"the first wave of {status.run} waits for an approval, and there is no job yet "
                "that could be marked: name the wave in approved=, or leave ask_in_airflow on"
            )
        return False

    def _wait(
        self,
        context: Context,
        runbook: Runbook,
        status: RunStatus,
        region_name: str,
        deadline: str | None,
        approvals: dict[str, str],
        *,
        asked: bool,
    ) -> NoReturn:
        waves = awaited_waves(runbook, status)
        running = running_jobs(status)
        look_in: float | None = None
        if may_start_more(runbook, status, self.attempts) or not (running or waves):
            look_in = max(status.next_look_in or 0.0, self.waiter_delay)
        if deadline is not None:
            left = (datetime.fromisoformat(deadline) - datetime.now(UTC)).total_seconds()
            look_in = min(look_in, left) if look_in is not None else left
        self.defer(
            trigger=DrsRecoveryTrigger(
                job_ids=running,
                look_in=look_in,
                marked_jobs=sorted({s.job_id for s in status.servers if s.job_id})[:1],
                awaited_waves=waves,
                asked_ti_id=str(context["ti"].id) if asked else None,
                waiter_delay=self.waiter_delay,
                aws_conn_id=self.aws_conn_id,
                region_name=region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
            ),
            method_name="resume",
            kwargs={"deadline": deadline, "approvals": approvals, "asked": asked},
        )
        raise AssertionError("defer raises")

    def _ended(self, status: RunStatus, report: RecoveryReport) -> dict[str, object]:
        if status.state == "succeeded":
            return cast("dict[str, object]", json.loads(report.to_json()))
        try:
            report.raise_if_failed()
        except RecoveryFailedError as error:
            if status.state in {"failed", "closed"}:  # all attempts are used up
                raise AirflowFailException(str(error)) from error
            raise
        raise AirflowException(f"{told(status)}\nbut meanwhile its servers have come up")
