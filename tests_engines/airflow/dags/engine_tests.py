"""What the tests of the real engine run: single jobs, and two hundred sensors."""

import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from drs_sdk.airflow import DrsJobSensor, DrsRecoveryOperator, DrsStartRecoveryOperator
from drs_sdk.recovery import Runbook, Wave


def note_pid(context: dict) -> None:
    """Tell the test which process to kill."""
    ti = context["ti"]
    place = Path(os.environ["DRS_PIDS"]) / f"{ti.dag_id}.{ti.task_id}.{ti.try_number}"
    place.write_text(str(os.getpid()))


again = {"retries": 5, "retry_delay": timedelta(seconds=1), "aws_conn_id": "aws_dr"}

for deferrable in (True, False):
    with DAG(
        "start_deferrable" if deferrable else "start_here",
        schedule=None,
        catchup=False,
        render_template_as_native_obj=True,
        params={"servers": []},
    ):
        launch = DrsStartRecoveryOperator(
            task_id="launch",
            source_server_ids="{{ params.servers }}",
            mode="drill",
            waiter_delay=1,
            deferrable=deferrable,
            pre_execute=note_pid,
            **again,
        )
        if deferrable:
            launch >> DrsJobSensor(
                task_id="wait",
                job_id=launch.output["job_id"],
                deferrable=True,
                poke_interval=1,
                aws_conn_id="aws_dr",
            )

with DAG("three_waves", schedule=None, catchup=False):
    DrsRecoveryOperator(
        task_id="recover",
        runbook=Runbook(
            name="shop",
            waves=[
                Wave(name=tier, servers={"tags": {"app": "shop", "tier": tier}})
                for tier in ("db", "app", "web")
            ],
        ),
        mode="drill",
        waiter_delay=1,
        pre_execute=note_pid,
        **again,
    )

jobs = Path(os.environ["DRS_JOBS"])
with DAG("two_hundred", schedule=None, catchup=False, max_active_tasks=400):
    for number, job_id in enumerate(jobs.read_text().split() if jobs.exists() else []):
        DrsJobSensor(
            task_id=f"wait_{number}",
            job_id=job_id,
            deferrable=True,
            start_from_trigger=True,
            poke_interval=10,
            aws_conn_id="aws_dr",
        )
