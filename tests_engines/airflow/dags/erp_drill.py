"""A drill in three waves: the application waits until somebody approves it."""

from datetime import timedelta

from airflow.sdk import DAG

from drs_sdk.airflow import DrsRecoveryOperator
from drs_sdk.recovery import Runbook, Wave

runbook = Runbook(
    name="erp",
    waves=[
        Wave(name="database", servers={"tags": {"app": "erp", "tier": "db"}}),
        Wave(
            name="application", servers={"tags": {"app": "erp", "tier": "app"}}, pause_before=True
        ),
        Wave(name="web", servers={"tags": {"app": "erp", "tier": "web"}}, attempts=2),
    ],
)

with DAG("erp_drill", schedule=None, catchup=False):
    DrsRecoveryOperator(
        task_id="recover",
        runbook=runbook,
        mode="drill",
        aws_conn_id="aws_dr",
        retries=3,
        retry_delay=timedelta(seconds=10),
    )
