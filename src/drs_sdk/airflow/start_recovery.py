"""`DrsStartRecoveryOperator`: one job that launches servers, started once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, conf

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.airflow.failing import failing_for_good
from drs_sdk.airflow.hook import DrsHook
from drs_sdk.airflow.keys import run_key
from drs_sdk.airflow.link import DrsJobLink
from drs_sdk.airflow.triggers import DrsJobCompletedTrigger
from drs_sdk.recovery.ensure import ensure_recovery
from drs_sdk.recovery.jobs import JobLook, outcome_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from airflow.sdk import BaseOperatorLink, Context

    from drs_sdk.client import DRSClient
    from drs_sdk.models import Job
    from drs_sdk.recovery.record import Mode

_MODES = ("drill", "recovery")


def finished(event: Mapping[str, object]) -> dict[str, object]:
    """Take what `DrsJobCompletedTrigger` tells.

    Raises:
        AirflowException: The job has not come to its good end, or was not seen to.
    """
    if event["status"] == "succeeded":
        return outcome(JobLook.model_validate(event["job"]))
    if event["status"] == "failed":
        raise AirflowException(failure(JobLook.model_validate(event["job"])))
    raise AirflowException(str(event["message"]))


def outcome(look: JobLook) -> dict[str, object]:
    """Tell how a job has ended, as plain JSON for XCom."""
    return look.model_dump(mode="json", exclude={"next_look_in"})


def failure(look: JobLook) -> str:
    """Say which servers of a job have not come up, and why."""
    reasons = "; ".join(f"{name}: {why}" for name, why in sorted(look.reasons.items()))
    return (
        f"job {look.job_id} has failed for {len(look.reasons)} servers, while "
        f"{len(look.succeeded)} have come up. {reasons}"
    )


class DrsStartRecoveryOperator(AwsBaseOperator[DrsHook]):
    """Launches source servers in one job, once, however often the task is tried.

    The job is found again by its key, which is made of DAG, run, task and map index. So give the
    task ``retries``: one that is killed after the launch goes on with the job that it has
    started. A cleared task does so, too; a new DAG run launches anew.

    The task's XCom is the job's outcome: ``job_id``, ``state``, ``succeeded``, ``reasons``. The
    XCom ``job_id`` is there as soon as the job has been started.
    """

    aws_hook_class = DrsHook
    template_fields: Sequence[str] = aws_template_fields(
        "source_server_ids", "mode", "key", "replace_instances_of", "not_launched", "job_tags"
    )
    operator_extra_links: Collection[BaseOperatorLink] = (DrsJobLink(),)
    ui_color = "#ffe2c6"

    def __init__(
        self,
        *,
        source_server_ids: Sequence[str],
        mode: Mode,
        key: str | None = None,
        attempt: int = 1,
        replace_instances_of: Sequence[str] = (),
        not_launched: Sequence[str] = (),
        job_tags: Mapping[str, str] | None = None,
        start_timeout: float = 1800,
        wait_for_completion: bool = True,
        waiter_delay: float = 30,
        waiter_max_attempts: int = 240,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        """Say what to launch.

        Args:
            source_server_ids: The servers, as many as fit in one job. Templated.
            mode: ``drill``, or ``recovery`` for the real thing. Templated.
            key: What tells this job from others; made of DAG, run, task and map index unless
                given. Templated.
            attempt: Which attempt it is; one above 1 needs that the one before has failed.
            replace_instances_of: Source servers whose instance, not made under the key, may be
                removed. Templated.
            not_launched: Source servers that were not launched under the key, where the record of
                their last job is gone and somebody has looked. Templated.
            job_tags: Tags for the job, besides those of its record. Templated.
            start_timeout: For how many seconds to wait for what is in the way of the start.
            wait_for_completion: Whether to wait until the job has ended.
            waiter_delay: Seconds between polls.
            waiter_max_attempts: How many polls there are; then the task fails.
            deferrable: Whether to wait in the triggerer; as ``[operators] default_deferrable``
                says unless given.
            **kwargs: What every operator of the Amazon provider takes: ``task_id``,
                ``aws_conn_id``, ``region_name``, ``verify``, ``botocore_config``, ``retries``.
        """
        super().__init__(**kwargs)
        self.source_server_ids = source_server_ids
        self.mode: Mode = mode
        self.key = key
        self.attempt = attempt
        self.replace_instances_of = replace_instances_of
        self.not_launched = not_launched
        self.job_tags = job_tags
        self.start_timeout = start_timeout
        self.wait_for_completion = wait_for_completion
        self.waiter_delay = waiter_delay
        self.waiter_max_attempts = waiter_max_attempts
        self.deferrable = deferrable
        self._job_id: str | None = None

    def execute(self, context: Context) -> dict[str, object]:
        """Start the job, or find it, and wait for its end."""
        with failing_for_good():
            job, region_name = self.hook.run(lambda drs: self._ensure(drs, run_key(context["ti"])))
        job_id = self._job_id = job.job_id or ""
        context["ti"].xcom_push(key="job_id", value=job_id)
        DrsJobLink.keep(context, self, region_name=region_name, job_id=job_id)
        if not self.wait_for_completion:
            return {"job_id": job_id, "state": "running"}
        if self.deferrable and not job.is_completed:
            self.defer(
                trigger=DrsJobCompletedTrigger(
                    job_id=job_id,
                    waiter_delay=self.waiter_delay,
                    waiter_max_attempts=self.waiter_max_attempts,
                    aws_conn_id=self.aws_conn_id,
                    region_name=region_name,
                    verify=self.verify,
                    botocore_config=self.botocore_config,
                ),
                method_name="execute_complete",
            )
        look = self.hook.run(self._wait)
        if look.state == "failed":
            raise AirflowException(failure(look))
        return outcome(look)

    def execute_complete(self, context: Context, event: dict[str, object]) -> dict[str, object]:  # noqa: ARG002 - Airflow's
        """Take what the trigger tells."""
        return finished(event)

    def on_kill(self) -> None:
        """Say that the job goes on: the service has no way to cancel one."""
        self.log.warning(
            "%s: a job of Elastic Disaster Recovery cannot be cancelled. Another try of the task, "
            "or clearing it, goes on with the same job.",
            f"Job {self._job_id} goes on" if self._job_id else "A job may have been started",
        )

    async def _ensure(self, drs: DRSClient, own_key: str) -> tuple[Job, str]:
        if self.mode not in _MODES:
            raise RequestValidationError.of("mode", f"must be one of {', '.join(_MODES)}")
        key = self.key or own_key
        ensured = await ensure_recovery(
            drs,
            key,
            self.source_server_ids,
            is_drill=self.mode == "drill",
            attempt=self.attempt,
            tags=self.job_tags,
            replace_instances_of=self.replace_instances_of,
            not_launched=self.not_launched,
            timeout=self.start_timeout,
        )
        begun = "Started" if ensured.started_here else "Found"
        self.log.info("%s job %s of %s", begun, ensured.job.job_id, key)
        return ensured.job, drs.region_name or ""

    async def _wait(self, drs: DRSClient) -> JobLook:
        job = await drs.wait_until_job_completed(
            self._job_id or "",
            raise_on_failure=False,
            timeout=self.waiter_delay * self.waiter_max_attempts,
            min_delay=self.waiter_delay,
            max_delay=self.waiter_delay,
        )
        return await outcome_of(drs, job)
