"""A drill in two Regions: what is behind comes up first."""

from datetime import timedelta

from airflow.sdk import DAG

from drs_sdk.airflow import DrsRecoveryOperator
from drs_sdk.recovery import Runbook, Wave

PLACES = {"database": "eu-central-1", "application": "eu-west-1"}
"""An account is a connection: give each task an ``aws_conn_id`` of its own for several."""

with DAG("two_places", schedule=None, catchup=False):
    before = None
    for tier, region_name in PLACES.items():
        recover = DrsRecoveryOperator(
            task_id=f"recover_{tier}",
            runbook=Runbook(name=tier, waves=[Wave(name=tier, servers={"tags": {"tier": tier}})]),
            mode="drill",
            aws_conn_id="aws_dr",
            region_name=region_name,
            retries=3,
            retry_delay=timedelta(seconds=10),
        )
        if before is not None:
            before >> recover
        before = recover
