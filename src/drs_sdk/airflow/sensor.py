"""`DrsJobSensor`: waits for a job that something else has started."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, conf
from airflow.sdk import XComArg
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.triggers.base import StartTriggerArgs

from drs_sdk.airflow.failing import failing_for_good
from drs_sdk.airflow.hook import DrsHook
from drs_sdk.airflow.start_recovery import failure, finished, outcome
from drs_sdk.airflow.triggers import DrsJobCompletedTrigger
from drs_sdk.recovery.jobs import look_at_job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


_FROM_THE_TRIGGER = StartTriggerArgs(
    trigger_cls="drs_sdk.airflow.triggers.DrsJobCompletedTrigger",
    trigger_kwargs={},
    next_method="execute_complete",
    next_kwargs=None,
    timeout=None,
)


class DrsJobSensor(AwsBaseSensor[DrsHook]):
    """Waits until a job has ended, and fails where one of its servers has not come up.

    The task's XCom is the job's outcome, as that of `DrsStartRecoveryOperator`.
    """

    aws_hook_class = DrsHook
    template_fields: Sequence[str] = aws_template_fields("job_id")
    ui_color = "#ffe2c6"
    start_trigger_args: StartTriggerArgs | None = _FROM_THE_TRIGGER
    start_from_trigger: bool = False

    def __init__(
        self,
        *,
        job_id: str,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        """Name the job.

        Args:
            job_id: The job, ``drsjob-...``. Templated.
            deferrable: Whether to wait in the triggerer; as ``[operators] default_deferrable``
                says unless given. Polls come every ``poke_interval`` seconds in any case.
            start_from_trigger: Whether a deferrable sensor needs no worker to begin: it goes
                straight to the triggerer. One whose `job_id` is another task's output begins
                in a worker.
            **kwargs: What every sensor of the Amazon provider takes: ``task_id``, ``aws_conn_id``,
                ``region_name``, ``poke_interval``, ``timeout``, ``soft_fail``.
        """
        super().__init__(**kwargs)
        self.job_id = job_id
        self.deferrable = deferrable
        # What another task's XCom tells is read by a worker.
        is_known = not isinstance(cast("object", job_id), XComArg)
        self.start_from_trigger = deferrable and start_from_trigger and is_known
        if self.start_from_trigger:
            _, trigger_kwargs = self._trigger().serialize()
            self.start_trigger_args = replace(
                _FROM_THE_TRIGGER,
                trigger_kwargs=trigger_kwargs,
                timeout=timedelta(seconds=self.timeout),
            )

    def poke(self, context: Context) -> PokeReturnValue:  # noqa: ARG002 - Airflow's
        """Look at the job once."""
        with failing_for_good():
            look = self.hook.run(lambda drs: look_at_job(drs, self.job_id))
        self.log.info("Job %s is %s", look.job_id, look.state)
        if look.state == "failed":
            raise AirflowException(failure(look))
        if look.state == "running":
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=True, xcom_value=outcome(look))

    def execute(self, context: Context) -> object:
        """Wait, here or in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        if found.is_done:
            return found.xcom_value
        return self.defer(
            trigger=self._trigger(),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Context, event: dict[str, object]) -> dict[str, object]:  # noqa: ARG002 - Airflow's
        """Take what the trigger tells."""
        return finished(event)

    def _trigger(self) -> DrsJobCompletedTrigger:
        return DrsJobCompletedTrigger(
            job_id=self.job_id,
            waiter_delay=self.poke_interval,
            waiter_max_attempts=max(int(self.timeout // self.poke_interval), 1),
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
        )
